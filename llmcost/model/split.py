"""Which part of the load belongs on own replicas and which on an API: exact, from the load-duration
curve.

Start-ups and classes of requests with prices of their own need the hours in their order:
`llmcost.model.hourly_split`.
"""

import numpy as np

from llmcost.model import HOURS_PER_MONTH
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.types import Array, Number, Numbers, as_array

MAX_SLICES = 100_000


def break_even_fill(own_usd_per_replica_hour: Number, api_usd_per_replica_hour: Number) -> Number:
    """u*: the fill above which a replica of one's own beats the API: c / v. Above 1 it never does.

    own_usd_per_replica_hour  USD of one replica for an hour, busy or idle, > 0
    api_usd_per_replica_hour  USD that the API would bill for the work of one full replica-hour, > 0

    >>> break_even_fill(2.0, 5.0)
    0.4
    """
    return own_usd_per_replica_hour / api_usd_per_replica_hour


def owned_slices(
    curve: LoadDurationCurve,
    own_usd_per_replica_hour: Number,
    api_usd_per_replica_hour: Number,
    scale_ratio: Number = 1.0,
    on_demand_usd_per_replica_hour: Number = np.inf,
) -> Array:
    """Replicas worth having around the clock: an array of whole counts.

    A slice that is not owned takes in each hour the cheaper of a replica let by the hour and the
    API. With u = min(c_o / v, 1):

        mean_t min(c_o, v fill_i(t)) = v (S(i + u) - S(i))         S(k) = mean_t min(load_t, k)

    so own slice i iff S(i + u) - S(i) > u* = c / v; without on-demand replicas that is its fill.
    It falls with height: the cost is convex in the number of slices, and stopping at the first that
    fails is the optimum. Broadcasts over all but the curve. Leaves out fixed costs, start-ups and
    spares.

    on_demand_usd_per_replica_hour  USD of a replica that can be given back by the hour; infinite
                                    where there is none

    >>> curve = LoadDurationCurve([0, 1, 2, 3])
    >>> owned_slices(curve, 2.0, 5.0), owned_slices(curve, 2.0, 5.0, 1.0, 3.0)
    (array(2.), array(1.))
    """
    own, api, scale, on_demand = np.broadcast_arrays(
        as_array(own_usd_per_replica_hour),
        as_array(api_usd_per_replica_hour),
        as_array(scale_ratio),
        as_array(on_demand_usd_per_replica_hour),
    )
    threshold = break_even_fill(own, api)
    height = np.minimum(on_demand / api, 1.0)
    peak = np.ceil(curve.peak * scale)
    most = np.minimum(peak, MAX_SLICES)
    low = np.zeros(own.shape)
    high = np.where(own < on_demand, most, 0.0)
    open_still = low < high
    while open_still.any():
        middle = np.floor((low + high) / 2)
        below = curve.mean_served(middle, scale)
        up_to = curve.mean_served(middle + height, scale)
        worth_owning = up_to - below > threshold
        low = np.where(open_still & worth_owning, middle + 1, low)
        high = np.where(open_still & ~worth_owning, middle, high)
        open_still = low < high
    return low


def split_usd_per_month(
    curve: LoadDurationCurve,
    owned_count: Numbers,
    own_usd_per_replica_hour: Number,
    api_usd_per_replica_hour: Number,
    scale_ratio: Number = 1.0,
) -> tuple[Number, Number]:
    """(own, API) USD per month when `owned_count` replicas serve what they can. Broadcasts.

    The API takes the rest.

    >>> own, api = split_usd_per_month(LoadDurationCurve([0.0, 2.0]), 1, 2.0, 5.0)
    >>> round(float(own)), round(float(api))
    (1460, 1825)
    """
    asked_for = curve.mean * as_array(scale_ratio)
    owned = as_array(owned_count)
    served = curve.mean_served(owned, scale_ratio)
    overflow = asked_for - served
    own_usd_per_hour = owned * own_usd_per_replica_hour
    api_usd_per_hour = overflow * api_usd_per_replica_hour
    return (
        own_usd_per_hour * HOURS_PER_MONTH,
        api_usd_per_hour * HOURS_PER_MONTH,
    )


def three_way_usd_per_month(
    load_replicas: Numbers,
    owned_count: float,
    own_usd_per_replica_hour: float,
    on_demand_usd_per_replica_hour: float,
    api_usd_per_replica_hour: float,
) -> tuple[float, float, float]:
    """(own, on-demand, API) USD per month of one load when start-ups cost nothing.

    This is the best use of `owned_count` replicas. An hour rents as many more as are filled above
    u = c_o / v: up to ceil(load - u) in all.

    >>> [round(usd) for usd in three_way_usd_per_month([0.0, 2.0, 3.2], 1, 2.0, 3.0, 5.0)]
    [1460, 2190, 243]
    """
    load = as_array(load_replicas)
    fill = on_demand_usd_per_replica_hour / api_usd_per_replica_hour
    rented = np.zeros(load.shape)
    on_demand_usd_per_hour = 0.0
    if fill < 1:
        worth_running = np.ceil(load - fill)
        rented = np.maximum(worth_running - owned_count, 0)
        on_demand_usd_per_hour = rented.mean() * fill * api_usd_per_replica_hour
    overflow = np.maximum(load - owned_count - rented, 0)
    own_usd_per_hour = owned_count * own_usd_per_replica_hour
    api_usd_per_hour = overflow.mean() * api_usd_per_replica_hour
    return (
        own_usd_per_hour * HOURS_PER_MONTH,
        on_demand_usd_per_hour * HOURS_PER_MONTH,
        api_usd_per_hour * HOURS_PER_MONTH,
    )
