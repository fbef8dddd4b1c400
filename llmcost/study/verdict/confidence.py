"""How sure the verdict is: three grades, each from what the verdict hangs on, and the rule that
joins them."""

from collections.abc import Collection, Iterable, Sequence, Set
from enum import StrEnum
from typing import Any

import pandas as pd

from llmcost.inputs.usage import HourlyUsage
from llmcost.study.assumptions import Confidence
from llmcost.study.bill.draws import cheapest_fraction
from llmcost.study.case import Case
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.prices import exports
from llmcost.study.problem import STAYING
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.uncertainty.evidence import EVIDENCE_RANK, KNOWN_AS, moving_inputs, oldest_price
from llmcost.study.wording import number, percent, probability

HOURS_PER_DAY, DAYS_OF_A_SHAPE = 24, 7
"""An export of less than a week shows neither a week's shape nor a month's volume."""
SURE, UNSURE = 0.9, 0.6
"""Shares of the draws in which the advice must be the cheapest: strong above the first, weak below
the second."""
UNEXPLAINED = 0.25
"""Share of the invoice beyond which list prices do not explain it."""
RULE = (
    "High: cheapest in nine draws of ten, every input that moves the verdict measured or at list"
    " price, a week of load measured. Low: cheapest in fewer than six of ten, or a guess that alone"
    " could turn the verdict, or a load of unknown shape, less than a week of it, a thin export or"
    " an invoice that prices do not explain. Medium: all between. The inputs that move the verdict"
    " are those whose range alone makes another option the cheapest, and the fewest that carry four"
    " fifths of the variance of its advantage."
)
"""The rule as a reader gets it."""


class Grade(StrEnum):
    """How well one thing holds that the verdict hangs on."""

    STRONG = "strong"
    FAIR = "fair"
    WEAK = "weak"


class Level(StrEnum):
    """How sure the verdict is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def confidence(case: Case) -> dict[str, Any]:
    """high, medium or low, with what it follows from.

    Three grades, each strong, fair or weak:
    chance    share of the draws in which the advice is the cheapest: strong from SURE on, weak
              below UNSURE
    evidence  of the inputs that move the verdict (`moving_inputs`): strong where all are measured
              or list prices, weak where a guess alone can turn it, else fair. Where work moves, a
              passing share that nobody tested counts, its range given or not
    data      strong with a measured week of load or more; weak with less than a week, a thin
              export, a preset shape or an unexplained invoice; else fair
    The level is high where all three are strong, low where one is weak, else medium. An input that
    moves nothing changes nothing.
    """
    moving = moving_inputs(case)
    grades = {
        "chance": _chance_grade(case),
        "evidence": _evidence_grade(case, moving),
        "data": _data_grade(case),
    }
    return {
        "level": _level(set(grades.values())),
        "because": _because(case, moving),
        "rule": RULE,
        "grades": grades,
        "inputs": moving.to_dict("records"),
    }


def _level(grades: Set[Grade]) -> Level:
    if Grade.WEAK in grades:
        return Level.LOW
    return Level.HIGH if grades == {Grade.STRONG} else Level.MEDIUM


def _chance_grade(case: Case) -> Grade:
    sure = cheapest_fraction(case.draws())[advised_option(case)]
    if sure < UNSURE:
        return Grade.WEAK
    return Grade.STRONG if sure >= SURE else Grade.FAIR


def _evidence_grade(case: Case, moving: pd.DataFrame) -> Grade:
    is_guess = moving["evidence"] == Confidence.GUESS
    if (is_guess & moving["turns"]).any():
        return Grade.WEAK
    known = moving["evidence"].isin([Confidence.MEASURED, Confidence.LIST_PRICE]).all()
    untested = any(choice.alternative.evidence == Confidence.GUESS for choice in case.choices)
    if known and (advised_option(case) in STAYING or not untested):
        return Grade.STRONG
    return Grade.FAIR


def _data_grade(case: Case) -> Grade:
    known = {load.confidence for load in case.loads.values()}
    usage = _usage(case.loads.values())
    explained = exports.explained_fraction(case)
    unexplained = explained is not None and abs(explained[0] - 1) > UNEXPLAINED
    is_measured = known == {Confidence.MEASURED}
    short = is_measured and _days(usage) < DAYS_OF_A_SHAPE
    thin = any(each.is_thin for each in usage)
    if short or unexplained or thin or Confidence.GUESS in known:
        return Grade.WEAK
    return Grade.STRONG if is_measured else Grade.FAIR


def _usage(loads: Iterable[WorkloadLoad]) -> list[HourlyUsage]:
    return [load.usage for load in loads if load.usage]


def _days(usage: Sequence[HourlyUsage]) -> float:
    return min((len(u.hourly) / HOURS_PER_DAY for u in usage), default=0.0)


def _because(case: Case, moving: pd.DataFrame) -> list[str]:
    usage, explained = _usage(case.loads.values()), exports.explained_fraction(case)
    quality = max((c.alternative.evidence for c in case.choices), key=EVIDENCE_RANK.__getitem__)
    chance = cheapest_fraction(case.draws())[advised_option(case)]
    return [
        f"cheapest in {probability(chance)} of the draws",
        moved_by(moving),
        _load_said(case.loads.values(), usage),
        f"quality {KNOWN_AS[Confidence(quality)]}",
        oldest_price(case),
        *([f"list prices explain {percent(explained[0])} of {explained[1]}"] if explained else []),
        *(
            f"usage export is thin: {percent(u.covered_fraction)} of its hours,"
            f" {percent(u.rejected_fraction)} of its rows rejected"
            for u in usage
            if u.is_thin
        ),
    ]


EVIDENCE = {
    Confidence.GUESS: "guessed",
    Confidence.REPORTED: "reported",
    Confidence.LIST_PRICE: "list price",
    Confidence.MEASURED: "measured",
}


def moved_by(moving: pd.DataFrame) -> str:
    """The two inputs that move the verdict most, with their evidence, and how many of all could
    turn it."""
    if moving.empty:
        return "no input moves it"
    turning = moving[moving["turns"]]
    first = turning if len(turning) else moving
    named = ", ".join(
        f"{row.name_} ({EVIDENCE[row.evidence]})"
        for row in first.head(2).rename(columns={"name": "name_"}).itertuples()
    )
    more = f" and {len(first) - 2} more" if len(first) > 2 else ""
    return (
        f"could turn on {named}{more}"
        if len(turning)
        else f"moved most by {named}{more}, none of which turns it alone"
    )


def _load_said(loads: Collection[WorkloadLoad], usage: Sequence[HourlyUsage]) -> str:
    days = _days(usage)
    if all(load.confidence is Confidence.MEASURED for load in loads):
        return (
            f"load measured, {number(days, 2)}"
            f" days{'' if days >= DAYS_OF_A_SHAPE else ': less than a week'}"
        )
    totals = "days of an export" if any(u.of_days for u in usage) else "totals by the client"
    is_guessed = any(load.confidence is Confidence.GUESS for load in loads)
    shape = "a PRESET for its size" if is_guessed else "a public shape"
    return f"load: {totals} on {shape}"
