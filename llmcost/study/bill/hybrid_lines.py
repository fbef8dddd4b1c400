"""The exact split of the work that shares replicas: reserved ones, ones by the hour, and an API for
the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llmcost.model import HOURS_PER_MONTH
from llmcost.model.fleet import replicas_for_peak
from llmcost.model.hourly_split import HourlySplit, Prices, hourly_split
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import open_bill
from llmcost.study.bill.fleet_lines import (
    Amounts,
    Nodes,
    amounts,
    fleet_nodes,
    fleet_of,
    joined,
    replica_nodes,
)
from llmcost.study.bill.options import Number
from llmcost.study.bill.pools import Pool
from llmcost.study.formulas import fleet_costs, split_costs
from llmcost.study.graph import Given, Node, Same, Scope, summed
from llmcost.study.lines import replica_lines_of, way_of
from llmcost.study.problem import WorkloadChoice
from llmcost.study.scopes import client_scope, supply_scope, workload_scope

Workloads = Mapping[str, Scope]
"""Id of a workload -> its scope."""


def workload_scopes(client: Scope, choices: Iterable[WorkloadChoice]) -> Workloads:
    """The scope of each workload."""
    return {choice.workload.id: workload_scope(client, choice) for choice in choices}


@dataclass(frozen=True)
class Terms:
    """What the split of one pool is decided from; the values of each field broadcast.

    scope        the pool's supply, in the scope of its first member
    loads        of each member: its hours in replicas
    scales       of each member: its load over the typical one of its curve
    worths       of each member: what the API bills for a full replica-hour; infinite where its
                 work may not leave
    price_nodes  name -> what a replica costs, in the order of `Prices`
    floor        replicas for the work that may not leave
    all_api      what the API would bill for all that may go there
    """

    pool: Pool
    scope: Scope
    loads: Sequence[Node]
    scales: Sequence[Node]
    worths: Sequence[Node]
    price_nodes: Mapping[str, Node]
    floor: Node
    all_api: Node

    @property
    def scale_ratio(self) -> list[Number]:
        """Of each member: its load over the typical one of its curve."""
        return [node.value for node in self.scales]

    @property
    def api_usd_per_replica_hour(self) -> list[Number]:
        """Of each member: what the API bills for a full replica-hour."""
        return [node.value for node in self.worths]

    @property
    def prices(self) -> Prices:
        """What a replica costs around the clock, and by the hour with its starts."""
        return Prices(*(node.value for node in self.price_nodes.values()))

    @property
    def floor_count(self) -> Number:
        """Replicas for the work that may not leave."""
        return self.floor.value

    @property
    def all_api_usd_per_month(self) -> Number:
        """What the API would bill for all that may go there."""
        return self.all_api.value

    @property
    def most_saving_usd_per_month(self) -> Number:
        """More than any split can save: all the work on replicas that are always full, paid the
        cheaper way, started for nothing."""
        prices = self.prices
        least = np.minimum(prices.reserved_usd_per_hour, prices.on_demand_usd_per_hour)
        saved: Number = 0.0
        each = zip(self.pool.members, self.scale_ratio, self.api_usd_per_replica_hour, strict=True)
        for member, scale, worth in each:
            if member.host is not None:
                load = member.supplies["hybrid"].curve.mean * scale
                saved = saved + load * np.maximum(worth - least, 0.0)
        return saved * HOURS_PER_MONTH

    def best(self, sought: Number = True) -> HourlySplit:
        """The cheapest split at values of any one shape; nothing is owned where none is sought.

        One class of requests of which no replica by the hour beats the API is split by its
        load-duration curve, all else hour by hour.
        """
        prices_each = vars(self.prices).values()
        each = [*self.scale_ratio, *self.api_usd_per_replica_hour, *prices_each]
        given = np.broadcast_arrays(*each, self.floor_count, sought, self.all_api_usd_per_month)
        *flat, floor, wanted, all_api = (np.ravel(each) for each in given)
        count = len(self.pool.members)
        scale, api = np.stack(flat[:count]), np.stack(flat[count : 2 * count])
        prices = Prices(*flat[2 * count :])
        found = np.zeros((4, len(all_api)))
        found[3] = all_api / HOURS_PER_MONTH
        by_curve = wanted & (count == 1) & (prices.on_demand_usd_per_hour >= api[0])
        if by_curve.any():
            found[:, by_curve] = self._by_curve(by_curve, prices, api[0], scale[0])
        by_hour = np.flatnonzero(wanted & ~by_curve)
        if len(by_hour):
            load = self.pool.load_replicas()
            load = load if load.ndim == 2 else load[:, by_hour]
            some = (scale[:, by_hour], api[:, by_hour], prices.chosen(by_hour), floor[by_hour])
            found[:, by_hour] = list(vars(hourly_split(load, *some)).values())
        return HourlySplit(*found.reshape(4, *given[0].shape))

    def _by_curve(
        self, which: np.ndarray, prices: Prices, api: np.ndarray, scale: np.ndarray
    ) -> np.ndarray:
        """The split of one class without replicas by the hour: rows of a `HourlySplit`."""
        curve = self.pool.supply.curve.chosen(which)
        own = prices.chosen(which).reserved_usd_per_hour
        owned = owned_slices(curve, own, api[which], scale[which])
        _, overflow = split_usd_per_month(curve, owned, own, api[which], scale[which])
        nothing = np.zeros(len(owned))
        return np.array([owned, nothing, nothing, overflow / HOURS_PER_MONTH])


@dataclass(frozen=True)
class PoolBill:
    """The exact split of one pool before fixed costs.

    owned_count      replicas around the clock, those for work that may not leave included
    on_demand_count  replicas above them that are ever run by the hour
    nodes            what both cost, by line
    overflow         what is left to the API
    all_api          what the API would bill for all the work that may go there
    """

    owned_count: Number
    on_demand_count: Number
    nodes: Nodes
    overflow: Node
    all_api: Node

    @property
    def lines(self) -> Amounts:
        """What the pool's replicas cost, by line."""
        return amounts(self.nodes)

    @property
    def api_usd_per_month(self) -> Number:
        """What is left to the API."""
        return self.overflow.value

    @property
    def all_api_usd_per_month(self) -> Number:
        """What the API would bill for all the work that may go there."""
        return self.all_api.value

    @property
    def saving(self) -> Node:
        """Saved against sending to the API all that may go there."""
        own = summed("own", {line.name: node for line, node in self.nodes.items()})
        given = {"all_api_usd_per_month": self.all_api, "overflow_usd_per_month": self.overflow}
        return Scope({}, given).apply(split_costs.split_saving, own_usd_per_month=own)

    @property
    def saving_usd_per_month(self) -> Number:
        """Saved against sending to the API all that may go there."""
        return self.saving.value


def pool_bills(
    shared: Sequence[Pool], values: Values, spare_count: int, fixed_usd_per_month: Number = 0.0
) -> list[PoolBill]:
    """The exact split of each pool. Values may be numbers or arrays of draws; the rule is the same
    for both.

    fixed_usd_per_month  where all splits together cannot save as much, none is sought and the API
                         takes all that may go there
    """
    workloads = _scopes(shared, values)
    return pool_bills_of(shared, workloads, spare_count, fixed_usd_per_month)


def pool_bills_of(
    shared: Sequence[Pool],
    workloads: Workloads,
    spare_count: int,
    fixed_usd_per_month: Number = 0.0,
) -> list[PoolBill]:
    """`pool_bills` of workloads whose scopes there are already."""
    terms = [_terms(pool, workloads, spare_count) for pool in shared]
    forced = any(each.pool.staying for each in terms)
    most = sum(each.most_saving_usd_per_month for each in terms)
    sought = np.logical_or(forced, most > fixed_usd_per_month)
    return [
        _bill(each, sought) if each.pool.leaving else _fleets(each.pool, workloads, spare_count)
        for each in terms
    ]


def pool_terms(shared: Sequence[Pool], values: Values, spare_count: int) -> list[Terms]:
    """What the split of each pool is decided from."""
    workloads = _scopes(shared, values)
    return [_terms(pool, workloads, spare_count) for pool in shared]


def _scopes(shared: Iterable[Pool], values: Values) -> Workloads:
    client = client_scope(values)
    return workload_scopes(client, (choice for pool in shared for choice in pool.members))


def _terms(pool: Pool, workloads: Workloads, spare_count: int) -> Terms:
    members = [
        supply_scope(workloads[c.workload.id], c.supplies["hybrid"], c, spare_count)
        for c in pool.members
    ]
    bills = {
        f"workload_{k}": open_bill(workloads[choice.workload.id], choice)
        for k, choice in enumerate(pool.members, 1)
        if choice.host
    }
    worths = []
    for k, member in enumerate(members, 1):
        bill = bills.get(f"workload_{k}")
        if bill is None:
            may_not = Node("full_hour_api_usd", np.inf, "USD/hour", source="it may not leave")
            worths.append(may_not)
        else:
            worths.append(member.apply(split_costs.full_hour_api_usd, open_api_usd_per_month=bill))
    return Terms(
        pool=pool,
        scope=members[0],
        loads=[member.node("load_replicas_by_hour") for member in members],
        scales=[member.node("load_scale_ratio") for member in members],
        worths=worths,
        price_nodes=_price_nodes(pool, members[0], workloads[pool.members[0].workload.id]),
        floor=_floor(pool, members),
        all_api=summed("all_api_usd_per_month", bills),
    )


def _price_nodes(pool: Pool, scope: Scope, workload: Scope) -> dict[str, Node]:
    """What a replica costs, in the order of `Prices`."""
    each = {line.name: node for line, node in replica_nodes(workload, pool.supply).items()}
    month = summed("replica_usd_per_month", each)
    nodes = {
        "reserved": scope.apply(split_costs.reserved_usd_per_hour, replica_usd_per_month=month)
    }
    if pool.supply.by_the_hour is not None:
        nodes["by_the_hour"] = scope.node("by_the_hour_usd_per_hour")
        nodes["start"] = scope.node("start_usd")
        nodes["copy"] = scope.node("copy_usd_per_hour")
    return nodes


def _floor(pool: Pool, members: Sequence[Scope]) -> Node:
    """Replicas for the work that may not leave: its peak hour with headroom, and the spares, for it
    has nothing to fall back on."""
    if not pool.staying:
        return Node("floor", 0.0, "replicas", source="all of the work may leave")
    parts: dict[str, Node] = {}
    by_hour: Number = 0.0
    each = zip(pool.members, members, pool.load_replicas(), strict=True)
    for k, (choice, member, hours) in enumerate(each, 1):
        if choice.host is None:
            scale = member.node("headroom_scale_ratio")
            by_hour = by_hour + np.asarray(scale.value)[..., None] * hours
            parts |= {f"load_{k}": member.node("load_replicas_by_hour"), f"scale_{k}": scale}
            parts["spares"] = member.node("spare_count")
    staying = zip(pool.members, members, strict=True)
    spares = max(member("spare_count") for choice, member in staying if choice.host is None)
    needed = replicas_for_peak(by_hour.max(axis=-1), 0.0, spare_count=spares)
    return Node("floor", needed, "replicas", None, parts, algorithm="replicas_for_peak")


def _bill(terms: Terms, sought: Number) -> PoolBill:
    supply, scope = terms.pool.supply, terms.scope
    parts = dict(terms.price_nodes)
    for k, nodes in enumerate(zip(terms.loads, terms.scales, terms.worths, strict=True), 1):
        parts |= dict(zip((f"load_{k}", f"scale_{k}", f"worth_{k}"), nodes, strict=True))
    found = terms.best(sought)
    parts["floor"] = terms.floor
    solved = Node("exact_split", found, "split", None, parts, algorithm="hourly_split")
    rented = supply.offer.term != "owned"
    told: dict[str, Given] = {
        "exact_split": solved,
        "standing_replicas": Same("reserved_replicas"),
        "stored_replicas": Same("copied_replicas" if rented else "ever_hourly_replicas"),
    }
    inside = scope.inside(told)
    lines = dict.fromkeys((*replica_lines_of(way_of(supply)), fleet_costs.storage_of_weights))
    bill: Nodes = {line: inside.node(line.name) for line in lines}
    bill[fleet_costs.gpu_rent_by_the_hour] = inside.node(split_costs.split_rent_by_the_hour.name)
    overflow = inside.node(split_costs.overflow.name)
    return PoolBill(found.owned_count, found.on_demand_count, bill, overflow, terms.all_api)


def _fleets(pool: Pool, workloads: Workloads, spare_count: int) -> PoolBill:
    """Work that may not leave and shares with none that may: the fleet that it has in the other
    options."""
    bills: list[Nodes] = []
    standing: Number = 0.0
    hourly: Number = 0.0
    for choice in pool.members:
        supply = choice.supplies["hybrid"]
        scope = supply_scope(workloads[choice.workload.id], supply, choice, spare_count)
        up = fleet_of(scope)
        bills.append(fleet_nodes(scope, supply))
        standing = standing + up.standing_replicas
        hourly = hourly + up.peak_replicas - up.standing_replicas
    nothing = Node("nothing", 0.0, "USD/month", source="none of the work may leave")
    return PoolBill(standing, hourly, joined(bills), nothing, nothing)
