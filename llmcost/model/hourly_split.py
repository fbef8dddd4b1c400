"""The split hour by hour: replicas that start and stop, several classes of requests, a floor.
Exact, for one load or for many draws."""

from dataclasses import dataclass

import numpy as np

from llmcost.model.starts import on_hours, starts_count
from llmcost.model.types import Array, Flags, Number, Numbers, Positions, Which, as_array

CHUNK = 2_048
"""Draws worked on at once, so that their hours stay in the processor's cache."""


def slice_api_usd(
    levels_replicas: Array, api_usd_per_replica_hour: Array, below_count: Numbers
) -> Array:
    """What the API would bill for the work of slices of one replica: array (hours, slices), USD.

        sum_c (v_c - v_(c+1)) clip(level_c - below, 0, 1)

    levels_replicas           array (classes, hours, slices or 1): load of a class and of all
                              classes below it
    api_usd_per_replica_hour  array (classes, slices or 1): what the API bills for a full
                              replica-hour of each class
    below_count               array (slices,): replicas below each slice

    One replica's worth of work at 9 USD, and half a one at 4 USD above it:

    >>> levels = np.array([[[1.0]], [[1.5]]])
    >>> slice_api_usd(levels, np.array([[9.0], [4.0]]), np.array([0, 1]))
    array([[9., 2.]])
    """
    dearer_by = -np.diff(api_usd_per_replica_hour, axis=0, append=0.0)
    below = as_array(below_count)
    usd = levels_replicas - below
    np.maximum(usd, 0.0, out=usd)
    np.minimum(usd, 1.0, out=usd)
    in_every_hour = np.expand_dims(dearer_by, 1)
    usd *= in_every_hour
    if len(usd) == 1:
        return as_array(usd[0])
    return as_array(usd.sum(axis=0))


def distinct_slices(levels_replicas: Array) -> tuple[Positions, Array, Array]:
    """Slices that differ in what they do: (draw, replicas below, how many slices alike).

    Slices between two neighbouring levels are all full in the same hours. So a load of T hours has
    at most 2 T kinds of slices, however high it is. Of slices alike the uppermost stands for all.

    levels_replicas  array (draws, levels), each row rising

    >>> [each.tolist() for each in distinct_slices(np.array([[0.5, 3.25]]))]
    [[0, 0, 0], [0.0, 3.0, 2.0], [1.0, 1.0, 2.0]]
    """
    whole = np.floor(levels_replicas)
    nothing = np.full((len(whole), 1), -1.0)
    whole_before = np.concatenate([nothing, whole[:, :-1]], axis=1)
    # The slice in which a level ends, and those between it and the level before.
    draw, level = np.nonzero(whole > whole_before)
    below = whole[draw, level]
    below_before = whole_before[draw, level]
    between_count = below - below_before - 1

    alike = between_count > 0
    alike_below = below[alike] - 1
    ones = np.ones(len(draw))
    return (
        np.concatenate([draw, draw[alike]]),
        np.concatenate([below, alike_below]),
        np.concatenate([ones, between_count[alike]]),
    )


@dataclass(frozen=True)
class Prices:
    """What the ways to serve a slice cost: numbers, or arrays of one value per draw.

    reserved_usd_per_hour   a replica around the clock, busy or idle
    on_demand_usd_per_hour  a replica that can be given back by the hour; infinite where there is
                            none
    start_usd               every start of such a replica
    standing_usd_per_hour   what keeping it ready costs around the clock, as a copy of the weights
                            does
    """

    reserved_usd_per_hour: Number
    on_demand_usd_per_hour: Number = np.inf
    start_usd: Number = 0.0
    standing_usd_per_hour: Number = 0.0

    def of_draws(self, draws_count: int) -> "Prices":
        """The prices as arrays of `draws_count` values."""
        prices = (as_array(each) for each in vars(self).values())
        return Prices(*(np.broadcast_to(each, (draws_count,)) for each in prices))

    def chosen(self, which: Which) -> "Prices":
        """The prices of some draws, in that order."""
        return Prices(*(each[which] for each in vars(self).values()))


@dataclass(frozen=True)
class Unowned:
    """Slices that are not owned, each with its cheapest plan.

    run_hours          booleans (hours, slices): when a replica by the hour is on
    rent_usd_per_hour  array (slices,): its rent and its starts, mean over the hours
    api_usd_per_hour   array (slices,): what is left to the API, mean over the hours
    """

    run_hours: Flags
    rent_usd_per_hour: Array
    api_usd_per_hour: Array

    @property
    def ever_run(self) -> Flags:
        """Which slices are run at all: booleans (slices,)."""
        ever = self.run_hours.any(axis=0)
        return np.asarray(ever, dtype=bool)


def unowned_slices(api_usd: Array, prices: Prices) -> Unowned:
    """The cheapest plan of slices that are not owned.

    A slice that is run at all pays its standing cost besides.

    api_usd  array (hours, slices) as of `slice_api_usd`
    prices   of one draw, or one value per slice

    >>> plan = unowned_slices(np.array([[9.0], [1.0]]), Prices(0.0, 3.0, 1.0))
    >>> [each.tolist() for each in vars(plan).values()]
    [[[True], [False]], [2.0], [0.5]]
    """
    hour_usd = prices.on_demand_usd_per_hour
    run = on_hours(api_usd, hour_usd, prices.start_usd)
    run_count = np.sum(run, axis=0, dtype=np.int32)
    # Where nobody lets a replica by the hour none is run.
    nobody_lets = np.isinf(hour_usd)
    let_usd = np.where(nobody_lets, 0.0, hour_usd)
    hours_usd = run_count * let_usd
    starts_usd = starts_count(run) * prices.start_usd
    rent = (hours_usd + starts_usd) / len(run)

    left_to_api: Array = np.mean(api_usd * ~run, axis=0)
    all_by_api: Array = np.mean(api_usd, axis=0)
    with_runs = rent + prices.standing_usd_per_hour + left_to_api
    better = np.less(with_runs, all_by_api)
    api = np.where(better, left_to_api, all_by_api)
    return Unowned(
        run_hours=run & better,
        rent_usd_per_hour=rent * better,
        api_usd_per_hour=api,
    )


@dataclass(frozen=True)
class HourlySplit:
    """The cheapest split of each draw: arrays of one value per draw.

    owned_count             replicas around the clock, those of the floor included
    on_demand_count         slices above them that are ever run by the hour
    on_demand_usd_per_hour  their rent and their starts, mean over the hours
    api_usd_per_hour        what is left to the API, mean over the hours
    """

    owned_count: Array
    on_demand_count: Array
    on_demand_usd_per_hour: Array
    api_usd_per_hour: Array

    def usd_per_hour(self, prices: Prices) -> Array:
        """The whole bill of each draw, mean over the hours."""
        owned = self.owned_count * prices.reserved_usd_per_hour
        standing = self.on_demand_count * prices.standing_usd_per_hour
        with_hours = owned + self.on_demand_usd_per_hour
        own = with_hours + standing
        return own + self.api_usd_per_hour


def hourly_split(
    load_replicas: Numbers,
    scale_ratio: Numbers,
    api_usd_per_replica_hour: Numbers,
    prices: Prices,
    floor_count: Number = 0.0,
) -> HourlySplit:
    """The exact split of several classes of requests between reserved replicas, replicas by the
    hour and the API.

    Each hour serves the dearest class first, for that is what the API would bill most for. The work
    of slice i is then worth sum_c v_c overlap([i, i + 1], band of class c) in an hour, which falls
    with i in every hour. So each slice is settled by itself, start-ups included. Slices are
    reserved from the bottom until the first that is cheaper without. This equals a search over
    everything.

    load_replicas             array (classes, hours), or (classes, draws, hours): load of each class
                              in each hour, in replicas
    scale_ratio               array (classes, draws): times that load
    api_usd_per_replica_hour  array (classes, draws): infinite for a class that may not leave; its
                              load must fit below the floor
    floor_count               array (draws,) or a number: replicas that are reserved whatever they
                              cost

    >>> split = hourly_split([[0, 1, 2, 3]], [[1.0]], [[5.0]], Prices(2.0, 3.0))
    >>> [each.tolist() for each in vars(split).values()]
    [[1.0], [2.0], [2.25], [0.0]]
    """
    load = as_array(load_replicas)
    if load.ndim == 2:
        load = np.expand_dims(load, 1)
    scale = as_array(scale_ratio)
    api = as_array(api_usd_per_replica_hour)
    one_load = load.shape[1] == 1
    _, draws_count = scale.shape
    prices = prices.of_draws(draws_count)
    floor = np.broadcast_to(as_array(floor_count), (draws_count,))

    parts = np.zeros((4, draws_count))
    parts[0] = floor
    for start in range(0, draws_count, CHUNK):
        some = slice(start, start + CHUNK)
        some_load = load if one_load else load[:, some]
        parts[:, some] += _above_the_floor(
            some_load,
            scale[:, some],
            api[:, some],
            prices.chosen(some),
            floor[some],
        )
    return HourlySplit(*parts)


def _above_the_floor(
    load: Array,
    scale: Array,
    api: Array,
    prices: Prices,
    floor: Array,
) -> Array:
    """(owned above the floor, run by the hour, their USD, USD of the API) by draw."""
    _, draws_count = scale.shape
    dearest_first = np.argsort(-api, axis=0, kind="stable")
    api = np.take_along_axis(api, dearest_first, axis=0)
    levels = _class_levels(load, scale, dearest_first)
    draw, below, slices_count = _slices_above(levels, floor)

    may_not_leave = np.isinf(api)
    worth_by_draw = np.where(may_not_leave, 0.0, api)
    worth = worth_by_draw.take(draw, axis=1)
    levels_by_hour = np.moveaxis(levels, 1, 2)
    levels_of_slice = levels_by_hour.take(draw, axis=2)
    api_usd = slice_api_usd(levels_of_slice, worth, below)
    price = prices.chosen(draw)
    run, rent_usd, left_usd = _cheapest_unowned(api_usd, worth.max(axis=0), price)

    standing_usd = run * price.standing_usd_per_hour
    unowned_usd = rent_usd + standing_usd + left_usd
    own = price.reserved_usd_per_hour < unowned_usd
    parts = (
        own * slices_count,
        (run & ~own) * slices_count,
        rent_usd * ~own * slices_count,
        left_usd * ~own * slices_count,
    )
    by_draw = [np.bincount(draw, part, minlength=draws_count) for part in parts]
    return np.stack(by_draw)


def _class_levels(load: Array, scale: Array, dearest_first: Positions) -> Array:
    """Load of a class and of all dearer ones: array (classes, draws, hours)."""
    every_hour = np.expand_dims(scale, -1)
    scaled = load * every_hour
    order = np.expand_dims(dearest_first, -1)
    ordered = np.take_along_axis(scaled, order, axis=0)
    levels = np.cumsum(ordered, axis=0)
    return levels


def _slices_above(levels: Array, floor: Array) -> tuple[Positions, Array, Array]:
    """`distinct_slices` of levels (classes, draws, hours), without what lies below the floor."""
    _, draws_count, _ = levels.shape
    draws_first = np.moveaxis(levels, 0, 1)
    by_draw = draws_first.reshape(draws_count, -1)
    rising = np.sort(by_draw, axis=1)
    draw, below, slices_count = distinct_slices(rising)
    top = below + 1
    above_floor = top - floor[draw]
    slices_count = np.minimum(slices_count, above_floor)
    kept = slices_count > 0
    return (
        draw[kept],
        below[kept],
        slices_count[kept],
    )


def _cheapest_unowned(
    api_usd: Array, dearest_usd: Array, price: Prices
) -> tuple[Flags, Array, Array]:
    """(whether it is ever run, rent USD per hour, API USD per hour) of each slice not owned."""
    left = api_usd.mean(axis=0)
    rent = np.zeros(left.shape)
    run = np.zeros(left.shape, dtype=bool)
    may_run = _may_run(api_usd, dearest_usd, price)
    maybe = np.flatnonzero(may_run)
    if maybe.size:
        maybe_usd = api_usd.take(maybe, axis=1)
        plan = unowned_slices(maybe_usd, price.chosen(maybe))
        run[maybe] = plan.ever_run
        rent[maybe] = plan.rent_usd_per_hour
        left[maybe] = plan.api_usd_per_hour
    return run, rent, left


def _may_run(api_usd: Array, dearest_usd: Array, price: Prices) -> Flags:
    """Which slices could be run by the hour: the others need no look at their hours."""
    hour_usd = as_array(price.on_demand_usd_per_hour)
    reserved_usd = as_array(price.reserved_usd_per_hour)
    below_api = hour_usd < dearest_usd
    if not np.any(reserved_usd < hour_usd):
        return below_api
    # What is reserved even if starts cost nothing is settled.
    hourly_best = np.minimum(api_usd, hour_usd)
    without_starts: Array = hourly_best.mean(axis=0)
    not_settled = reserved_usd >= without_starts
    return below_api & not_settled
