"""What the bill does not hold (speed to spare, control, time, lock-in), and what it would have to
be worth to turn the answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from llmcost.study.bill.options import HOSTED
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import distinct_options
from llmcost.study.fleets.labels import labels
from llmcost.study.horizon.cash import exit_usd, fte_beyond_today
from llmcost.study.horizon.whole_contract import Horizon
from llmcost.study.problem import Option, WorkloadChoice
from llmcost.study.ties import cheapest
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.wording import number, usd


class Side(StrEnum):
    """Who a criterion speaks for."""

    HOSTING = "hosting"
    API = "an API"
    NEITHER = "neither"


@dataclass(frozen=True)
class Criterion:
    """One thing that the bill does not hold, in words, and the side that it favours."""

    name: str
    favours: Side
    reason: str


def other_side(case: Case) -> str | None:
    """The option of least expected cost (mean of the draws) on the other side of "host it
    yourself?"; None where there is none."""
    means = case.draws().mean()
    found = [
        option
        for option in distinct_options(case)
        if (option in HOSTED) != (advised_option(case) in HOSTED)
    ]
    return cheapest(found, means.__getitem__) if found else None


def criteria(case: Case, horizon: Horizon) -> dict[str, Any]:
    """Each criterion with the side it favours and why, and the USD a month that those against the
    advice would have to be worth.

    That is the whole gap in expected cost, for each alone or for all of them together; what speaks
    for the advice itself comes on top.
    """
    winner, other = advised_option(case), other_side(case)
    if other is None:
        return {
            "against": None,
            "gap_usd_per_month": None,
            "sentence": "There is no option on the other side to turn to.",
            "criteria": [],
        }
    means = case.draws().mean()
    gap = float(means[other] - means[winner])
    theirs = Side.API if winner in HOSTED else Side.HOSTING
    hosted, bought = (winner, other) if winner in HOSTED else (other, winner)
    judged = [
        _latency(case.choices),
        _control(),
        _team(horizon, hosted, bought),
        _lock_in(case, horizon, hosted, bought),
    ]
    against = [each.name for each in judged if each.favours is theirs]
    return {
        "against": other,
        "gap_usd_per_month": gap,
        "sentence": _sentence(gap, against, labels(case)[other]),
        "criteria": [
            {
                "criterion": each.name,
                "favours": each.favours,
                "reason": each.reason,
                "worth_usd_per_month": gap if each.favours is theirs else None,
            }
            for each in judged
        ],
    }


def _sentence(gap: float, against: list[str], other: str) -> str:
    if gap <= 0:
        return (
            f"{other} is expected to cost {usd(-gap)} a month less already; it is not advised"
            " because too few draws say so."
        )
    if not against:
        return (
            f"Nothing here speaks for {other}, which is expected to cost {usd(gap)} a month more."
        )
    return (
        f"To turn the advice to {other}, {' and '.join(against)} would have to be worth {usd(gap)}"
        " a month, alone or together."
    )


def _latency(choices: Iterable[WorkloadChoice]) -> Criterion:
    name = "speed to spare"
    if not any(choice.workload.latency for choice in choices):
        return Criterion(name, Side.NEITHER, "no limit is stated")
    reason = "on GPUs of one's own it can be bought with more replicas; an API's is what it is"
    return Criterion(name, Side.HOSTING, reason)


def _control() -> Criterion:
    reason = "weights, version and queue stay; an API's model can be changed or withdrawn"
    return Criterion("control", Side.HOSTING, reason)


def _team(horizon: Horizon, hosted: str, bought: str) -> Criterion:
    more = float(fte_beyond_today(horizon, hosted)[0] - fte_beyond_today(horizon, bought)[0])
    reason = (
        f"hosting takes {number(more, 2)} of an engineer more, who is not there for the product;"
        " their pay is in the bill already"
    )
    return Criterion("the team's time", Side.API, reason)


def _lock_in(case: Case, horizon: Horizon, hosted: str, bought: str) -> Criterion:
    name = "lock-in"
    owed = exit_usd(case, hosted, horizon.typical[hosted], 1) or 0.0
    left = exit_usd(case, bought, horizon.typical[bought], 1) or 0.0
    if round(owed - left, 2) > 0:
        reason = f"leaving hosting after a month costs {usd(owed)}"
        return Criterion(name, Side.API, f"{reason}; an API can be left at a month's end")
    if bought == Option.OPEN_API:
        reason = "no contract holds you on either side, and open weights run elsewhere too"
        return Criterion(name, Side.NEITHER, reason)
    reason = "open weights run elsewhere too; prompts made for one company's model do not"
    return Criterion(name, Side.HOSTING, reason)
