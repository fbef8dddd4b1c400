"""When to run replicas that can be given back, where every start costs something: exact, hour by
hour."""

from math import ceil, isqrt

import numpy as np
from numpy.typing import NDArray

from llmcost.model.types import Array, Flags, Number, as_array

SLICES_AT_ONCE = 8_192
"""Slices of all blocks that are worked on side by side."""


def on_hours(api_usd: Array, on_demand_usd: Number, start_usd: Number) -> Flags:
    """In which hours to run a replica that can be given back: booleans (hours, slices).

    This is the cheapest plan of starts and stops, exact, by a two-state dynamic programme. What
    being on is ahead of being off after hour t, the hour's own gain included:

        lead_t = (api_usd_t - on_demand_usd) + clip(lead_(t-1), -start_usd, 0)

    Above 0 it pays to be on whatever comes. At -start_usd or below it pays to be off, for a later
    start costs no more. In between the next hour that is decided decides. The record is taken to
    repeat, so the hour before the first is the last. As clipped sums of clipped sums are clipped
    sums, a long record is worked on in blocks side by side. Where two plans cost the same the
    replica is off.

    api_usd        array (hours, slices): what the API would bill for each slice's work in each
                   hour, USD
    on_demand_usd  array (slices,) or a number: USD for the hour of one replica
    start_usd      array (slices,) or a number: USD for every start, >= 0

    >>> hours = np.array([[9.0], [0.0], [9.0], [0.0], [0.0], [0.0]])
    >>> on_hours(hours, 2.0, 3.0)[:, 0].astype(int), on_hours(hours, 2.0, 1.0)[:, 0].astype(int)
    (array([1, 1, 1, 0, 0, 0]), array([1, 0, 1, 0, 0, 0]))
    """
    if not np.any(start_usd):
        return np.greater(api_usd, on_demand_usd)
    hours, slices = api_usd.shape
    side_by_side = SLICES_AT_ONCE // max(slices, 1)
    blocks = max(1, min(isqrt(hours), side_by_side))
    steps = ceil(hours / blocks)
    # Hours added at the end gain nothing and change nothing.
    gain = np.zeros((blocks * steps, slices))
    np.subtract(api_usd, on_demand_usd, out=gain[:hours])
    gain = gain.reshape(blocks, steps, slices)

    starts_usd = np.broadcast_to(as_array(start_usd), (slices,))
    lead_off = -starts_usd
    lead = _leads(gain, lead_off)
    on = lead > 0
    off = lead <= lead_off
    decided = on | off
    undecided = ~decided
    _decide(on, undecided)
    by_hour = on.reshape(-1, slices)
    return by_hour[:hours]


def _decide(on: Flags, undecided: Flags) -> None:
    """Let the next hour that is decided decide, in place: arrays (blocks, steps, slices)."""
    blocks, steps, slices = on.shape
    last_first = range(steps - 1, -1, -1)
    # What each block begins with, or that it begins as the next block does.
    begins_on = np.zeros((blocks, slices), dtype=bool)
    follows = np.ones((blocks, slices), dtype=bool)
    for step in last_first:
        open_still = undecided[:, step]
        begins_on &= open_still
        begins_on |= on[:, step]
        follows &= open_still
    # Twice around, for the record repeats.
    for _ in range(2):
        for block in range(blocks - 1, -1, -1):
            next_block = (block + 1) % blocks
            as_the_next = follows[block] & begins_on[next_block]
            begins_on[block] |= as_the_next
    next_on = np.roll(begins_on, -1, axis=0)
    for step in last_first:
        next_on &= undecided[:, step]
        next_on |= on[:, step]
        on[:, step] = next_on


def _clip(sums: Array, low: Array, high: Number) -> None:
    """Keep the sums within [low, high], in place."""
    np.maximum(sums, low, out=sums)
    np.minimum(sums, high, out=sums)


def _leads(gain: Array, lead_off: Array) -> Array:
    """`lead` of every hour: array (blocks, steps, slices), as the gain.

    lead_off  the lead of a replica that is off and would have to start
    """
    _, steps, _ = gain.shape
    lead = _lead_before_blocks(gain, lead_off)
    leads = np.empty_like(gain)
    for step in range(steps):
        lead = lead + gain[:, step]
        leads[:, step] = lead
        _clip(lead, lead_off, 0.0)
    return leads


def _lead_before_blocks(gain: Array, lead_off: Array) -> Array:
    """The clipped lead with which each block is entered: array (blocks, slices)."""
    blocks, steps, slices = gain.shape
    # Where each block ends when it is entered off, and when it is entered on.
    end_off = np.broadcast_to(lead_off, (blocks, slices)).copy()
    end_on = np.zeros((blocks, slices))
    for step in range(steps):
        for end in (end_off, end_on):
            end += gain[:, step]
            _clip(end, lead_off, 0.0)
    block_gains = gain.sum(axis=1)

    # Where the whole record ends, which is what it begins with as it repeats.
    record_off = lead_off.copy()
    record_on = np.zeros(slices)
    for block_gain, low, high in zip(block_gains, end_off, end_on, strict=True):
        for end in (record_off, record_on):
            end += block_gain
            _clip(end, low, high)
    gains_at_all = block_gains.sum(axis=0) > 0
    lead = np.where(gains_at_all, record_on, record_off)

    before = np.empty((blocks, slices))
    for block in range(blocks):
        before[block] = lead
        lead += block_gains[block]
        _clip(lead, end_off[block], end_on[block])
    return before


def starts_count(run_hours: Flags) -> NDArray[np.int32]:
    """How often each slice is started over the record, which is taken to repeat.

    run_hours  booleans (hours, slices) as of `on_hours`

    >>> starts_count(np.array([[True, True], [False, True], [True, True]])).tolist()
    [1, 0]
    """
    run_before = np.roll(run_hours, 1, axis=0)
    started = run_hours > run_before
    count: NDArray[np.int32] = started.sum(axis=0, dtype=np.int32)
    return count
