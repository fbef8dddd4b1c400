"""From an hourly load to whole replicas and to the utilization that they deliver."""

import numpy as np

from llmcost.model import SECONDS_PER_HOUR, TOKENS_PER_MTOK
from llmcost.model.types import Array, Number, Numbers, Positions, Which, as_array


class LoadDurationCurve:
    """Hourly load in replicas, sorted.

    It answers "how much does a fleet of k serve?" for any k and any scale at once.

    load_replicas  1-D array, load of each hour in replicas (1.0 = one replica busy all hour),
                   finite, >= 0, not empty; or 2-D with a row for each of several loads, which then
                   have one capacity and one scale each
    Raises ValueError for any other load.

    >>> curve = LoadDurationCurve([0.0, 1.0, 2.0, 3.0])
    >>> curve.mean, curve.peak, float(curve.mean_served(2)), float(curve.fill(1))
    (1.5, 3.0, 1.25, 0.5)
    >>> LoadDurationCurve([[0.0, 1.0], [2.0, 3.0]]).mean_served(2).tolist()
    [0.5, 2.0]
    """

    def __init__(self, load_replicas: Numbers) -> None:
        load = as_array(load_replicas)
        self.sorted: Array = np.sort(load, axis=-1)
        if not _is_a_load(self.sorted):
            raise ValueError("a load is a non-empty array of finite numbers >= 0")
        *loads, self.hours_count = load.shape
        sums = np.cumsum(self.sorted, axis=-1)
        no_hours = np.zeros((*loads, 1))
        self._sum_of_lowest = np.concatenate([no_hours, sums], axis=-1)

    @property
    def mean(self) -> Number:
        """Mean load in replicas."""
        sum_of_all = self._sum_of_lowest[..., -1]
        return self._each(sum_of_all / self.hours_count)

    @property
    def peak(self) -> Number:
        """Load of the busiest hour in replicas."""
        return self._each(self.sorted[..., -1])

    def _each(self, of_loads: Array) -> Number:
        """A number for a single load, an array for several."""
        return of_loads if self.sorted.ndim > 1 else float(of_loads)

    def chosen(self, which: Which) -> "LoadDurationCurve":
        """Some of several loads; a single one is itself."""
        if self.sorted.ndim == 1:
            return self
        return LoadDurationCurve(self.sorted[which])

    def mean_served(self, capacity_replicas: Number, scale_ratio: Number = 1.0) -> Array:
        """Mean over the hours of min(scale * load, capacity), exact.

        Capacity and scale broadcast. Each answer takes log(hours) steps.
        """
        capacity = as_array(capacity_replicas)
        scale = as_array(scale_ratio)
        shape = np.broadcast_shapes(capacity.shape, scale.shape)
        # Where the scale is 0 every hour is below the capacity.
        level = np.full(shape, np.inf)
        np.divide(capacity, scale, out=level, where=scale > 0)
        below_count, sum_below = self._hours_below(level)

        full_count = self.hours_count - below_count
        some_full = full_count > 0
        all_full: Array = full_count * capacity
        served_full = np.where(some_full, all_full, 0.0)
        served_below = sum_below * scale
        served = served_below + served_full
        mean: Array = served / self.hours_count
        return mean

    def _hours_below(self, level: Array) -> tuple[Positions, Array]:
        """(how many hours are at a level or below it, the sum of their loads)."""
        if self.sorted.ndim == 1:
            count = np.searchsorted(self.sorted, level, side="right")
            return count, self._sum_of_lowest[count]
        level_of_load = np.expand_dims(level, -1)
        at_most = self.sorted <= level_of_load
        count = np.count_nonzero(at_most, axis=1)
        each_load = np.arange(len(self.sorted))
        sums = self._sum_of_lowest[each_load, count]
        return count, sums

    def fill(self, below_count: Number, scale_ratio: Number = 1.0) -> Array:
        """Mean fill of the slice with `below_count` replicas below it; falls with height.

        fill = mean over the hours of clip(scale * load - below, 0, 1)
        """
        below = as_array(below_count)
        up_to = below + 1
        with_slice = self.mean_served(up_to, scale_ratio)
        without_slice = self.mean_served(below, scale_ratio)
        return with_slice - without_slice


def _is_a_load(rising: Array) -> bool:
    """Whether rows of rising numbers are finite and at least 0; what is no number sorts last."""
    if rising.size == 0:
        return False
    lowest = rising[..., 0]
    highest = rising[..., -1]
    allowed = (lowest >= 0) & np.isfinite(highest)
    return bool(allowed.all())


def stretched(load_replicas: Numbers, stretch_ratio: float) -> Array:
    """The same mean load, flatter or peakier.

    Each hour moves away from the mean. It is cut off at nothing, and all hours are then brought
    back to the old mean.

    load_replicas  1-D array, load of each hour in any unit, >= 0
    stretch_ratio  distance from the mean, times today's: 0 makes it flat, 1 leaves it, more makes
                   it peakier

    >>> stretched([1.0, 2.0, 3.0], 2.0).tolist()
    [0.0, 2.0, 4.0]
    """
    load = as_array(load_replicas)
    if not load.any():
        return load
    mean = load.mean()
    distance = load - mean
    moved = np.maximum(mean + stretch_ratio * distance, 0.0)
    back_ratio = mean / moved.mean()
    stretched_load: Array = moved * back_ratio
    return stretched_load


def replicas_for_peak(
    peak_replicas: Number,
    headroom_fraction: Number,
    minimum_count: Number = 1,
    spare_count: Number = 0,
) -> Array:
    """Whole replicas that carry the peak hour with headroom, plus spares. Broadcasts.

        replicas = max(minimum, ceil(peak * (1 + headroom))) + spares

    >>> float(replicas_for_peak(1.7, 0.2, spare_count=1))
    4.0
    """
    peak = as_array(peak_replicas)
    headroom = as_array(headroom_fraction)
    with_headroom = peak * (1 + headroom)
    exact = np.round(with_headroom, 9)
    needed = np.ceil(exact)
    working = np.maximum(minimum_count, needed)
    return working + spare_count


def whole_machines(
    replicas_count: Number, replica_gpus_count: Number, machine_gpus_count: Number
) -> Array:
    """Replicas that fit the whole machines which these replicas need. Broadcasts.

    GPUs are sold by the machine or the board. What is left over in the last one is paid for, and
    can serve.

    >>> whole_machines(3, np.array([1, 4]), 8).tolist(), float(whole_machines(3, 8, 4))
    ([8.0, 4.0], 3.0)
    """
    replicas = as_array(replicas_count)
    needed_gpus = replicas * replica_gpus_count
    machines = np.ceil(needed_gpus / machine_gpus_count)
    paid_gpus = machines * machine_gpus_count
    return paid_gpus / replica_gpus_count


def delivered_utilization(mean_served_replicas: Number, replicas_count: Number) -> Number:
    """What was delivered over what could have been: mean served / replicas, 0 to 1.

    It is never typed in.
    """
    return mean_served_replicas / replicas_count


def gpu_usd_per_mtok(
    replica_usd_per_hour: Number, tokens_per_second: Number, utilization_fraction: Number
) -> Number:
    """USD to make one million tokens on a replica paid by the hour, busy or idle.

    What an hour costs, divided by what the hour delivered:

        mtok_per_hour    = tokens_per_second * 3600 * utilization_fraction / 1e6
        gpu_usd_per_mtok = replica_usd_per_hour / mtok_per_hour

    replica_usd_per_hour  USD per replica-hour, > 0
    tokens_per_second     tokens/s of the replica at full, latency-safe load, > 0; the result is per
                          million of the same tokens
    utilization_fraction  delivered / deliverable tokens, 0 < u <= 1

    Numbers, arrays or Series; they broadcast. Leaves out people, spares and cold starts.

    >>> round(gpu_usd_per_mtok(2.00, 2_000, 0.40), 3)
    0.694
    """
    tokens_per_hour = tokens_per_second * SECONDS_PER_HOUR
    mtok_per_hour = tokens_per_hour * utilization_fraction / TOKENS_PER_MTOK
    return replica_usd_per_hour / mtok_per_hour
