"""The report of one client: its notebooks executed, their results merged, one page written, all into a folder aside."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill

import llmcost
from llmcost.inputs.errors import InputError
from llmcost.reporting import page
from llmcost.reporting.build import fingerprint
from llmcost.reporting.errors import ReportError
from llmcost.reporting.history import since_last_time
from llmcost.views.results import ABOUT_THE_CODE, RESULTS_MIME, plain

NOTEBOOK_LIMIT_BYTES = 20_000_000


@dataclass(frozen=True)
class Job:
    """What a child process needs to know."""

    slug: str
    client: str  # what the notebooks get as their parameter: a slug of the examples, or a folder
    folder: Path  # where everything is written
    notebooks: tuple[Path, ...]
    engine_name: str | None
    chart_script: str
    build: str  # hash of what makes the report, the client's inputs left out
    published: Path  # results.json of the report that this one replaces


def make_report(job: Job) -> dict[str, Any]:
    """Write report.html, results.json and notebooks/ into `job.folder`; returns the results."""
    study = answered(job.client)
    (job.folder / "notebooks").mkdir(parents=True)
    executed = {path.stem: run_notebook(path, job) for path in job.notebooks}
    results = merged(executed, job.slug, study.fingerprint) | {"fingerprint": fingerprint(study.fingerprint, job.build)}
    results["verdict"]["since_last_time"] = since_last_time(job.published, results)
    write(job.folder / "results.json", json.dumps(results, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False))
    write(job.folder / "report.html", page.render(results, executed, job.chart_script))
    return results


def answered(client: str) -> llmcost.Study:
    """The study, worked through: what is wrong with the inputs is said before a notebook runs, and they share it."""
    study = llmcost.open_study(client)
    study.record()
    return study


def write(path: Path, text: str) -> None:
    """Text as every system writes it: UTF-8, one kind of line end, one at the end."""
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def run_notebook(path: Path, job: Job) -> nbformat.NotebookNode:
    """The executed notebook, saved too; ReportError unless every cell of it ran to its end."""
    target = job.folder / "notebooks" / path.name
    parameters = {"client": job.client, "as_of": "", "what_if": {}}
    check_parameters(path, parameters)
    try:
        executed = papermill.execute_notebook(
            path,
            target,
            parameters,
            engine_name=job.engine_name,
            request_save_on_cell_execute=False,
            progress_bar=False,
        )
    except papermill.PapermillExecutionError as error:
        if error.ename == InputError.__name__:
            raise ReportError(error.evalue) from None
        raise ReportError(f"{path.name}, {named(error.source)}: {error.ename}: {error.evalue}") from None
    check_complete(executed, path.name)
    executed = normalised(executed, {"parameters": parameters})
    text = nbformat.writes(executed)
    if len(text) > NOTEBOOK_LIMIT_BYTES:
        raise ReportError(f"{path.name}: its outputs are larger than {NOTEBOOK_LIMIT_BYTES / 1e6:.0f} MB")
    write(target, text)
    return executed


def check_parameters(path: Path, parameters: dict[str, Any]) -> None:
    """papermill only logs a misspelt parameter and runs with the default: here it stops."""
    known = papermill.inspect_notebook(path)
    for name in parameters:
        if name not in known:
            raise ReportError(f"{path.name}: no parameter {name!r}; its parameters cell has {', '.join(known) or 'none'}")


def check_complete(executed: nbformat.NotebookNode, name: str) -> None:
    """Every code cell ran, and none failed: what the notebook's metadata says of itself proves nothing."""
    for cell in executed.cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        errors = [output.ename for output in cell.outputs if output.output_type == "error"]
        if errors or cell.execution_count is None:
            raise ReportError(f"{name}, {named(cell.source)}: {errors[0] if errors else 'was not executed'}")


def named(source: str) -> str:
    """A cell by its first words: its number moves when papermill injects the parameters."""
    return f"in the cell that begins {source.strip().splitlines()[0][:60]!r}"


def normalised(executed: nbformat.NotebookNode, papermill_metadata: dict[str, Any]) -> nbformat.NotebookNode:
    """The notebook without clock, machine, kernel details or random cell ids."""
    for number, cell in enumerate(executed.cells):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
        if cell.metadata.get("tags") == []:
            del cell.metadata["tags"]
        if cell.cell_type == "code":
            cell.outputs = joined_streams(cell.outputs)
        cell.id = re.sub(r"[^A-Za-z0-9_-]", "-", cell.get("id") or f"cell-{number + 1}")
    executed.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        | ({"papermill": papermill_metadata} if papermill_metadata else {})
    )
    return executed


def joined_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs with adjacent pieces of one stream as one: a kernel cuts them by its clock."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def merged(executed: dict[str, nbformat.NotebookNode], slug: str, fingerprint: str) -> dict[str, Any]:
    """The record of the study with every notebook's results in it; all of them must be of this very run."""
    record, notebooks = None, {}
    for name, notebook in executed.items():
        payload, about = results_of(notebook, name)
        if about.get("fingerprint") != fingerprint:
            raise ReportError(f"{name}: its results are not of this run's study")
        if payload.get("notebook") != name:
            raise ReportError(f"{name}: its results say that they are of {payload.get('notebook')!r}")
        notebooks[name] = payload["results"]
        if "record" in payload:
            record = payload["record"] | {key: about[key] for key in ABOUT_THE_CODE if key in about}
    if record is None:
        raise ReportError("no notebook's results carry the record of the study")
    return plain(record | {"slug": slug, "notebooks": notebooks})


def results_of(notebook: nbformat.NotebookNode, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one results display of a notebook, and what it says about the code that made it."""
    displays = [output for cell in notebook.cells for output in cell.get("outputs", []) if RESULTS_MIME in output.get("data", {})]
    if len(displays) != 1:
        raise ReportError(f"{name}: shows {len(displays)} results displays, a report needs exactly one")
    output = displays[0]
    return output.data[RESULTS_MIME], output.metadata.get(RESULTS_MIME, {})
