"""The API lines of a bill taken apart: what an audit prints and adds up again, and what each kind of tuning saves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from llmcost.inputs.api_prices import Offer
from llmcost.model.api_bill import CLASS_OF_PART, TOKEN_PARTS
from llmcost.model.types import TokenPrices
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import (
    OPEN,
    TODAY,
    Ways,
    open_parts,
    priced_parts,
    rest_parts,
    today_parts,
    ways_today,
    ways_tuned,
)
from llmcost.study.bill.bills import Decision, option_lines
from llmcost.study.bill.options import Lines, added
from llmcost.study.problem import WorkloadChoice, stated_volumes, written_fraction

if TYPE_CHECKING:
    from llmcost.study.study import Study

TUNING = {
    "caching": ("cached_input_fraction",),
    "batching": ("batched_fraction",),
    "the right tier": ("flex_fraction", "priority_fraction"),
}
"""Step of tuning -> the shares that it moves from today's to the tuned ones."""


def api_parts(decision: Decision, values: Values, option: str) -> dict[str, Lines]:
    """Each API line of an option as {part: USD per month}, all workloads together; the parts add up to the line.

    A hybrid buys the same mix of tokens as the open model's API alone, less of them.
    """
    if option in ("today", "tuned"):
        ways = ways_today if option == "today" else ways_tuned
        return _lines({TODAY: _summed(today_parts(c, values, ways, decision.invoice_multiplier) for c in decision.choices)})
    found = {TODAY: _summed(rest_parts(choice, values, decision.invoice_multiplier) for choice in decision.choices)}
    if option in ("open_api", "hybrid"):
        parts = _summed(open_parts(choice, values) for choice in decision.choices)
        bought = option_lines(decision, values)[option][OPEN] / sum(parts.values()) if option == "hybrid" else 1.0
        found[OPEN] = {part: usd * bought for part, usd in parts.items()}
    return _lines(found)


def _summed(bills) -> Lines:
    total: Lines = {}
    for parts in bills:
        added(total, parts)
    return total


def _lines(found: Mapping[str, Lines]) -> dict[str, Lines]:
    """Those that are there: nothing answers today, nothing is billed for it."""
    return {item: parts for item, parts in found.items() if parts}


def bill_parts(study: Study, choice: WorkloadChoice, offer: Offer) -> pd.DataFrame:
    """One month of one workload as it is bought today: part, mtok_per_month, usd_per_mtok, usd_per_month, share_fraction.

    Where `offer` answers today, with its commitment and invoice: the rows add up to the line of the bill. Else at list prices.
    """
    values, prices = study.values, offer.prices
    parts = today_parts(choice, values, ways_today, study.invoice_multiplier) if offer is choice.today else None
    parts = parts or priced_parts(choice, values, prices, ways_today)
    into, out, reasoning = (float(v) for v in stated_volumes(choice, values))
    read = float(values[f"{choice.at}.cached_input_fraction"])
    written = min(float(written_fraction(choice, values, prices)), 1 - read)
    mtok = dict(zip(TOKEN_PARTS, (into * (1 - read - written), into * read, into * written, out, reasoning), strict=True))
    price = {part: prices.by_class[k] for part, k in zip(TOKEN_PARTS, CLASS_OF_PART, strict=True)}
    rows = [(part, mtok.get(part, np.nan), price.get(part, np.nan), float(usd)) for part, usd in parts.items()]
    frame = pd.DataFrame(rows, columns=["part", "mtok_per_month", "usd_per_mtok", "usd_per_month"])
    return frame.assign(share_fraction=frame["usd_per_month"] / frame["usd_per_month"].sum())


def tuning_steps(study: Study) -> pd.DataFrame:
    """What caching, batching and the right tier save on today's model, one after another.

    step, usd_per_month (the bill after it), change_usd_per_month. The first row is today, the last the tuned bill; the changes add up.
    Empty where nothing answers today.
    """
    bills = [(step, sum(_today_usd(study, choice, moved) for choice in study.choices)) for step, moved in _moved_so_far()]
    frame = pd.DataFrame(bills, columns=["step", "usd_per_month"])
    if not any(choice.today for choice in study.choices):
        return frame.iloc[:0].assign(change_usd_per_month=[])
    return frame.assign(change_usd_per_month=[0.0, *(after - before for (_, before), (_, after) in pairwise(bills))])


def _moved_so_far() -> list[tuple[str, tuple[str, ...]]]:
    steps: list[tuple[str, tuple[str, ...]]] = [("today", ())]
    for step, shares in TUNING.items():
        steps.append((step, (*steps[-1][1], *shares)))
    return steps


def _today_usd(study: Study, choice: WorkloadChoice, moved: tuple[str, ...]) -> float:
    """Today's line of one workload with these shares as tuned and the others as they are."""

    def ways(choice: WorkloadChoice, values: Values, prices: TokenPrices) -> Ways:
        now, then = ways_today(choice, values, prices), ways_tuned(choice, values, prices)
        return {share: then.get(share, 0.0) if share in moved else usual for share, usual in now.items()}

    return float(sum(today_parts(choice, study.values, ways, study.invoice_multiplier).values()))
