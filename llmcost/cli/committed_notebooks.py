"""The notebooks of the repository, executed in place on their own example, ready to be compared by
nbval."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import papermill
import vl_convert

from llmcost.batch.process import Limits, run_jobs
from llmcost.batch.whole_files import write_whole
from llmcost.inputs.paths import notebooks_path
from llmcost.report.notebook_runs import check_complete, normalised, temporary_files_aside
from llmcost.views.latex import with_formulas
from llmcost.views.notebook_results import RESULTS_MIME
from llmcost.views.renderer import CHART_MIME

PICTURE = "05_verdict.svg"
"""The first chart of the notebook of that name, as the README shows it."""


def execute_all() -> Iterator[Path]:
    """Execute each notebook with a real kernel and replace it; yields its path, and that of the
    README's picture.

    Raises ReportError for one of which not every cell ran; its file stays as it was.
    """
    for path in sorted(notebooks_path().glob("[0-9]*.ipynb")):
        # in a process of its own, where a kernel's last words are for nobody
        [done] = run_jobs(executed_text, [path], 1, "spawn", Limits())
        if done.problem:
            raise done.problem
        write_whole(path, done.returned)
        yield path
    yield draw_picture((notebooks_path() / PICTURE).with_suffix(".ipynb"))


def draw_picture(path: Path) -> Path:
    """The first chart of an executed notebook as an SVG beside it."""
    outputs = (
        output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])
    )
    spec = next(
        output.data[CHART_MIME] for output in outputs if CHART_MIME in output.get("data", {})
    )
    picture = path.parent / PICTURE
    write_whole(picture, vl_convert.vegalite_to_svg(spec))
    return picture


def executed_text(path: Path) -> str:
    """One notebook, executed where it is, as its file shall be, its marked formulas written anew.

    Raises ReportError unless every cell ran.
    """
    with temporary_files_aside():
        executed = papermill.execute_notebook(path, None, progress_bar=False, cwd=path.parent)
    check_complete(executed, path.name)
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            cell.source = with_formulas(cell.source)
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            settle(output)
    return nbformat.writes(normalised(executed, {})) + "\n"


def settle(output: nbformat.NotebookNode) -> None:
    """Take out what moves with any change of code, so that a diff shows only what changed."""
    output.get("metadata", {}).pop(RESULTS_MIME, None)  # fingerprint and versions
