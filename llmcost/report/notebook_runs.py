"""Notebooks executed with papermill, on our engine or on real kernels, and held to what a report
needs of them."""

import contextlib
import json
import os
import re
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
from nbclient.exceptions import DeadKernelError
from papermill.engines import papermill_engines
from papermill.execute import raise_for_execution_errors
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook, translate_parameters

from llmcost.inputs.errors import InputError
from llmcost.inputs.temporary import temporary_folder
from llmcost.report.failures import ReportError
from llmcost.report.process_family import living
from llmcost.views.notebook_results import RESULTS_MIME

NOTEBOOK_LIMIT_BYTES = 20_000_000
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
KERNEL_STARTS_COUNT = 3
DEAD_KERNEL_SECONDS = 20
PARAMETERS = ("client", "as_of", "what_if")
CURE = "Run this notebook for this client in JupyterLab to see more"
IN_A_REPORT = {"report", "appendix"}
"""Tags of the cells whose outputs enter a report."""


def blank_notebooks(paths: Sequence[Path]) -> dict[str, str]:
    """Name -> the notebook as JSON, without outputs and ready to be executed: read once for all
    clients.

    Left out are notebooks of which nothing enters a report: they are about no client. Raises
    ReportError for one without our parameters: papermill would only log it, and run with the
    defaults.
    """
    found = {}
    for path in paths:
        known = papermill.inspect_notebook(path)
        for name in PARAMETERS:
            if name not in known:
                raise ReportError(
                    f"{path.name}: no parameter {name!r}; its parameters cell has"
                    f" {', '.join(known) or 'none'}"
                )
        notebook = load_notebook_node(str(path))
        if not any(IN_A_REPORT & set(cell.metadata.get("tags", [])) for cell in notebook.cells):
            continue
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        found[path.stem] = json.dumps(notebook, sort_keys=True)
    return found


def executed_notebook(
    name: str, blank: str, client: str, shown_client: str, engine_name: str | None
) -> nbformat.NotebookNode:
    """A notebook run for a client, `shown_client` standing in it as the parameter; ReportError
    unless every cell ran to its end."""
    parameters: dict[str, Any] = {"client": client, "as_of": "", "what_if": {}}
    filled_in = parameterize_notebook(
        nbformat.from_dict(json.loads(blank)), parameters, engine_name=engine_name
    )
    kernel_name = papermill_engines.nb_kernel_name(engine_name, filled_in)
    notebook = run_by(engine_name, filled_in, kernel_name)
    try:
        raise_for_execution_errors(notebook, None)
    except papermill.PapermillExecutionError as error:
        if error.ename == InputError.__name__:
            raise ReportError(error.evalue, "input") from None
        said = f"{name}.ipynb, {named(error.source)}: {error.ename}: {error.evalue}".rstrip(".")
        raise ReportError(f"{said}. {CURE}") from None
    check_complete(notebook, f"{name}.ipynb")
    shown = parameters | {"client": shown_client}
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = translate_parameters(kernel_name, "python", shown, "Parameters")
    return normalised(notebook, {"parameters": shown})


def run_by(
    engine_name: str | None, notebook: nbformat.NotebookNode, kernel_name: str
) -> nbformat.NotebookNode:
    """The notebook as an engine leaves it. A kernel that dies before its first word is started
    again, one that dies over a cell is not."""
    starts_left_count = KERNEL_STARTS_COUNT
    while True:
        starts_left_count -= 1
        try:
            with contextlib.nullcontext() if engine_name else real_kernel():
                return papermill_engines.execute_notebook_with_engine(
                    engine_name, notebook, kernel_name, progress_bar=False
                )
        except RuntimeError as error:
            if isinstance(error, DeadKernelError) or not starts_left_count:
                raise ReportError(f"its kernel died or did not start: {error}", "killed") from None


@contextlib.contextmanager
def real_kernel() -> Iterator[None]:
    """What a kernel needs around it that may die, or be killed."""
    with temporary_files_aside(), kernel_watched():
        yield


@contextlib.contextmanager
def temporary_files_aside() -> Iterator[None]:
    """Temporary files of a kernel and of who starts it lie in a folder that is cleared, even when
    both are killed."""
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    with temporary_folder() as folder:
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before
            os.environ.pop("TMPDIR")
            if variable is not None:
                os.environ["TMPDIR"] = variable


@contextlib.contextmanager
def kernel_watched() -> Iterator[None]:
    """End this process, as if it were killed, where its kernel is gone and it still waits for an
    answer a while later."""
    ended = threading.Event()
    threading.Thread(target=_watch_kernel, args=(ended,), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _watch_kernel(ended: threading.Event) -> None:
    had_kernel, gone_seconds = False, 0
    while gone_seconds < DEAD_KERNEL_SECONDS and not ended.wait(1):
        has_kernel = any(is_kernel(child) for child in living(psutil.Process()))
        had_kernel = had_kernel or has_kernel
        gone_seconds = gone_seconds + 1 if had_kernel and not has_kernel else 0
    if not ended.is_set():
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def is_kernel(process: psutil.Process) -> bool:
    """Whether a process runs the cells of a notebook."""
    with contextlib.suppress(psutil.Error):
        return "ipykernel_launcher" in process.cmdline()
    return False


def notebook_text(name: str, notebook: nbformat.NotebookNode) -> str:
    """The notebook as it is saved; ReportError when its outputs are no notebook's, or too large to
    be anybody's."""
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise ReportError(f"{name}.ipynb: {str(error).splitlines()[0]}") from None
    text = json.dumps(notebook, sort_keys=True, ensure_ascii=False)
    if len(text) > NOTEBOOK_LIMIT_BYTES:
        raise ReportError(
            f"{name}.ipynb: its outputs are larger than {NOTEBOOK_LIMIT_BYTES / 1e6:.0f} MB"
        )
    return text


def check_complete(executed: nbformat.NotebookNode, name: str) -> None:
    """Every code cell ran, and none failed: what the notebook's metadata says of itself proves
    nothing."""
    for cell in executed.cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        errors = [output.ename for output in cell.outputs if output.output_type == "error"]
        if errors or cell.execution_count is None:
            raise ReportError(
                f"{name}, {named(cell.source)}: {errors[0] if errors else 'was not executed'}"
            )


def named(source: str) -> str:
    """A cell by its first words: its number moves when papermill injects the parameters."""
    return f"in the cell that begins {source.strip().splitlines()[0][:60]!r}"


def normalised(
    executed: nbformat.NotebookNode, papermill_metadata: Mapping[str, Any]
) -> nbformat.NotebookNode:
    """The notebook without clock, machine, kernel details or random ids."""
    for number, cell in enumerate(executed.cells):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
        if cell.metadata.get("tags") == []:
            del cell.metadata["tags"]
        if cell.cell_type == "code":
            cell.outputs = joined_streams(cell.outputs)
        for output in cell.get("outputs", []):
            if WIDGET_MIME in output.get("data", {}):
                output.data[WIDGET_MIME]["model_id"] = "made anew when the cell runs"
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
        if (
            last is not None
            and output.output_type == last.output_type == "stream"
            and output.name == last.name
        ):
            last.text += output.text
        else:
            joined.append(output)
    return joined


def results_of(notebook: nbformat.NotebookNode, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one results display of a notebook, and what it says about the code that made it."""
    displays = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if RESULTS_MIME in output.get("data", {})
    ]
    if len(displays) != 1:
        raise ReportError(
            f"{name}: shows {len(displays)} results displays, a report needs exactly one"
        )
    output = displays[0]
    return output.data[RESULTS_MIME], output.metadata.get(RESULTS_MIME, {})
