"""The same work as a price per million tokens, input and output together, from the full replica to
the whole bill."""

from collections.abc import Mapping

from llmcost.model import HOURS_PER_MONTH
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import (
    open_api_usd_per_month,
    open_bill,
    summed_parts,
    today_parts,
)
from llmcost.study.bill.fleet_lines import (
    Nodes,
    fixed_lines,
    fixed_nodes,
    fleet,
    fleet_nodes,
    fleet_usd_per_month,
    replica_nodes,
    replica_usd_per_month,
)
from llmcost.study.case import Case
from llmcost.study.formulas import answer_figures
from llmcost.study.graph import Group, Node, Scope, summed
from llmcost.study.lines import AnyLine
from llmcost.study.problem import Option, WorkloadChoice
from llmcost.study.scopes import TUNED, client_scope, supply_scope, workload_scope
from llmcost.study.ties import cheapest

ALWAYS_ON = (Option.RENTED, Option.OWNED)


def always_on_option(case: Case) -> str | None:
    """The cheaper of rented and owned GPUs, or None where neither can be had."""
    found = [option for option in ALWAYS_ON if option in case.totals]
    return cheapest(found, case.totals.__getitem__) if found else None


def unit_costs(case: Case, choice: WorkloadChoice, option: str) -> dict[str, float | None]:
    """USD per million tokens (input and output, of the model that makes them) of one workload on
    rented or owned GPUs.

    full         a replica that is busy every hour of the month
    at_load      the whole fleet with its idle hours and spares, standing or by the hour, over the
                 tokens that it serves
    with_people  and with everything else that hosting adds
    open_api     the same work at the cheapest eligible host, or None
    today        the same work on today's model, tuned, or None
    """
    client = client_scope(case.values, case.decision.horizon_months)
    nodes = unit_cost_nodes(case, client, choice, option)
    return {name: float(nodes[name].value) if name in nodes else None for name in UNIT_COSTS}


UNIT_COSTS = ("full", "at_load", "with_people", "open_api", "today")


def unit_cost_nodes(
    case: Case, client: Scope, choice: WorkloadChoice, option: str
) -> dict[str, Node]:
    """`unit_costs` as nodes, those that there are, with the delivered utilization."""
    assert option in ALWAYS_ON, "serverless GPUs are billed awake, not around the clock"
    workload = workload_scope(client, choice)
    supply, spares = choice.supplies[option], case.decision.spare_count
    scope = supply_scope(workload, supply, choice, spares)
    about = "client.yaml"
    count = Node("workloads that share it", len(case.choices), "workloads", source=about)
    given = {
        "replica_usd_per_month": _whole("replica", replica_nodes(workload, supply)),
        "fleet_usd_per_month": _whole("fleet", fleet_nodes(scope, supply)),
        "fixed_usd_per_month": _whole("fixed", fixed_nodes(client, option)),
        "workloads_count": count,
    }
    inside = scope.inside(given)
    found = {
        "full": inside.node(answer_figures.full_usd_per_mtok.name),
        "at_load": inside.node(answer_figures.loaded_usd_per_mtok.name),
        "with_people": inside.node(answer_figures.peopled_usd_per_mtok.name),
        "utilization": inside.node(answer_figures.utilization_fraction.name),
    }
    if choice.host:
        bill = open_bill(workload, choice)
        by_api = workload.apply(answer_figures.open_api_usd_per_mtok, open_api_usd_per_month=bill)
        found["open_api"] = by_api
    if choice.today:
        parts = today_parts(workload, choice, case.invoice_multiplier, TUNED)
        bill = summed_parts("tuned", parts)
        found["today"] = workload.apply(answer_figures.tuned_usd_per_mtok, tuned_usd_per_month=bill)
    return found


def _whole(name: str, nodes: Nodes) -> Node:
    return summed(f"{name}_usd_per_month", {line.name: node for line, node in nodes.items()})


def full_usd_per_month(choice: WorkloadChoice, option: str, values: Values) -> float:
    """The naive bill: the work on replicas that are busy every hour that is paid for, and nothing
    around them."""
    supply = choice.supplies[option]
    mean = float(supply.curve.mean)
    if option == Option.SERVERLESS:
        return mean * supply.plan.gpus_count * supply.offer.hourly_usd * HOURS_PER_MONTH
    return mean * replica_usd_per_month(supply, values)


def hosting_usd_per_month(bill: Mapping[AnyLine, float]) -> float:
    """The loaded bill: everything on an option's bill but the APIs and the people that they
    take."""
    return sum(usd for line, usd in bill.items() if line.group is not Group.API)


def replica_usd_per_hour(case: Case, choice: WorkloadChoice, option: str) -> float:
    """USD of one replica for an hour, busy or idle."""
    return replica_usd_per_month(choice.supplies[option], case.values) / HOURS_PER_MONTH


def break_even_utilization(
    case: Case, choice: WorkloadChoice, option: str
) -> tuple[float, float] | None:
    """(GPUs alone, with people) the delivered utilization at which this fleet costs what the open
    model's API would; None without an API.

        u = (fleet USD + fixed USD) / (replicas paid for * what the API bills for a replica that is
        full all month)

    Above 1 no utilization suffices. Spares are in the replicas, and so are those by the hour for as
    long as they are paid.
    """
    if choice.host is None:
        return None
    values, supply = case.values, choice.supplies[option]
    spares = case.decision.spare_count
    full = (
        float(fleet(choice, supply, values, spares).paid_replicas)
        * float(open_api_usd_per_month(choice, values))
        / supply.curve.mean
    )
    gpus = fleet_usd_per_month(choice, supply, values, spares)
    fixed = float(sum(fixed_lines(option, values, case.decision.horizon_months).values())) / len(
        case.choices
    )
    return float(gpus / full), float((gpus + fixed) / full)
