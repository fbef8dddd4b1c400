"""What an export says, in a few numbers: totals of each model, peak to mean, and how far it can be
trusted."""

import numpy as np
import pandas as pd

from llmcost.inputs.usage.account import TOKENS
from llmcost.inputs.usage.table import UsageTable, is_thin
from llmcost.model import TOKENS_PER_MTOK
from llmcost.study.wording import percent


def model_totals(table: UsageTable) -> pd.DataFrame:
    """One row per model, most tokens first, over the whole export.

    Columns: model, requests, input_mtok (cached ones included), cached_input_fraction, output_mtok,
    batch_fraction (of all tokens), input_to_output_ratio, tokens_fraction (of the export),
    cost_reported_usd.

    What the export does not tell is NaN.
    """
    rows = table.hourly.assign(tokens=table.hourly[TOKENS].fillna(0).sum(axis=1))
    rows["batch_tokens"] = rows["tokens"].where(rows["tier"] == "batch", 0.0)
    sums = rows.groupby("model")[
        ["requests", *TOKENS, "tokens", "batch_tokens", "cost_reported_usd"]
    ].sum(min_count=1)
    into = sums[TOKENS[:3]].fillna(0).sum(axis=1)
    found = pd.DataFrame(
        {
            "requests": sums["requests"],
            "input_mtok": into / TOKENS_PER_MTOK,
            "cached_input_fraction": sums["cache_read_tokens"] / into.where(into > 0),
            "output_mtok": sums["output_tokens"] / TOKENS_PER_MTOK,
            "batch_fraction": sums["batch_tokens"] / sums["tokens"].where(sums["tokens"] > 0),
            "input_to_output_ratio": into / sums["output_tokens"].where(sums["output_tokens"] > 0),
            "tokens_fraction": sums["tokens"] / max(float(sums["tokens"].sum()), 1.0),
            "cost_reported_usd": sums["cost_reported_usd"],
        }
    )
    return found.sort_values("tokens_fraction", ascending=False, kind="stable").reset_index()


def peak_to_mean_ratio(table: UsageTable) -> float | None:
    """Tokens of the busiest hour (or day, of an export of days) over the mean one, empty ones
    included; None without times or tokens."""
    if table.period is None or table.hourly["hour"].isna().any():
        return None
    by_hour = table.hourly.groupby("hour")[TOKENS].sum().sum(axis=1)
    steps = table.period_hours / max(table.resolution_hours, 1.0)
    return float(by_hour.max() / (by_hour.sum() / steps)) if by_hour.sum() > 0 else None


def warnings(table: UsageTable) -> list[str]:
    """What must be said in red: missing hours, rejected rows, money that is not counted."""
    found = []
    if table.rows_count() == 0:
        found.append("The file has a header and no row: export it again.")
    elif table.period is None and table.hourly.empty:
        found.append("No row has a time that can be read.")
    elif table.period is None:
        found.append("No row has a time that can be read: there are totals, but no hours.")
    elif is_thin(table.covered_fraction, 0.0):
        unit = "days" if table.resolution_hours >= 24 else "hours"
        missing = f"{percent(1 - table.covered_fraction)} of the {unit} have no usable row"
        found.append(f"{missing}: quiet or lost, the export cannot tell. They count as zero.")
    if is_thin(1.0, table.rejected_fraction):
        found.append(
            f"{percent(table.rejected_fraction)} of the rows were rejected: what they held is"
            " missing from every number below."
        )
    if table.foreign_fraction > 0:
        share = percent(table.foreign_fraction)
        found.append(
            f"{share} of the rows have amounts in another currency than USD: their tokens count,"
            " their money does not."
        )
    return found


def burst_ratio(table: UsageTable) -> float | None:
    """Busiest minute over the mean minute of the busiest hour, of the model with most tokens; None
    where minutes cannot be seen."""
    totals = model_totals(table)
    ratios = [
        table.minute_burst_ratio[model]
        for model in totals["model"]
        if model in table.minute_burst_ratio
    ]
    return ratios[0] if ratios and np.isfinite(ratios[0]) else None
