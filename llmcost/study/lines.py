"""Which lines stand on which bill. What a line is stands at its formula."""

from typing import Any

from llmcost.study.formulas import api, fleet, people, serverless
from llmcost.study.graph import Line
from llmcost.study.problem import Supply

AnyLine = Line[..., Any]

OWNED: tuple[AnyLine, ...] = (fleet.gpu_capital, fleet.energy, fleet.colocation, fleet.maintenance)
RENTED: tuple[AnyLine, ...] = (fleet.gpu_rent, fleet.storage_of_weights)
SPOT: tuple[AnyLine, ...] = (*RENTED, fleet.spot_restarts)
SERVERLESS: tuple[AnyLine, ...] = (serverless.serverless_gpus, fleet.storage_of_weights)
FIXED: tuple[AnyLine, ...] = (
    people.engineers,
    people.on_call,
    people.model_refreshes,
    people.observability,
    people.set_up,
    people.leaving,
)
"""What running a model oneself adds whatever the volume."""
FIXED_OF_RENTED: tuple[AnyLine, ...] = (*FIXED, people.egress)
HOSTING_LINES: tuple[AnyLine, ...] = (
    fleet.gpu_rent,
    fleet.gpu_rent_by_the_hour,
    fleet.spot_restarts,
    fleet.gpu_capital,
    serverless.serverless_gpus,
    fleet.energy,
    fleet.colocation,
    fleet.maintenance,
    people.engineers,
    people.on_call,
    people.model_refreshes,
    people.set_up,
    people.migration,
    people.leaving,
    people.observability,
    fleet.storage_of_weights,
    people.egress,
    api.todays_model,
    people.api_people,
)
"""Lines of a bill that serves all the moved work on own GPUs, in the order of its chart."""
ALL_LINES: tuple[AnyLine, ...] = (*HOSTING_LINES, api.open_model)


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
    hourly = (fleet.gpu_rent_by_the_hour,) if gives_back(supply) else ()
    return (*replica_lines_of(supply), *hourly)


def fixed_lines_of(way: str) -> tuple[AnyLine, ...]:
    """The lines that rented, owned or serverless GPUs (`way`) carry whatever the volume."""
    return FIXED if way == "owned" else FIXED_OF_RENTED
