"""The committed notebooks as a reader gets them: executed in order, quiet, free of machines, three
parameters, short cells."""

import json
import re
from pathlib import Path

import papermill
import pytest

from llmcost.cli.committed_notebooks import PICTURE
from llmcost.views.notebook_results import RESULTS_MIME

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
NAMES = [
    "01_pricing",
    "02_utilization",
    "03_hidden_costs",
    "04_hybrid_split",
    "05_verdict",
    "06_published_claims",
]
OF_NO_CLIENT = {"06_published_claims"}
"""About the articles: no cell of these enters a client's report."""
NO_REPORT = {"lesson", "playground"}
NUMBERS_THAT_ARE_NAMES = [
    r"```.*?```", r"`[^`]*`", r"\$\$.*?\$\$", r"\$[^$\n]*[\\_^={}][^$\n]*\$", r"!?\[[^\]]*\]\([^)]*\)", r"^#{1,6} .*$", r"^\s*\d+[.)]\s",
    r"\b[A-Za-z][A-Za-z_.\-]*\d[\w.\-]*", r"\b0\d_\w+",
]  # fmt: skip
"""Code, LaTeX, links, headings, list numbers and names: what may hold a digit in Markdown."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def cells(path, kind=None):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if kind in (None, cell["cell_type"])]


def text(cell):
    return "".join(cell["source"])


def tags(cell):
    return set(cell["metadata"].get("tags", []))


def test_all_of_them_are_there():
    assert [path.stem for path in NOTEBOOKS] == NAMES


def test_every_cell_ran_once_and_in_order(notebook):
    counts = [cell["execution_count"] for cell in cells(notebook, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_nothing_on_stderr_and_no_error(notebook):
    outputs = [output for cell in cells(notebook, "code") for output in cell["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []


def test_no_machine_and_no_time_in_it(notebook):
    whole = notebook.read_text(encoding="utf-8")
    assert re.findall(r"/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\Users", whole) == []
    assert set(json.loads(whole)["metadata"]) <= {"kernelspec", "language_info"}
    assert [
        key
        for cell in cells(notebook)
        for key in cell["metadata"]
        if key not in ("tags", "jupyter")
    ] == []


def test_papermill_sees_exactly_the_three_parameters(notebook):
    assert [cell for cell in cells(notebook) if "parameters" in tags(cell)].__len__() == 1
    found = papermill.inspect_notebook(str(notebook))
    assert {name: about["inferred_type_name"] for name, about in found.items()} == {
        "client": "str",
        "as_of": "str",
        "what_if": "dict",
    }
    assert all(about["help"] for about in found.values())


def test_cells_are_short_and_mostly_prose(notebook):
    code, prose = cells(notebook, "code"), cells(notebook, "markdown")
    imports, *lessons = code
    lines = sorted(
        len([line for line in text(cell).splitlines() if line.strip()]) for cell in lessons
    )
    assert len(text(imports).splitlines()) <= 20
    assert lines[-1] <= 15 and lines[len(lines) // 2] <= 6
    assert len(prose) >= 0.45 * (len(prose) + len(code))


def test_no_number_is_typed_into_prose(notebook):
    typed = []
    for cell in cells(notebook, "markdown"):
        rest = text(cell)
        for pattern in NUMBERS_THAT_ARE_NAMES:
            rest = re.sub(
                pattern,
                " ",
                rest,
                flags=re.DOTALL | re.MULTILINE if "?" in pattern else re.MULTILINE,
            )
        typed += re.findall(r".{0,30}(?<![\w.])\d[\d,.]*.{0,20}", rest)
    assert typed == []


def test_one_results_cell_after_all_that_enters_the_report(notebook):
    shown = [
        index for index, cell in enumerate(cells(notebook)) if tags(cell) & {"report", "appendix"}
    ]
    results = [index for index, cell in enumerate(cells(notebook)) if "results" in tags(cell)]
    assert len(results) == 1 and all(index < results[0] for index in shown)
    assert bool(shown) != (notebook.stem in OF_NO_CLIENT)
    mimes = [mime for output in cells(notebook)[results[0]]["outputs"] for mime in output["data"]]
    assert RESULTS_MIME in mimes


def test_lessons_come_after_the_results_and_nothing_depends_on_them(notebook):
    tagged = [tags(cell) for cell in cells(notebook)]
    first = min(index for index, found in enumerate(tagged) if found & NO_REPORT)
    assert all(found & NO_REPORT for found in tagged[first:])
    assert not any(found & {"report", "appendix"} and found & NO_REPORT for found in tagged)


def test_every_chart_says_what_it_means(notebook):
    specs = [
        output["data"][mime]
        for cell in cells(notebook, "code")
        for output in cell["outputs"]
        for mime in output.get("data", {})
        if "vegalite" in mime
    ]
    assert specs
    for spec in specs:
        assert spec["title"] if isinstance(spec["title"], str) else spec["title"]["text"]


def test_the_picture_of_the_readme_is_the_chart_of_the_verdict():
    picture = (ROOT / "notebooks" / PICTURE).read_text(encoding="utf-8")
    charts = [
        o["data"]
        for cell in cells((ROOT / "notebooks" / PICTURE).with_suffix(".ipynb"), "code")
        for o in cell["outputs"]
        if "vegalite" in str(list(o.get("data", {})))
    ]
    title = next(spec for mime, spec in charts[0].items() if "vegalite" in mime)["title"]["text"]
    assert all(line in picture for line in title)
    assert f"notebooks/{PICTURE}" in (ROOT / "README.md").read_text(encoding="utf-8")
