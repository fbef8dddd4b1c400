"""The notebooks of the repository, executed in place on their own example, ready to be compared by nbval."""

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import papermill
import vl_convert

from llmcost.inputs.paths import notebooks_path
from llmcost.leaving import uninterrupted
from llmcost.reporting.notebook_runs import check_complete, normalised
from llmcost.views.renderer import CHART_MIME
from llmcost.views.results import RESULTS_MIME

PICTURE = "05_verdict.svg"
"""The first chart of the notebook of that name, as the README shows it."""


def execute_all() -> Iterator[Path]:
    """Execute each notebook with a real kernel and replace it; yields its path, and that of the README's picture."""
    for path in sorted(notebooks_path().glob("[0-9]*.ipynb")):
        execute(path)
        yield path
    yield draw_picture((notebooks_path() / PICTURE).with_suffix(".ipynb"))


def draw_picture(path: Path) -> Path:
    """The first chart of an executed notebook as an SVG beside it."""
    outputs = (output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", []))
    spec = next(output.data[CHART_MIME] for output in outputs if CHART_MIME in output.get("data", {}))
    picture = path.parent / PICTURE
    drawn = vl_convert.vegalite_to_svg(spec)
    with uninterrupted():
        picture.write_text(drawn, encoding="utf-8", newline="\n")
    return picture


def execute(path: Path) -> None:
    """One notebook; the file stays as it was unless every cell ran."""
    executed = papermill.execute_notebook(path, None, progress_bar=False, cwd=path.parent)
    check_complete(executed, path.name)
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            settle(output)
    aside = path.with_suffix(".ipynb.new")
    with uninterrupted():
        aside.write_text(nbformat.writes(normalised(executed, {})) + "\n", encoding="utf-8", newline="\n")
        os.replace(aside, path)


def settle(output: nbformat.NotebookNode) -> None:
    """Take out what moves with any change of code, so that a diff shows only what changed."""
    output.get("metadata", {}).pop(RESULTS_MIME, None)  # fingerprint and versions
