"""Today's API bill taken apart: part by part as it is billed, and what each kind of tuning
saves."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from llmcost.inputs.api_prices import Offer
from llmcost.study.bill.api_lines import ALL, TOKENS, Parts, listed_parts, today_parts, usd_of
from llmcost.study.case import Case
from llmcost.study.graph import Part, Scope, Told
from llmcost.study.problem import Option, WorkloadChoice
from llmcost.study.scopes import purchase_scope, scope_of

TUNING = {
    "caching": ("cached_input_fraction",),
    "batching": ("batched_fraction",),
    "the right tier": ("flex_fraction", "priority_fraction"),
}
"""Step of tuning -> the shares that it moves from today's to the tuned ones."""


def bill_parts(case: Case, choice: WorkloadChoice, offer: Offer) -> pd.DataFrame:
    """One month of one workload as it is bought today: part, mtok_per_month, usd_per_mtok,
    usd_per_month, share_fraction.

    Where `offer` answers today, with its commitment and invoice: the rows add up to the line of the
    bill. Else at list prices.
    """
    workload = scope_of(choice, case.values)
    parts: Parts = {}
    if offer is choice.today:
        parts = today_parts(workload, choice, case.invoice_multiplier)
    parts = parts or listed_parts(workload, choice, offer)
    bought = purchase_scope(workload, choice, offer, ALL)
    rows = [(part.label, *_tokens(part, bought), float(node.value)) for part, node in parts.items()]
    frame = pd.DataFrame(rows, columns=["part", "mtok_per_month", "usd_per_mtok", "usd_per_month"])
    return frame.assign(share_fraction=frame["usd_per_month"] / frame["usd_per_month"].sum())


def _tokens(part: Part[..., Any], bought: Scope) -> tuple[float, float]:
    """(Mtok per month, USD per Mtok) of a part that is tokens times a price, else unknown."""
    if part not in TOKENS:
        return np.nan, np.nan
    (price,) = (name for name in part.inputs if name.endswith("_usd_per_mtok"))
    usd_per_mtok = float(bought(price))
    one = Told(1.0, "USD/Mtok", "definition")
    return float(bought.inside({price: one})(part.name)), usd_per_mtok


def tuning_steps(case: Case) -> pd.DataFrame:
    """What caching, batching and the right tier save on today's model, one after another.

    step, usd_per_month (the bill after it), change_usd_per_month. The first row is today, the last
    the tuned bill; the changes add up. Empty where nothing answers today, or only a part of the
    work: then there is no bill of today to tune.
    """
    bills = [
        (step, sum(_today_usd(case, choice, moved) for choice in case.choices))
        for step, moved in _moved_so_far()
    ]
    frame = pd.DataFrame(bills, columns=["step", "usd_per_month"])
    if Option.TUNED not in case.totals:
        return frame.iloc[:0].assign(change_usd_per_month=[])
    return frame.assign(
        change_usd_per_month=[0.0, *(after - before for (_, before), (_, after) in pairwise(bills))]
    )


def _moved_so_far() -> list[tuple[str, tuple[str, ...]]]:
    steps: list[tuple[str, tuple[str, ...]]] = [(Option.TODAY, ())]
    for step, shares in TUNING.items():
        steps.append((step, (*steps[-1][1], *shares)))
    return steps


def _today_usd(case: Case, choice: WorkloadChoice, moved: tuple[str, ...]) -> float:
    """Today's line of one workload with these shares as tuned and the others as they are."""
    workload = scope_of(choice, case.values)
    return float(usd_of(today_parts(workload, choice, case.invoice_multiplier, moved)))
