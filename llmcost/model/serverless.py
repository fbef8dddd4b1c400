"""GPUs billed by the second and scaled to zero: hours awake, cold starts, and what they add."""

import numpy as np

from llmcost.model import SECONDS_PER_HOUR


def awake_fraction(requests_per_second, service_seconds, idle_timeout_seconds):
    """Share of the time that one replica is awake and billed, requests arriving at random: 1 -
    exp(-rate (S + timeout)).

    >>> round(float(awake_fraction(0.01, 4, 60)), 2)
    0.47
    """
    return 1 - np.exp(-np.asarray(requests_per_second) * (service_seconds + idle_timeout_seconds))


def cold_start_seconds(weights_gb, weights_load_gb_per_second):
    """Seconds to bring a model's weights into GPU memory."""
    return weights_gb / weights_load_gb_per_second


def awake_and_boots(requests_per_second, service_seconds, idle_timeout_seconds, boot_seconds):
    """(share of the time that one replica is billed, boots per hour) when each cold start boots it,
    and the boot is billed.

    A boot lengthens the cycle of sleeping and waking:

        asleep = e / (1 + rate * boot * e),   e = exp(-rate (S + timeout));   boots per hour = 3600
                                              * rate * asleep

    >>> [round(float(x), 2) for x in awake_and_boots(0.01, 4, 60, 60)]
    [0.6, 14.42]
    """
    rate = np.asarray(requests_per_second, dtype=float)
    asleep = _asleep_fraction(
        rate, np.asarray(service_seconds + idle_timeout_seconds), boot_seconds
    )
    return 1 - asleep, SECONDS_PER_HOUR * rate * asleep


def _asleep_fraction(rate, hold, boot):
    """Share of the time that a replica sleeps, which is also the share of the arrivals that find it
    asleep."""
    quiet = np.exp(rate * -hold)
    return quiet / (1 + rate * quiet * boot)


def billed_boots_and_cold(
    load_replicas,
    requests_per_second,
    service_seconds,
    idle_timeout_seconds,
    boot_seconds,
    warm_count=0,
    load_ratio=1.0,
    requests_ratio=1.0,
):
    """(mean billed replicas, boots per hour, share of the requests that wait for a boot), hour by
    hour, boots billed.

    Warm replicas are billed always and never cold. Of those above them all but the last run full
    and boot once when they join; the last sleeps and wakes by its own share of the arrivals. A boot
    keeps waiting whoever woke the replica and who comes for it meanwhile:

        billed = warm + full + max(1 - asleep, load of the last) + joins * boot / 3600;   cold =
        asleep * (1 + rate * boot)

    load_replicas, requests_per_second  arrays of one length: load of each hour in replicas, and its
                                        requests/s; or loads that differ with what serves them, a
                                        row for each value of what follows
    service_seconds, idle_timeout_seconds, boot_seconds, load_ratio, requests_ratio  numbers, or
    arrays of draws, one result for each;
                                        the ratios scale all hours, load_ratio > 0
    warm_count                          replicas kept awake, a number
    Leaves out bursts inside the hour and requests that queue on a busy replica rather than wait for
    the next one.
    """
    load, rate = (
        np.asarray(load_replicas, dtype=float),
        np.asarray(requests_per_second, dtype=float),
    )
    per_load = np.divide(rate, load, out=np.zeros(load.shape), where=load > 0)
    given = (service_seconds, idle_timeout_seconds, boot_seconds, load_ratio, requests_ratio)
    service, idle, boot, scale, share = np.broadcast_arrays(
        *(np.asarray(each, dtype=float) for each in given)
    )
    rows = [each.reshape(-1, 1) for each in (service + idle, boot, scale, share / scale)]
    rows += [np.broadcast_to(each, (service.size, load.shape[-1])) for each in (load, per_load)]
    step = max(1, HOURS_AT_ONCE // load.shape[-1])
    parts = [
        _hours(warm_count, *(row[at : at + step] for row in rows))
        for at in range(0, service.size, step)
    ]
    billed, boots, cold = (
        np.concatenate(part).reshape(service.shape) for part in zip(*parts, strict=True)
    )
    asked = SECONDS_PER_HOUR * rate.mean() * share
    return (
        billed,
        boots,
        np.minimum(np.divide(cold, asked, out=np.zeros(asked.shape), where=asked > 0), 1.0),
    )


HOURS_AT_ONCE = 2**16
"""Hours of all draws that are looked at together: more would leave the processor's cache, and take
twice as long."""


def _hours(warm_count, hold, boot, scale, rate_ratio, load, per_load):
    """(mean billed, boots and cold requests per hour) of some draws (rows): arrays are worked on in
    place, for speed."""
    last = np.maximum(load * scale - warm_count, 0.0)
    full = np.maximum(np.ceil(last) - 1, 0.0)
    last -= full
    rate = last * per_load
    rate *= rate_ratio
    asleep = _asleep_fraction(rate, hold, boot)
    woken = rate * asleep
    boots = SECONDS_PER_HOUR * woken.mean(axis=1)
    woken *= rate
    cold = boots + SECONDS_PER_HOUR * boot[:, 0] * woken.mean(axis=1)
    np.subtract(1.0, asleep, out=asleep)
    billed = warm_count + full.mean(axis=1) + np.maximum(asleep, last, out=asleep).mean(axis=1)
    if full.any():
        joins = np.maximum(np.diff(full, axis=1, prepend=full[:, :1]), 0.0)
        joined = joins.mean(axis=1)
        cold += (joins * per_load).mean(axis=1) * rate_ratio[:, 0] * boot[:, 0]
        return billed + joined * boot[:, 0] / SECONDS_PER_HOUR, boots + joined, cold
    return billed, boots, cold
