"""Which part of the load belongs on own replicas and which on an API: exact, from the load-duration curve."""

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


def owned_slices(curve: LoadDurationCurve, own_usd_per_replica_hour, api_usd_per_replica_hour, scale_ratio=1.0):
    """Replicas worth having: own slice i iff its fill exceeds u*, stop at the first that fails. Broadcasts over all but the curve.

    The fill of a slice falls with its height, so the cost is convex in the number of slices and the first failure is the optimum.
    Returns an array of whole counts. Leaves out fixed costs, start-up costs and spares.
    """
    threshold, scale = np.broadcast_arrays(
        np.asarray(break_even_fill(own_usd_per_replica_hour, api_usd_per_replica_hour), dtype=float), np.asarray(scale_ratio, dtype=float)
    )
    low = np.zeros(threshold.shape)
    high = np.minimum(np.ceil(curve.peak * scale), MAX_SLICES)
    while np.any(low < high):
        middle = np.floor((low + high) / 2)
        worth = curve.fill(middle, scale) > threshold
        low, high = np.where((low < high) & worth, middle + 1, low), np.where((low < high) & ~worth, middle, high)
    return low


def split_usd_per_month(curve: LoadDurationCurve, owned_count, own_usd_per_replica_hour, api_usd_per_replica_hour, scale_ratio=1.0):
    """(own, API) USD per month when `owned_count` replicas serve what they can and the API takes the rest. Broadcasts.

    >>> own, api = split_usd_per_month(LoadDurationCurve([0.0, 2.0]), 1, 2.0, 5.0)
    >>> round(float(own)), round(float(api))
    (1460, 1825)
    """
    overflow = curve.mean * np.asarray(scale_ratio) - curve.mean_served(owned_count, scale_ratio)
    own = np.asarray(owned_count) * own_usd_per_replica_hour * HOURS_PER_MONTH
    return own, overflow * api_usd_per_replica_hour * HOURS_PER_MONTH
