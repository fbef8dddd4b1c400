"""A fleet that follows the hours with a lag: what it bills, and what it leaves unserved."""

import numpy as np


def autoscaled(load_replicas, wanted_replicas, lag_hours):
    """(mean billed replicas, share of the load left unserved) of a fleet that follows its wanted size with a lag.

    A replica serves once it has been wanted for the whole lag, and is billed from the first moment it is wanted until the lag after the
    last one: it boots before it serves and cools down before it goes.

        ready(t) = min of wanted over the last lag;   billed(t) = max of wanted over the last lag;   unserved = max(load - ready, 0)

    load_replicas    array, load of each hour in replicas, flat inside the hour; not all 0
    wanted_replicas  array, same hours: whole replicas that the hour should have
    lag_hours        boot + load of the weights + the controller's own delay, in hours, >= 0

    Before the record its first hour is taken to have lasted. Leaves out bursts inside the hour, which the wanted size must hold, and
    work lost when a replica goes.

    >>> [round(float(x), 4) for x in autoscaled([1, 3, 1, 1], [1, 3, 1, 1], 0.25)]
    [1.625, 0.0833]
    """
    load, wanted = np.asarray(load_replicas, dtype=float), np.asarray(wanted_replicas, dtype=float)
    whole, part = int(lag_hours), lag_hours - int(lag_hours)
    billed = unserved = 0.0
    for hours, share in ((whole + 1, part), (whole, 1 - part)):  # the first part of each hour still sees one hour more
        seen = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.repeat(wanted[:1], hours), wanted]), hours + 1)
        billed += share * seen.max(axis=1).mean()
        unserved += share * np.maximum(load - seen.min(axis=1), 0.0).mean()
    return billed, unserved / load.mean()
