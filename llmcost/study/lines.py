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


def replica_lines_of(way: str) -> tuple[AnyLine, ...]:
    """The lines of a replica that stands; rented GPUs that may be taken away (`spot`) have those of
    all rented ones too."""
    carried = {"rented", "spot"} if way == "spot" else {way}
    return tuple(line for line in ALL_LINES if line.per_replica and carried.intersection(line.ways))


def way_of(supply: Supply) -> str:
    """How the GPUs of a supply are paid: owned | serverless | spot, or rented."""
    term = supply.offer.term
    return term if term in ("owned", "serverless", "spot") else "rented"


def fleet_lines_of(supply: Supply) -> tuple[AnyLine, ...]:
    """The lines of a fleet, those of replicas by the hour or by the second in it."""
    standing = replica_lines_of(way_of(supply))
    if supply.offer.term == "serverless":
        return (serverless_costs.serverless_gpus, *standing)
    hourly = (fleet_costs.gpu_rent_by_the_hour,) if gives_back(supply) else ()
    return (*standing, *hourly)


def fixed_lines_of(way: str) -> tuple[AnyLine, ...]:
    """The lines that rented, owned or serverless GPUs (`way`) carry whatever the volume."""
    return tuple(line for line in ALL_LINES if way in line.ways and not line.per_replica)
