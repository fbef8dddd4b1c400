"""The engine of the batch saves what a real kernel would have saved."""

import contextlib

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from llmcost.cli.committed_notebooks import settle
from llmcost.inputs.paths import notebooks_path
from llmcost.report import engine
from llmcost.report.notebook_runs import normalised

engine.register()

CELLS = """
import sys, math
---
client = ""
---
print("one"); print("two")
---
print("to the error stream", file=sys.stderr)
---
import pandas as pd
frame = pd.DataFrame({"a": [1.5, 2.25], "b": ["<x>", "y"]})
frame
---
frame;
---
import altair as alt
import llmcost.views as views
alt.Chart(frame, title="A chart").mark_bar().encode(x="a:Q", y="b:N").interactive()
---
display(views.table(frame, caption="Caption"), views.md("It costs **$3**"), client)
---
display({"application/x-thing+json": {"a": (1, 2)}, "text/plain": "thing"}, raw=True, metadata={"m": 1})
---
from IPython.display import clear_output, HTML, Image
print("gone"); display(HTML("<b>gone</b>")); clear_output(); print("kept")
---
print("gone"); clear_output(wait=True); print("kept"); print("kept too")
---
print("kept before"); clear_output(wait=True)
---
handle = display("first", display_id="an-id"); print("between"); handle.update("second")
---
handle.update("third")
---
None
---
_ = 3
math.pi
---
%precision 3
---
import asyncio
await asyncio.sleep(0, "awaited")
---
if True:
    display(1); 2
3
---

---
Image(data=b"\\x89PNG\\r\\n\\x1a\\n" + bytes(20), format="png")
---
alt.Chart(frame, title="Another chart").mark_point().encode(x="a:Q").add_params(alt.selection_point())
"""


def notebook(sources):
    cells = [new_markdown_cell("# A question")] + [
        new_code_cell(source.strip("\n")) for source in sources
    ]
    cells[2].metadata.tags = ["parameters"]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells, metadata=metadata)


def outputs(executed):
    """Every output, adjacent pieces of one stream joined: a kernel cuts them by its clock."""
    found = []
    for cell in executed.cells:
        joined = []
        for output in cell.get("outputs", []):
            if (
                joined
                and output.output_type == joined[-1].output_type == "stream"
                and output.name == joined[-1].name
            ):
                joined[-1].text += output.text
            else:
                joined.append(output)
        found.append((cell.get("execution_count"), joined))
    return found


@pytest.fixture(scope="module")
def real_kernel_and_ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines")
    nbformat.write(notebook(CELLS.split("---")), folder / "in.ipynb")
    return [
        papermill.execute_notebook(
            folder / "in.ipynb",
            folder / f"{name}.ipynb",
            parameters={"client": "a client"},
            engine_name=name,
            progress_bar=False,
        )
        for name in (None, engine.ENGINE_NAME)
    ]


def test_both_engines_save_the_same_outputs(real_kernel_and_ours):
    real, ours = (outputs(executed) for executed in real_kernel_and_ours)
    assert len(real) == len(CELLS.split("---")) + 2  # the title and the injected parameters
    for expected, got in zip(real, ours, strict=True):
        assert got == expected


@pytest.mark.parametrize(
    "path", sorted(notebooks_path().glob("[0-9]*.ipynb")), ids=lambda path: path.stem
)
def test_every_notebook_comes_out_as_the_real_kernel_left_it(path):
    executed = papermill.execute_notebook(
        path, None, engine_name=engine.ENGINE_NAME, progress_bar=False
    )
    for output in (output for cell in executed.cells for output in cell.get("outputs", [])):
        settle(output)
    ours, real = normalised(executed, {}), nbformat.read(path, as_version=4)
    for expected, got in zip(real.cells, ours.cells, strict=True):
        if "nbval-ignore-output" not in expected.metadata.get("tags", []):
            assert got == expected


@pytest.mark.parametrize(
    "source, expected",
    [
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("def f(:", "SyntaxError"),
        ("class Bad:\n    def _repr_html_(self): raise ValueError('bad')\nBad()", "ValueError"),
    ],
)
def test_an_error_stops_the_notebook_and_is_recorded(tmp_path, source, expected):
    nbformat.write(notebook(["", "client = ''", source, "print('never')"]), tmp_path / "in.ipynb")
    with contextlib.suppress(papermill.PapermillExecutionError):
        papermill.execute_notebook(
            tmp_path / "in.ipynb",
            tmp_path / "out.ipynb",
            engine_name=engine.ENGINE_NAME,
            progress_bar=False,
        )
    saved = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    errors = [
        output.ename
        for cell in saved.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    assert errors == [expected]
    assert saved.cells[-1].execution_count is None
