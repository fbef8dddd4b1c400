"""Who waits, and how long: the queue in front of a fleet whose load is known by the hour."""

import numpy as np


def erlang_c_fraction(in_flight_count, slots_count):
    """Share of the requests that find every slot taken and wait, arrivals at random (M/M/c); 1
    where the queue never empties.

    Slots are replicas times concurrency. Erlang B by its recursion, which no factorial overflows,
    then Erlang C:

        blocked(0) = 1;   blocked(n) = a * blocked(n - 1) / (n + a * blocked(n - 1))
        waits = blocked(c) / (1 - a / c * (1 - blocked(c)))

    in_flight_count  a = arrivals per second times seconds of service: requests that would be in
                     flight with no queue, >= 0
    slots_count      c, whole, >= 1

    >>> round(erlang_c_fraction(1, 2), 4), erlang_c_fraction(3, 3)
    (0.3333, 1.0)
    """
    if in_flight_count >= slots_count:
        return 1.0
    blocked = 1.0
    for n in range(1, int(slots_count) + 1):
        blocked = in_flight_count * blocked / (n + in_flight_count * blocked)
    return blocked / (1 - in_flight_count / slots_count * (1 - blocked))


def mean_wait_seconds(
    in_flight_count, slots_count, service_seconds, arrival_cv_ratio=1.0, service_cv_ratio=1.0
):
    """Mean seconds in the queue, over all requests, those that do not wait too; infinite where the
    queue never empties.

    Exact for random arrivals and exponential service; for burstier ones Allen and Cunneen's
    approximation scales it:

        wait = waits * service / (c - a) * (arrival_cv^2 + service_cv^2) / 2

    in_flight_count, slots_count  as in erlang_c_fraction
    service_seconds               mean seconds that a request holds its slot, > 0
    arrival_cv_ratio, service_cv_ratio  standard deviation over mean of the seconds between
                                        arrivals, and of service; 1 is random

    >>> round(mean_wait_seconds(1, 2, 6.0), 9), round(mean_wait_seconds(1, 2, 6.0, arrival_cv_ratio=3.0), 9)
    (2.0, 10.0)
    """
    if in_flight_count >= slots_count:
        return float("inf")
    waits = erlang_c_fraction(in_flight_count, slots_count)
    return (
        waits
        * service_seconds
        / (slots_count - in_flight_count)
        * (arrival_cv_ratio**2 + service_cv_ratio**2)
        / 2
    )


def square_root_slots_count(in_flight_count, safety_ratio):
    """Slots that keep the share of waiting requests the same at any size: in flight + safety * its
    square root, rounded up. Broadcasts.

    The safety above the mean grows with the root only: a pooled fleet needs less of it per request.

    >>> float(square_root_slots_count(100, 1.0)), float(square_root_slots_count(10_000, 1.0))
    (110.0, 10100.0)
    """
    in_flight = np.asarray(in_flight_count, dtype=float)
    return np.ceil(np.round(in_flight + safety_ratio * np.sqrt(in_flight), 9))


def time_busy_fraction(in_flight_count):
    """Share of the time with at least one request in flight, arrivals at random: what a GPU's
    dashboard calls utilization. Broadcasts.

        busy = 1 - exp(-in_flight)

    >>> round(float(time_busy_fraction(4.6)), 2)
    0.99
    """
    return 1 - np.exp(-np.asarray(in_flight_count, dtype=float))
