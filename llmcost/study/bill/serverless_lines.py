"""What GPUs billed by the second cost: awake, idling to their timeout, and booting."""

from llmcost.study.assumptions import Values
from llmcost.study.bill.options import Number
from llmcost.study.formulas.serverless_costs import serverless_gpus
from llmcost.study.graph import Scope
from llmcost.study.problem import Supply, WorkloadChoice
from llmcost.study.scopes import scope_of, serverless_facts, supply_scope


def serverless_scope(choice: WorkloadChoice, supply: Supply, values: Values) -> Scope:
    """The GPUs of a workload as if they were billed by the second."""
    scope = supply_scope(scope_of(choice, values), supply, choice)
    return scope.inside(serverless_facts(supply, choice))


def serverless_usd_per_month(choice: WorkloadChoice, supply: Supply, values: Values) -> Number:
    """The moved work on GPUs billed by the second, hour by hour."""
    return serverless_scope(choice, supply, values)(serverless_gpus.name)


def billed_and_cold(
    choice: WorkloadChoice, supply: Supply, values: Values
) -> tuple[Number, Number, Number]:
    """(mean billed replicas, boots per hour, share of the requests that wait for a boot) of the
    moved work, hour by hour."""
    return serverless_scope(choice, supply, values)("billed_boots_cold")
