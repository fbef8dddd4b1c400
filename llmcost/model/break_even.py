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
    looked_up_to_mtok_per_month, looked_from_mtok_per_month  the largest and the smallest volume
    that was examined
    """

    status: str
    intervals: tuple[tuple[float, float], ...]
    looked_up_to_mtok_per_month: float
    looked_from_mtok_per_month: float = 0.0

    @property
    def first_mtok_per_month(self) -> float | None:
        """The smallest volume at which own capacity wins, or None."""
        return self.intervals[0][0] if self.intervals else None


def staircase_break_even(
    api_usd_per_mtok: float,
    replica_usd_per_month: float,
    fixed_usd_per_month: float,
    replica_mtok_per_month: float,
    spare_count: int = 0,
    up_to_mtok_per_month: float = 1e6,
    replicas_per_machine_count: int = 1,
) -> BreakEven:
    """Volumes at which `fixed + (replicas + spares) * replica` is below `volume * API price`,
    replicas = ceil(volume / capacity).

    api_usd_per_mtok        what the API bills per million tokens of this mix, > 0
    replica_usd_per_month   one replica for a month, > 0
    fixed_usd_per_month     people and the like on top of the API's own, any sign
    replicas_per_machine_count  replicas that come together; the fleet is filled up to whole
                                machines
    replica_mtok_per_month  volume that one replica carries at this load's peak, headroom taken off;
                            0 when nothing fits
    Exact: inside a step the own bill is flat and the API bill is a line.

    >>> found = staircase_break_even(1.40, 100, 30, 81, up_to_mtok_per_month=400)
    >>> found.status, [(round(a, 6), b) for a, b in found.intervals]
    ('reached', [(235.714286, 243), (307.142857, 324), (378.571429, 400)])
    """
    if replica_mtok_per_month <= 0:
        return BreakEven("infeasible", (), up_to_mtok_per_month)
    intervals: list[tuple[float, float]] = []
    for replicas in range(1, math.ceil(up_to_mtok_per_month / replica_mtok_per_month) + 1):
        paid = (
            math.ceil((replicas + spare_count) / replicas_per_machine_count)
            * replicas_per_machine_count
        )
        own = fixed_usd_per_month + paid * replica_usd_per_month
        start = max(own / api_usd_per_mtok, (replicas - 1) * replica_mtok_per_month)
        end = min(replicas * replica_mtok_per_month, up_to_mtok_per_month)
        if start >= end:
            continue
        if intervals and intervals[-1][1] == start:
            intervals[-1] = (intervals[-1][0], end)
        else:
            intervals.append((start, end))
    return BreakEven(
        "reached" if intervals else "not reached", tuple(intervals), up_to_mtok_per_month
    )


def months_until(volume_multiplier: float, growth_fraction_per_month: float) -> float | None:
    """Months until volume is `volume_multiplier` times today's at steady growth; None where growth
    never takes it there.

        months = ln(multiplier) / ln(1 + growth)

    >>> round(months_until(2.0, 0.02), 1), months_until(2.0, 0.0), months_until(0.5, 0.02)
    (35.0, None, None)
    """
    if volume_multiplier <= 0 or growth_fraction_per_month <= -1 or growth_fraction_per_month == 0:
        return None
    months = math.log(volume_multiplier) / math.log1p(growth_fraction_per_month)
    return months if months >= 0 else None
