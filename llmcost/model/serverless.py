"""GPUs billed by the second and scaled to zero: hours awake, cold starts, and what they add."""

import numpy as np

from llmcost.model import SECONDS_PER_HOUR
from llmcost.model.types import Array, Number, Numbers, as_array

HOURS_AT_ONCE = 2**16
"""Hours of all draws that are looked at together: more would leave the processor's cache, and take
twice as long."""


def awake_fraction(
    requests_per_second: Number, service_seconds: Number, idle_timeout_seconds: Number
) -> Array:
    """Share of the time that one replica is awake and billed, requests arriving at random.

        awake = 1 - exp(-rate (S + timeout))

    >>> round(float(awake_fraction(0.01, 4, 60)), 2)
    0.47
    """
    hold_seconds = service_seconds + idle_timeout_seconds
    rate = as_array(requests_per_second)
    expected_count = rate * hold_seconds
    asleep = np.exp(-expected_count)
    return 1 - asleep


def cold_start_seconds(weights_gb: Number, weights_load_gb_per_second: Number) -> Number:
    """Seconds to bring a model's weights into GPU memory."""
    return weights_gb / weights_load_gb_per_second


def awake_and_boots(
    requests_per_second: Number,
    service_seconds: Number,
    idle_timeout_seconds: Number,
    boot_seconds: Number,
) -> tuple[Array, Array]:
    """(share of the time that one replica is billed, boots per hour), boots billed.

    Each cold start boots the replica. A boot lengthens the cycle of sleeping and waking:

        asleep         = e / (1 + rate * boot * e);   e = exp(-rate (S + timeout))
        boots per hour = 3600 * rate * asleep

    >>> [round(float(x), 2) for x in awake_and_boots(0.01, 4, 60, 60)]
    [0.6, 14.42]
    """
    rate = as_array(requests_per_second)
    hold_seconds = as_array(service_seconds + idle_timeout_seconds)
    asleep = _asleep_fraction(rate, hold_seconds, boot_seconds)
    billed = 1 - asleep
    requests_per_hour = SECONDS_PER_HOUR * rate
    boots_per_hour = requests_per_hour * asleep
    return billed, boots_per_hour


def _asleep_fraction(rate: Array, hold_seconds: Array, boot_seconds: Number) -> Array:
    """Share of the time that a replica sleeps.

    It is also the share of the arrivals that find the replica asleep.
    """
    nobody_comes = np.exp(rate * -hold_seconds)
    woken = rate * nobody_comes
    boot_share = woken * boot_seconds
    return nobody_comes / (1 + boot_share)


def billed_boots_and_cold(  # reason: a load, how it is served, and how draws scale both
    load_replicas: Numbers,
    requests_per_second: Numbers,
    service_seconds: Number,
    idle_timeout_seconds: Number,
    boot_seconds: Number,
    warm_count: float = 0,
    load_ratio: Number = 1.0,
    requests_ratio: Number = 1.0,
) -> tuple[Array, Array, Array]:
    """(mean billed replicas, boots per hour, share of the requests that wait for a boot).

    Hour by hour, boots billed. Warm replicas are billed always and never cold. Of those above them
    all but the last run full and boot once when they join. The last one sleeps and wakes by its own
    share of the arrivals. A boot keeps waiting whoever woke the replica and who comes for it
    meanwhile:

        billed = warm + full + max(1 - asleep, load of the last) + joins * boot / 3600
        cold   = asleep * (1 + rate * boot)

    load_replicas         array: load of each hour in replicas; or loads that differ with what
                          serves them, a row for each value of what follows
    requests_per_second   array of the same length: requests/s of each hour
    service_seconds, idle_timeout_seconds, boot_seconds  numbers, or arrays of draws, with one
                                                         result for each
    warm_count            replicas kept awake
    load_ratio, requests_ratio  number or draws that scale all hours, load_ratio > 0
    Leaves out bursts inside the hour and requests that queue on a busy replica rather than wait for
    the next one.

    A replica always busy with requests of a second, asked for in one hour of two:

    >>> parts = billed_boots_and_cold([1.0, 0.0], [1.0, 0.0], 1.0, 60.0, 30.0)
    >>> [round(float(each), 6) for each in parts]
    [0.5, 0.0, 0.0]
    """
    load = as_array(load_replicas)
    rate = as_array(requests_per_second)
    rate_per_load = np.zeros(load.shape)
    np.divide(rate, load, out=rate_per_load, where=load > 0)

    service, idle, boot, scale, share = np.broadcast_arrays(
        as_array(service_seconds),
        as_array(idle_timeout_seconds),
        as_array(boot_seconds),
        as_array(load_ratio),
        as_array(requests_ratio),
    )
    *_, hours_count = load.shape
    hold = service + idle
    rate_ratio = share / scale
    rows = (
        hold.reshape(-1, 1),
        boot.reshape(-1, 1),
        scale.reshape(-1, 1),
        rate_ratio.reshape(-1, 1),
        np.broadcast_to(load, (service.size, hours_count)),
        np.broadcast_to(rate_per_load, (service.size, hours_count)),
    )
    step = max(1, HOURS_AT_ONCE // hours_count)
    parts = []
    for start in range(0, service.size, step):
        some = slice(start, start + step)
        of_draws = [row[some] for row in rows]
        parts.append(_hourly_means(warm_count, *of_draws))
    means = np.concatenate(parts, axis=1)
    billed, boots, cold_requests = (each.reshape(service.shape) for each in means)

    requests_per_hour = SECONDS_PER_HOUR * rate.mean()
    requests = requests_per_hour * share
    cold = np.zeros(requests.shape)
    np.divide(cold_requests, requests, out=cold, where=requests > 0)
    np.minimum(cold, 1.0, out=cold)
    return billed, boots, cold


def _hourly_means(  # reason: the rows of one chunk, as they come
    warm_count: float,
    hold_seconds: Array,
    boot_seconds: Array,
    scale: Array,
    rate_ratio: Array,
    load: Array,
    rate_per_load: Array,
) -> Array:
    """(mean billed, boots and cold requests per hour) of some draws: array (3, draws).

    Arrays of all hours are worked on in place, for speed; tests hold a plain loop beside it.
    """
    boot = boot_seconds[:, 0]
    last = load * scale
    last -= warm_count
    np.maximum(last, 0.0, out=last)
    full = np.ceil(last)
    full -= 1
    np.maximum(full, 0.0, out=full)
    last -= full
    rate = last * rate_per_load
    rate *= rate_ratio

    asleep = _asleep_fraction(rate, hold_seconds, boot_seconds)
    woken = rate * asleep
    boots = SECONDS_PER_HOUR * woken.mean(axis=1)
    woken *= rate
    boot_hours = SECONDS_PER_HOUR * boot
    come_meanwhile = boot_hours * woken.mean(axis=1)
    cold = boots + come_meanwhile

    billed_last = np.subtract(1.0, asleep, out=asleep)
    np.maximum(billed_last, last, out=billed_last)
    billed = warm_count + full.mean(axis=1)
    billed += billed_last.mean(axis=1)
    if full.any():
        joins = np.diff(full, axis=1, prepend=full[:, :1])
        np.maximum(joins, 0.0, out=joins)
        joins_per_hour = joins.mean(axis=1)
        joins *= rate_per_load
        requests_of_joins = joins.mean(axis=1) * rate_ratio[:, 0]
        cold += requests_of_joins * boot
        billed += joins_per_hour * boot / SECONDS_PER_HOUR
        boots += joins_per_hour
    return np.stack([billed, boots, cold])
