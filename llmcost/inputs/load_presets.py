"""How bursty single clients of one size are, measured on public traces: what stands in where a
client has no log."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from llmcost.inputs.catalog import in_force


@dataclass(frozen=True)
class Preset:
    """One measure of the clients of one size: P10, median and P90 over `clients_count` of them."""

    measure: str
    low: float
    typical: float
    high: float
    upper_quartile_ratio: float
    clients_count: int
    size: str
    row: str
    source: str
    date: str


def preset(measure: str, requests_per_day: float, as_of: dt.date) -> Preset:
    """The class that a client of so many requests a day falls into.

    measure  peak_to_mean | ten_minute_burst | minute_over_ten_minutes | arrival_cv, all ratios
    """
    rows = in_force("load_presets", as_of)
    rows = rows[rows["measure"] == measure].sort_values("requests_per_day_least_count")
    held = rows[rows["requests_per_day_least_count"] <= requests_per_day]
    row = (held if len(held) else rows.head(1)).iloc[-1]
    return Preset(
        measure=measure,
        low=float(row["p10_ratio"]),
        typical=float(row["p50_ratio"]),
        high=float(row["p90_ratio"]),
        upper_quartile_ratio=float(row["p75_ratio"]),
        clients_count=int(row["clients_count"]),
        size=_size(row),
        row=str(row["row"]),
        source=str(row["source"]),
        date=str(row["effective_from"]),
    )


def _size(row: pd.Series) -> str:
    least, below = row["requests_per_day_least_count"], row["requests_per_day_below_count"]
    if pd.isna(below):
        return f"over {least:,.0f} requests a day" if least > 1 else "any size"
    return (
        f"{least:,.0f} to {below:,.0f} requests a day"
        if least > 1
        else f"under {below:,.0f} requests a day"
    )
