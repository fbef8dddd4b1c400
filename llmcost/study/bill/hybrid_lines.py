"""The exact split of the work that shares replicas: reserved ones, ones by the hour, and an API for the rest."""

from dataclasses import dataclass

import numpy as np

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.fleet import replicas_for_peak, whole_machines
from llmcost.model.hourly_split import HourlySplit, Prices, hourly_split
from llmcost.model.serverless import cold_start_seconds
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import open_api_usd_per_month
from llmcost.study.bill.fleet_lines import replica_lines, storage_usd_per_month
from llmcost.study.bill.options import Lines, Number
from llmcost.study.bill.pools import Pool
from llmcost.study.problem import Supply, load_scale

BY_THE_HOUR = "GPU rent by the hour"


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
    rent = supply.plan.gpus_count * supply.by_the_hour.hourly_usd * values["hidden_costs.gpu_rent_path_multiplier"]
    loading = cold_start_seconds(supply.replica.weights_gb, values["hidden_costs.weights_load_gb_per_second"])
    boot_hours = (loading + values["hidden_costs.machine_start_seconds"]) / SECONDS_PER_HOUR
    return Prices(reserved, rent, rent * boot_hours, storage_usd_per_month(supply, values) / HOURS_PER_MONTH)


def floor_count(pool: Pool, values: Values, spare_count: int) -> Number:
    """Replicas for the work that may not leave: its peak hour with headroom, and the spares, for it has nothing to fall back on."""
    if not pool.staying:
        return 0.0
    needed = [load_scale(each, each.supplies["hybrid"], values) * (1 + values[f"{each.at}.load.headroom_fraction"]) for each in pool.staying]
    hours = pool.load_replicas(pool.staying)
    peak = sum(np.asarray(ratio)[..., None] * load for ratio, load in zip(needed, hours, strict=True)).max(axis=-1)
    count = replicas_for_peak(peak, 0.0, spare_count=spare_count)
    return whole_machines(count, pool.supply.plan.gpus_count, pool.supply.offer.gpus_count)


def pool_bill(pool: Pool, values: Values, spare_count: int) -> PoolBill:
    """The exact split of one pool. Values may be numbers or arrays of draws; the rule is the same for both."""
    supply, prices, floor = pool.supply, split_prices(pool.supply, values), floor_count(pool, values, spare_count)
    all_api = [open_api_usd_per_month(choice, values) for choice in pool.leaving]
    scales = [load_scale(choice, choice.supplies["hybrid"], values) for choice in pool.leaving]
    means = [choice.supplies["hybrid"].curve.mean for choice in pool.leaving]
    api = [usd / (mean * scale * HOURS_PER_MONTH) for usd, mean, scale in zip(all_api, means, scales, strict=True)]
    if not pool.leaving:
        split = HourlySplit(floor, 0.0, 0.0, 0.0)
    elif len(pool.members) == 1:
        split = _one_class(supply, scales[0], api[0], prices)
    else:
        staying = [load_scale(choice, choice.supplies["hybrid"], values) for choice in pool.staying]
        gated = [np.inf] * len(staying)
        split = _hour_by_hour(pool.load_replicas([*pool.staying, *pool.leaving]), [*staying, *scales], [*gated, *api], prices, floor)
    own = {item: usd * split.owned_count for item, usd in replica_lines(supply, values).items()}
    storage = split.on_demand_count * prices.standing_usd_per_hour * HOURS_PER_MONTH
    own["Storage of weights"] = own.get("Storage of weights", 0.0) + storage
    own[BY_THE_HOUR] = split.on_demand_usd_per_hour * HOURS_PER_MONTH
    return PoolBill(split.owned_count, split.on_demand_count, own, split.api_usd_per_hour * HOURS_PER_MONTH, sum(all_api))


def _hour_by_hour(load: np.ndarray, scales: list, api: list, prices: Prices, floor: Number) -> HourlySplit:
    """`hourly_split` of values of any one shape."""
    given = np.broadcast_arrays(*scales, *api, floor, *vars(prices).values())
    shape, flat = given[0].shape, [np.ravel(each) for each in given]
    count = len(scales)
    split = hourly_split(load, np.stack(flat[:count]), np.stack(flat[count : 2 * count]), Prices(*flat[2 * count + 1 :]), flat[2 * count])
    return HourlySplit(*(each.reshape(shape) for each in vars(split).values()))


def _one_class(supply: Supply, scale: Number, api: Number, prices: Prices) -> HourlySplit:
    """From the load-duration curve where no replica by the hour beats the API, hour by hour where one may."""
    given = np.broadcast_arrays(scale, api, *vars(prices).values())
    scale, api, reserved, on_demand, start, standing = (np.ravel(each) for each in given)
    owned = owned_slices(supply.curve, reserved, api, scale)
    overflow = split_usd_per_month(supply.curve, owned, reserved, api, scale)[1] / HOURS_PER_MONTH
    found = np.stack([owned, np.zeros_like(owned), np.zeros_like(owned), overflow])
    some = np.flatnonzero(on_demand < api)
    if len(some):
        at = Prices(*(each[some] for each in (reserved, on_demand, start, standing)))
        found[:, some] = list(vars(hourly_split(supply.load_replicas[None], scale[None, some], api[None, some], at)).values())
    return HourlySplit(*found.reshape(4, *given[0].shape))
