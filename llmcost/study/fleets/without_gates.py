"""What a notebook shows where a client's own gates leave it nothing to show: the same client
without them, never an option."""

from collections.abc import Callable
from typing import Any

from llmcost.inputs.errors import InputError
from llmcost.inputs.own_capacity import OwnCapacity
from llmcost.study.case import AnyCase, Case
from llmcost.study.fleets.exact_split import pool_splits
from llmcost.study.fleets.unit_costs import ALWAYS_ON, always_on_option


def with_a_fleet(case: AnyCase) -> AnyCase:
    """The study, or its what-if without gates, and if need be without latency limit, that has own
    GPUs to look at."""
    return _eased(case, lambda one: always_on_option(one) is not None)


def with_a_split(case: AnyCase) -> AnyCase:
    """The study, or its what-if without gates, and if need be without latency limit, in which there
    is something to split."""
    return _eased(case, lambda one: bool(pool_splits(one.decision, one.values)))


def _eased(case: AnyCase, shows: Callable[[Case], bool]) -> AnyCase:
    ids = [workload.id for workload in case.client.workloads]
    no_gates: dict[str, Any] = {f"workloads.{i}.gates": {} for i in ids}
    free = OwnCapacity(measured=case.client.own_capacity.measured)
    no_limits: dict[str, Any] = {f"workloads.{i}.latency": None for i in ids} | {
        "own_capacity": free.model_dump()
    }
    for changes in ({}, no_gates, no_gates | no_limits):
        one = case.what_if(changes) if changes else case
        if shows(one):
            return one
    raise _refusal(one)


def _refusal(case: Case) -> InputError:
    """What the first workload lacks that has nothing to show without gates and limits either."""
    for choice in case.choices:
        field, model = f"{choice.at}.alternatives", choice.alternative.model_id
        if not any(option in choice.supplies for option in ALWAYS_ON):
            problem = f"no GPU of the catalog holds {model}"
            return InputError("client.yaml", field, problem, "Add a smaller alternative")
        if choice.host is None:
            refused = [judged.reason for judged in case.considered[choice.workload.id][0].hosts]
            problem = f"no API host sells {model}"
            if refused:
                problem = f"no API host that may serve it sells {model} ({refused[0]})"
            cure = "Add an alternative that one sells, or quote api_prices/provider/model_id"
            return InputError(
                "client.yaml", field, f"{problem}, so there is nothing to split", cure
            )
    problem = "GPUs for these open models come by the machine only, so there is nothing to split"
    return InputError("client.yaml", "workloads", problem, "Add a larger or a smaller alternative")
