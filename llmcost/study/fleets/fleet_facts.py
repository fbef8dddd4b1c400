"""Facts of the fleets behind each option: how many replicas, how busy, what is bought, and what the
hybrid owns."""

from llmcost.model.fleet import delivered_utilization
from llmcost.study.bill.bills import hybrid_plan
from llmcost.study.bill.fleet_lines import Fleet, fleet
from llmcost.study.case import Case
from llmcost.study.fleets.exact_split import workload_split
from llmcost.study.formulas.fleet_costs import card_usd
from llmcost.study.market.gpu_offers import Term
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import Option, WorkloadChoice
from llmcost.study.scopes import scope_of


def replicas_count(case: Case, choice: WorkloadChoice, option: str) -> int:
    """Whole replicas of rented or owned GPUs up in the busiest hour, typical values, spares
    included; of the hybrid those that are owned.

    Replicas that workloads share are counted with the first of them.
    """
    if option == Option.HYBRID:
        split = workload_split(case, choice.workload.id)
        first = split is None or split.workload_ids[0] == choice.workload.id
        return standing_and_most(case, choice, option)[0] if first else 0
    return int(always_on_fleet(case, choice, option).peak_replicas)


def always_on_fleet(case: Case, choice: WorkloadChoice, option: str) -> Fleet:
    """The fleet of rented or owned GPUs of a workload at typical values."""
    return fleet(choice, choice.supplies[option], case.values, case.decision.spare_count)


def delivered_utilization_fraction(case: Case, choice: WorkloadChoice, option: str) -> float:
    """What a fleet serves over what the replica-hours paid for could deliver, spares included."""
    paid = always_on_fleet(case, choice, option).paid_replicas
    return float(delivered_utilization(choice.supplies[option].curve.mean, paid))


def standing_and_most(case: Case, choice: WorkloadChoice, option: str) -> tuple[int, int]:
    """(replicas around the clock, replicas in the busiest hour) behind a workload; of the hybrid
    also for those that share them."""
    split = workload_split(case, choice.workload.id) if option == Option.HYBRID else None
    if split is not None:
        return split.owned_count, split.owned_count + int(split.hours["hour_replicas"].max())
    up = always_on_fleet(case, choice, option)
    return int(up.standing_replicas), int(up.peak_replicas)


@once_per_case
def owns_nothing(case: Case) -> bool:
    """Whether the hybrid ends as the open model by API alone, because no slice pays or the fixed
    costs eat what they save."""
    return not hybrid_plan(case.decision, case.values).is_kept


def distinct_options(case: Case) -> list[str]:
    """The options with a total, without a hybrid that owns nothing: it is the open model by API
    under another name."""
    return [option for option in case.totals if option != Option.HYBRID or not owns_nothing(case)]


def passing_fraction(case: Case) -> float:
    """Share of the whole work that passes the evaluation, workloads weighted by their tokens."""
    tokens = [
        float(scope_of(choice, case.values)("asked_mtok_per_month")) for choice in case.choices
    ]
    passing = [choice.alternative.passing_fraction.typical for choice in case.choices]
    return sum(t * p for t, p in zip(tokens, passing, strict=True)) / sum(tokens)


def hardware_usd_by_gpu(case: Case, option: str) -> dict[str, float]:
    """What has to be bought for an option, by GPU: with its share of the server, typical; nothing
    where nothing is bought."""
    found: dict[str, float] = {}
    for choice in case.choices:
        supply = choice.supplies.get(option)
        if supply is None or supply.offer.term is not Term.OWNED:
            continue
        price = float(case.values[f"gpu_purchase.{supply.offer.gpu_id}.purchase_usd"])
        server_fraction = float(case.values["hidden_costs.owned_server_overhead_fraction"])
        gpus = replicas_count(case, choice, option) * supply.plan.gpus_count
        usd = gpus * float(card_usd(price, server_fraction))
        found[supply.offer.gpu_id] = found.get(supply.offer.gpu_id, 0.0) + usd
    return found
