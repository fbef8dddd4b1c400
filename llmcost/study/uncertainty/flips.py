"""What would turn the answer: the nearest value of one input, all else typical, at which another
option becomes the cheapest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from llmcost.study.assumptions import Assumption, typical_values
from llmcost.study.bill.bills import Decision, option_totals
from llmcost.study.bill.draws import first_cheapest, tornado
from llmcost.study.case import Case
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import VOLUME
from llmcost.study.ties import TIE_RATIO, cheapest
from llmcost.study.uncertainty.advice import rival_option, yardstick_option

VOLUME_SPAN = 1_000.0
"""Volumes are looked at from a thousandth to a thousand times the client's own."""
GRID = 241
SEARCHED = 6
"""Inputs searched for a flip, for each option compared with: those that move the gap most."""


@dataclass(frozen=True)
class Flip:
    """The nearest value of one input, on one side of its typical one, at which another option
    becomes the cheapest."""

    path: str
    unit: str
    typical: float
    turns_at: float
    option: str


def find_flips(
    decision: Decision,
    assumptions: Mapping[str, Assumption],
    ends: Mapping[str, np.ndarray],
    against: Iterable[str],
) -> list[Flip]:
    """For volume and the inputs that move the gap most, the nearest value on each side at which the
    cheapest option is beaten.

    ends     as of `draws.totals_at_ends`
    against  options whose gap to the cheapest says which inputs are worth searching
    """
    typical = typical_values(assumptions)
    totals = option_totals(decision, typical)
    winner = cheapest(totals, lambda option: float(totals[option]))
    widest = [
        path
        for other in against
        for path in tornado(assumptions, ends, winner, other)["path"].head(SEARCHED)
    ]
    found = []
    for path, unit, grid in _searched([assumptions[path] for path in dict.fromkeys(widest)]):
        at = float(typical.get(path, 1.0))
        for side in (grid[grid < at][::-1], grid[grid > at]):
            turn = _first_turn(decision, typical, path, np.concatenate([[at], side]), winner)
            if turn:
                found.append(Flip(path, unit, at, *turn))
    return found


@once_per_case
def nearest_flips(case: Case) -> list[Flip]:
    """What would make another option the cheapest than the one that is so at typical values,
    searched among the inputs that move the advice against its yardstick and its rival most."""
    against = dict.fromkeys([yardstick_option(case), rival_option(case)])
    return find_flips(case.decision, case.inputs, case.ends, against)


def _searched(assumptions: Iterable[Assumption]) -> Iterator[tuple[str, str, np.ndarray]]:
    yield VOLUME, "times", np.geomspace(1 / VOLUME_SPAN, VOLUME_SPAN, GRID)
    for a in assumptions:
        if a.ceiling <= 1:
            yield a.path, a.unit, np.linspace(1 / GRID, 1.0, GRID)
        else:
            yield (
                a.path,
                a.unit,
                np.geomspace(
                    max(a.typical, a.high / 10) / 20, max(a.typical, a.high / 10) * 20, GRID
                ),
            )


def _first_turn(
    decision: Decision, typical: dict, path: str, grid: np.ndarray, winner: str
) -> tuple[float, str] | None:
    """(value, new cheapest option) nearest to grid[0] at which `winner` is beaten; refined once
    between two grid points."""
    for _ in range(2):
        totals = option_totals(decision, {**typical, path: grid})
        names = list(totals)
        usd = np.stack([np.broadcast_to(totals[n], grid.shape) for n in names])
        lost = np.flatnonzero(usd.min(axis=0) < usd[names.index(winner)] * (1 - TIE_RATIO))
        if len(lost) == 0:
            return None
        first = int(lost[0])
        result = float(grid[first]), names[first_cheapest(usd[:, [first]].T)[0]]
        if first == 0:
            return result
        grid = np.linspace(grid[first - 1], grid[first], GRID)
    return result
