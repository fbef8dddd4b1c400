"""The dated catalog: which rows are in force on a day, found by id, with quotes of the client put
over them."""

import datetime as dt
import difflib
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from llmcost.inputs.client import Quote
from llmcost.inputs.client_types import Band
from llmcost.inputs.data_cache import data_cached
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.inputs.quotes import read_quotes
from llmcost.inputs.yaml_file import plain, read_yaml
from llmcost.model.types import Gpu, ModelShape

TEXT_UNITS = {"id", "text", "name", "date", "list"}
"""Units of columns that hold words; a unit that lists choices (a|b|c) does too."""


@data_cached
def table(name: str) -> pd.DataFrame:
    """All rows of one catalog table, of every date; an empty cell is "" or, in a column of numbers,
    NaN."""
    frame = pd.read_csv(data_path("catalog", f"{name}.csv"), dtype=str, keep_default_na=False)
    for column, about in sidecar(name)["columns"].items():
        if about["unit"] not in TEXT_UNITS and "|" not in about["unit"]:
            frame[column] = pd.to_numeric(frame[column].replace("", None))
    return frame


@data_cached
def sidecar(name: str) -> dict:
    """Title, licence, attribution, key and columns of a catalog table."""
    return plain(read_yaml(data_path("catalog", f"{name}.csv.yml")))


@data_cached
def in_force(name: str, as_of: dt.date) -> pd.DataFrame:
    """For each key the latest row on or before `as_of`, with a `row` column that names it. Shared:
    not to be changed in place."""
    frame = table(name)
    key = [column for column in sidecar(name)["key"] if column != "effective_from"]
    past = frame[frame["effective_from"] <= as_of.isoformat()]
    if past.duplicated([*key, "effective_from"]).any():
        raise InputError(
            f"{name}.csv", "", "two rows have one key and one date", "Keep one of them"
        )
    last = (
        past.sort_values("effective_from", kind="stable")
        .groupby(key, dropna=False, sort=False)
        .tail(1)
    )
    rows = ["/".join([name, *map(_key_text, values)]) for values in last[key].to_numpy()]
    return last.assign(row=rows).reset_index(drop=True)


@data_cached
def in_force_or_first(name: str, as_of: dt.date) -> pd.DataFrame:
    """As `in_force`; a key whose first row is younger than `as_of` has that row: facts that were
    true before somebody wrote them down."""
    frame = table(name)
    key = [column for column in sidecar(name)["key"] if column != "effective_from"]
    first = frame.groupby(key, dropna=False)["effective_from"].transform("min")
    younger = frame[(frame["effective_from"] == first) & (first > as_of.isoformat())]
    return (
        pd.concat([in_force(name, as_of), younger], ignore_index=True)
        if len(younger)
        else in_force(name, as_of)
    )


@data_cached
def rows(name: str, as_of: dt.date) -> tuple[Any, ...]:
    """The rows in force as named tuples, for those who ask for them again and again."""
    return tuple(in_force(name, as_of).itertuples(index=False))


@data_cached
def row_by_name(name: str, as_of: dt.date) -> dict[str, dict[str, Any]]:
    """The rows in force by their `row` column, as "gpu_hardware/h100-80gb-sxm". Shared: not to be
    changed in place."""
    return {row["row"]: row for row in in_force(name, as_of).to_dict(orient="records")}


def _key_text(value: Any) -> str:
    """One part of a key; an empty number is an empty part."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:g}"
    return str(value)


@data_cached
def aliases(kind: str) -> dict[str, str]:
    """Other names of a model, GPU or provider, in lower case -> our id."""
    rows = table("aliases")
    rows = rows[rows["kind"] == kind]
    return {
        alias.lower(): str(found) for alias, found in zip(rows["alias"], rows["id"], strict=True)
    }


def known_id(kind: str, name: str, ids: list[str], file: str, field: str) -> str:
    """The catalog's id for a name that a person wrote, through the alias table; raises InputError
    with the nearest ones."""
    if name in ids:
        return name
    alias = aliases(kind).get(name.lower())
    if alias in ids:
        return str(alias)
    near = difflib.get_close_matches(name, ids, n=3, cutoff=0.4)
    raise InputError(
        file,
        field,
        f"{name!r} is not a {kind} that the catalog knows",
        f"Nearest: {', '.join(near) or 'none'}",
    )


@data_cached
def gpu(gpu_id: str, as_of: dt.date) -> Gpu:
    """Hardware facts of one GPU."""
    row = row_by_name("gpu_hardware", as_of)[f"gpu_hardware/{gpu_id}"]
    tflops = {
        p: float(row[f"{p}_tflops"]) for p in ("bf16", "fp8", "fp4") if pd.notna(row[f"{p}_tflops"])
    }
    return Gpu(
        gpu_id=gpu_id,
        memory_gb=float(row["memory_gb"]),
        memory_bandwidth_gb_per_second=float(row["memory_bandwidth_gb_per_second"]),
        link_gb_per_second=float(row["link_gb_per_second"]),
        tflops=tflops,
        provisioned_power_watts=float(row["provisioned_power_watts"]),
        data_centre_allowed=row["data_centre_licence"] == "yes",
    )


@data_cached
def model_shape(model_id: str, as_of: dt.date) -> ModelShape:
    """Shape of one open model."""
    row = row_by_name("models", as_of)[f"models/{model_id}"]
    numbers = {
        name: float(row[name])
        for name in ModelShape.__annotations__
        if name not in ("model_id", "native_precision")
    }
    return ModelShape(model_id=model_id, native_precision=str(row["native_precision"]), **numbers)


ABOVE_ONE = {"owned_server_overhead_fraction"}
"""Fractions of something else, which may pass one."""
DIVISORS = {
    "safe_share_fraction",
    "weights_load_gb_per_second",
    "owned_life_months",
    "token_ratio",
    "gpu_rent_path_multiplier",
    "api_price_path_multiplier",
}
"""Hidden-cost items that other numbers are divided by: speeds, lives, prices over today's."""
LEAST_RATIO = 1e-3
"""The least that may be quoted for them, over the catalog's low end."""


@dataclass(frozen=True)
class HiddenCost:
    """One line of the hidden-cost table, or the client's quote for it."""

    item: str
    band: Band
    unit: str
    origin: str
    source: str
    date: str
    confidence: str


def hidden_costs(as_of: dt.date, quotes: list[Quote]) -> dict[str, HiddenCost]:
    """Every hidden-cost item in force, low / typical / high; a quote for `hidden_costs/<item>`
    beats the row.

    A month of the past has its own prices, but nobody wrote down its rules of thumb: before its
    first row an item has that row.
    """
    found = {
        row.item: HiddenCost(
            row.item,
            Band(low=row.low, typical=row.typical, high=row.high),
            row.unit,
            "catalog",
            row.source,
            row.effective_from,
            row.confidence,
        )
        for row in in_force_or_first("hidden_costs", as_of).itertuples()
    }
    for read in read_quotes(quotes):
        if read.table == "hidden_costs" and read.quote.value is not None:
            item = known_id(
                "hidden cost", read.key[0], list(found), "client.yaml", f"quotes.{read.quote.row}"
            )
            _check_quote(item, read.quote, found[item].unit, found[item].band.low)
            said = ("quote", read.quote.said_by, read.quote.quoted_date.isoformat(), "reported")
            found[item] = HiddenCost(item, read.quote.value, found[item].unit, *said)
    return found


@data_cached
def hidden_cost_names() -> dict[str, str]:
    """Item of the hidden-cost table -> what it is called in a sentence."""
    rows = table("hidden_costs")
    return dict(zip(rows["item"], rows["name"], strict=True))


def _check_quote(item: str, quote: Quote, unit: str, listed_low: float) -> None:
    """Refuse a share above one, and next to nothing for an item that other numbers are divided
    by."""
    assert quote.value is not None
    field = f"quotes.{quote.row}"
    if unit.startswith("fraction") and item not in ABOVE_ONE and quote.value.high > 1:
        raise InputError(
            "client.yaml", field, f"is a share of {quote.value.high:g}", "A share runs from 0 to 1"
        )
    if item in DIVISORS and quote.value.low < LEAST_RATIO * listed_low:
        problem = f"{quote.value.low:g} is next to nothing, and other numbers are divided by it"
        least = f"Quote {LEAST_RATIO * listed_low:g} or more"
        raise InputError(
            "client.yaml", field, problem, f"{least}; the catalog's low end is {listed_low:g}"
        )
