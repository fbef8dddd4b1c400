"""The same work as a price per million tokens, input and output together, from the full replica to
the whole bill."""

from collections.abc import Mapping

from llmcost.model import HOURS_PER_MONTH
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import open_api_usd_per_month, tuned_lines
from llmcost.study.bill.fleet_lines import (
    fixed_lines,
    fleet,
    fleet_usd_per_month,
    replica_usd_per_month,
)
from llmcost.study.case import Case
from llmcost.study.problem import WorkloadChoice, moved_volumes, volumes
from llmcost.study.ties import cheapest

ALWAYS_ON = ("rented", "owned")


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
    assert option in ALWAYS_ON, "serverless GPUs are billed awake, not around the clock"
    values, supply = case.values, choice.supplies[option]
    mtok = float(sum(moved_volumes(choice, values)))
    replica = replica_usd_per_month(supply, values)
    whole = fleet_usd_per_month(choice, supply, values, case.decision.spare_count)
    fixed = float(sum(fixed_lines(option, values, case.decision.horizon_months).values())) / len(
        case.choices
    )
    today_mtok = float(sum(volumes(choice, values)))
    return {
        "full": replica * supply.curve.mean / mtok,
        "at_load": whole / mtok,
        "with_people": (whole + fixed) / mtok,
        "open_api": float(open_api_usd_per_month(choice, values)) / mtok if choice.host else None,
        "today": float(sum(tuned_lines(choice, values, case.invoice_multiplier).values()))
        / today_mtok
        if choice.today
        else None,
    }


def full_usd_per_month(choice: WorkloadChoice, option: str, values: Values) -> float:
    """The naive bill: the work on replicas that are busy every hour that is paid for, and nothing
    around them."""
    supply = choice.supplies[option]
    if option == "serverless":
        return (
            supply.curve.mean * supply.plan.gpus_count * supply.offer.hourly_usd * HOURS_PER_MONTH
        )
    return supply.curve.mean * replica_usd_per_month(supply, values)


def hosting_usd_per_month(bill: Mapping[str, float]) -> float:
    """The loaded bill: everything on an option's bill but the APIs and the people that they
    take."""
    return sum(usd for item, usd in bill.items() if not item.startswith("API"))


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
    return gpus / full, (gpus + fixed) / full
