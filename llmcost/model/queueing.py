"""Who waits, and how long: the queue in front of a fleet whose load is known by the hour."""

import math

import numpy as np

from llmcost.model.types import Array, Number, as_array


def erlang_c_fraction(in_flight_count: float, slots_count: float) -> float:
    """Share of the requests that find every slot taken and wait, arrivals at random (M/M/c).

    It is 1 where the queue never empties. Slots are replicas times concurrency. Erlang B comes by
    its recursion, which no factorial overflows, then Erlang C:

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
    for slot in range(1, int(slots_count) + 1):
        offered = in_flight_count * blocked
        blocked = offered / (slot + offered)
    load_fraction = in_flight_count / slots_count
    served = 1 - blocked
    return blocked / (1 - load_fraction * served)


def mean_wait_seconds(
    in_flight_count: float,
    slots_count: float,
    service_seconds: float,
    arrival_cv_ratio: float = 1.0,
    service_cv_ratio: float = 1.0,
) -> float:
    """Mean seconds in the queue, over all requests, those that do not wait too.

    It is infinite where the queue never empties. It is exact for random arrivals and exponential
    service; for burstier ones Allen and Cunneen's approximation scales it:

        wait = waits * service / (c - a) * (arrival_cv^2 + service_cv^2) / 2

    in_flight_count, slots_count  as in erlang_c_fraction
    service_seconds               mean seconds that a request holds its slot, > 0
    arrival_cv_ratio  standard deviation over mean of the seconds between arrivals; 1 is random
    service_cv_ratio  the same of the seconds of service

    >>> round(mean_wait_seconds(1, 2, 6.0), 9)
    2.0
    >>> round(mean_wait_seconds(1, 2, 6.0, arrival_cv_ratio=3.0), 9)
    10.0
    """
    if in_flight_count >= slots_count:
        return math.inf
    waits = erlang_c_fraction(in_flight_count, slots_count)
    free_slots = slots_count - in_flight_count
    random_wait = waits * service_seconds / free_slots
    burstiness = arrival_cv_ratio**2 + service_cv_ratio**2
    return random_wait * burstiness / 2


def square_root_slots_count(in_flight_count: Number, safety_ratio: Number) -> Array:
    """Slots that keep the share of waiting requests the same at any size. Broadcasts.

        slots = ceil(in flight + safety * sqrt(in flight))

    The safety above the mean grows with the root only: a pooled fleet needs less of it per request.

    >>> square_root_slots_count(np.array([100, 10_000]), 1.0).tolist()
    [110.0, 10100.0]
    """
    in_flight = as_array(in_flight_count)
    safety = safety_ratio * np.sqrt(in_flight)
    exact = np.round(in_flight + safety, 9)
    slots = np.ceil(exact)
    return slots


def time_busy_fraction(in_flight_count: Number) -> Array:
    """Share of the time with at least one request in flight, arrivals at random. Broadcasts.

        busy = 1 - exp(-in_flight)

    A GPU's dashboard calls this utilization.

    >>> round(float(time_busy_fraction(4.6)), 2)
    0.99
    """
    in_flight = as_array(in_flight_count)
    idle = np.exp(-in_flight)
    return 1 - idle
