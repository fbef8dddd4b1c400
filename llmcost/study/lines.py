"""Which lines stand on which bill. What a line is stands at its formula.

Every module of `formulas` is imported here, so that every line and every quantity is known.
"""

from typing import Any

from llmcost.study.formulas import (
    answer_figures,
    api_charges,
    fixed_costs,
    fleet_costs,
    serverless_costs,
    split_costs,
    volumes_and_load,
)
from llmcost.study.graph import QUANTITIES, Group, Line
from llmcost.study.problem import Supply

AnyLine = Line[..., Any]
FORMULAS = (
    volumes_and_load,
    api_charges,
    fleet_costs,
    serverless_costs,
    split_costs,
    fixed_costs,
    answer_figures,
)
"""The modules of the cost math, in the order in which a reader meets them."""

OWNED: tuple[AnyLine, ...] = (
    fleet_costs.gpu_capital,
    fleet_costs.energy,
    fleet_costs.colocation,
    fleet_costs.maintenance,
)
RENTED: tuple[AnyLine, ...] = (fleet_costs.gpu_rent, fleet_costs.storage_of_weights)
SPOT: tuple[AnyLine, ...] = (*RENTED, fleet_costs.spot_restarts)
SERVERLESS: tuple[AnyLine, ...] = (serverless_costs.serverless_gpus, fleet_costs.storage_of_weights)
ALL_LINES: tuple[AnyLine, ...] = tuple(q for q in QUANTITIES.values() if isinstance(q, Line))
HOSTING_LINES: tuple[AnyLine, ...] = tuple(
    line for group in Group for line in ALL_LINES if line.group is group
)
"""Every line by its group, in the order of a chart."""


def gives_back(supply: Supply) -> bool:
    """Whether slices of a rented fleet can be rented by the hour.

    Somebody must let single replicas so, and a replica must fill its machines.
    """
    rented = supply.offer.term not in ("owned", "serverless")
    return rented and supply.by_the_hour is not None and supply.fills_machines


def replica_lines_of(supply: Supply) -> tuple[AnyLine, ...]:
    """The lines of a replica that stands."""
    by_term = {"owned": OWNED, "spot": SPOT, "serverless": SERVERLESS}
    return by_term.get(supply.offer.term, RENTED)


def fleet_lines_of(supply: Supply) -> tuple[AnyLine, ...]:
    """The lines of a fleet, those of replicas by the hour in it."""
    hourly = (fleet_costs.gpu_rent_by_the_hour,) if gives_back(supply) else ()
    return (*replica_lines_of(supply), *hourly)


def fixed_lines_of(way: str) -> tuple[AnyLine, ...]:
    """The lines that rented, owned or serverless GPUs (`way`) carry whatever the volume."""
    return tuple(line for line in ALL_LINES if way in line.ways)
