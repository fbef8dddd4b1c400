"""The report of one client, the unit of the batch: a task goes in, the report's files come out as
bytes, wherever it runs."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

import llmcost
from llmcost.inputs.paths import Stamp, files_of, stamp
from llmcost.inputs.temporary import temporary_folder
from llmcost.report import engine, page
from llmcost.report.failures import ReportError
from llmcost.report.fingerprint import Kit
from llmcost.report.history import since_last_time
from llmcost.report.notebook_runs import executed_notebook, notebook_text, results_of
from llmcost.report.records import Record, record_of
from llmcost.views.notebook_results import ABOUT_THE_CODE, plain


@dataclass(frozen=True)
class Task:
    """One client's report, asked for.

    slug         name of its folder among the reports
    folder       the client's, where the disk has it
    files        the client's files by name, for a machine whose disk has not; None where `folder`
                 is there
    kit          what makes the report, the client's own files left out
    engine_name  papermill's name of the engine; None for real kernels
    previous     the record of the report that this one replaces
    """

    slug: str
    folder: Path
    kit: Kit
    engine_name: str | None
    chart_script: str
    previous: Record | None = None
    files: Mapping[str, bytes] | None = None


@dataclass(frozen=True)
class Built:
    """A report, ready to be published: its files by their name in its folder, and its record."""

    files: Mapping[str, bytes]
    record: Record


def build_client(task: Task) -> Built:
    """The report of one client. Raises InputError for what its author can mend, ReportError for the
    rest."""
    if task.engine_name == engine.ENGINE_NAME:
        engine.register()
    with client_folder(task) as folder:
        untouched = stamps(folder, [])
        study = llmcost.open_study(str(folder))
        files_read = study.client.files_named
        untouched |= stamps(folder, files_read)
        # What is wrong with the inputs is said before a notebook runs; all share what it found.
        study.record()
        executed = {
            name: executed_notebook(name, blank, str(folder), folder.name, task.engine_name)
            for name, blank in task.kit.notebooks.items()
        }
        results = merged(executed, task.slug, study.fingerprint)
        results["files_read"] = files_read
        results["fingerprint"] = task.kit.fingerprint(folder, files_read, results["as_of_date"])
        if stamps(folder, files_read) != untouched:
            raise ReportError("its files changed while its report was made: make it again", "input")
    record = record_of(results)
    results["verdict"]["since_last_time"] = since_last_time(task.previous, record)
    texts = {
        f"notebooks/{name}.ipynb": notebook_text(name, notebook)
        for name, notebook in executed.items()
    }
    texts["results.json"] = json.dumps(
        results, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
    )
    texts["report.html"] = page.render(results, executed, task.chart_script)
    return Built({name: f"{text}\n".encode() for name, text in texts.items()}, record)


@contextlib.contextmanager
def client_folder(task: Task) -> Iterator[Path]:
    """The client's folder on this machine: its own, or one made of the files that came with the
    task."""
    if task.files is None:
        yield task.folder.resolve()
        return
    with temporary_folder() as place:
        folder = place / task.folder.name
        for name, content in task.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield folder


def stamps(folder: Path, names: Iterable[str]) -> set[Stamp]:
    """By which a change of the client file and of these files is seen without reading them."""
    return {stamp(path) for path in [folder / "client.yaml", *files_of(folder, names)]}


def merged(
    executed: dict[str, nbformat.NotebookNode], slug: str, fingerprint: str
) -> dict[str, Any]:
    """The record of the study with every notebook's results in it; all of them must be of this very
    run."""
    record, notebooks = None, {}
    for name, notebook in executed.items():
        payload, about = results_of(notebook, name)
        if about.get("fingerprint") != fingerprint:
            raise ReportError(f"{name}: its results are not of this run's study")
        if payload.get("notebook") != name:
            raise ReportError(
                f"{name}: its results say that they are of {payload.get('notebook')!r}"
            )
        notebooks[name] = payload["results"]
        if "record" in payload:
            record = payload["record"] | {key: about[key] for key in ABOUT_THE_CODE if key in about}
    if record is None:
        raise ReportError("no notebook's results carry the record of the study")
    return plain(record | {"slug": slug, "notebooks": notebooks})
