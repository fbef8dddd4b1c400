"""The volumes at which an option beats a yardstick: a union of intervals, "not reached", or
"infeasible"."""

from collections.abc import Callable

import numpy as np

from llmcost.model.break_even import BreakEven
from llmcost.study.case import Case
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import VOLUME
from llmcost.study.uncertainty.bill_pairs import BillPair, Reach, bill_pair, wins
from llmcost.study.uncertainty.flips import VOLUME_SPAN
from llmcost.study.wording import mtok, number

MOST_REPLICAS = 5_000
"""No fleet larger than this is looked at."""
START, FINEST_RATIO, MOST_POINTS = 300, 1e-6, 200_000
"""Volumes looked at first; steps closer than a millionth are not told apart."""
CELL_CUTS, BRACKET_CUTS = np.arange(1, 4) / 4, np.arange(1, 16) / 16
"""Where what is undecided is cut, all at once: bills at sixteen values take hardly longer than
one."""

Bills = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From values of one input to (option, yardstick), USD per month."""


@once_per_case
def volume_break_even(case: Case, option: str, against: str) -> BreakEven:
    """Input volumes (Mtok a month, all workloads together, growing together) at which `option`
    beats `against`.

    Found on the same totals as every answer, whatever stairs they climb. Both bills never fall as
    volume grows, so between two volumes the option cannot win where its bill at the lower one is
    above the yardstick's at the upper one, and must win in the opposite case; what is left
    undecided is cut finer until a millionth is left. No interval wider than that is missed.
    """
    pair, now = bill_pair(case, option, against), input_mtok_per_month(case)
    low, high = now / VOLUME_SPAN, now * VOLUME_SPAN
    if pair.why_not:
        return BreakEven(pair.why_not[0], (), high)
    high = min(high, now * max(1.0, MOST_REPLICAS / max(_peak_replicas(pair), 1e-9)))
    found = winning_intervals(
        lambda volumes: pair.usd_per_month({VOLUME: volumes / now}), low, high
    )
    return BreakEven(Reach.REACHED if found else Reach.NOT_REACHED, found, high, low)


def input_mtok_per_month(case: Case) -> float:
    """Today's input volume of all workloads together."""
    return sum(
        float(case.values[f"{choice.at}.load.input_mtok_per_month"]) for choice in case.choices
    )


def _peak_replicas(pair: BillPair) -> float:
    return sum(
        float(choice.supplies[pair.option].curve.peak)
        for choice in pair.ours.choices
        if pair.option in choice.supplies
    )


def winning_intervals(bills: Bills, low: float, high: float) -> tuple[tuple[float, float], ...]:
    """(from, to) between `low` and `high` where the first of two never falling bills is below the
    second; both ends belong to it."""
    points = np.geomspace(low, high, START)
    ours, theirs = bills(points)
    while len(points) < MOST_POINTS:
        open_cell = _undecided(points, ours, theirs)
        if not open_cell.any():
            break
        at = np.flatnonzero(open_cell)
        between = (points[at, None] * (points[at + 1] / points[at])[:, None] ** CELL_CUTS).ravel()
        at, (more_ours, more_theirs) = np.repeat(at + 1, len(CELL_CUTS)), bills(between)
        points, ours, theirs = (
            np.insert(points, at, between),
            np.insert(ours, at, more_ours),
            np.insert(theirs, at, more_theirs),
        )
    winning = wins(ours, theirs)
    turns = np.flatnonzero(winning[1:] != winning[:-1])
    edges = sectioned(bills, points[turns], points[turns + 1])
    edges = np.concatenate([[low] * int(winning[0]), edges, [high] * int(winning[-1])])
    return tuple((float(start), float(end)) for start, end in edges.reshape(-1, 2))


def _undecided(points: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Cells between two points in which the winner may change: wide enough, not settled by the
    ends, and not a tie throughout."""
    wide = points[1:] > points[:-1] * (1 + FINEST_RATIO)
    loses, always = ours[:-1] >= theirs[1:], wins(ours[1:], theirs[:-1])
    tie = np.isclose(ours, theirs, rtol=1e-11, atol=0)
    return wide & ~loses & ~always & ~(tie[:-1] & tie[1:])


def sectioned(bills: Bills, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where the winner first changes between each low and high, to the last bit: the last value on
    the side where the option wins."""
    if not len(low):
        return low
    wins_low, row = wins(*bills(low)), np.arange(len(low))
    while True:
        edges = np.column_stack([low, low[:, None] + (high - low)[:, None] * BRACKET_CUTS, high])
        if ((edges[:, 1:-1] <= low[:, None]) | (edges[:, 1:-1] >= high[:, None])).all():
            return np.where(wins_low, low, high)
        same = wins(*bills(edges[:, 1:-1].ravel())).reshape(len(low), -1) == wins_low[:, None]
        last = np.where(same.all(axis=1), len(BRACKET_CUTS), same.argmin(axis=1))
        low, high = edges[row, last], edges[row, last + 1]


def break_even_words(found: BreakEven, now_mtok_per_month: float, reason: str = "") -> str:
    """A break-even volume as a sentence reads it.

    >>> break_even_words(BreakEven(Reach.NOT_REACHED, (), 9_000.0), 9.0)
    'not reached up to 9,000 M, 1,000 times now'
    >>> found = BreakEven(Reach.REACHED, ((20.0, 25.0), (30.0, 90.0)), 90.0)
    >>> break_even_words(found, 10.0)
    'from 20 M, 2 times now, with gaps, and for good from 30 M, 3 times now'
    """
    if found.status not in (Reach.REACHED, Reach.NOT_REACHED):
        return f"{found.status}: {reason}"
    if not found.intervals:
        return f"not reached up to {_volume(found.looked_up_to_mtok_per_month, now_mtok_per_month)}"
    (start, _), (last, end) = found.intervals[0], found.intervals[-1]
    for_good, always = (
        end >= found.looked_up_to_mtok_per_month,
        start <= found.looked_from_mtok_per_month,
    )
    if always and for_good and len(found.intervals) == 1:
        return "at every volume"
    said = "from the smallest volume on" if always else f"from {_volume(start, now_mtok_per_month)}"
    if len(found.intervals) > 1:
        said += ", with gaps"
    if not for_good:
        return f"{said}, up to {_volume(end, now_mtok_per_month)}"
    return (
        f"{said}, and for good from {_volume(last, now_mtok_per_month)}"
        if len(found.intervals) > 1
        else said
    )


def _volume(input_mtok: float, now_mtok: float) -> str:
    return f"{mtok(input_mtok)}, {number(input_mtok / now_mtok)} times now"
