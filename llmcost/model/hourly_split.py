"""The split hour by hour: replicas that start and stop, several classes of requests, a floor.
Exact, for one load or for many draws."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from llmcost.model.starts import on_hours, starts_count

CHUNK = 2_048
"""Draws worked on at once, so that their hours stay in the processor's cache."""


def slice_api_usd(levels_replicas, api_usd_per_replica_hour, below_count):
    """What the API would bill for the work of slices of one replica, hour by hour: array (hours,
    slices), USD.

        sum_c (v_c - v_(c+1)) clip(level_c - below, 0, 1)

    levels_replicas           array (classes, hours, slices or 1): load of a class and of all
                              classes below it
    api_usd_per_replica_hour  array (classes, slices or 1): what the API bills for a full
                              replica-hour of each class
    below_count               array (slices,): replicas below each slice

    >>> levels = np.array([[[1.0]], [[1.5]]])                     # 1 replica's worth at 9 USD, half a one at 4 USD above it
    >>> slice_api_usd(levels, np.array([[9.0], [4.0]]), np.array([0, 1]))
    array([[9., 2.]])
    """
    inside = levels_replicas - below_count
    np.minimum(np.maximum(inside, 0.0, out=inside), 1.0, out=inside)
    inside *= -np.diff(api_usd_per_replica_hour, axis=0, append=0.0)[:, None]
    return inside.sum(axis=0) if len(inside) > 1 else inside[0]


def distinct_slices(levels_replicas):
    """Slices that differ in what they do, however high the load: (draw, replicas below, how many
    slices alike) as three arrays.

    Slices between two neighbouring levels are all full in the same hours. So a load of T hours has
    at most 2 T kinds of slices.

    levels_replicas  array (draws, levels), each row rising
    Of slices alike the uppermost stands for all.

    >>> [each.tolist() for each in distinct_slices(np.array([[0.5, 3.25]]))]
    [[0, 0, 0], [0.0, 3.0, 2.0], [1.0, 1.0, 2.0]]
    """
    floors = np.floor(levels_replicas)
    before = np.concatenate([np.full((len(floors), 1), -1.0), floors[:, :-1]], axis=1)
    draw, at = np.nonzero(floors > before)
    below, between = floors[draw, at], floors[draw, at] - before[draw, at] - 1
    alike = between > 0
    return (
        np.concatenate([draw, draw[alike]]),
        np.concatenate([below, below[alike] - 1]),
        np.concatenate([np.ones(len(draw)), between[alike]]),
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

    reserved_usd_per_hour: float | np.ndarray
    on_demand_usd_per_hour: float | np.ndarray = np.inf
    start_usd: float | np.ndarray = 0.0
    standing_usd_per_hour: float | np.ndarray = 0.0

    def of_draws(self, draws_count: int) -> "Prices":
        """The prices as arrays of `draws_count` values."""
        return Prices(
            *(
                np.broadcast_to(np.asarray(each, dtype=float), (draws_count,))
                for each in vars(self).values()
            )
        )

    def chosen(self, which: Any) -> "Prices":
        """The prices of some draws, in that order."""
        return Prices(*(each[which] for each in vars(self).values()))


@dataclass(frozen=True)
class Unowned:
    """Slices that are not owned, each with its cheapest plan.

    run_hours          booleans (hours, slices): when a replica by the hour is on
    rent_usd_per_hour  array (slices,): its rent and its starts, mean over the hours
    api_usd_per_hour   array (slices,): what is left to the API, mean over the hours
    """

    run_hours: np.ndarray
    rent_usd_per_hour: np.ndarray
    api_usd_per_hour: np.ndarray

    @property
    def ever_run(self):
        """Which slices are run at all: booleans (slices,)."""
        return self.run_hours.any(axis=0)


def unowned_slices(api_usd, prices: Prices) -> Unowned:
    """The cheapest plan of slices that are not owned; one that is run at all pays its standing cost
    besides.

    api_usd  array (hours, slices) as of `slice_api_usd`
    prices   of one draw, or one value per slice

    >>> [each.tolist() for each in vars(unowned_slices(np.array([[9.0], [1.0]]), Prices(0.0, 3.0, 1.0))).values()]
    [[[True], [False]], [2.0], [0.5]]
    """
    run = on_hours(api_usd, prices.on_demand_usd_per_hour, prices.start_usd)
    rate = np.where(
        np.isinf(prices.on_demand_usd_per_hour), 0.0, prices.on_demand_usd_per_hour
    )  # nobody lets any: none is run
    rent = (run.sum(axis=0, dtype=np.int32) * rate + starts_count(run) * prices.start_usd) / len(
        run
    )
    left, bought = (api_usd * ~run).mean(axis=0), api_usd.mean(axis=0)
    better = rent + prices.standing_usd_per_hour + left < bought
    return Unowned(run & better, rent * better, np.where(better, left, bought))


@dataclass(frozen=True)
class HourlySplit:
    """The cheapest split of each draw: arrays of one value per draw.

    owned_count             replicas around the clock, those of the floor included
    on_demand_count         slices above them that are ever run by the hour
    on_demand_usd_per_hour  their rent and their starts, mean over the hours
    api_usd_per_hour        what is left to the API, mean over the hours
    """

    owned_count: np.ndarray
    on_demand_count: np.ndarray
    on_demand_usd_per_hour: np.ndarray
    api_usd_per_hour: np.ndarray

    def usd_per_hour(self, prices: Prices):
        """The whole bill of each draw, mean over the hours."""
        standing = self.on_demand_count * prices.standing_usd_per_hour
        return (
            self.owned_count * prices.reserved_usd_per_hour
            + self.on_demand_usd_per_hour
            + standing
            + self.api_usd_per_hour
        )


def hourly_split(
    load_replicas, scale_ratio, api_usd_per_replica_hour, prices: Prices, floor_count=0.0
) -> HourlySplit:
    """The exact split of several classes of requests between reserved replicas, replicas by the
    hour and the API.

    Each hour serves the dearest class first, for that is what the API would bill most for. The work
    of slice i is then worth sum_c v_c overlap([i, i + 1], band of class c) in an hour, which falls
    with i in every hour. So each slice is settled by itself, start-ups included, and slices are
    reserved from the bottom until the first that is cheaper without: equal to a search over
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
    load = np.asarray(load_replicas, dtype=float)
    load = load[:, None] if load.ndim == 2 else load
    scale, api = (
        np.asarray(scale_ratio, dtype=float),
        np.asarray(api_usd_per_replica_hour, dtype=float),
    )
    draws = scale.shape[1]
    prices, floor = (
        prices.of_draws(draws),
        np.broadcast_to(np.asarray(floor_count, dtype=float), (draws,)),
    )
    found = np.zeros((4, draws))
    found[0] = floor
    for start in range(0, draws, CHUNK):
        some = slice(start, start + CHUNK)
        found[:, some] += _split(
            load[:, some] if load.shape[1] > 1 else load,
            scale[:, some],
            api[:, some],
            prices.chosen(some),
            floor[some],
        )
    return HourlySplit(*found)


def _split(
    load: np.ndarray, scale: np.ndarray, api: np.ndarray, prices: Prices, floor: np.ndarray
) -> np.ndarray:
    """(owned above the floor, run by the hour, their USD, USD of the API) by draw."""
    dearest = np.argsort(-api, axis=0, kind="stable")
    scale, api = (
        np.take_along_axis(scale, dearest, axis=0),
        np.take_along_axis(api, dearest, axis=0),
    )
    ordered = np.take_along_axis(
        np.broadcast_to(load, (*scale.shape, load.shape[-1])), dearest[..., None], axis=0
    )
    levels = np.cumsum(ordered * scale[..., None], axis=0)  # (classes, draws, hours)
    flat = np.sort(np.moveaxis(levels, 0, 1).reshape(scale.shape[1], -1), axis=1)
    draw, below, many = distinct_slices(flat)
    many = np.minimum(many, below + 1 - floor[draw])
    draw, below, many = (each[many > 0] for each in (draw, below, many))
    price = prices.chosen(draw)
    worth = np.where(np.isinf(api), 0.0, api).take(draw, axis=1)
    usd = slice_api_usd(np.moveaxis(levels, 1, 2).take(draw, axis=2), worth, below)
    bought, rented, run = usd.mean(axis=0), np.zeros(len(draw)), np.zeros(len(draw), dtype=bool)
    maybe = price.on_demand_usd_per_hour < worth.max(axis=0)
    if np.any(
        price.reserved_usd_per_hour < price.on_demand_usd_per_hour
    ):  # what is reserved even if starts cost nothing is settled
        maybe &= price.reserved_usd_per_hour >= np.minimum(usd, price.on_demand_usd_per_hour).mean(
            axis=0
        )
    maybe = np.flatnonzero(maybe)
    if len(maybe):
        plan = unowned_slices(usd.take(maybe, axis=1), price.chosen(maybe))
        run[maybe], rented[maybe], bought[maybe] = (
            plan.ever_run,
            plan.rent_usd_per_hour,
            plan.api_usd_per_hour,
        )
    own = price.reserved_usd_per_hour < rented + run * price.standing_usd_per_hour + bought
    parts = np.array([own, run & ~own, rented * ~own, bought * ~own]) * many
    return np.stack([np.bincount(draw, part, minlength=scale.shape[1]) for part in parts])
