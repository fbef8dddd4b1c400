"""One table of break-evens: volume, utilization, price of the API and of the GPU, people, and the
share that passes."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import delivered_utilization_fraction
from llmcost.study.fleets.unit_costs import ALWAYS_ON, break_even_utilization
from llmcost.study.names import shown
from llmcost.study.problem import VOLUME, Option
from llmcost.study.uncertainty.bill_pairs import YARDSTICKS, BillPair, Reach, bill_pair, wins
from llmcost.study.uncertainty.movable_numbers import MovableNumber, movable_numbers
from llmcost.study.uncertainty.volume_break_even import (
    break_even_words,
    input_mtok_per_month,
    sectioned,
    volume_break_even,
)


class Side(StrEnum):
    """On which side of a turn the option wins."""

    ABOVE = "above"
    BELOW = "below"


COLUMNS = [
    "against",
    "what",
    "unit",
    "now",
    "turns_at",
    "option_wins",
    "status",
    "answer",
    "difference_usd_per_month",
]


def break_evens(
    case: Case, option: str, against: tuple[str, ...] = tuple(YARDSTICKS)
) -> pd.DataFrame:
    """Where `option` costs what each yardstick costs, one number moved at a time and all else
    typical.

    Columns: against, what, unit, now, turns_at (None where they never meet), option_wins (the
    `Side` of the turn), status (a `Reach`), answer (in words), difference_usd_per_month at the
    turn, which is 0 but where whole machines make the bill jump. The volume's turn is the first at
    which the option wins, the others' the one nearest to today.
    """
    rows: list[dict[str, Any]] = []
    for yardstick in against:
        pair = bill_pair(case, option, yardstick)
        found = [_volume_row(case, pair)]
        if pair.why_not is None:
            found += [
                *_utilization_rows(case, pair),
                *(_row(movable) for movable in movable_numbers(pair)),
            ]
        rows += [{"against": yardstick, **row} for row in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def nearest_turn(movable: MovableNumber) -> tuple[float, Side] | None:
    """(value nearest to today's at which the winner changes, the side of it on which the option
    wins: above or below)."""
    winning = wins(*movable.bills(movable.grid))
    turns = np.flatnonzero(winning[1:] != winning[:-1])
    if not len(turns):
        return None
    found = sectioned(movable.bills, movable.grid[turns], movable.grid[turns + 1])
    nearest = int(np.abs(found - movable.now).argmin())
    return float(found[nearest]), Side.ABOVE if winning[turns[nearest] + 1] else Side.BELOW


def _row(movable: MovableNumber) -> dict[str, Any]:
    row = {"what": movable.what, "unit": movable.unit, "now": movable.now}
    turn = nearest_turn(movable)
    if turn is None:
        often = "always" if wins(*movable.bills(movable.grid[:1]))[0] else "never"
        low, high = (shown(float(movable.grid[end]), movable.unit) for end in (0, -1))
        return {
            **row,
            "status": Reach.NOT_REACHED,
            "answer": f"not reached between {low} and {high}: {often} cheaper",
        }
    at, side = turn
    ours, theirs = movable.bills(np.array([at]))
    answer = f"{side} {shown(at, movable.unit)}, now {shown(movable.now, movable.unit)}"
    return {
        **row,
        "turns_at": at,
        "option_wins": side,
        "status": Reach.REACHED,
        "answer": answer,
        **_difference(ours, theirs),
    }


def _difference(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    return {"difference_usd_per_month": float(ours[0] - theirs[0])}


def _volume_row(case: Case, pair: BillPair) -> dict[str, Any]:
    now, found = input_mtok_per_month(case), volume_break_even(case, pair.option, pair.against)
    row = {"what": "volume", "unit": "input Mtok/month", "now": now, "status": found.status}
    row["answer"] = break_even_words(found, now, pair.why_not[1] if pair.why_not else "")
    first = found.first_mtok_per_month
    if first is None or first <= found.looked_from_mtok_per_month:
        return row
    return {
        **row,
        "turns_at": first,
        "option_wins": Side.ABOVE,
        **_difference(*pair.usd_per_month({VOLUME: np.array([first / now])})),
    }


def _utilization_rows(case: Case, pair: BillPair) -> Iterator[dict[str, Any]]:
    """The delivered utilization at which a standing fleet of today's size would cost what the open
    model's API bills."""
    if pair.option not in ALWAYS_ON or pair.against != Option.OPEN_API:
        return
    for choice in case.choices:
        needed = break_even_utilization(case, choice, pair.option)
        if needed is None:
            continue
        name = "delivered utilization" + (
            f", {choice.workload.id}" if len(case.choices) > 1 else ""
        )
        now, at = delivered_utilization_fraction(case, choice, pair.option), needed[1]
        row = {"what": name, "unit": "fraction", "now": now, "difference_usd_per_month": 0.0}
        if at > 1:
            answer = "not reached: a fleet that is full all month is still dearer"
            yield {
                **row,
                "status": Reach.NOT_REACHED,
                "answer": answer,
                "difference_usd_per_month": None,
            }
        else:
            answer = f"above {shown(at, 'fraction')}, now {shown(now, 'fraction')}"
            yield {
                **row,
                "turns_at": at,
                "option_wins": Side.ABOVE,
                "status": Reach.REACHED,
                "answer": answer,
            }
