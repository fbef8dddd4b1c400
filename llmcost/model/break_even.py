"""Where a bill that grows with volume meets one that grows in whole replicas: a union of intervals,
not one number."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class BreakEven:
    """Volumes at which own capacity is cheaper.

    status     "reached", "not reached" (up to the volume looked at), "infeasible" (no replica can
               serve the load at all) or "nothing to compare with" (no API may serve it)
    intervals  (from, to) volumes, rising, disjoint; empty unless reached. The last may end at the
               volume looked at.
    looked_up_to_mtok_per_month  the largest volume that was examined
    looked_from_mtok_per_month   the smallest
    """

    status: str
    intervals: tuple[tuple[float, float], ...]
    looked_up_to_mtok_per_month: float
    looked_from_mtok_per_month: float = 0.0

    @property
    def first_mtok_per_month(self) -> float | None:
        """The smallest volume at which own capacity wins, or None."""
        return self.intervals[0][0] if self.intervals else None


def staircase_break_even(  # reason: two bills, and how far to look
    api_usd_per_mtok: float,
    replica_usd_per_month: float,
    fixed_usd_per_month: float,
    replica_mtok_per_month: float,
    spare_count: int = 0,
    up_to_mtok_per_month: float = 1e6,
    replicas_per_machine_count: int = 1,
) -> BreakEven:
    """Volumes at which a bill in whole replicas is below an API's bill.

        own = fixed + (ceil(volume / capacity) + spares) * replica;   API = volume * API price

    api_usd_per_mtok        what the API bills per million tokens of this mix, > 0
    replica_usd_per_month   one replica for a month, > 0
    fixed_usd_per_month     people and the like on top of the API's own, any sign
    replica_mtok_per_month  volume that one replica carries at this load's peak, headroom taken off;
                            0 when nothing fits
    spare_count             replicas that stand by
    up_to_mtok_per_month    the largest volume to look at
    replicas_per_machine_count  replicas that come together; the fleet is filled up to whole
                                machines
    Exact: inside a step the own bill is flat and the API bill is a line.

    >>> found = staircase_break_even(1.40, 100, 30, 81, up_to_mtok_per_month=400)
    >>> found.status, [(round(a, 6), b) for a, b in found.intervals]
    ('reached', [(235.714286, 243), (307.142857, 324), (378.571429, 400)])
    """
    if replica_mtok_per_month <= 0:
        return BreakEven("infeasible", (), up_to_mtok_per_month)
    intervals: list[tuple[float, float]] = []
    steps = up_to_mtok_per_month / replica_mtok_per_month
    steps_count = math.ceil(steps)
    for replicas in range(1, steps_count + 1):
        standing = replicas + spare_count
        machines = math.ceil(standing / replicas_per_machine_count)
        paid = machines * replicas_per_machine_count
        own_usd = fixed_usd_per_month + paid * replica_usd_per_month
        same_usd_mtok = own_usd / api_usd_per_mtok
        replicas_before = replicas - 1
        step_start = replicas_before * replica_mtok_per_month
        step_end = replicas * replica_mtok_per_month
        start = max(same_usd_mtok, step_start)
        end = min(step_end, up_to_mtok_per_month)
        if start < end:
            _add(intervals, start, end)
    status = "reached" if intervals else "not reached"
    return BreakEven(status, tuple(intervals), up_to_mtok_per_month)


def _add(intervals: list[tuple[float, float]], start: float, end: float) -> None:
    """Add an interval at the end; one that begins where the last one ends makes that one longer."""
    if intervals:
        last_start, last_end = intervals[-1]
        if last_end == start:
            intervals[-1] = (last_start, end)
            return
    intervals.append((start, end))


def months_until(volume_multiplier: float, growth_fraction_per_month: float) -> float | None:
    """Months until volume is `volume_multiplier` times today's; None where it never is.

        months = ln(multiplier) / ln(1 + growth)

    growth_fraction_per_month  steady growth of the volume

    >>> round(months_until(2.0, 0.02), 1), months_until(2.0, 0.0), months_until(0.5, 0.02)
    (35.0, None, None)
    """
    if volume_multiplier <= 0:
        return None
    if growth_fraction_per_month <= -1 or growth_fraction_per_month == 0:
        return None
    months = math.log(volume_multiplier) / math.log1p(growth_fraction_per_month)
    return months if months >= 0 else None
