"""Today's API bill taken apart: part by part as it is billed, and what each kind of tuning
saves."""

from itertools import pairwise

import numpy as np
import pandas as pd

from llmcost.inputs.api_prices import Offer
from llmcost.model.api_bill import CLASS_OF_PART, TOKEN_PARTS
from llmcost.model.types import TokenPrices
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import (
    Ways,
    priced_parts,
    today_parts,
    ways_today,
    ways_tuned,
)
from llmcost.study.case import Case
from llmcost.study.problem import WorkloadChoice, stated_volumes, written_fraction

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
    values, prices = case.values, offer.prices
    parts = (
        today_parts(choice, values, ways_today, case.invoice_multiplier)
        if offer is choice.today
        else None
    )
    parts = parts or priced_parts(choice, values, prices, ways_today)
    into, out, reasoning = (float(v) for v in stated_volumes(choice, values))
    read = float(values[f"{choice.at}.cached_input_fraction"])
    written = min(float(written_fraction(choice, values, prices)), 1 - read)
    mtok = dict(
        zip(
            TOKEN_PARTS,
            (into * (1 - read - written), into * read, into * written, out, reasoning),
            strict=True,
        )
    )
    price = {part: prices.by_class[k] for part, k in zip(TOKEN_PARTS, CLASS_OF_PART, strict=True)}
    rows = [
        (part, mtok.get(part, np.nan), price.get(part, np.nan), float(usd))
        for part, usd in parts.items()
    ]
    frame = pd.DataFrame(rows, columns=["part", "mtok_per_month", "usd_per_mtok", "usd_per_month"])
    return frame.assign(share_fraction=frame["usd_per_month"] / frame["usd_per_month"].sum())


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
    if "tuned" not in case.totals:
        return frame.iloc[:0].assign(change_usd_per_month=[])
    return frame.assign(
        change_usd_per_month=[0.0, *(after - before for (_, before), (_, after) in pairwise(bills))]
    )


def _moved_so_far() -> list[tuple[str, tuple[str, ...]]]:
    steps: list[tuple[str, tuple[str, ...]]] = [("today", ())]
    for step, shares in TUNING.items():
        steps.append((step, (*steps[-1][1], *shares)))
    return steps


def _today_usd(case: Case, choice: WorkloadChoice, moved: tuple[str, ...]) -> float:
    """Today's line of one workload with these shares as tuned and the others as they are."""

    def ways(choice: WorkloadChoice, values: Values, prices: TokenPrices) -> Ways:
        now, then = ways_today(choice, values, prices), ways_tuned(choice, values, prices)
        return {
            share: then.get(share, 0.0) if share in moved else usual for share, usual in now.items()
        }

    return float(sum(today_parts(choice, case.values, ways, case.invoice_multiplier).values()))
