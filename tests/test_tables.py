"""Catalog tables and load shapes: sidecars agree, rows are dated and sourced, numbers positive, ids
resolve."""

import csv
import datetime as dt
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

DATA = Path(__file__).parents[1] / "data"
CATALOG = sorted(path.stem for path in (DATA / "catalog").glob("*.csv"))
SHAPES = sorted(path.stem for path in (DATA / "load_shapes").glob("*.csv"))
TAIL = ["effective_from", "source", "retrieved", "confidence", "note"]
WORD_UNITS = {"id", "text", "list", "date"}
UNIT_SUFFIXES = (
    "_usd",
    "_usd_per_hour",
    "_usd_per_mtok",
    "_fraction",
    "_count",
    "_tokens",
    "_per_second",
    "_seconds",
)
UNIT_SUFFIXES += ("_gb", "_tflops", "_watts", "_ratio", "_per_month", "_date")
FILES = [*[("catalog", name) for name in CATALOG], *[("load_shapes", name) for name in SHAPES]]
HOMES = {"gpu_id": "gpu_hardware", "model_id": "models"}
"""Column of ids -> the table of those ids, whichever table it stands in."""
PROVIDERS = [
    *[(name, "provider", "api_providers") for name in ("api_prices", "api_hosts")],
    ("gpu_rental", "provider", "gpu_providers"),
]


@cache
def rows(folder, name):
    with (DATA / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def sidecar(folder, name):
    return YAML(typ="safe").load((DATA / folder / f"{name}.csv.yml").read_text(encoding="utf-8"))


def is_number(column):
    return column["unit"] not in WORD_UNITS and "|" not in column["unit"]


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_sidecar_describes_the_table(folder, name):
    about = sidecar(folder, name)
    assert list(about["columns"]) == list(rows(folder, name)[0])
    assert all(about[key] for key in ("title", "licence", "attribution"))
    assert all(column["unit"] and column["meaning"] for column in about["columns"].values())


@pytest.mark.parametrize("name", CATALOG)
def test_every_row_is_dated_sourced_and_graded(name):
    assert list(rows("catalog", name)[0])[-5:] == TAIL
    for row in rows("catalog", name):
        day = dt.date.fromisoformat(row["effective_from"])
        assert row["source"] and row["confidence"], row
        assert row["retrieved"] or row["note"], f"no day of reading and no word why: {row}"
        assert not row["retrieved"] or dt.date.fromisoformat(row["retrieved"]) >= day, row
        assert row["confidence"] != "guess" or row["note"], f"a guess says why that value: {row}"


@pytest.mark.parametrize("name", CATALOG)
def test_keys_are_unique_and_rows_sorted(name):
    key = sidecar("catalog", name)["key"]
    assert key[-1] == "effective_from"
    keys = [tuple(row[column] for column in key) for row in rows("catalog", name)]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", CATALOG)
def test_numbers_are_positive_and_their_columns_end_in_their_unit(name):
    for column, about in sidecar("catalog", name)["columns"].items():
        if not is_number(about):
            continue
        values = [float(row[column]) for row in rows("catalog", name) if row[column]]
        assert all(0 <= value < float("inf") for value in values), column
        if column not in ("low", "typical", "high"):
            assert column.endswith(UNIT_SUFFIXES), column
        if column.endswith("_fraction") and name != "hidden_costs":
            assert all(value <= 1 for value in values), column
        if "usd" in column or column.endswith(("_gb", "_count", "_per_second")):
            assert all(value > 0 for value in values if column != "retention_days_count"), column


@pytest.mark.parametrize("name", ["hidden_costs", "gpu_purchase"])
def test_low_typical_high_are_in_order(name):
    stems = (
        [("", "")] if name == "hidden_costs" else [("purchase_", "_usd"), ("resale_", "_fraction")]
    )
    for row in rows("catalog", name):
        for before, after in stems:
            low, typical, high = (
                float(row[f"{before}{band}{after}"]) for band in ("low", "typical", "high")
            )
            assert low <= typical <= high, row


def references():
    """(table, column, table in which the column's ids must stand)."""
    for name in CATALOG:
        columns = sidecar("catalog", name)["columns"]
        yield from ((name, column, home) for column, home in HOMES.items() if column in columns)


@pytest.mark.parametrize(("name", "column", "target"), [*references(), *PROVIDERS])
def test_ids_exist(name, column, target):
    known = {row[column] for row in rows("catalog", target)}
    assert {row[column] for row in rows("catalog", name)} <= known


@pytest.mark.parametrize("name", CATALOG)
def test_words_come_from_the_closed_list_of_their_column(name):
    for column, about in sidecar("catalog", name)["columns"].items():
        if "|" in about["unit"]:
            allowed = {"", *about["unit"].split("|")}
            assert {row[column] for row in rows("catalog", name)} <= allowed, column


def test_the_readme_of_the_data_names_every_table():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert [name for name in CATALOG if f"`{name}`" not in readme] == []


def test_aliases_resolve_and_do_not_contradict():
    known = {
        "gpu": {row["gpu_id"] for row in rows("catalog", "gpu_hardware")},
        "model": {row["model_id"] for row in rows("catalog", "models")},
        "provider": {
            row["provider"]
            for t in ("api_providers", "gpu_providers")
            for row in rows("catalog", t)
        },
    }
    closed = ("gpt-", "claude-", "gemini-", "o3", "o4")
    found: dict[tuple[str, str], str] = {}
    for row in rows("catalog", "aliases"):
        assert row["id"] in known[row["kind"]] or row["id"].startswith(closed), row
        assert found.setdefault((row["kind"], row["alias"].lower()), row["id"]) == row["id"], row


@pytest.mark.parametrize("name", SHAPES)
def test_shape_is_complete_and_has_mean_one(name):
    shape = rows("load_shapes", name)
    assert [int(row["hour"]) for row in shape] == list(
        range(sidecar("load_shapes", name)["hours_count"])
    )
    for column in ("requests_ratio", "input_ratio", "output_ratio"):
        values = [float(row[column]) for row in shape]
        assert min(values) >= 0
        assert sum(values) / len(values) == pytest.approx(1, abs=1e-5)


def test_the_catalog_covers_what_the_readme_promises():
    wanted = {
        "rtx-4090",
        "rtx-5090",
        "l4-24gb",
        "l40s-48gb",
        "a10g-24gb",
        "a100-80gb-sxm",
        "h100-80gb-sxm",
    }
    wanted |= {"h200-141gb-sxm", "b200-180gb-sxm", "mi300x-192gb"}
    rental = rows("catalog", "gpu_rental")
    assert wanted <= {row["gpu_id"] for row in rental}
    assert len({row["provider"] for row in rental}) >= 8
