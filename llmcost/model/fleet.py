"""From an hourly load to whole replicas and to the utilization that they deliver."""

from typing import Any

import numpy as np

from llmcost.model import SECONDS_PER_HOUR, TOKENS_PER_MTOK


class LoadDurationCurve:
    """Hourly load in replicas, sorted: answers "how much does a fleet of k serve?" for any k and
    any scale at once.

    load_replicas  1-D array, load of each hour in replicas (1.0 = one replica busy all hour),
                   finite, >= 0, not empty; or 2-D with a row for each of several loads, which then
                   have one capacity and one scale each

    >>> curve = LoadDurationCurve([0.0, 1.0, 2.0, 3.0])
    >>> curve.mean, curve.peak, float(curve.mean_served(2)), float(curve.fill(1))
    (1.5, 3.0, 1.25, 0.5)
    >>> LoadDurationCurve([[0.0, 1.0], [2.0, 3.0]]).mean_served(2).tolist()
    [0.5, 2.0]
    """

    def __init__(self, load_replicas):
        self.sorted = np.sort(np.asarray(load_replicas, dtype=float), axis=-1)
        if (
            self.sorted.size == 0
            or not np.isfinite(self.sorted).all()
            or (self.sorted[..., 0] < 0).any()
        ):
            raise ValueError("a load is a non-empty array of finite numbers >= 0")
        self._sum_below = np.concatenate(
            [np.zeros((*self.sorted.shape[:-1], 1)), np.cumsum(self.sorted, axis=-1)], axis=-1
        )

    @property
    def mean(self) -> Any:
        """Mean load in replicas."""
        return self._each(self._sum_below[..., -1] / self.sorted.shape[-1])

    @property
    def peak(self) -> Any:
        """Load of the busiest hour in replicas."""
        return self._each(self.sorted[..., -1])

    def _each(self, found) -> Any:
        return found if self.sorted.ndim > 1 else float(found)

    def chosen(self, which: Any) -> "LoadDurationCurve":
        """Some of several loads; a single one is itself."""
        return LoadDurationCurve(self.sorted[which]) if self.sorted.ndim > 1 else self

    def mean_served(self, capacity_replicas, scale_ratio=1.0):
        """Mean over the hours of min(scale * load, capacity). Capacity and scale broadcast; exact;
        O(log hours) each."""
        capacity, scale = (
            np.asarray(capacity_replicas, dtype=float),
            np.asarray(scale_ratio, dtype=float),
        )
        level = np.divide(
            capacity,
            scale,
            out=np.full(np.broadcast(capacity, scale).shape, np.inf),
            where=scale > 0,
        )
        if self.sorted.ndim > 1:
            below = np.count_nonzero(self.sorted <= level[..., None], axis=1)
            sum_below = np.take_along_axis(self._sum_below, below[:, None], axis=1)[:, 0]
        else:
            below = np.searchsorted(self.sorted, level, side="right")
            sum_below = self._sum_below[below]
        over = self.sorted.shape[-1] - below
        return (sum_below * scale + np.where(over > 0, over * capacity, 0.0)) / self.sorted.shape[
            -1
        ]

    def fill(self, below_count, scale_ratio=1.0):
        """Mean fill of the slice with `below_count` replicas below it: mean of clip(scale * load -
        below, 0, 1). Falls with height."""
        i = np.asarray(below_count, dtype=float)
        return self.mean_served(i + 1, scale_ratio) - self.mean_served(i, scale_ratio)


def stretched(load_replicas, stretch_ratio):
    """The same mean load, flatter or peakier: hours stretched about their mean, cut off at nothing,
    and brought back to the old mean.

    load_replicas  1-D array, load of each hour in any unit, >= 0
    stretch_ratio  distance from the mean, times today's: 0 makes it flat, 1 leaves it, more makes
                   it peakier

    >>> stretched([1.0, 2.0, 3.0], 2.0).tolist()
    [0.0, 2.0, 4.0]
    """
    load = np.asarray(load_replicas, dtype=float)
    moved = np.maximum(load.mean() + stretch_ratio * (load - load.mean()), 0.0)
    return moved * (load.mean() / moved.mean()) if load.any() else load


def replicas_for_peak(peak_replicas, headroom_fraction, minimum_count=1, spare_count=0):
    """Whole replicas that carry the peak hour with headroom, plus spares. Broadcasts.

        replicas = max(minimum, ceil(peak * (1 + headroom))) + spares

    >>> float(replicas_for_peak(1.7, 0.2, spare_count=1))
    4.0
    """
    needed = np.ceil(np.round(np.asarray(peak_replicas) * (1 + np.asarray(headroom_fraction)), 9))
    return np.maximum(minimum_count, needed) + spare_count


def whole_machines(replicas_count, replica_gpus_count, machine_gpus_count):
    """Replicas that the whole machines hold which these replicas need. Broadcasts.

    GPUs are sold by the machine or the board: what is left over in the last one is paid for, and
    can serve.

    >>> float(whole_machines(3, 1, 8)), float(whole_machines(3, 4, 8)), float(whole_machines(3, 8, 4))
    (8.0, 4.0, 3.0)
    """
    machines = np.ceil(np.asarray(replicas_count) * replica_gpus_count / machine_gpus_count)
    return machines * machine_gpus_count / replica_gpus_count


def delivered_utilization(mean_served_replicas, replicas_count):
    """What was delivered over what could have been: mean served / replicas, 0 to 1. Never typed
    in."""
    return mean_served_replicas / replicas_count


def gpu_usd_per_mtok(replica_usd_per_hour, tokens_per_second, utilization_fraction):
    """USD to make one million tokens on a replica paid by the hour, busy or idle.

    What an hour costs, divided by what the hour delivered:

        gpu_usd_per_mtok = replica_usd_per_hour / (tokens_per_second * 3600 * utilization_fraction /
        1e6)

    replica_usd_per_hour  USD per replica-hour, > 0
    tokens_per_second     tokens/s of the replica at full, latency-safe load, > 0; the result is per
                          million of the same tokens
    utilization_fraction  delivered / deliverable tokens, 0 < u <= 1

    Numbers, arrays or Series; they broadcast. Leaves out people, spares and cold starts.

    >>> round(gpu_usd_per_mtok(2.00, 2_000, 0.40), 3)
    0.694
    """
    return replica_usd_per_hour / (
        tokens_per_second * SECONDS_PER_HOUR * utilization_fraction / TOKENS_PER_MTOK
    )
