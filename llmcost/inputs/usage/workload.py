"""The hours of one workload, out of a client's usage export."""

import difflib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from llmcost.inputs.client import Client, Mapping, Usage
from llmcost.inputs.data_cache import data_stamps
from llmcost.inputs.errors import InputError
from llmcost.inputs.load_shapes import load_shape
from llmcost.inputs.paths import Stamp, files_inside, stamp
from llmcost.inputs.usage.formats import UsageFormat, usage_format
from llmcost.inputs.usage.intake import usage_table
from llmcost.inputs.usage.table import UsageTable, is_thin
from llmcost.model import HOURS_PER_MONTH

MIN_HOURS, MAX_HOURS = 24, 5 * 8760
"""Longer is no export but a stray time: every hour between would be filled with zeros, by the
gigabyte."""


@dataclass(frozen=True)
class HourlyUsage:
    """What an export says of one workload.

    hourly  one row per hour of the export's whole period, those in which these models rest too:
            hour (UTC), requests, input_tokens, cached_input_tokens, cache_write_tokens,
            output_tokens; input tokens hold the cached and the written ones
    models  names of the models that count
    tier_fractions  tier -> share of the tokens
    covered_fraction  share of the period's hours that have a row of any kind
    minute_burst_ratio  that of the model with most tokens: a model that hardly runs has its busiest
                        hour in one minute
    table   the whole export that it was taken from
    """

    hourly: pd.DataFrame
    models: tuple[str, ...]
    covered_fraction: float
    minute_burst_ratio: float | None
    has_cached_tokens: bool
    has_cache_writes: bool
    tier_fractions: dict[str, float]
    table: UsageTable

    @property
    def resolution_hours(self) -> float:
        """Span of one row of the export: 24 for days, 0 where minutes can be seen."""
        return self.table.resolution_hours

    @property
    def of_days(self) -> bool:
        """Whether the export has days only, so that the hours inside them are a public shape's."""
        return self.resolution_hours > 1

    @property
    def rejected_fraction(self) -> float:
        """Share of the export's rows that were rejected."""
        return self.table.rejected_fraction

    @property
    def is_thin(self) -> bool:
        """Whether the export is too thin to be trusted as it is: hours missing, or rows
        rejected."""
        return is_thin(self.covered_fraction, self.rejected_fraction)


def read_usage(folder: Path, usage: Usage, field: str) -> HourlyUsage:
    """The hourly load of an export that lies in the client's folder.

    Raises InputError when the file is elsewhere, of no known kind, holds several models and no
    choice, or no usable day.
    """
    paths = usage_paths(folder, usage, field)
    try:
        table = _table(tuple(map(stamp, paths)), usage.mapping, usage.time_zone, data_stamps())
    except InputError as error:
        raise InputError(error.file, error.field or field, error.problem, error.cure) from None
    return _workload(table, usage, paths[0].name, field)


@lru_cache(maxsize=8)
def _table(
    stamps: tuple[Stamp, ...], mapping: Mapping | None, zone: str, _data: tuple[Stamp, ...]
) -> UsageTable:
    """The table of these files; the formats in the kit's data have their say, so its stamps are in
    the key."""
    return usage_table(
        [stamp.path for stamp in stamps], mapped_format(mapping) if mapping else None, zone
    )


def mapped_format(mapping: Mapping) -> UsageFormat:
    """The kind of export that a client file's mapping describes."""
    plain = usage_format("plain")
    tokens = plain.tokens.model_copy(
        update={
            "input": mapping.input_tokens,
            "cache_read": mapping.cached_input_tokens,
            "cache_write": mapping.cache_write_tokens,
            "output": mapping.output_tokens,
            "reasoning": mapping.reasoning_tokens,
            "input_holds_cache": mapping.input_holds_cached,
        }
    )
    return plain.model_copy(
        update={
            "title": "a table whose columns the client file names",
            "time": plain.time.model_copy(
                update={"field": mapping.time, "day_first": mapping.day_first}
            ),
            "tokens": tokens,
            "model": mapping.model,
            "requests": mapping.requests,
            "request_id": mapping.request_id,
            "tier": mapping.tier,
            "cost": (
                plain.cost.model_copy(update={"field": mapping.cost_usd})
                if plain.cost and mapping.cost_usd
                else None
            ),
        }
    )


def with_invoice_read(client: Client, folder: Path) -> Client:
    """The client with the amount of an invoice that is a cost export: its costs over its period, by
    the month.

    Raises InputError when the file cannot be read, or holds no cost in USD.
    """
    if client.invoice is None or client.invoice.file is None:
        return client
    usage = Usage(file=client.invoice.file)
    table = usage_table(usage_paths(folder, usage, "invoice"))
    usd = float(table.hourly["cost_reported_usd"].sum())
    if usd <= 0 or not table.period_hours:
        raise InputError(
            client.invoice.file,
            "invoice",
            "reports no cost in USD",
            "Give the amount: invoice: {usd_per_month: 18_000}",
        )
    read = client.invoice.model_copy(
        update={"usd_per_month": usd / table.period_hours * HOURS_PER_MONTH}
    )
    return client.model_copy(update={"invoice": read})


def usage_paths(folder: Path, usage: Usage, field: str) -> list[Path]:
    """The files of an export, each inside the client's folder."""
    names = [usage.file] if isinstance(usage.file, str) else usage.file
    found = [
        path.resolve() for name in names for path in files_inside(folder, name, f"{field}.file")
    ]
    return list(dict.fromkeys(found))


def _workload(table: UsageTable, usage: Usage, name: str, field: str) -> HourlyUsage:
    rows = _chosen(table, usage, field)
    if (
        rows["output_tokens"].fillna(0).sum() <= 0
        or rows[["input_uncached_tokens", "cache_read_tokens"]].fillna(0).to_numpy().sum() <= 0
    ):
        raise InputError(name, field, *_without_tokens(table))
    if rows["hour"].isna().any():
        cure = "Ask Prometheus for a range (query_range) of a week or two, one step an hour"
        raise InputError(name, field, "is one reading of counters: totals without hours", cure)
    check_span(rows["hour"].min(), rows["hour"].max(), name, field)
    rows = rows.assign(requests=_requests(rows, usage, table.period_hours, name, field))
    hourly = _without_gaps(
        _in_hours(rows, table.resolution_hours, usage.within_day_shape, field), table
    )
    if len(hourly) < MIN_HOURS:
        raise InputError(
            name,
            field,
            f"covers {len(hourly)} hour{'' if len(hourly) == 1 else 's'}",
            "Export at least one whole day; a week or two shows the shape",
        )
    tokens = rows[["input_uncached_tokens", "output_tokens"]].sum(axis=1)
    models = tuple(sorted(model for model in rows["model"].unique() if model))
    main = tokens.groupby(rows["model"]).sum().idxmax()  # the minutes of a rare model say nothing
    return HourlyUsage(
        hourly=hourly,
        models=models,
        covered_fraction=table.covered_fraction,
        minute_burst_ratio=table.minute_burst_ratio.get(str(main)),
        has_cached_tokens=bool(table.kind.tokens.cache_read)
        and rows["cache_read_tokens"].notna().any(),
        has_cache_writes=bool(table.kind.tokens.cache_write)
        and rows["cache_write_tokens"].notna().any(),
        tier_fractions={
            str(tier): float(share)
            for tier, share in (tokens.groupby(rows["tier"]).sum() / tokens.sum()).items()
        },
        table=table,
    )


def check_span(first: pd.Timestamp, last: pd.Timestamp, name: str, field: str) -> None:
    """Raises InputError when an export spans more than five years: a row of it has a wrong time."""
    if (last - first) / pd.Timedelta(hours=1) > MAX_HOURS:
        problem = (
            f"spans {(last - first).days / 365.25:.0f} years, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
        raise InputError(
            name, field, problem, "Take out the rows with wrong times; five years are the most"
        )


def _chosen(table: UsageTable, usage: Usage, field: str) -> pd.DataFrame:
    """The rows of the models that the client file chooses; one model needs no choice."""
    rows, models = (
        table.hourly,
        sorted(str(model) for model in table.hourly["model"].unique() if model),
    )
    wanted = usage.only.get("model")
    if wanted is None:
        if len(models) > 1:
            cure = "Choose: only: {model: NAME}, or a list of names"
            raise InputError(
                "client.yaml",
                f"{field}.only",
                f"the file holds several models: {', '.join(models[:6])}",
                cure,
            )
        return rows
    names = [wanted] if isinstance(wanted, str) else wanted
    for name in names:
        if name not in models:
            near = difflib.get_close_matches(name, models, n=3, cutoff=0.4)
            cure = (
                f"Nearest: {', '.join(near)}"
                if near
                else f"It has: {', '.join(models[:6]) or 'no model names'}"
            )
            raise InputError(
                "client.yaml",
                f"{field}.only.model",
                f"the file has no rows of {name!r} that count",
                cure,
            )
    return rows[rows["model"].isin(names)]


def _without_tokens(table: UsageTable) -> tuple[str, str]:
    if table.kind.grain == "cost":
        return (
            "is a cost report: it has no tokens",
            "Give a usage export as load, and this file as invoice.file to reconcile with",
        )
    rejected = table.outcomes[table.outcomes["kind"] == "rejected"]
    if len(rejected) and table.hourly.empty:
        worst = rejected.sort_values("rows_count").iloc[-1]
        problem = (
            f"holds no usable row: {worst['rows_count']} of {table.rows_count()} with"
            f" {worst['outcome']} ({worst['examples']})"
        )
        return problem, "Times as 2026-10-19T14:00:00Z, counts as plain whole numbers"
    if table.hourly.empty:
        return f"holds no usable row ({table.rows_count()} read)", "Export it again with data rows"
    return "holds no tokens", "A load of zero has no cost to compare; check the export's filter"


def _requests(
    rows: pd.DataFrame, usage: Usage, period_hours: float, name: str, field: str
) -> pd.Series:
    """Requests of each row; where the export counts none, the client's monthly number spread as the
    tokens are."""
    if rows["requests"].notna().all() and rows["requests"].sum() > 0:
        return rows["requests"]
    if usage.requests_per_month is None:
        cure = f"Say how many there are: {field}.requests_per_month"
        raise InputError(name, field, "counts tokens but no requests", cure)
    tokens = (
        rows[["input_uncached_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"]]
        .fillna(0)
        .sum(axis=1)
    )
    return tokens / tokens.sum() * usage.requests_per_month * period_hours / HOURS_PER_MONTH


def _in_hours(rows: pd.DataFrame, resolution_hours: float, shape: str, field: str) -> pd.DataFrame:
    """Rows that span days, spread over their hours as the mean day of a measured load shape; others
    as they are."""
    if resolution_hours <= 1:
        return rows
    span = round(resolution_hours)
    ratios = load_shape(shape, f"{field}.within_day_shape")["input_ratio"].to_numpy()
    profile = pd.Series([ratios[hour::24].mean() for hour in range(24)])
    hours = pd.DataFrame(
        {"step": range(span), "weight": [profile[hour % 24] for hour in range(span)]}
    )
    hours["weight"] /= hours["weight"].sum()
    spread = rows.merge(hours, how="cross")
    counts = [
        c for c in spread.columns if c.endswith("_tokens") or c in ("requests", "cost_reported_usd")
    ]
    spread[counts] = spread[counts].mul(spread["weight"], axis=0)
    return spread.assign(hour=spread["hour"] + pd.to_timedelta(spread["step"], unit="h"))


def _without_gaps(rows: pd.DataFrame, table: UsageTable) -> pd.DataFrame:
    """Every hour of the export's period, an hour without a row as zero: a job of two days in a
    month is no month of such days."""
    filled = rows.fillna(dict.fromkeys(("cache_read_tokens", "cache_write_tokens"), 0.0))
    filled = filled.assign(
        input_tokens=filled["input_uncached_tokens"]
        + filled["cache_read_tokens"]
        + filled["cache_write_tokens"],
        cached_input_tokens=filled["cache_read_tokens"],
    )
    by_hour = filled.groupby("hour")[
        ["requests", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens"]
    ].sum()
    assert table.period is not None
    first, end = table.period
    hours = pd.date_range(
        min(first, by_hour.index[0]), max(end - pd.Timedelta(hours=1), by_hour.index[-1]), freq="h"
    )
    return by_hour.reindex(hours, fill_value=0.0).rename_axis("hour").reset_index()
