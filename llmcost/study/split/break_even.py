"""Where the answer turns: volume, price, passing share, utilization; or "not reached"."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from llmcost.model.break_even import BreakEven, staircase_break_even
from llmcost.study.assumptions import Assumption, typical_values
from llmcost.study.bill.api_lines import open_api_usd_per_month
from llmcost.study.bill.bills import Decision, option_lines, option_totals
from llmcost.study.bill.fleet_lines import fleet, gives_back, replica_usd_per_month
from llmcost.study.draws import tornado
from llmcost.study.problem import VOLUME

VOLUME_SPAN = 1_000.0
"""Volumes are looked at from a thousandth to a thousand times the client's own."""
GRID = 241
SEARCHED = 6
"""Inputs searched for a flip, for each option compared with: those that move the gap most."""


@dataclass(frozen=True)
class Flip:
    """The nearest value of one input, on one side of its typical one, at which another option becomes the cheapest."""

    path: str
    unit: str
    typical: float
    turns_at: float
    option: str


def volume_break_even(decision: Decision, assumptions: Mapping[str, Assumption], option: str) -> BreakEven:
    """Input volumes (Mtok a month, all workloads together) at which `option` (rented or owned) beats the open model by API.

    The exact staircase: both sides bill the failing share alike, the API bill is a line, the own bill climbs in replicas. For several
    workloads, whose volumes grow together, and for a fleet that gives replicas back by the hour, whose bill climbs inside a step too, the
    answer is found on a grid instead and its edges refined.
    """
    values = typical_values(dict(assumptions))
    own_volume = sum(float(values[f"{choice.at}.load.input_mtok_per_month"]) for choice in decision.choices)
    if option not in decision.priced or "open_api" not in decision.priced:
        status = "infeasible" if option not in decision.priced else "nothing to compare with"
        return BreakEven(status, (), own_volume * VOLUME_SPAN)
    if len(decision.choices) > 1 or gives_back(decision.choices[0].supplies[option]):
        return _on_a_grid(decision, values, option, own_volume)
    choice = decision.choices[0]
    supply = choice.supplies[option]
    per_replica = own_volume / (supply.curve.peak * (1 + float(values[f"{choice.at}.load.headroom_fraction"])))
    lines = option_lines(decision, values)
    varying = replica_usd_per_month(supply, values)
    count = float(fleet(choice, supply, values, decision.spare_count).peak_replicas)
    api_usd = float(open_api_usd_per_month(choice, values))
    fixed = float(sum(lines[option].values())) - count * varying - (float(sum(lines["open_api"].values())) - api_usd)
    up_to = min(own_volume * VOLUME_SPAN, per_replica * 5_000)
    together = max(1, supply.offer.gpus_count // supply.plan.gpus_count)
    return staircase_break_even(api_usd / own_volume, varying, fixed, per_replica, decision.spare_count, up_to, together)


def _on_a_grid(decision: Decision, values: dict, option: str, own_volume: float) -> BreakEven:
    both = replace(decision, priced=[option, "open_api"])

    def wins(knob: np.ndarray) -> np.ndarray:
        totals = option_totals(both, {**values, VOLUME: knob})
        return np.asarray(totals[option] < totals["open_api"])

    knob = np.geomspace(1 / VOLUME_SPAN, VOLUME_SPAN, 24_001)
    won = wins(knob)
    turns = np.flatnonzero(won[1:] != won[:-1])
    low, high = knob[turns], knob[turns + 1]
    while np.any(high > low * (1 + 1e-9)):
        middle = np.sqrt(low * high)
        still = wins(middle) == won[turns]
        low, high = np.where(still, middle, low), np.where(still, high, middle)
    edges = [*[knob[0]] * bool(won[0]), *np.where(won[turns], low, high), *[knob[-1]] * bool(won[-1])]
    intervals = tuple((float(a * own_volume), float(b * own_volume)) for a, b in np.reshape(edges, (-1, 2)))
    return BreakEven("reached" if intervals else "not reached", intervals, own_volume * VOLUME_SPAN)


def find_flips(decision: Decision, assumptions: dict[str, Assumption], against: Iterable[str]) -> list[Flip]:
    """For volume and the inputs that move the gap most, the nearest value on each side at which the cheapest option is beaten.

    against  options whose gap to the cheapest says which inputs are worth searching
    """
    typical = typical_values(assumptions)
    totals = option_totals(decision, typical)
    winner = min(totals, key=lambda option: round(float(totals[option]), 2))
    widest = [path for other in against for path in tornado(decision, assumptions, winner, other)["path"].head(SEARCHED)]
    found = []
    for path, unit, grid in _searched([assumptions[path] for path in dict.fromkeys(widest)]):
        at = float(typical.get(path, 1.0))
        for side in (grid[grid < at][::-1], grid[grid > at]):
            turn = _first_turn(decision, typical, path, np.concatenate([[at], side]), winner)
            if turn:
                found.append(Flip(path, unit, at, *turn))
    return found


def _searched(assumptions: Iterable[Assumption]) -> Iterator[tuple[str, str, np.ndarray]]:
    yield VOLUME, "times", np.geomspace(1 / VOLUME_SPAN, VOLUME_SPAN, GRID)
    for a in assumptions:
        if a.ceiling <= 1:
            yield a.path, a.unit, np.linspace(1 / GRID, 1.0, GRID)
        else:
            yield a.path, a.unit, np.geomspace(max(a.typical, a.high / 10) / 20, max(a.typical, a.high / 10) * 20, GRID)


def _first_turn(decision: Decision, typical: dict, path: str, grid: np.ndarray, winner: str) -> tuple[float, str] | None:
    """(value, new cheapest option) nearest to grid[0] at which `winner` is beaten; refined once between two grid points."""
    for _ in range(2):
        totals = option_totals(decision, {**typical, path: grid})
        names = list(totals)
        usd = np.stack([np.broadcast_to(totals[n], grid.shape) for n in names])
        lost = np.flatnonzero(usd.min(axis=0) < usd[names.index(winner)] * (1 - 1e-9))
        if len(lost) == 0:
            return None
        first = int(lost[0])
        result = float(grid[first]), names[int(usd[:, first].argmin())]
        if first == 0:
            return result
        grid = np.linspace(grid[first - 1], grid[first], GRID)
    return result
