"""What GPUs of one's own choosing cost around the clock: whole replicas, bought or rented, and what
comes with them whatever the volume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.study.assumptions import Values
from llmcost.study.bill.options import Number
from llmcost.study.graph import Line, Node, Scope, Told, summed
from llmcost.study.lines import fixed_lines_of, fleet_lines_of, replica_lines_of, way_of
from llmcost.study.problem import Supply, WorkloadChoice
from llmcost.study.scopes import client_scope, scope_of, supply_scope, way_scope

Nodes = dict[Line[..., Any], Node]
"""Line of a bill -> its node."""
Amounts = dict[Line[..., Any], Number]
"""Line of a bill -> USD per month."""


@dataclass(frozen=True)
class Fleet:
    """The replicas of rented or owned GPUs that serve a workload without an API: numbers, or arrays
    of draws.

    peak_replicas      up in the busiest hour, spares included
    standing_replicas  of them paid around the clock
    hourly_replicas    mean billed by the hour, start-ups included; 0 where nothing can be given
                       back
    """

    peak_replicas: Number
    standing_replicas: Number
    hourly_replicas: Number

    @property
    def paid_replicas(self) -> Number:
        """Mean replicas paid for: what served work is divided by for the delivered utilization."""
        return self.standing_replicas + self.hourly_replicas


def amounts(nodes: Mapping[Line[..., Any], Node]) -> Amounts:
    """Lines by what they come to."""
    return {line: node.value for line, node in nodes.items()}


def joined(bills: Sequence[Nodes]) -> Nodes:
    """Bills added up, line by line."""
    lines = dict.fromkeys(line for bill in bills for line in bill)
    found: Nodes = {}
    for line in lines:
        nodes = [bill[line] for bill in bills if line in bill]
        found[line] = together(line.name, nodes)
    return found


def together(name: str, nodes: Sequence[Node]) -> Node:
    """Nodes of the same thing added up; one alone is itself."""
    if len(nodes) == 1:
        return nodes[0]
    return summed(name, {f"part_{k}": node for k, node in enumerate(nodes, 1)})


def fleet_of(scope: Scope) -> Fleet:
    """The fleet of a supply's scope."""
    return Fleet(scope("fleet_replicas"), scope("standing_replicas"), scope("hourly_replicas"))


def fleet_nodes(scope: Scope, supply: Supply) -> Nodes:
    """The lines of a workload's fleet."""
    return {line: scope.node(line.name) for line in fleet_lines_of(supply)}


def fleet(choice: WorkloadChoice, supply: Supply, values: Values, spare_count: int) -> Fleet:
    """The fleet of one workload: whole replicas for the busiest hour with headroom, and spares."""
    return fleet_of(supply_scope(scope_of(choice, values), supply, choice, spare_count))


def fleet_lines(
    choice: WorkloadChoice, supply: Supply, values: Values, spare_count: int
) -> Amounts:
    """What a workload's fleet costs for a month, by line."""
    scope = supply_scope(scope_of(choice, values), supply, choice, spare_count)
    return amounts(fleet_nodes(scope, supply))


def fleet_usd_per_month(
    choice: WorkloadChoice, supply: Supply, values: Values, spare_count: int
) -> float:
    """What a workload's fleet costs for a month at single values."""
    return float(sum(fleet_lines(choice, supply, values, spare_count).values()))


def replica_nodes(around: Scope, supply: Supply) -> Nodes:
    """The lines of one replica that stands: rent, or capital, energy, space and maintenance."""
    scope = supply_scope(around, supply)
    return {line: scope.node(line.name) for line in replica_lines_of(way_of(supply))}


def replica_lines(supply: Supply, values: Values) -> Amounts:
    """What one standing replica costs for a month, by line."""
    return amounts(replica_nodes(client_scope(values), supply))


def replica_usd_per_month(supply: Supply, values: Values) -> float:
    """What one standing replica costs for a month at typical values."""
    return float(sum(replica_lines(supply, values).values()))


def fixed_nodes(client: Scope, way: str) -> Nodes:
    """What running a model oneself adds whatever the volume: people, on-call, refreshes,
    observability, egress, set-up and the way out.

    way  rented | owned | serverless: how the GPUs are paid, which decides how much of an engineer
         they take
    """
    scope = way_scope(client, way)
    return {line: scope.node(line.name) for line in fixed_lines_of(way)}


def fixed_lines(way: str, values: Values, horizon_months: int) -> Amounts:
    """What running a model oneself adds whatever the volume, by line."""
    return amounts(fixed_nodes(client_scope(values, horizon_months), way))


def card_lines(
    purchase_usd: float, resale_fraction: float, power_watts: float, values: Values
) -> Amounts:
    """What one card costs for a month that was bought at this price.

    Power is the provisioned share of its server; the server is a share of the price.
    """
    about = "a card at this price"
    one = client_scope(values).inside(
        {
            "standing_gpus": Told(1.0, "GPUs", "definition", "one card"),
            "purchase_usd": Told(purchase_usd, "USD", about),
            "resale_fraction": Told(resale_fraction, "fraction", about),
            "power_watts": Told(power_watts, "W", about),
        }
    )
    return {line: one(line.name) for line in replica_lines_of("owned")}
