"""Change one of client file, usage file, catalog row, code, template, lock: exactly the affected
reports are no longer fresh."""

import csv
import json
import shutil

import pytest

from llmcost.inputs import paths
from llmcost.inputs.data_cache import forget_data
from llmcost.report import fingerprint
from llmcost.report.notebook_runs import blank_notebooks

DAYS = {"early": "2026-10-01", "plain": "2026-11-15", "fan": "2026-11-15", "exporter": "2026-11-15"}
READ = {"exporter": ["usage-*.csv"]}
EVERYBODY = set(DAYS)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A checkout of its own with four clients: only `fan` names the model `rare`, only `exporter`
    has an export."""
    shutil.copytree(
        paths.PACKAGE, tmp_path / "llmcost", ignore=shutil.ignore_patterns("__pycache__", "_data")
    )
    for part in ("catalog", "load_shapes", "usage_formats"):
        shutil.copytree(paths.data_path(part), tmp_path / "data" / part)
    (tmp_path / "notebooks").mkdir()
    for path in sorted(paths.notebooks_path().glob("[0-9]*.ipynb"))[:1]:
        shutil.copy(path, tmp_path / "notebooks")
    (tmp_path / "requirements-report.lock").write_text("numpy==1\n")
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "llmcost")
    for name, day in DAYS.items():
        folder = tmp_path / "clients" / name
        folder.mkdir(parents=True)
        (folder / "client.yaml").write_text(
            f"name: {name}\nas_of_date: {day}\nmodel: {rare(tmp_path) if name == 'fan' else 'x'}\n"
        )
    (tmp_path / "clients" / "exporter" / "usage-1.csv").write_text("hour,tokens\n0,1\n")
    yield tmp_path
    forget_data()


def rare(place):
    """A model with a price that no line of the code or of a notebook names, by no name of its
    own."""
    cells = (
        cell
        for path in (place / "notebooks").glob("*.ipynb")
        for cell in json.loads(path.read_text())["cells"]
    )
    words = [path.read_text() for path in (place / "llmcost").rglob("*.py")] + [
        "".join(cell["source"]) for cell in cells
    ]
    text = "".join(words).lower()
    aliased = {row["id"] for row in rows(place, "aliases") if row["alias"].lower() in text}
    return min(
        row["model_id"]
        for row in rows(place, "api_prices")
        if row["model_id"] not in {*aliased} and row["model_id"] not in text
    )


def rows(place, table):
    with (place / "data" / "catalog" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def rewrite(place, table, changed):
    path = place / "data" / "catalog" / f"{table}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(changed[0]))
        writer.writeheader()
        writer.writerows(changed)


def change_row(table, column, value, added=None, **key):
    """A change of the first row with this key; with `added`, of a copy of it that has these cells
    too."""

    def change(place):
        table_rows, wanted = (
            rows(place, table),
            {k: rare(place) if v == "rare" else v for k, v in key.items()},
        )
        row = next(r for r in table_rows if all(r[k] == v for k, v in wanted.items()))
        if added:
            table_rows.append(row := {**row, **added})
        row[column] = value
        rewrite(place, table, table_rows)

    return change


def append(name, text="\n"):
    def change(place):
        with (place / name).open("a") as file:
            file.write(text)

    return change


def new_output(place):
    path = place / "notebooks" / "01_pricing.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], 77
    path.write_text(json.dumps(notebook, indent=3))


def new_source(place):
    path = place / "notebooks" / "01_pricing.ipynb"
    path.write_text(path.read_text().replace("# ", "# So: ", 1))


FAR, OLD, BETWEEN = (
    {"effective_from": "2028-01-01"},
    {"effective_from": "2019-01-01"},
    {"effective_from": "2026-11-14"},
)
NEXT_YEAR = {"effective_from": "2027-01-01"}
CHANGES = {
    "nothing": (lambda place: None, set()),
    "client file": (append("clients/plain/client.yaml"), {"plain"}),
    "usage file": (append("clients/exporter/usage-1.csv", "1,2\n"), {"exporter"}),
    "one more file of the export": (append("clients/exporter/usage-2.csv", "1,2\n"), {"exporter"}),
    "a file that nobody reads": (append("clients/plain/notes.txt"), set()),
    "rent of a GPU": (change_row("gpu_rental", "gpu_usd_per_hour", "9.99"), EVERYBODY),
    "rent of a GPU from the year after next": (
        change_row("gpu_rental", "gpu_usd_per_hour", "9.99", added=FAR),
        set(),
    ),
    "price of a GPU from next year": (
        change_row("gpu_purchase", "purchase_typical_usd", "9.99", added=NEXT_YEAR),
        set(),
    ),
    "price of a GPU long replaced": (
        change_row("gpu_purchase", "purchase_typical_usd", "9.99", added=OLD),
        set(),
    ),
    "price of a GPU after early's day": (
        change_row("gpu_purchase", "purchase_typical_usd", "9.99", added=BETWEEN),
        EVERYBODY - {"early"},
    ),
    "rent of a GPU on any day of its path": (
        change_row("gpu_rent_history", "gpu_usd_per_hour", "9.99"),
        EVERYBODY,
    ),
    "claim of an article": (change_row("published_claims", "note", "so"), set()),
    "price of the rare model": (
        change_row("api_prices", "input_usd_per_mtok", "9.99", model_id="rare"),
        {"fan", "exporter"},
    ),
    "another name of the rare model": (
        change_row(
            "aliases", "alias", "some-new-name", added={"alias": "x9"}, kind="model", id="rare"
        ),
        {"fan", "exporter"},
    ),
    "throughput": (change_row("throughput", "output_tokens_per_second", "9.99"), EVERYBODY),
    "code": (append("llmcost/model/fleet.py"), EVERYBODY),
    "template": (append("llmcost/report/template/first_page.html"), EVERYBODY),
    "notebook": (new_source, EVERYBODY),
    "output of a committed notebook": (new_output, set()),
    "load shape": (
        append("data/load_shapes/azure_conversation_week.csv", "168,1,1,1\n"),
        EVERYBODY,
    ),
    "lock": (append("requirements-report.lock", "pandas==2\n"), EVERYBODY),
}


def fingerprints(place):
    forget_data()
    kit = fingerprint.Kit.here(blank_notebooks(sorted((place / "notebooks").glob("[0-9]*.ipynb"))))
    return {
        name: kit.fingerprint(place / "clients" / name, READ.get(name, []), day)
        for name, day in DAYS.items()
    }


def test_exactly_the_affected_reports_are_stale(place):
    before = fingerprints(place)
    assert len(set(before.values())) == len(DAYS)
    found = {}
    for what, (change, _) in CHANGES.items():
        files = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
        change(place)
        after = fingerprints(place)
        found[what] = {name for name in DAYS if after[name] != before[name]}
        for path in place.rglob("*"):
            if path.is_file() and path not in files:
                path.unlink()
        for path, content in files.items():
            if path.read_bytes() != content:
                path.write_bytes(content)
    assert found == {what: affected for what, (_, affected) in CHANGES.items()}


def test_the_version_of_a_package_counts(place, monkeypatch):
    before = fingerprints(place)
    monkeypatch.setattr(fingerprint, "version", lambda name: "2" if name == "pandas" else "1")
    assert not set(before.values()) & set(fingerprints(place).values())


def test_what_moves_a_figure_or_a_page_is_among_the_packages():
    import tomllib

    from packaging.requirements import Requirement

    lines = tomllib.loads((paths.PACKAGE.parent / "pyproject.toml").read_text())["project"][
        "dependencies"
    ]
    without_a_say = {
        "anywidget",
        "filelock",
        "ipykernel",
        "ipywidgets",
        "psutil",
        "sqlglot",
        "tqdm",
        "xlsxwriter",
        "zstandard",
    }  # controls, locks, kernels, processes, warehouses, bars, the book, packed exports
    assert {Requirement(line).name for line in lines} - without_a_say == set(fingerprint.PACKAGES)
