"""A fleet that follows the hours: scheduled ahead slice by slice, or running after them with a
lag."""

from collections.abc import Sequence

import numpy as np


class LoadLevels:
    """How long and how often an hourly load stands above a level: answers for any level at once,
    from two sorted lookups.

    load_replicas  1-D array in the order of the hours; after the last hour the first one follows
                   again

    >>> levels = LoadLevels([0.0, 2.0, 1.0, 2.0])
    >>> float(levels.above_fraction(1.5)), float(levels.starts_per_hour(1.5)), float(levels.starts_per_hour(0.5))
    (0.5, 0.5, 0.25)
    """

    def __init__(self, load_replicas):
        load = np.asarray(load_replicas, dtype=float)
        before = np.roll(load, 1)
        rising = load > before
        self.hours, self._from, self._to = (
            np.sort(load),
            np.sort(before[rising]),
            np.sort(load[rising]),
        )

    def above_fraction(self, level_replicas):
        """Share of the hours whose load is above a level."""
        return 1 - np.searchsorted(self.hours, level_replicas, side="right") / self.hours.size

    def starts_per_hour(self, level_replicas):
        """How often an hour the load rises from a level or below it to above it."""
        begun = np.searchsorted(self._from, level_replicas, side="right")
        return (begun - np.searchsorted(self._to, level_replicas, side="right")) / self.hours.size

    def billed_fraction(self, level_replicas, start_hours):
        """Share of the time that a replica above a level is billed, with so many hours for each
        start."""
        return self.above_fraction(level_replicas) + start_hours * self.starts_per_hour(
            level_replicas
        )


ROUNDING = 1e-9
"""A load that is whole to nine digits needs no further replica, as in `fleet.replicas_for_peak`."""


MANY_COUNT = 1_000
"""Replicas beyond which the slices of a fleet are settled by kind, not one by one."""
SLICES_AT_ONCE = 2**16
"""Slices of all fleets that are looked at together, so that they stay in the processor's cache."""


def cheapest_mix(
    levels: LoadLevels | Sequence[LoadLevels],
    replicas_count,
    standing_usd_per_hour,
    hourly_usd_per_hour,
    start_hours,
    scale_ratio=1.0,
):
    """(replicas that stand all month, mean replicas billed by the hour), each slice had the cheaper
    way. Broadcasts, but for the levels.

    The i-th slice is needed in the hours whose scaled load is above i. It stands, or is rented for
    those hours and its starts:

        usd_per_hour of slice i = min(standing, hourly * (above_fraction(i) + start_hours *
        starts_per_hour(i)))

    levels                 of one load, or one of each value
    replicas_count         whole replicas that the busiest hour needs, >= 1; the first always
                           stands, for a request may come at any time
    standing_usd_per_hour  one replica for an hour of a month that is paid whole
    hourly_usd_per_hour    one replica for an hour, given back when it is not needed
    start_hours            billed before a replica that is rented again serves
    scale_ratio            of the load to that of the levels, headroom included, > 0
    Scheduled ahead from hours that repeat. Leaves out hours that turn out otherwise, GPUs that are
    not to be had when they are wanted, and gaps that would be cheaper to bridge than to start again
    after.

    >>> standing, hourly = cheapest_mix(LoadLevels([0.5, 2.5, 0.5, 1.5]), 3, 2.0, 4.0, 0.1)
    >>> float(standing), round(float(hourly), 3)
    (2.0, 0.275)
    """
    args = (replicas_count, standing_usd_per_hour, hourly_usd_per_hour, start_hours, scale_ratio)
    count, standing_usd, hourly_usd, start, scale = (
        np.array(each, dtype=float).ravel() for each in np.broadcast_arrays(*args)
    )
    standing, hourly = count.copy(), np.zeros(count.shape)
    large = np.flatnonzero(count > MANY_COUNT)
    for i in large:
        of_fleet = levels if isinstance(levels, LoadLevels) else levels[int(i)]
        standing[i], hourly[i] = _mix_of_kinds(
            of_fleet, count[i], standing_usd[i], hourly_usd[i], start[i], scale[i]
        )
    above = np.where(count > MANY_COUNT, 0, np.maximum(count - 1, 0)).astype(int)
    for some in np.array_split(
        np.arange(count.size), 1 + min(above.sum() // SLICES_AT_ONCE, count.size - 1)
    ):
        ends = np.cumsum(above[some])
        of = np.repeat(some, above[some])
        level = (
            np.arange(of.size) - np.repeat(ends - above[some], above[some]) + 1 + ROUNDING
        ) / scale[of]
        if isinstance(levels, LoadLevels):
            billed = levels.billed_fraction(level, start[of])
        else:
            parts = zip(some, np.split(level, ends[:-1]), strict=True)
            billed = np.concatenate(
                [levels[i].billed_fraction(part, start[i]) for i, part in parts]
            )
        leave = hourly_usd[of] * billed < standing_usd[of]
        standing -= np.bincount(of, leave, minlength=count.size)
        hourly += np.bincount(of, billed * leave, minlength=count.size)
    shape = np.broadcast_shapes(*(np.shape(each) for each in args))
    return standing.reshape(shape), hourly.reshape(shape)


def _mix_of_kinds(
    levels: LoadLevels, count, standing_usd, hourly_usd, start, scale
) -> tuple[float, float]:
    """`cheapest_mix` of one large fleet: slices between two neighbouring loads of the record are
    needed in the same hours."""
    edges = np.unique(np.append(levels.hours, 0.0))
    first = np.clip(
        np.ceil(np.append(edges, np.inf) * scale - ROUNDING), 1, count
    )  # number 0 always stands
    billed = levels.billed_fraction(edges, start)
    given_back = np.diff(first) * (hourly_usd * billed < standing_usd)
    return count - given_back.sum(), (given_back * billed).sum()


def autoscaled(load_replicas, wanted_replicas, lag_hours):
    """(mean billed replicas, share of the load left unserved) of a fleet that follows its wanted
    size with a lag.

    A replica serves once it has been wanted for the whole lag, and is billed from the first moment
    it is wanted until the lag after the last one: it boots before it serves and cools down before
    it goes.

        ready(t) = min of wanted over the last lag;   billed(t) = max of wanted over the last lag;
                                                      unserved = max(load - ready, 0)

    load_replicas    array, load of each hour in replicas, flat inside the hour; not all 0
    wanted_replicas  array, same hours: whole replicas that the hour should have
    lag_hours        boot + load of the weights + the controller's own delay, in hours, >= 0

    Before the record its first hour is taken to have lasted. Leaves out bursts inside the hour,
    which the wanted size must hold, and work lost when a replica goes.

    >>> [round(float(x), 4) for x in autoscaled([1, 3, 1, 1], [1, 3, 1, 1], 0.25)]
    [1.625, 0.0833]
    """
    load, wanted = np.asarray(load_replicas, dtype=float), np.asarray(wanted_replicas, dtype=float)
    whole, part = int(lag_hours), lag_hours - int(lag_hours)
    billed = unserved = 0.0
    for hours, share in (
        (whole + 1, part),
        (whole, 1 - part),
    ):  # the first part of each hour still sees one hour more
        seen = np.lib.stride_tricks.sliding_window_view(
            np.concatenate([np.repeat(wanted[:1], hours), wanted]), hours + 1
        )
        billed += share * seen.max(axis=1).mean()
        unserved += share * np.maximum(load - seen.min(axis=1), 0.0).mean()
    return billed, unserved / load.mean()
