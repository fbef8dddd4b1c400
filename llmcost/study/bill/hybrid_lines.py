"""The exact split of the work that shares replicas: reserved ones, ones by the hour, and an API for the rest."""

from collections.abc import Mapping
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
    fleet_lines,
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
    """What a replica of this supply costs around the clock, and by the hour with its starts: boots are billed, of machine and model."""
    reserved = sum(replica_lines(supply, values).values()) / HOURS_PER_MONTH
    if supply.by_the_hour is None:
        return Prices(reserved)
    rent = rent_usd_per_hour(supply, supply.by_the_hour, values)
    start = rent * start_seconds(supply, values) / SECONDS_PER_HOUR
    return Prices(reserved, rent, start, storage_usd_per_month(supply, values) / HOURS_PER_MONTH)


def most_saving_usd_per_month(pool: Pool, values: Values) -> Number:
    """What no split of a pool can save more than: every hour of its work that may leave, on the cheapest replica, full, without starts."""
    prices, most = split_prices(pool.supply, values), np.zeros(())
    cheapest = np.minimum(prices.reserved_usd_per_hour, prices.on_demand_usd_per_hour)
    for choice in pool.leaving:
        supply = choice.supplies["hybrid"]
        hours = supply.curve.mean * load_scale(choice, supply, values) * HOURS_PER_MONTH
        most = most + np.maximum(open_api_usd_per_month(choice, values) - cheapest * hours, 0.0)
    return most


def pool_bill(pool: Pool, values: Values, spare_count: int, worth: Number = True) -> PoolBill:
    """The exact split of one pool. Values may be numbers or arrays of draws; the rule is the same for both.

    worth  False where the split is not kept whatever it is: there replicas by the hour are not looked for
    """
    if not pool.leaving:
        return _fleets(pool, values, spare_count)
    supply, prices = pool.supply, split_prices(pool.supply, values)
    scales = {choice.at: load_scale(choice, choice.supplies["hybrid"], values) for choice in pool.members}
    all_api = {choice.at: open_api_usd_per_month(choice, values) for choice in pool.leaving}
    hours = {choice.at: choice.supplies["hybrid"].curve.mean * scales[choice.at] * HOURS_PER_MONTH for choice in pool.leaving}
    api = {at: usd / hours[at] for at, usd in all_api.items()}
    if len(pool.members) == 1:
        split = _one_class(supply, scales[pool.members[0].at], api[pool.members[0].at], prices, worth)
    else:
        floor = _floor_count(pool, scales, values, spare_count)
        worth = [api.get(choice.at, np.inf) for choice in pool.members]
        split = _hour_by_hour(pool.load_replicas(), list(scales.values()), worth, prices, floor)
    lines = {item: usd * split.owned_count for item, usd in replica_lines(supply, values).items()}
    storage = split.on_demand_count * prices.standing_usd_per_hour * HOURS_PER_MONTH
    lines[STORAGE] = lines.get(STORAGE, 0.0) + storage
    lines[BY_THE_HOUR] = split.on_demand_usd_per_hour * HOURS_PER_MONTH
    return PoolBill(split.owned_count, split.on_demand_count, lines, split.api_usd_per_hour * HOURS_PER_MONTH, sum(all_api.values()))


def _fleets(pool: Pool, values: Values, spare_count: int) -> PoolBill:
    """Work that may not leave and shares with none that may: the fleet that it has in the other options."""
    lines: Lines = {}
    standing, hourly = 0.0, 0.0
    for choice in pool.members:
        supply = choice.supplies["hybrid"]
        spares = spares_of(supply.offer, choice, spare_count)
        added(lines, fleet_lines(choice, supply, values, spares))
        up = fleet(choice, supply, values, spares)
        standing, hourly = standing + up.standing_replicas, hourly + up.peak_replicas - up.standing_replicas
    return PoolBill(standing, hourly, lines, 0.0, 0.0)


def _floor_count(pool: Pool, scales: Mapping[str, Number], values: Values, spare_count: int) -> Number:
    """Replicas for the work that may not leave: its peak hour with headroom, and the spares, for it has nothing to fall back on."""
    hours = dict(zip(scales, pool.load_replicas(), strict=True))
    needed = [
        np.asarray(scales[choice.at] * (1 + values[f"{choice.at}.load.headroom_fraction"]))[..., None] * hours[choice.at]
        for choice in pool.staying
    ]
    spares = max((spares_of(pool.supply.offer, choice, spare_count) for choice in pool.staying), default=0)
    return replicas_for_peak(sum(needed).max(axis=-1), 0.0, spare_count=spares) if needed else 0.0


def _hour_by_hour(load: np.ndarray, scales: list, api: list, prices: Prices, floor: Number) -> HourlySplit:
    """`hourly_split` of values of any one shape."""
    given = np.broadcast_arrays(*scales, *api, floor, *vars(prices).values())
    shape, flat = given[0].shape, [np.ravel(each) for each in given]
    count = len(scales)
    split = hourly_split(load, np.stack(flat[:count]), np.stack(flat[count : 2 * count]), Prices(*flat[2 * count + 1 :]), flat[2 * count])
    return HourlySplit(*(each.reshape(shape) for each in vars(split).values()))


def _one_class(supply: Supply, scale: Number, api: Number, prices: Prices, worth: Number) -> HourlySplit:
    """From the load-duration curve where no replica by the hour beats the API, hour by hour where one may and it is worth looking."""
    given = np.broadcast_arrays(scale, api, *vars(prices).values(), worth)
    scale, api, reserved, on_demand, start, standing, worth = (np.ravel(each) for each in given)
    owned = owned_slices(supply.curve, reserved, api, scale)
    overflow = split_usd_per_month(supply.curve, owned, reserved, api, scale)[1] / HOURS_PER_MONTH
    found = np.stack([owned, np.zeros_like(owned), np.zeros_like(owned), overflow])
    some = np.flatnonzero((on_demand < api) & worth)
    if len(some):
        at = Prices(*(each[some] for each in (reserved, on_demand, start, standing)))
        found[:, some] = list(vars(hourly_split(supply.load_replicas[None], scale[None, some], api[None, some], at)).values())
    return HourlySplit(*found.reshape(4, *given[0].shape))
