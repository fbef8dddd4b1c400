"""How sure the verdict is: three grades, each from what the verdict hangs on, and the rule that
joins them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pandas as pd

from llmcost.inputs.usage import HourlyUsage
from llmcost.study.bill.draws import cheapest_fraction
from llmcost.study.case import Case
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.prices import exports
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.uncertainty.evidence import moving_inputs, oldest_price
from llmcost.study.wording import number, percent, probability

HOURS_PER_DAY, DAYS_OF_A_SHAPE = 24, 7
"""An export of less than a week shows neither a week's shape nor a month's volume."""
SURE, UNSURE = 0.9, 0.6
"""Shares of the draws in which the advice must be the cheapest: strong above the first, weak below
the second."""
UNEXPLAINED = 0.25
"""Share of the invoice beyond which list prices do not explain it."""
GRADES = ("strong", "fair", "weak")
RULE = (
    "High: cheapest in nine draws of ten, every input that moves the verdict measured or at list"
    " price, a week of load measured. Low: cheapest in fewer than six of ten, or a guess that alone"
    " could turn the verdict, or a load of unknown shape, less than a week of it, a thin export or"
    " an invoice that prices do not explain. Medium: all between. The inputs that move the verdict"
    " are those whose range alone makes another option the cheapest, and the fewest that carry four"
    " fifths of the variance of its advantage."
)
"""The rule as a reader gets it."""


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
    level = (
        "low"
        if "weak" in grades.values()
        else "high"
        if set(grades.values()) == {"strong"}
        else "medium"
    )
    return {
        "level": level,
        "because": _because(case, moving),
        "rule": RULE,
        "grades": grades,
        "inputs": moving.to_dict("records"),
    }


def _chance_grade(case: Case) -> str:
    sure = cheapest_fraction(case.draws())[advised_option(case)]
    return "strong" if sure >= SURE else "weak" if sure < UNSURE else "fair"


def _evidence_grade(case: Case, moving: pd.DataFrame) -> str:
    if ((moving["evidence"] == "guess") & moving["turns"]).any():
        return "weak"
    untested = advised_option(case) not in ("today", "tuned") and any(
        c.alternative.evidence == "guess" for c in case.choices
    )
    return (
        "strong"
        if moving["evidence"].isin(["measured", "list_price"]).all() and not untested
        else "fair"
    )


def _data_grade(case: Case) -> str:
    loads = case.loads.values()
    usage = _usage(loads)
    explained = exports.explained_fraction(case)
    unexplained = explained is not None and abs(explained[0] - 1) > UNEXPLAINED
    measured = all(load.confidence == "measured" for load in loads)
    short = measured and _days(usage) < DAYS_OF_A_SHAPE
    if (
        short
        or unexplained
        or any(u.is_thin for u in usage)
        or any(load.confidence == "guess" for load in loads)
    ):
        return "weak"
    return "strong" if measured else "fair"


def _usage(loads: Iterable[WorkloadLoad]) -> list[HourlyUsage]:
    return [load.usage for load in loads if load.usage]


def _days(usage: Sequence[HourlyUsage]) -> float:
    return min((len(u.hourly) / HOURS_PER_DAY for u in usage), default=0.0)


def _because(case: Case, moving: pd.DataFrame) -> list[str]:
    usage, explained = _usage(case.loads.values()), exports.explained_fraction(case)
    quality = {c.alternative.evidence for c in case.choices}
    chance = cheapest_fraction(case.draws())[advised_option(case)]
    return [
        f"cheapest in {probability(chance)} of the draws",
        moved_by(moving),
        _load_said(case.loads.values(), usage),
        f"quality {next(said for word, said in QUALITY.items() if word in quality)}",
        oldest_price(case),
        *([f"list prices explain {percent(explained[0])} of {explained[1]}"] if explained else []),
        *(
            f"usage export is thin: {percent(u.covered_fraction)} of its hours,"
            f" {percent(u.rejected_fraction)} of its rows rejected"
            for u in usage
            if u.is_thin
        ),
    ]


QUALITY = {"guess": "a guess", "reported": "reported", "measured": "measured"}
EVIDENCE = {
    "guess": "guessed",
    "reported": "reported",
    "list_price": "list price",
    "measured": "measured",
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
    if all(load.confidence == "measured" for load in loads):
        return (
            f"load measured, {number(days, 2)}"
            f" days{'' if days >= DAYS_OF_A_SHAPE else ': less than a week'}"
        )
    totals = "days of an export" if any(u.of_days for u in usage) else "totals by the client"
    is_guessed = any(load.confidence == "guess" for load in loads)
    shape = "a PRESET for its size" if is_guessed else "a public shape"
    return f"load: {totals} on {shape}"
