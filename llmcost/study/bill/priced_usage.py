"""A usage export priced row by row: what each hour, model and tier should have cost, and by which
steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from llmcost.inputs.class_prices import STANDARD, ModelPrices, Unpriced
from llmcost.model.bill_steps import CLASSES, bill_steps

STEPS = (
    "list_usd",
    "cache_read_usd",
    "cache_write_usd",
    "batch_usd",
    "tier_usd",
    "date_usd",
    "computed_usd",
)


def priced_usage(
    frame: pd.DataFrame, prices: Mapping[str, ModelPrices | Unpriced], as_of: dt.date
) -> pd.DataFrame:
    """The export's rows with `model_id`, `row` (of the price) and the USD of every step; NaN where
    nothing prices the model.

    frame  hour (UTC), model, tier and the token classes, as the usage intake gives it
    """
    rows = frame.reset_index(drop=True)
    is_unpriced = (
        rows["model"]
        .map({name: isinstance(found, Unpriced) for name, found in prices.items()})
        .astype(bool)
    )
    parts = [rows[is_unpriced].assign(model_id="", row="", **dict.fromkeys(STEPS, np.nan))]
    for name, group in rows[~is_unpriced].groupby("model"):
        found = prices[str(name)]
        assert isinstance(found, ModelPrices)
        parts.append(_priced(group, found, as_of))
    return pd.concat([part for part in parts if len(part)] or parts).sort_index()


def _priced(group: pd.DataFrame, prices: ModelPrices, as_of: dt.date) -> pd.DataFrame:
    then = group["hour"] if prices.by_hour else group["hour"].dt.floor("D")
    # The hour of the day stays the row's own, so that only the day makes the difference.
    compared = pd.Timestamp(as_of, tz="UTC") + (then - then.dt.floor("D"))
    standard = pd.Series(STANDARD, index=group.index)
    steps = bill_steps(
        group[list(CLASSES)].to_numpy(),
        _prices_at(prices, compared, standard),
        _prices_at(prices, compared, group["tier"]),
        _prices_at(prices, then, group["tier"]),
        group["tier"].eq("batch").to_numpy(),
    )
    usd = pd.DataFrame({step: getattr(steps, step) for step in STEPS}, index=group.index)
    known = usd.where(usd.notna().all(axis=1))  # a row without one of its prices has no bill at all
    return group.assign(model_id=prices.model_id, row=prices.row).join(known)


def _prices_at(prices: ModelPrices, moments: pd.Series, tiers: pd.Series) -> np.ndarray:
    """One row of prices per moment and tier; each pair is looked up once."""
    codes, pairs = pd.MultiIndex.from_arrays([moments, tiers]).factorize()
    return np.stack([prices.at(moment.to_pydatetime(), tier) for moment, tier in pairs])[codes]


def tier_notes(
    rows: pd.DataFrame, prices: Mapping[str, ModelPrices | Unpriced], batch: bool
) -> str:
    """What to know of the tiers: which have no listed price, and which discounts are listed only
    from a later day on."""
    used = rows[
        (rows["tier"] != STANDARD)
        & (rows["tier"].eq("batch") == batch)
        & rows["computed_usd"].notna()
    ]
    missing, later = [], []
    for (name, tier), first in used.groupby(["model", "tier"])["hour"].min().items():
        found = prices[name]
        since = found.tier_since(tier) if isinstance(found, ModelPrices) else None
        if since is None:
            missing.append(f"{name} ({tier})")
        elif since > first.date():
            later.append(since)
    kind = "batch" if batch else "tier"
    notes = (
        [f"no {kind} price is listed for {', '.join(missing)}: priced as standard"]
        if missing
        else []
    )
    return "; ".join(
        notes
        + (
            [f"{kind} prices listed from {max(later)} on are taken for earlier days too"]
            if later
            else []
        )
    )
