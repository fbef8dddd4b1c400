"""What the advice rests on: the inputs that move it, how good their evidence is, and the weakest of
them."""

import datetime as dt

import numpy as np
import pandas as pd

from llmcost.study.assumptions import Confidence
from llmcost.study.case import Case
from llmcost.study.names import plain_name, shown, shown_range
from llmcost.study.once_per_case import once_per_case
from llmcost.study.ties import TIE_RATIO, cheapest
from llmcost.study.uncertainty.advice import advice_tornado, advised_option, yardstick_option
from llmcost.study.wording import usd

EVIDENCE_RANK: dict[str, int] = {each: rank for rank, each in enumerate(Confidence)}
"""How well an input is known -> its place from the best to the worst."""
KNOWN_AS = {
    Confidence.MEASURED: "measured",
    Confidence.LIST_PRICE: "a list price",
    Confidence.REPORTED: "reported",
    Confidence.GUESS: "a guess",
}
"""How well an input is known, in words."""
MOST = 0.8
"""The inputs that together carry this share of the variance of the advantage are the ones that move
it."""


@once_per_case
def moving_inputs(case: Case) -> pd.DataFrame:
    """The inputs that move the verdict, strongest first: path, name, evidence, variance_fraction,
    turns (whether one alone turns it).

    An input moves the verdict when its range alone makes another option the cheapest, or when it is
    among the fewest inputs that carry four fifths of the variance of the advantage (each alone from
    low to high: its share is its squared swing over the sum of squares).
    """
    tornado = advice_tornado(case)
    squared = tornado["swing_usd_per_month"] ** 2
    share = squared / squared.sum() if squared.sum() > 0 else squared
    turning = _turning(case)
    turns = pd.Series(
        [path in turning for path in tornado["path"]], index=tornado.index, dtype=bool
    )
    carries = (share.cumsum() - share < MOST) & (share > 0)
    frame = pd.DataFrame(
        {
            "path": tornado["path"],
            "name": [plain_name(path) for path in tornado["path"]],
            "evidence": tornado["confidence"],
            "variance_fraction": share,
            "turns": turns,
        }
    )
    return frame[carries | turns].reset_index(drop=True)


def _turning(case: Case) -> set[str]:
    """The inputs that alone, at low or high, make another option cheaper than the one that is
    cheapest at typical values."""
    now = cheapest(case.totals, case.totals.__getitem__)
    lowest = np.min(list(case.ends.values()), axis=0)
    turns = (case.ends[now] > lowest * (1 + TIE_RATIO)).any(axis=1)
    uncertain = [a.path for a in case.inputs.values() if not a.certain]
    return {path for path, turned in zip(uncertain, turns, strict=True) if turned}


def weakest_assumption(case: Case) -> str:
    """Of the inputs that move the advantage most the one with the least evidence."""
    tornado = advice_tornado(case)
    if tornado.empty or tornado["swing_usd_per_month"].iloc[0] <= 0:
        return "none moves the answer"
    top = tornado[tornado["swing_usd_per_month"] >= tornado["swing_usd_per_month"].iloc[0] * 0.25]
    worst = (
        top.assign(rank=top["confidence"].map(EVIDENCE_RANK))
        .sort_values(["rank", "swing_usd_per_month"], ascending=[False, False])
        .iloc[0]
    )
    amount, band = (
        shown(worst["typical"], worst["unit"]),
        shown_range(worst["low"], worst["high"], worst["unit"]),
    )
    confidence = Confidence(worst["confidence"])
    louder = {Confidence.GUESS: "a GUESS", Confidence.REPORTED: "reported, not measured"}
    word = louder.get(confidence, KNOWN_AS[confidence])
    moved = "bill" if yardstick_option(case) == advised_option(case) else "advantage"
    name = (
        plain_name(worst["path"])
        if worst["unit"] == "multiplier"
        else f"{plain_name(worst['path'])} = {amount}"
    )
    return (
        f"{name}: {word}; {band} moves the {moved} by {usd(worst['swing_usd_per_month'])} a month"
    )


def oldest_price(case: Case) -> str:
    """Age of the oldest dated price behind the answer's options, on the report's own day."""
    offers = [
        o
        for c in case.choices
        for o in (c.today, c.host and c.host.offer, *(s.offer for s in c.supplies.values()))
        if o and o.date
    ]
    if not offers:
        return "no price carries a date"
    oldest = min(dt.date.fromisoformat(o.date) for o in offers)
    return f"oldest price {(case.client.as_of_date - oldest).days} days"
