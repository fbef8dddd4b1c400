"""GPUs billed by the second and scaled to zero: hours awake, cold starts, and what they add."""

import numpy as np

from llmcost.model import SECONDS_PER_HOUR


def awake_fraction(requests_per_second, service_seconds, idle_timeout_seconds):
    """Share of the time that one replica is awake and billed, requests arriving at random: 1 - exp(-rate (S + timeout)).

    >>> round(float(awake_fraction(0.01, 4, 60)), 2)
    0.47
    """
    return 1 - np.exp(-np.asarray(requests_per_second) * (service_seconds + idle_timeout_seconds))


def cold_start_seconds(weights_gb, weights_load_gb_per_second):
    """Seconds to bring a model's weights into GPU memory."""
    return weights_gb / weights_load_gb_per_second


def billed_replica_hours(load_replicas, requests_per_second, service_seconds, idle_timeout_seconds, boot_seconds):
    """Mean billed replicas over the hours, boots included: (mean billed, mean boots per hour).

    Hour by hour: the replicas below the last run full; the last is awake by its own share of the arrivals; what was not up an hour
    before has to boot, and a replica that sleeps inside the hour boots again.

    load_replicas, requests_per_second  arrays (..., hours): load of each hour in replicas, and its requests/s
    service_seconds, idle_timeout_seconds, boot_seconds  seconds, scalars or broadcastable
    Leaves out bursts inside the hour and queueing while a replica boots.
    """
    load, rate = np.asarray(load_replicas, dtype=float), np.asarray(requests_per_second, dtype=float)
    up = np.ceil(load)
    last = np.where(up > 0, load - (up - 1), 0.0)
    last_rate = np.divide(rate * last, load, out=np.zeros(np.broadcast(rate, load).shape), where=load > 0)
    awake_last = np.maximum(awake_fraction(last_rate, service_seconds, idle_timeout_seconds), last)
    sleeps = last_rate * SECONDS_PER_HOUR * np.exp(-last_rate * (service_seconds + idle_timeout_seconds))
    scale_ups = np.maximum(np.diff(up, prepend=up[..., :1]), 0.0)
    boots = np.where(up > 1, scale_ups, np.where(up == 1, np.maximum(sleeps, scale_ups), 0.0))
    billed = np.maximum(up - 1, 0.0) + np.where(up > 0, awake_last, 0.0) + boots * boot_seconds / SECONDS_PER_HOUR
    return billed.mean(axis=-1), boots.mean(axis=-1)
