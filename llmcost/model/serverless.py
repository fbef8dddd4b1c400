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


def awake_and_boots(requests_per_second, service_seconds, idle_timeout_seconds, boot_seconds):
    """(share of the time that one replica is billed, boots per hour) when each cold start boots it, and the boot is billed.

    A boot lengthens the cycle of sleeping and waking:

        asleep = e / (1 + rate * boot * e),   e = exp(-rate (S + timeout));   boots per hour = 3600 * rate * asleep

    >>> [round(float(x), 2) for x in awake_and_boots(0.01, 4, 60, 60)]
    [0.6, 14.42]
    """
    rate = np.asarray(requests_per_second, dtype=float)
    quiet = 1 - awake_fraction(rate, service_seconds, idle_timeout_seconds)
    asleep = quiet / (1 + rate * boot_seconds * quiet)
    return 1 - asleep, SECONDS_PER_HOUR * rate * asleep


def billed_replicas_and_boots(load_replicas, requests_per_second, service_seconds, idle_timeout_seconds, boot_seconds):
    """Mean billed replicas over the hours, boots included: (mean billed, mean boots per hour).

    Hour by hour: the replicas below the last run full; the last is awake by its own share of the arrivals, boots included; a replica
    that joins a running fleet boots once more.

    load_replicas, requests_per_second  arrays (..., hours): load of each hour in replicas, and its requests/s
    service_seconds, idle_timeout_seconds, boot_seconds  seconds, scalars or broadcastable
    Leaves out bursts inside the hour and queueing while a replica boots.
    """
    load, rate = np.asarray(load_replicas, dtype=float), np.asarray(requests_per_second, dtype=float)
    up = np.ceil(load)
    last = np.where(up > 0, load - (up - 1), 0.0)
    last_rate = np.divide(rate * last, load, out=np.zeros(np.broadcast(rate, load).shape), where=load > 0)
    awake, boots = awake_and_boots(last_rate, service_seconds, idle_timeout_seconds, boot_seconds)
    joins = np.where(up > 1, np.maximum(np.diff(up, prepend=up[..., :1]), 0.0), 0.0)
    billed = np.maximum(up - 1, 0.0) + np.where(up > 0, np.maximum(awake, last), 0.0) + joins * boot_seconds / SECONDS_PER_HOUR
    return billed.mean(axis=-1), (np.where(up > 0, boots, 0.0) + joins).mean(axis=-1)
