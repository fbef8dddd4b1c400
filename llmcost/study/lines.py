"""Which lines stand on which bill. What a line is stands at its formula."""

from typing import Any

from llmcost.study.formulas import api_charges, fixed_costs, fleet_costs, serverless_costs
from llmcost.study.graph import Line
from llmcost.study.problem import Supply

AnyLine = Line[..., Any]

OWNED: tuple[AnyLine, ...] = (
    fleet_costs.gpu_capital,
    fleet_costs.energy,
    fleet_costs.colocation,
    fleet_costs.maintenance,
)
RENTED: tuple[AnyLine, ...] = (fleet_costs.gpu_rent, fleet_costs.storage_of_weights)
SPOT: tuple[AnyLine, ...] = (*RENTED, fleet_costs.spot_restarts)
SERVERLESS: tuple[AnyLine, ...] = (serverless_costs.serverless_gpus, fleet_costs.storage_of_weights)
FIXED: tuple[AnyLine, ...] = (
    fixed_costs.engineers,
    fixed_costs.on_call,
    fixed_costs.model_refreshes,
    fixed_costs.observability,
    fixed_costs.set_up,
    fixed_costs.leaving,
)
"""What running a model oneself adds whatever the volume."""
FIXED_OF_RENTED: tuple[AnyLine, ...] = (*FIXED, fixed_costs.egress)
HOSTING_LINES: tuple[AnyLine, ...] = (
    fleet_costs.gpu_rent,
    fleet_costs.gpu_rent_by_the_hour,
    fleet_costs.spot_restarts,
    fleet_costs.gpu_capital,
    serverless_costs.serverless_gpus,
    fleet_costs.energy,
    fleet_costs.colocation,
    fleet_costs.maintenance,
    fixed_costs.engineers,
    fixed_costs.on_call,
    fixed_costs.model_refreshes,
    fixed_costs.set_up,
    fixed_costs.migration,
    fixed_costs.leaving,
    fixed_costs.observability,
    fleet_costs.storage_of_weights,
    fixed_costs.egress,
    api_charges.todays_model,
    fixed_costs.api_people,
)
"""Lines of a bill that serves all the moved work on own GPUs, in the order of its chart."""
ALL_LINES: tuple[AnyLine, ...] = (*HOSTING_LINES, api_charges.open_model)


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
    return FIXED if way == "owned" else FIXED_OF_RENTED
