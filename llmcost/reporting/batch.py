"""Many clients: each in a process of its own, published whole or not at all, one line each, an index at the end."""

import contextlib
import gc
import hashlib
import os
import re
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llmcost.inputs import catalog
from llmcost.inputs.client_file import find_client
from llmcost.inputs.paths import data_path, notebooks_path
from llmcost.reporting import engine as in_process, index
from llmcost.reporting.build import build_hash
from llmcost.reporting.chart_script import ChartScript
from llmcost.reporting.client_report import Job, make_report
from llmcost.reporting.errors import ReportError
from llmcost.reporting.index import INDEX_MARK
from llmcost.reporting.page import warm_up
from llmcost.reporting.process import Limits, run_jobs
from llmcost.study.claims import judgements
from llmcost.views.text import visible

HAS_FORK = sys.platform == "linux"
DEFAULT_ENGINE = "fork" if HAS_FORK else "papermill"
LIMITS = Limits()
DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_slug(name: str) -> str:
    """The name as a folder name that is safe everywhere; one that had to change carries a hash of the original.

    >>> safe_slug("support-assistant"), safe_slug("../escaped")
    ('support-assistant', 'escaped-75a9a6')
    """
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    if slug and slug == name and not DEVICE_NAMES.fullmatch(name):
        return slug
    return f"{slug or 'client'}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:6]}"


def report_clients(
    clients: Sequence[Path],
    out_dir: Path,
    engine: str = DEFAULT_ENGINE,
    jobs: int | None = None,
    limits: Limits = LIMITS,
    notebooks: Path | None = None,
) -> dict[str, str]:
    """Make and publish the report of each client folder; prints a line for each.

    Returns slug -> what went wrong, empty where all reports are there.
    """
    slugs = unique_slugs(clients)
    notebook_paths = tuple(sorted((notebooks or notebooks_path()).glob("[0-9]*.ipynb")))
    if not notebook_paths:
        raise ReportError(f"no notebooks in {notebooks or notebooks_path()}")
    make_room(out_dir)
    chart_script = ChartScript()
    prepare(engine)
    engine_name = in_process.ENGINE_NAME if engine == "fork" else None
    script, build = chart_script.text(), build_hash(notebook_paths)
    todo = [
        Job(
            slug,
            parameter(folder),
            out_dir / ".llmcost-work" / slug,
            notebook_paths,
            engine_name,
            script,
            build,
            out_dir / slug / "results.json",
        )
        for slug, folder in slugs.items()
    ]
    cores_count = os.cpu_count() or 1
    start_method = "fork" if engine == "fork" else "spawn"
    failed = {}
    try:
        with tqdm(total=len(todo), unit="client", disable=not sys.stderr.isatty(), leave=False) as bar:
            for job, outcome in run_jobs(make_report, todo, min(jobs or cores_count, cores_count), start_method, limits):
                problem = publish(job, outcome, out_dir)
                if problem:
                    failed[job.slug] = problem
                say(job.slug, outcome, problem)
                bar.update()
    finally:
        gc.unfreeze()
        shutil.rmtree(out_dir / ".llmcost-work", ignore_errors=True)
    index.write_index(out_dir, failed)
    return failed


def unique_slugs(clients: Sequence[Path]) -> dict[str, Path]:
    """Slug -> folder; two clients that would share an output folder are refused, on any file system."""
    slugs: dict[str, Path] = {}
    seen: dict[str, Path] = {}
    for folder in clients:
        slug = safe_slug(folder.resolve().name)
        other = seen.setdefault(slug.casefold(), folder)
        if other != folder:
            raise ReportError(f"{visible(other)} and {visible(folder)} would both be {slug}: rename one of the folders")
        slugs[slug] = folder
    return slugs


def parameter(folder: Path) -> str:
    """What the notebooks get as `client`: the short name of a shipped example, else the folder."""
    resolved = folder.resolve()
    is_example = resolved.parent == data_path("clients").resolve() and find_client(resolved.name).samefile(resolved)
    return resolved.name if is_example else str(resolved)


def prepare(engine: str) -> None:
    """Where children are forked: import and use everything once, so that each of them starts warm."""
    if engine == "fork":
        # Libraries keep threads of their own that a fork leaves behind; nothing here uses them in the parent.
        warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
        tqdm.monitor_interval = 0
        in_process.register()
        warm_up()
        for path in data_path("catalog").glob("*.csv"):
            catalog.table(path.stem)
            catalog.sidecar(path.stem)
        judgements()  # the same for every client
        gc.collect()
        gc.freeze()


def make_room(out_dir: Path) -> None:
    """The output folder; what a killed run had just moved away is put back, and what it left is cleared."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        index_page = out_dir / "index.html"
        if index_page.exists() and INDEX_MARK not in index_page.read_text(encoding="utf-8", errors="replace"):
            raise ReportError(f"{visible(index_page)} is there and is not an index of reports: choose another --out")
        for kept in (out_dir / ".llmcost-old").glob("*"):
            if not (out_dir / kept.name).exists():
                os.replace(kept, out_dir / kept.name)
    except OSError as error:
        raise ReportError(f"{visible(out_dir)} cannot be written: {error.strerror}. Choose another --out") from None
    for leftover in (".llmcost-old", ".llmcost-work"):
        shutil.rmtree(out_dir / leftover, ignore_errors=True)


def publish(job: Job, outcome: Any, out_dir: Path) -> str:
    """Move a finished report into place; returns what went wrong, or "". A report already there stays until then."""
    if isinstance(outcome, ReportError):
        return str(outcome)
    final, old = out_dir / job.slug, out_dir / ".llmcost-old" / job.slug
    if final.exists() and not (final / "results.json").is_file():
        return f"{visible(final)} is there and is not a report: choose another --out"
    try:
        old.parent.mkdir(exist_ok=True)
        if final.exists():
            os.replace(final, old)
        try:
            os.replace(job.folder, final)
        except OSError:
            with contextlib.suppress(OSError):
                os.replace(old, final)
            raise
    except OSError as error:
        return f"could not be published: {error.strerror}"
    shutil.rmtree(old.parent, ignore_errors=True)
    return ""


def say(slug: str, outcome: Any, problem: str) -> None:
    """One line for a client: its verdict on stdout, or its problem on stderr."""
    if problem:
        tqdm.write(f"{slug}: {visible(problem)}", file=sys.stderr)
    else:
        verdict = outcome["verdict"]
        tqdm.write(visible(f"{slug}: {verdict['answer'].rstrip('.')}. {verdict['sentence']}"), file=sys.stdout)
