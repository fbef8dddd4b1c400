"""What a reconciled bill says, in sentences that hold for every export."""

from __future__ import annotations

from llmcost.inputs.class_prices import Unpriced
from llmcost.study.bill.reconciliation import Reconciliation
from llmcost.study.wording import count, number, percent, usd
from llmcost.views.text import inert

NO_EXPORT = (
    "No usage export: today's bill is the stated volume at list prices, and nothing is there to"
    " hold it against."
)
MOST_UNPRICED = 6
"""Models that a sentence names; of thousands it counts the rest."""
EFFECTS = {
    "cache": ("cache reads", "cache writes"),
    "batch": ("batch",),
    "tier": ("tier",),
    "date": ("date",),
}
SAVES = {
    "cache": "the cache saves {}",
    "batch": "batches save {}",
    "tier": "other tiers save {}",
    "date": "the prices of those days take off {}",
}
COSTS = {
    "cache": "the cache costs {}",
    "batch": "batches add {}",
    "tier": "other tiers add {}",
    "date": "the prices of those days add {}",
}


def title(found: Reconciliation) -> str:
    """The share of the reported cost that list prices explain."""
    span = (
        f"{number(found.period_hours / 24, 2)} days"
        if found.period_hours >= 48
        else f"{number(found.period_hours)} hours"
    )
    cost = f"The export's {span} cost {usd(found.computed_usd)} at list prices"
    if found.reported_usd is None:
        return f"{cost}; it reports no cost of its own"
    if found.explained_fraction is None:
        return f"{cost}; it reports {usd(found.reported_usd)}"
    return (
        f"List prices {_share(found.explained_fraction)} of the {usd(found.reported_usd)} that the"
        " export reports"
    )


def invoice_title(found: Reconciliation) -> str:
    """The share of the invoice that list prices explain."""
    if found.invoice_usd_per_month is None:
        return "There is no invoice"
    if found.invoice_explained_fraction is None:
        return (
            "The export covers less than a day: it is not scaled to a month and not held against"
            " the invoice"
        )
    return (
        f"List prices {_share(found.invoice_explained_fraction)} of the invoice of"
        f" {usd(found.invoice_usd_per_month)} a month"
    )


def _share(fraction: float) -> str:
    """More than the whole is not explained, it is too much."""
    verb = "come to" if fraction > 1.005 else "explain"
    return f"{verb} {percent(fraction)}"


def reading(found: Reconciliation) -> str:
    """One paragraph: how much is explained, by what, and what is not priced."""
    parts = [title(found), *_effects(found)]
    if found.unpriced:
        models = "model is" if len(found.unpriced) == 1 else "models are"
        names = ", ".join(_unpriced(model) for model in found.unpriced[:MOST_UNPRICED])
        if len(found.unpriced) > MOST_UNPRICED:
            names += f" and {len(found.unpriced) - MOST_UNPRICED:,} more"
        parts.append(f"{count(len(found.unpriced))} {models} unpriced: {names}")
    invoice = f" {invoice_title(found)}." if found.invoice_usd_per_month is not None else ""
    return f"{'; '.join(parts)}.{invoice}"


def _effects(found: Reconciliation) -> list[str]:
    """What each category moves, largest first; what rounds to nothing is left out."""
    steps = found.waterfall.set_index("step")["usd"]
    changes = {name: float(steps[list(parts)].sum()) for name, parts in EFFECTS.items()}
    seen = sorted(
        (name for name in changes if abs(changes[name]) >= 0.005),
        key=lambda name: -abs(changes[name]),
    )
    return [
        (SAVES if changes[name] < 0 else COSTS)[name].format(usd(abs(changes[name])))
        for name in seen
    ]


def _unpriced(model: Unpriced) -> str:
    near = f" (nearest: {', '.join(map(inert, model.nearest))})" if model.nearest else ""
    return f"{inert(model.name) or 'no model named'}{near}"
