"""A fleet that follows the hours: scheduled ahead slice by slice, or running after them with a
lag."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from llmcost.model.types import Array, Number, Numbers, Positions, as_array


class LoadLevels:
    """How long and how often an hourly load stands above a level.

    It answers for any level at once, from two sorted lookups.

    load_replicas  1-D array in the order of the hours; the first hour follows the last one again

    >>> levels = LoadLevels([0.0, 2.0, 1.0, 2.0])
    >>> float(levels.above_fraction(1.5)), float(levels.starts_per_hour(1.5))
    (0.5, 0.5)
    >>> float(levels.starts_per_hour(0.5))
    0.25
    """

    def __init__(self, load_replicas: Sequence[float] | Array) -> None:
        load = as_array(load_replicas)
        before = np.roll(load, 1)
        rising = load > before
        rises_from = before[rising]
        rises_to = load[rising]
        self.hours = np.sort(load)
        self._from = np.sort(rises_from)
        self._to = np.sort(rises_to)

    def above_fraction(self, level_replicas: Numbers) -> Number:
        """Share of the hours whose load is above a level."""
        at_most_count = _at_most_count(self.hours, level_replicas)
        hours_count = self.hours.size
        at_most_fraction = at_most_count / hours_count
        return 1 - at_most_fraction

    def starts_per_hour(self, level_replicas: Numbers) -> Number:
        """How often an hour the load rises from a level or below it to above it."""
        begun_count = _at_most_count(self._from, level_replicas)
        ended_count = _at_most_count(self._to, level_replicas)
        starts_count = begun_count - ended_count
        return starts_count / self.hours.size

    def billed_fraction(self, level_replicas: Numbers, start_hours: Number) -> Number:
        """Share of the time that a replica above a level is billed, its starts included.

        start_hours  billed for each start
        """
        above = self.above_fraction(level_replicas)
        starts_per_hour = self.starts_per_hour(level_replicas)
        booting = start_hours * starts_per_hour
        return above + booting


def _at_most_count(rising: Array, level: Numbers) -> Positions:
    """How many of some rising numbers are a level or below it."""
    return np.searchsorted(rising, as_array(level), side="right")


ROUNDING = 1e-9
"""A load that is whole to nine digits needs no further replica, as in `fleet.replicas_for_peak`."""
MANY_COUNT = 1_000
"""Replicas beyond which the slices of a fleet are settled by kind, not one by one."""
SLICES_AT_ONCE = 2**16
"""Slices of all fleets that are looked at together, so that they stay in the processor's cache."""


def cheapest_mix(
    levels: LoadLevels | Sequence[LoadLevels],
    replicas_count: Number,
    standing_usd_per_hour: Number,
    hourly_usd_per_hour: Number,
    start_hours: Number,
    scale_ratio: Number = 1.0,
) -> tuple[Array, Array]:
    """(replicas that stand all month, mean replicas billed by the hour) of the cheapest fleet.

    The i-th slice is needed in the hours whose scaled load is above i. It stands, or it is rented
    for those hours and its starts, whichever is cheaper:

        usd_per_hour of slice i = min(standing, hourly * billed_fraction(i))
        billed_fraction(i)      = above_fraction(i) + start_hours * starts_per_hour(i)

    levels                 of one load, or one of each value
    replicas_count         whole replicas that the busiest hour needs, >= 1; the first always
                           stands, for a request may come at any time
    standing_usd_per_hour  one replica for an hour of a month that is paid whole
    hourly_usd_per_hour    one replica for an hour, given back when it is not needed
    start_hours            billed before a replica that is rented again serves
    scale_ratio            of the load to that of the levels, headroom included, > 0
    Broadcasts, but for the levels. The schedule is made ahead from hours that repeat. Leaves out
    hours that turn out otherwise, GPUs that are not to be had when they are wanted, and gaps that
    would be cheaper to bridge than to start again after.

    >>> levels = LoadLevels([0.5, 2.5, 0.5, 1.5])
    >>> standing, hourly = cheapest_mix(levels, 3, 2.0, 4.0, 0.1)
    >>> float(standing), round(float(hourly), 3)
    (2.0, 0.275)
    """
    numbers = np.broadcast_arrays(
        as_array(replicas_count),
        as_array(standing_usd_per_hour),
        as_array(hourly_usd_per_hour),
        as_array(start_hours),
        as_array(scale_ratio),
    )
    shape = numbers[0].shape
    flat = [each.ravel() for each in numbers]
    count, standing_usd, hourly_usd, start, scale = flat
    standing = count.copy()
    hourly = np.zeros(count.shape)

    large = count > MANY_COUNT
    for i in np.flatnonzero(large):
        standing[i], hourly[i] = _mix_of_kinds(
            levels if isinstance(levels, LoadLevels) else levels[int(i)],
            count[i],
            standing_usd[i],
            hourly_usd[i],
            start[i],
            scale[i],
        )

    small_count = np.where(large, 0, count)
    above_first = np.maximum(small_count - 1, 0).astype(int)
    for fleets in _fleets_at_once(above_first):
        fleet = np.repeat(fleets, above_first[fleets])
        slice_number = _numbers_from_one(above_first[fleets])
        scaled_level = slice_number + ROUNDING
        level = scaled_level / scale[fleet]
        billed = _billed_fraction(levels, fleet, level, start)
        billed_usd = hourly_usd[fleet] * billed
        hourly_is_cheaper = billed_usd < standing_usd[fleet]
        given_back = billed * hourly_is_cheaper
        standing -= np.bincount(fleet, hourly_is_cheaper, minlength=count.size)
        hourly += np.bincount(fleet, given_back, minlength=count.size)
    return standing.reshape(shape), hourly.reshape(shape)


def _fleets_at_once(slices_count: Positions) -> list[Positions]:
    """Positions of the fleets that are worked on together."""
    positions = np.arange(slices_count.size)
    parts_count = 1 + slices_count.sum() // SLICES_AT_ONCE
    return np.array_split(positions, parts_count)


def _numbers_from_one(slices_count: Positions) -> Positions:
    """1, 2, ... for the slices of the first fleet, again from 1 for the next.

    >>> _numbers_from_one(np.array([2, 0, 3])).tolist()
    [1, 2, 1, 2, 3]
    """
    ends = np.cumsum(slices_count)
    starts = ends - slices_count
    before = np.repeat(starts, slices_count)
    position = np.arange(before.size)
    number_from_zero = position - before
    return number_from_zero + 1


def _billed_fraction(
    levels: LoadLevels | Sequence[LoadLevels],
    fleet: Positions,
    level: Array,
    start_hours: Array,
) -> Array:
    """Share of the time that each slice is billed; the slices of a fleet stand side by side."""
    start = start_hours[fleet]
    if isinstance(levels, LoadLevels):
        of_one_load = levels.billed_fraction(level, start)
        return as_array(of_one_load)
    billed = np.empty(level.shape)
    fleets, slices_count = np.unique(fleet, return_counts=True)
    ends = np.cumsum(slices_count)
    begins = ends - slices_count
    for one, begin, end in zip(fleets, begins, ends, strict=True):
        own = slice(begin, end)
        own_levels = levels[one]
        billed[own] = own_levels.billed_fraction(level[own], start[own])
    return billed


def _mix_of_kinds(
    levels: LoadLevels,
    count: float,
    standing_usd: float,
    hourly_usd: float,
    start: float,
    scale: float,
) -> tuple[float, float]:
    """`cheapest_mix` of one large fleet.

    Slices between two neighbouring loads of the record are needed in the same hours, so they are
    one kind: what is cheaper for one of them is cheaper for all.
    """
    loads = np.append(levels.hours, 0.0)
    edges = np.unique(loads)
    ends = np.append(edges, np.inf)
    scaled = ends * scale
    needed = np.ceil(scaled - ROUNDING)
    # Number 0 always stands.
    first = np.clip(needed, 1, count)
    slices_count = np.diff(first)
    billed = levels.billed_fraction(edges, start)
    billed_usd = hourly_usd * billed
    hourly_is_cheaper = billed_usd < standing_usd
    given_back = slices_count * hourly_is_cheaper
    by_the_hour = given_back * billed
    return count - given_back.sum(), by_the_hour.sum()


def autoscaled(
    load_replicas: Sequence[float] | Array,
    wanted_replicas: Sequence[float] | Array,
    lag_hours: float,
) -> tuple[float, float]:
    """(mean billed replicas, share of the load left unserved) of a fleet that follows with a lag.

    A replica serves once it has been wanted for the whole lag, for it boots before it serves. It is
    billed from the first moment it is wanted until the lag after the last one, for it cools down
    before it goes.

        ready(t)    = min of wanted over the last lag
        billed(t)   = max of wanted over the last lag
        unserved(t) = max(load(t) - ready(t), 0)

    load_replicas    array, load of each hour in replicas, flat inside the hour; not all 0
    wanted_replicas  array, same hours: whole replicas that the hour should have
    lag_hours        boot + load of the weights + the controller's own delay, in hours, >= 0

    Before the record its first hour is taken to have lasted. Leaves out bursts inside the hour,
    which the wanted size must hold, and work lost when a replica goes.

    >>> [round(float(x), 4) for x in autoscaled([1, 3, 1, 1], [1, 3, 1, 1], 0.25)]
    [1.625, 0.0833]
    """
    load = as_array(load_replicas)
    wanted = as_array(wanted_replicas)
    whole = int(lag_hours)
    part = lag_hours - whole
    billed = unserved = 0.0
    # The first part of each hour still sees one hour more.
    for hours_back, share in ((whole + 1, part), (whole, 1 - part)):
        seen = _seen_hours(wanted, hours_back)
        most = seen.max(axis=1)
        ready = seen.min(axis=1)
        missing = np.maximum(load - ready, 0.0)
        billed += share * most.mean()
        unserved += share * missing.mean()
    unserved_fraction = unserved / load.mean()
    return billed, unserved_fraction


def _seen_hours(hours: Array, hours_back: int) -> Array:
    """Each hour beside the hours before it: array (hours, hours_back + 1)."""
    first = hours[0]
    before = np.full(hours_back, first)
    record = np.concatenate([before, hours])
    seen_count = hours_back + 1
    return sliding_window_view(record, seen_count)
