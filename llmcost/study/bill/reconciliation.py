"""The computed bill against what the export reports and what the client was invoiced; the gap,
named by category."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from llmcost.inputs.class_prices import ModelPrices, Unpriced, model_prices
from llmcost.inputs.client import Quote
from llmcost.model import HOURS_PER_MONTH
from llmcost.model.bill_steps import CLASSES
from llmcost.study.bill.cost_lines import CostLines, cost_lines
from llmcost.study.bill.priced_usage import priced_usage, tier_notes

Step = tuple[str, float, str, str]
MOST_NAMES = 20
"""Models that a note names; of thousands it counts the rest."""
HOURS_PER_DAY = 24


@dataclass(frozen=True, eq=False)
class Reconciliation:
    """A bill from list prices, held against what was reported and what was paid.

    waterfall          step, usd, kind (total | step | gap), note: the period of the export; totals
                       are the sum of the steps before them, a gap without an amount (NaN) is named
                       and never counted as 0 USD
    invoice_waterfall  step, usd_per_month, kind, note: the same, scaled to a month; empty without
                       an invoice or under a day of export
    models             model, model_id ("" unpriced), row (of the price), tokens, computed_usd,
                       reported_usd, gap_fraction (of reported)
    unpriced           models without a price, with the nearest names
    explained_fraction           computed bill over reported cost, credits taken out; None where the
                                 export reports no cost
    invoice_explained_fraction   computed bill over invoice; None where there is none to compare
                                 with
    """

    waterfall: pd.DataFrame
    invoice_waterfall: pd.DataFrame
    models: pd.DataFrame
    unpriced: tuple[Unpriced, ...]
    computed_usd: float
    reported_usd: float | None
    invoice_usd_per_month: float | None
    period_hours: float
    explained_fraction: float | None
    invoice_explained_fraction: float | None


def reconciliation(
    frame: pd.DataFrame,
    provider: str,
    as_of: dt.date,
    quotes: Sequence[Quote] = (),
    invoice_usd_per_month: float | None = None,
    period_hours: float | None = None,
) -> Reconciliation:
    """Prices every row of a usage export and explains the gap to its reported cost and to the
    invoice.

    frame         one row per hour, model and tier, as the usage intake gives it; costs are USD
    provider      as the export says it, "" when unknown
    period_hours  how long the whole export lasts, where these rows are a part of it; else from
                  their first hour to the end of their last

    Left out: one-hour cache writes (priced as the five-minute ones), long-context surcharges,
    tokens of audio and images, searches, taxes.
    """
    prices = {
        str(name): model_prices(str(name), provider, as_of, quotes)
        for name in frame["model"].unique()
    }
    rows = priced_usage(frame, prices, as_of)
    lines = cost_lines(rows)
    hours = period_hours or (frame["hour"].max() - frame["hour"].min()) / pd.Timedelta(hours=1) + 1
    bill = _bill_steps(rows, prices, as_of)
    without_price = set(lines.unpriced_models)
    unpriced = tuple(
        found
        for found in prices.values()
        if isinstance(found, Unpriced) and found.name in without_price
    )
    computed = float(rows["computed_usd"].sum())
    paid = invoice_usd_per_month if hours >= HOURS_PER_DAY else None
    month = HOURS_PER_MONTH / hours
    return Reconciliation(
        waterfall=pd.DataFrame(
            _against_export(bill, lines), columns=["step", "usd", "kind", "note"]
        ),
        invoice_waterfall=pd.DataFrame(
            _against_invoice(bill, lines, paid, month),
            columns=["step", "usd_per_month", "kind", "note"],
        ),
        models=_models(rows),
        unpriced=unpriced,
        computed_usd=computed,
        reported_usd=lines.reported_usd,
        invoice_usd_per_month=invoice_usd_per_month,
        period_hours=hours,
        explained_fraction=_fraction(
            computed - lines.silent_usd,
            lines.reported_usd and lines.reported_usd - lines.credits_usd,
        ),
        invoice_explained_fraction=_fraction(computed * month, paid),
    )


def _fraction(part: float, whole: float | None) -> float | None:
    return part / whole if whole and whole > 0 else None


def _bill_steps(
    rows: pd.DataFrame, prices: Mapping[str, ModelPrices | Unpriced], as_of: dt.date
) -> list[Step]:
    """From all tokens at list price to the computed bill."""
    usd = {
        name: float(rows[f"{name}_usd"].sum())
        for name in ("list", "cache_read", "cache_write", "batch", "tier", "date", "computed")
    }
    before = (
        f"priced as on the row's own day instead of {as_of}"
        if abs(usd["date"]) > 0
        else f"no price moved between the rows and {as_of}"
    )
    return [
        (
            "list price",
            usd["list"],
            "total",
            f"prices of {as_of}, all input fresh, all work standard",
        ),
        (
            "cache reads",
            usd["cache_read"],
            "step",
            "read from the provider's cache instead of fresh",
        ),
        (
            "cache writes",
            usd["cache_write"],
            "step",
            "written to the cache, at the price of the shortest life",
        ),
        ("batch", usd["batch"], "step", tier_notes(rows, prices, batch=True)),
        ("tier", usd["tier"], "step", tier_notes(rows, prices, batch=False)),
        ("date", usd["date"], "step", before),
        ("computed bill", usd["computed"], "total", "what list prices explain"),
    ]


def _named_steps(lines: CostLines) -> list[Step]:
    """What the export names beside priced tokens."""
    names = _in_words(lines.reported_unpriced_models)
    found: list[Step] = [
        (
            "models without a price",
            lines.unpriced_usd,
            "step",
            f"as the export reports them: {names}",
        ),
        (
            "charges without tokens",
            lines.charges_usd,
            "step",
            "searches, storage, subscriptions: as the export reports them",
        ),
        ("credits", lines.credits_usd, "step", "refunds and credits in the export"),
    ]
    gaps = _in_words(lines.unknown_models)
    unknown: list[Step] = (
        [
            (
                "models of unknown cost",
                np.nan,
                "gap",
                f"no price and no reported cost, not 0 USD: {gaps}",
            )
        ]
        if gaps
        else []
    )
    return [step for step in found if step[1]] + unknown


def _in_words(models: Sequence[str]) -> str:
    more = f" and {len(models) - MOST_NAMES:,} more" if len(models) > MOST_NAMES else ""
    return ", ".join(name or "no model named" for name in models[:MOST_NAMES]) + more


def _against_export(bill: list[Step], lines: CostLines) -> list[Step]:
    if lines.reported_usd is None:
        return [*bill, *[step for step in _named_steps(lines) if step[2] == "gap"]]
    silent = (
        "rows without a reported cost",
        -lines.silent_usd,
        "step",
        "computed, but the export gives no cost to compare with",
    )
    return _closed(
        [*bill, *([silent] if lines.silent_usd else []), *_named_steps(lines)],
        lines.reported_usd,
        "reported by the export",
        "",
    )


def _against_invoice(
    bill: list[Step], lines: CostLines, paid: float | None, month: float
) -> list[Step]:
    if paid is None:
        return []
    scaled: list[Step] = [
        (step, usd * month, kind, note) for step, usd, kind, note in [*bill, *_named_steps(lines)]
    ]
    note = (
        f"the export's {HOURS_PER_MONTH / month:,.0f} h times {month:.4g} make a month of"
        f" {HOURS_PER_MONTH:.0f} h"
    )
    return _closed(scaled, paid, "invoice", note)


def _closed(steps: list[Step], whole_usd: float, name: str, note: str) -> list[Step]:
    """The steps with what they explain, what they do not, and what they are held against."""
    start = next(number for number, step in enumerate(steps) if step[0] == "computed bill")
    explained = float(np.nansum([usd for _, usd, _, _ in steps[start:]]))
    rest = "long context, one-hour cache writes, audio, images, discounts, or wrong counts"
    tail: list[Step] = [
        ("explained", explained, "total", note),
        ("unexplained", whole_usd - explained, "gap", rest),
        (name, whole_usd, "total", note),
    ]
    return [*steps, *tail]


def _models(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per name in the export, dearest first."""
    rows = rows.assign(tokens=rows[list(CLASSES)].sum(axis=1))
    groups = rows.groupby(["model", "model_id", "row"])
    usd = groups[["computed_usd", "cost_reported_usd"]].sum(min_count=1)
    found = usd.assign(tokens=groups["tokens"].sum()).reset_index()
    found = found.rename(columns={"cost_reported_usd": "reported_usd"})
    told = found["reported_usd"].where(found["reported_usd"] > 0)
    found["gap_fraction"] = (told - found["computed_usd"]) / told
    return found.sort_values(["computed_usd", "tokens"], ascending=False, ignore_index=True)
