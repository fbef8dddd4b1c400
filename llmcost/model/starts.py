"""When to run replicas that can be given back, where every start costs something: exact, hour by
hour."""

from math import isqrt

import numpy as np


def on_hours(api_usd, on_demand_usd, start_usd):
    """In which hours to run a replica that can be given back: the cheapest plan of starts and
    stops, exact.

    A two-state dynamic programme. What being on is ahead of being off after hour t, the hour's own
    gain included:

        lead_t = (api_usd_t - on_demand_usd) + clip(lead_(t-1), -start_usd, 0)

    Above 0 it pays to be on whatever comes; at -start_usd or below to be off, for a later start
    costs no more; in between the next hour that is decided decides. The record is taken to repeat,
    so the hour before the first is the last. As clipped sums of clipped sums are clipped sums, a
    long record is worked on in blocks side by side.

    api_usd        array (hours, slices): what the API would bill for each slice's work in each
                   hour, USD
    on_demand_usd  array (slices,) or a number: USD for the hour of one replica
    start_usd      array (slices,) or a number: USD for every start, >= 0
    Returns booleans (hours, slices). Where two plans cost the same the replica is off.

    >>> hours = np.array([[9.0], [0.0], [9.0], [0.0], [0.0], [0.0]])
    >>> on_hours(hours, 2.0, 3.0)[:, 0].astype(int), on_hours(hours, 2.0, 1.0)[:, 0].astype(int)
    (array([1, 1, 1, 0, 0, 0]), array([1, 0, 1, 0, 0, 0]))
    """
    hours, slices = np.shape(api_usd)
    if not np.any(start_usd):
        return np.greater(api_usd, on_demand_usd)
    blocks = max(1, min(isqrt(hours), 8_192 // max(slices, 1)))
    steps = -(-hours // blocks)
    gain = np.zeros(
        (blocks * steps, slices)
    )  # hours added at the end gain nothing and change nothing
    np.subtract(api_usd, on_demand_usd, out=gain[:hours])
    gain = gain.reshape(blocks, steps, slices)
    most = -np.broadcast_to(np.asarray(start_usd, dtype=float), (slices,))
    lead = _leads(gain, most)
    on = lead > 0
    open_to = ~on & (lead > most)
    follows, first = np.ones((blocks, slices), dtype=bool), np.zeros((blocks, slices), dtype=bool)
    for step in range(
        steps - 1, -1, -1
    ):  # what each block begins with, or that it follows the next block
        first = on[:, step] | (open_to[:, step] & first)
        follows &= open_to[:, step]
    for block in [*range(blocks - 1, -1, -1)] * 2:
        first[block] |= follows[block] & first[(block + 1) % blocks]
    state = np.roll(first, -1, axis=0)
    for step in range(steps - 1, -1, -1):
        state = on[:, step] = on[:, step] | (open_to[:, step] & state)
    return on.reshape(-1, slices)[:hours]


def _leads(gain: np.ndarray, most: np.ndarray) -> np.ndarray:
    """`lead` of every hour; gain is (blocks, steps, slices), most the lead of a replica that is off
    and would have to start."""

    def clipped(sums: np.ndarray, low: np.ndarray, high: np.ndarray | float) -> np.ndarray:
        return np.minimum(np.maximum(sums, low, out=sums), high, out=sums)

    blocks, steps, slices = gain.shape
    off, on = np.broadcast_to(most, (blocks, slices)).copy(), np.zeros((blocks, slices))
    for step in range(
        steps
    ):  # where each block ends when it is entered off, and when it is entered on
        for end in (off, on):
            end += gain[:, step]
            clipped(end, most, 0.0)
    shift = gain.sum(axis=1)
    last_off, last_on = most, np.zeros(slices)
    for block in range(blocks):  # and the whole record
        last_off, last_on = (
            clipped(end + shift[block], off[block], on[block]) for end in (last_off, last_on)
        )
    state, entered = np.where(shift.sum(axis=0) > 0, last_on, last_off), np.empty((blocks, slices))
    for block in range(blocks):
        entered[block], state = state, clipped(state + shift[block], off[block], on[block])
    leads = np.empty_like(gain)
    for step in range(steps):
        np.add(entered, gain[:, step], out=leads[:, step])
        entered = clipped(leads[:, step].copy(), most, 0.0)
    return leads


def starts_count(run_hours):
    """How often each slice is started over the record, which is taken to repeat; booleans (hours,
    slices) as of `on_hours`.

    >>> starts_count(np.array([[True, True], [False, True], [True, True]])).tolist()
    [1, 0]
    """
    return (run_hours > np.roll(run_hours, 1, axis=0)).sum(axis=0, dtype=np.int32)
