"""The exact split of the work that shares replicas: reserved ones, ones by the hour, and an API for
the rest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.fleet import replicas_for_peak
from llmcost.model.hourly_split import HourlySplit, Prices, hourly_split
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import open_api_usd_per_month
from llmcost.study.bill.fleet_lines import (
    fleet,
    lines_of_fleet,
    rent_usd_per_hour,
    replica_lines,
    spares_of,
    start_seconds,
    storage_usd_per_month,
)
from llmcost.study.bill.options import Lines, Number, added
from llmcost.study.bill.pools import Pool
from llmcost.study.problem import Supply, load_scale

BY_THE_HOUR, STORAGE = "GPU rent by the hour", "Storage of weights"


@dataclass(frozen=True)
class PoolBill:
    """The exact split of one pool before fixed costs.

    owned_count          replicas around the clock, those for work that may not leave included
    on_demand_count      replicas above them that are ever run by the hour
    lines                what both cost, by item
    api_usd_per_month    what is left to the API
    all_api_usd_per_month  what the API would bill for all the work that may go there
    """

    owned_count: Number
    on_demand_count: Number
    lines: Lines
    api_usd_per_month: Number
    all_api_usd_per_month: Number

    @property
    def saving_usd_per_month(self) -> Number:
        """Saved against sending to the API all that may go there."""
        return self.all_api_usd_per_month - self.api_usd_per_month - sum(self.lines.values())


def split_prices(supply: Supply, values: Values) -> Prices:
    """What a replica of this supply costs around the clock, and by the hour with its starts: boots
    are billed, of machine and model."""
    reserved = sum(replica_lines(supply, values).values()) / HOURS_PER_MONTH
    if supply.by_the_hour is None:
        return Prices(reserved)
    rent = rent_usd_per_hour(supply, supply.by_the_hour, values)
    start = rent * start_seconds(supply, values) / SECONDS_PER_HOUR
    return Prices(reserved, rent, start, storage_usd_per_month(supply, values) / HOURS_PER_MONTH)


@dataclass(frozen=True)
class Terms:
    """What the split of one pool is decided from; the values of each field broadcast.

    scale_ratio               of each member: its load over the typical one of its curve
    api_usd_per_replica_hour  of each member: infinite where its work may not leave
    floor_count               replicas for the work that may not leave
    """

    pool: Pool
    scale_ratio: Sequence[Number]
    api_usd_per_replica_hour: Sequence[Number]
    prices: Prices
    floor_count: Number

    @property
    def all_api_usd_per_month(self) -> Number:
        """What the API would bill for all that may go there."""
        return self._bill(lambda usd: usd)

    @property
    def most_saving_usd_per_month(self) -> Number:
        """More than any split can save: all the work on replicas that are always full, had the
        cheaper way, started for nothing."""
        least = np.minimum(self.prices.reserved_usd_per_hour, self.prices.on_demand_usd_per_hour)
        return self._bill(lambda usd: np.maximum(usd - least, 0.0))

    def best(self, sought: Number = True) -> HourlySplit:
        """The cheapest split at values of any one shape; nothing is owned where none is sought.

        One class of requests of which no replica by the hour beats the API is split by its
        load-duration curve, all else hour by hour.
        """
        each = [*self.scale_ratio, *self.api_usd_per_replica_hour, *vars(self.prices).values()]
        given = np.broadcast_arrays(*each, self.floor_count, sought, self.all_api_usd_per_month)
        *flat, floor, wanted, all_api = (np.ravel(each) for each in given)
        members = len(self.pool.members)
        scale, api, prices = (
            np.stack(flat[:members]),
            np.stack(flat[members : 2 * members]),
            Prices(*flat[2 * members :]),
        )
        found = np.zeros((4, len(all_api)))
        found[3] = all_api / HOURS_PER_MONTH
        by_curve = wanted & (members == 1) & (prices.on_demand_usd_per_hour >= api[0])
        if by_curve.any():
            at, curve = prices.chosen(by_curve), self.pool.supply.curve.chosen(by_curve)
            owned = owned_slices(
                curve, at.reserved_usd_per_hour, api[0, by_curve], scale[0, by_curve]
            )
            overflow = split_usd_per_month(
                curve, owned, at.reserved_usd_per_hour, api[0, by_curve], scale[0, by_curve]
            )[1]
            found[0, by_curve], found[3, by_curve] = owned, overflow / HOURS_PER_MONTH
        by_hour = np.flatnonzero(wanted & ~by_curve)
        if len(by_hour):
            load = self.pool.load_replicas()
            load = load if load.ndim == 2 else load[:, by_hour]
            split = hourly_split(
                load, scale[:, by_hour], api[:, by_hour], prices.chosen(by_hour), floor[by_hour]
            )
            found[:, by_hour] = list(vars(split).values())
        return HourlySplit(*found.reshape(4, *given[0].shape))

    def _bill(self, usd_per_replica_hour: Callable[[Number], Number]) -> Number:
        each = zip(self.pool.members, self.scale_ratio, self.api_usd_per_replica_hour, strict=True)
        hourly = [
            m.supplies["hybrid"].curve.mean * scale * usd_per_replica_hour(usd)
            for m, scale, usd in each
            if m.host is not None
        ]
        return sum(hourly) * HOURS_PER_MONTH


def pool_bills(
    shared: Iterable[Pool], values: Values, spare_count: int, fixed_usd_per_month: Number = 0.0
) -> list[PoolBill]:
    """The exact split of each pool. Values may be numbers or arrays of draws; the rule is the same
    for both.

    fixed_usd_per_month  where all splits together cannot save as much, none is sought and the API
                         takes all that may go there
    """
    terms = pool_terms(shared, values, spare_count)
    forced = any(each.pool.staying for each in terms)
    sought = np.logical_or(
        forced, sum(each.most_saving_usd_per_month for each in terms) > fixed_usd_per_month
    )
    return [
        _bill(each, sought, values)
        if each.pool.leaving
        else _fleets(each.pool, values, spare_count)
        for each in terms
    ]


def pool_terms(shared: Iterable[Pool], values: Values, spare_count: int) -> list[Terms]:
    """What the split of each pool is decided from."""
    return [_terms(pool, values, spare_count) for pool in shared]


def _terms(pool: Pool, values: Values, spare_count: int) -> Terms:
    scales = [load_scale(choice, choice.supplies["hybrid"], values) for choice in pool.members]
    worth = [
        open_api_usd_per_month(choice, values)
        / (choice.supplies["hybrid"].curve.mean * scale * HOURS_PER_MONTH)
        if choice.host
        else np.inf
        for choice, scale in zip(pool.members, scales, strict=True)
    ]
    return Terms(
        pool,
        scales,
        worth,
        split_prices(pool.supply, values),
        _floor_count(pool, scales, values, spare_count),
    )


def _floor_count(pool: Pool, scales: Sequence[Number], values: Values, spare_count: int) -> Number:
    """Replicas for the work that may not leave: its peak hour with headroom, and the spares, for it
    has nothing to fall back on."""
    if not pool.staying:
        return 0.0
    needed = [
        np.asarray(scale * (1 + values[f"{choice.at}.load.headroom_fraction"]))[..., None] * hours
        for choice, scale, hours in zip(pool.members, scales, pool.load_replicas(), strict=True)
        if choice.host is None
    ]
    spares = max(spares_of(pool.supply.offer, choice, spare_count) for choice in pool.staying)
    return replicas_for_peak(sum(needed).max(axis=-1), 0.0, spare_count=spares)


def _bill(terms: Terms, sought: Number, values: Values) -> PoolBill:
    supply, split = terms.pool.supply, terms.best(sought)
    lines = {item: usd * split.owned_count for item, usd in replica_lines(supply, values).items()}
    storage = split.on_demand_count * terms.prices.standing_usd_per_hour * HOURS_PER_MONTH
    lines[STORAGE] = lines.get(STORAGE, 0.0) + storage
    lines[BY_THE_HOUR] = split.on_demand_usd_per_hour * HOURS_PER_MONTH
    api = split.api_usd_per_hour * HOURS_PER_MONTH
    return PoolBill(
        split.owned_count, split.on_demand_count, lines, api, terms.all_api_usd_per_month
    )


def _fleets(pool: Pool, values: Values, spare_count: int) -> PoolBill:
    """Work that may not leave and shares with none that may: the fleet that it has in the other
    options."""
    lines: Lines = {}
    standing, hourly = 0.0, 0.0
    for choice in pool.members:
        supply = choice.supplies["hybrid"]
        up = fleet(choice, supply, values, spare_count)
        added(lines, lines_of_fleet(up, supply, values))
        standing, hourly = (
            standing + up.standing_replicas,
            hourly + up.peak_replicas - up.standing_replicas,
        )
    return PoolBill(standing, hourly, lines, 0.0, 0.0)
