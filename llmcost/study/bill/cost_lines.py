"""Which part of an export's reported cost belongs to priced tokens, and what the rest is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from llmcost.model.bill_steps import CLASSES


@dataclass(frozen=True)
class CostLines:
    """USD over the period of the export.

    reported_usd   all that the export reports, credits taken off; None when it reports nothing, or
                   0 throughout
    silent_usd     computed for rows of which the export reports no cost, or 0: they are not
                   compared
    unpriced_usd   reported for models that nothing prices
    charges_usd    reported without tokens, and for a model that has none anywhere
    credits_usd    negative costs
    """

    reported_usd: float | None
    silent_usd: float
    unpriced_usd: float
    charges_usd: float
    credits_usd: float
    reported_unpriced_models: tuple[str, ...]
    unknown_models: tuple[str, ...]

    @property
    def unpriced_models(self) -> tuple[str, ...]:
        """Models with tokens that nothing prices."""
        return tuple(sorted(self.reported_unpriced_models + self.unknown_models))


def cost_lines(rows: pd.DataFrame) -> CostLines:
    """Sorts the reported cost of priced usage.

    Cost may stand beside the tokens, or in rows of its own of the same model, or in rows that name
    no model at all: each is then compared as a whole, and no row counts as silent only because its
    cost stands elsewhere. A reported zero beside tokens says nothing: gateways write it for models
    that they cannot price.
    """
    cost, busy, priced = (
        rows["cost_reported_usd"],
        rows[list(CLASSES)].sum(axis=1) > 0,
        rows["computed_usd"].notna(),
    )
    told = cost.notna() & (cost != 0)
    key = rows["model_id"].where(rows["model_id"] != "", rows["model"])
    has_tokens, told_beside, told_anywhere = (
        mask.groupby(key).transform("any") for mask in (busy, told & busy, told)
    )
    elsewhere = told.any() and not (has_tokens & told_anywhere).any()
    silent = busy & priced & ~told & (told_beside | ~told_anywhere) & (not elsewhere)
    unpriced = has_tokens & ~priced
    with_cost = unpriced & (cost > 0).groupby(key).transform("any")
    return CostLines(
        reported_usd=float(cost.sum()) if told.any() else None,
        silent_usd=float(rows.loc[silent, "computed_usd"].sum()),
        unpriced_usd=float(cost[unpriced & (cost > 0)].sum()),
        charges_usd=0.0 if elsewhere else float(cost[~has_tokens & (cost > 0)].sum()),
        credits_usd=float(cost[cost < 0].sum()),
        reported_unpriced_models=_names(rows, with_cost),
        unknown_models=_names(rows, unpriced & ~with_cost),
    )


def _names(rows: pd.DataFrame, mask: pd.Series) -> tuple[str, ...]:
    return tuple(sorted(rows.loc[mask, "model"].unique()))
