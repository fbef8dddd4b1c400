"""Many clients: what is fresh is left, the others are built one process each, published whole or
not at all, one line each."""

import contextlib
import gc
import importlib
import os
import pkgutil
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import llmcost
from llmcost.batch import cluster, index
from llmcost.batch.folders import clear, make_room, publish, slugs_of
from llmcost.batch.manifest import MANIFEST, Manifest
from llmcost.batch.process import Done, Limits, run_jobs, uninterrupted
from llmcost.inputs.paths import notebooks_path
from llmcost.inputs.price_list import price_list
from llmcost.report import engine as in_process, pdf
from llmcost.report.chart_script import ChartScript
from llmcost.report.client_report import Task, build_client
from llmcost.report.failures import ReportError
from llmcost.report.fingerprint import Kit, client_file_bytes
from llmcost.report.history import is_whole, published_record
from llmcost.report.notebook_runs import blank_notebooks
from llmcost.report.page import warm_up
from llmcost.report.records import Record

HAS_FORK = sys.platform == "linux" and hasattr(os, "fork")
DEFAULT_ENGINE = "fork" if HAS_FORK else "papermill"
LIMITS = Limits()
PRICE_DAY = re.compile(r"as_of_date\W+(20\d\d-(?:0\d|1[0-2])-(?:[01]\d|2[0-8]))\b")
MOST_DAYS_COUNT = 5
"""Of these days the catalog is read ahead; others are read where they are asked for."""
Stale = tuple[str, Path, Record | None]
"""A client whose report is not fresh: slug, folder, record of the report that is there."""


@dataclass(frozen=True)
class Workers:
    """Who makes the reports.

    engine      fork: children of this process; papermill: a real kernel for each notebook
    jobs_count  clients at a time, at most one for each of this machine's cores
    limits      what one client's process may take
    scheduler   address of a Dask cluster; "" for this machine
    """

    engine: str
    jobs_count: int
    limits: Limits
    scheduler: str


def report_clients(  # reason: each argument but the folders has its word on the command line
    clients: Sequence[Path],
    out_dir: Path,
    engine: str = DEFAULT_ENGINE,
    jobs: int | None = None,
    limits: Limits = LIMITS,
    notebooks: Path | None = None,
    force: bool = False,
    scheduler: str = "",
    with_pdf: bool = False,
    silent: bool = False,
) -> dict[str, str]:
    """The reports of these client folders, made where they are not fresh; prints a line for each,
    and leaves manifest.json.

    force      make the fresh ones too
    scheduler  address of a Dask cluster that makes them, instead of this machine
    with_pdf   print the reports that have no PDF yet
    silent     print nothing but failures, and the manifest at the end
    Returns slug -> what went wrong, empty where all reports are there. Interrupted, it leaves what
    is finished.
    """
    slugs, unusable = slugs_of(clients)
    paths = sorted((notebooks or notebooks_path()).glob("[0-9]*.ipynb"))
    if not paths:
        raise ReportError(f"no notebooks in {notebooks or notebooks_path()}")
    if with_pdf:
        pdf.browser_path()  # said before the work, not after it
    kit = Kit.here(blank_notebooks(paths))
    workers = Workers(engine, jobs or os.cpu_count() or 1, limits, scheduler)
    with make_room(out_dir):
        (out_dir / MANIFEST).unlink(missing_ok=True)
        manifest = Manifest(list(slugs), silent)
        try:
            stale = []
            for slug, folder in slugs.items():
                if slug in unusable:
                    manifest.fail(slug, unusable[slug], 0, None)
                    continue
                previous = published_record(out_dir / slug)
                if previous and not force and is_fresh(folder, out_dir / slug, previous, kit):
                    manifest.fresh(slug, previous)
                else:
                    stale.append((slug, folder, previous))
            if stale:
                build(stale, kit, workers, out_dir, manifest)
            if with_pdf:
                print_pdfs(out_dir, manifest)
        finally:
            with uninterrupted():
                clear(out_dir)
                manifest.write(out_dir)
                index.write_index(out_dir, manifest.not_renewed)
    return manifest.failed


def is_fresh(folder: Path, report: Path, record: Record, kit: Kit) -> bool:
    """Whether a published report is whole and would be made again as it is."""
    try:
        now = kit.fingerprint(folder, record.files_read, record.as_of_date.isoformat())
    except OSError:
        return False
    return now == record.fingerprint and is_whole(report, kit.notebooks)


def build(
    stale: Sequence[Stale], kit: Kit, workers: Workers, out_dir: Path, manifest: Manifest
) -> None:
    """Build and publish the report of each client."""
    chart_script = ChartScript()
    engine_name = in_process.ENGINE_NAME if workers.engine == "fork" else None
    if not workers.scheduler:
        prepare(workers.engine, kit, [folder for _, folder, _ in stale])
    script = chart_script.text()
    tasks = [
        Task(slug, folder, kit, engine_name, script, previous) for slug, folder, previous in stale
    ]
    try:
        for done in finished(tasks, workers):
            with uninterrupted():
                settle(done, out_dir, manifest)
    finally:
        gc.unfreeze()


def finished(tasks: Sequence[Task], workers: Workers) -> Iterator[Done]:
    """The tasks as they are done."""
    if workers.scheduler:
        return cluster.run(workers.scheduler, tasks, workers.limits)
    at_once_count = min(workers.jobs_count, os.cpu_count() or 1)
    method = "fork" if workers.engine == "fork" else "spawn"
    return run_jobs(build_client, tasks, at_once_count, method, workers.limits)


def settle(done: Done, out_dir: Path, manifest: Manifest) -> None:
    """Publish what was built, and say what became of it."""
    slug, problem = done.job.slug, done.problem
    if not problem:
        try:
            publish(slug, done.returned.files, out_dir)
        except ReportError as error:
            problem = error
    if problem:
        manifest.fail(slug, problem, done.wall_seconds, done.peak_memory_gb)
    else:
        manifest.built(slug, done.returned.record, done.wall_seconds, done.peak_memory_gb)


def print_pdfs(out_dir: Path, manifest: Manifest) -> None:
    """Beside each report of this run its PDF; where a report was left as fresh, one that is there
    stays."""
    made = [slug for slug in manifest.entries if slug not in manifest.failed]
    pages = {out_dir / slug / "report.html": slug for slug in made}
    pairs = [(page, page.with_suffix(".pdf")) for page in pages]
    missing = [(page, target) for page, target in pairs if not target.exists()]
    manifest.begin("PDFs", len(missing))
    pdf.write_pdfs(missing, lambda page, problem: manifest.printed(pages[page], problem))


def prepare(engine: str, kit: Kit, folders: Iterable[Path]) -> None:
    """Where children are forked: import and use everything once, so that each of them starts
    warm."""
    if engine == "fork":
        # Libraries keep threads that a fork leaves behind; nothing here uses them in the parent.
        message = ".*multi-threaded.*fork"
        warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
        for module in pkgutil.walk_packages(llmcost.__path__, "llmcost."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        in_process.register()
        warm_up()
        price_list()
        kit.warm(price_days(folders))
        gc.collect()
        gc.freeze()


def price_days(folders: Iterable[Path]) -> list[str]:
    """The days of prices that most of the client files give."""
    found: Counter[str] = Counter()
    for folder in folders:
        with contextlib.suppress(OSError):
            found.update(PRICE_DAY.findall(client_file_bytes(folder).decode(errors="replace"))[:1])
    return [day for day, _ in found.most_common(MOST_DAYS_COUNT)]
