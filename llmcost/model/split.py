"""Which part of the load belongs on own replicas and which on an API: exact, from the load-duration
curve.

Start-ups and classes of requests with prices of their own need the hours in their order:
`llmcost.model.hourly_split`.
"""

import numpy as np

from llmcost.model import HOURS_PER_MONTH
from llmcost.model.fleet import LoadDurationCurve

MAX_SLICES = 100_000


def break_even_fill(own_usd_per_replica_hour, api_usd_per_replica_hour):
    """u*: the fill above which a replica of one's own beats the API: c / v. Above 1 it never does.

    own_usd_per_replica_hour  USD of one replica for an hour, busy or idle, > 0
    api_usd_per_replica_hour  USD that the API would bill for the work of one full replica-hour, > 0

    >>> break_even_fill(2.0, 5.0)
    0.4
    """
    return own_usd_per_replica_hour / api_usd_per_replica_hour


def owned_slices(
    curve: LoadDurationCurve,
    own_usd_per_replica_hour,
    api_usd_per_replica_hour,
    scale_ratio=1.0,
    on_demand_usd_per_replica_hour=np.inf,
):
    """Replicas worth having around the clock. Broadcasts over all but the curve.

    A slice that is not owned takes in each hour the cheaper of a replica let by the hour and the
    API. With u = min(c_o / v, 1):

        mean_t min(c_o, v fill_i(t)) = v (S(i + u) - S(i))         S(k) = mean_t min(load_t, k)

    so own slice i iff S(i + u) - S(i) > u* = c / v; without on-demand replicas its fill. That falls
    with height: the cost is convex in the number of slices, and stopping at the first that fails is
    the optimum. Returns an array of whole counts. Leaves out fixed costs, start-ups and spares.

    on_demand_usd_per_replica_hour  USD of a replica that can be given back by the hour; infinite
                                    where there is none

    >>> owned_slices(LoadDurationCurve([0, 1, 2, 3]), 2.0, 5.0), owned_slices(LoadDurationCurve([0, 1, 2, 3]), 2.0, 5.0, 1.0, 3.0)
    (array(2.), array(1.))
    """
    own, api, scale, on_demand = np.broadcast_arrays(
        *(
            np.asarray(n, dtype=float)
            for n in (
                own_usd_per_replica_hour,
                api_usd_per_replica_hour,
                scale_ratio,
                on_demand_usd_per_replica_hour,
            )
        )
    )
    threshold, height = break_even_fill(own, api), np.minimum(on_demand / api, 1.0)
    low = np.zeros(threshold.shape)
    high = np.where(own < on_demand, np.minimum(np.ceil(curve.peak * scale), MAX_SLICES), 0.0)
    while np.any(low < high):
        middle = np.floor((low + high) / 2)
        worth = (
            curve.mean_served(middle + height, scale) - curve.mean_served(middle, scale) > threshold
        )
        low, high = (
            np.where((low < high) & worth, middle + 1, low),
            np.where((low < high) & ~worth, middle, high),
        )
    return low


def split_usd_per_month(
    curve: LoadDurationCurve,
    owned_count,
    own_usd_per_replica_hour,
    api_usd_per_replica_hour,
    scale_ratio=1.0,
):
    """(own, API) USD per month when `owned_count` replicas serve what they can and the API takes
    the rest. Broadcasts.

    >>> own, api = split_usd_per_month(LoadDurationCurve([0.0, 2.0]), 1, 2.0, 5.0)
    >>> round(float(own)), round(float(api))
    (1460, 1825)
    """
    overflow = curve.mean * np.asarray(scale_ratio) - curve.mean_served(owned_count, scale_ratio)
    own = np.asarray(owned_count) * own_usd_per_replica_hour * HOURS_PER_MONTH
    return own, overflow * api_usd_per_replica_hour * HOURS_PER_MONTH


def three_way_usd_per_month(
    load_replicas,
    owned_count,
    own_usd_per_replica_hour,
    on_demand_usd_per_replica_hour,
    api_usd_per_replica_hour,
):
    """(own, on-demand, API) USD per month of one load when start-ups cost nothing: the best use of
    `owned_count` replicas.

    An hour rents as many more as are filled above u = c_o / v: up to ceil(load - u) in all.

    >>> [round(usd) for usd in three_way_usd_per_month([0.0, 2.0, 3.2], 1, 2.0, 3.0, 5.0)]
    [1460, 2190, 243]
    """
    load = np.asarray(load_replicas, dtype=float)
    fill = on_demand_usd_per_replica_hour / api_usd_per_replica_hour
    rented = np.maximum(np.ceil(load - fill) - owned_count, 0) if fill < 1 else np.zeros_like(load)
    overflow = np.maximum(load - owned_count - rented, 0).mean()
    on_demand = rented.mean() * fill if fill < 1 else 0.0
    own, api = owned_count * own_usd_per_replica_hour, api_usd_per_replica_hour
    return (
        own * HOURS_PER_MONTH,
        on_demand * api * HOURS_PER_MONTH,
        overflow * api * HOURS_PER_MONTH,
    )
