"""What options, plans and models are called on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.study.bill.api_lines import ways_today, ways_tuned
from llmcost.study.bill.bills import hybrid_plan
from llmcost.study.bill.fleet_lines import Fleet, fleet
from llmcost.study.bill.options import LABELS
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import Supply, WorkloadChoice, volumes

if TYPE_CHECKING:
    from llmcost.study.study import Study

TERMS = {
    "on_demand": "by the hour",
    "spot": "as spot instances",
    "committed_12_months": "for 12 months",
    "committed_36_months": "for 36 months",
    "owned": "",
    "serverless": "",
}


def gpu_name(gpu_id: str) -> str:
    """A GPU's id as a reader knows it.

    >>> gpu_name("h100-80gb-sxm"), gpu_name("rtx-4090")
    ('H100', 'RTX 4090')
    """
    first, *rest = gpu_id.split("-")
    return (
        f"RTX {' '.join(part.upper() if part[0].isdigit() else part.title() for part in rest)}"
        if first == "rtx"
        else first.upper()
    )


def replicas_count(study: Study, choice: WorkloadChoice, option: str) -> int:
    """Whole replicas of rented or owned GPUs up in the busiest hour, typical values, spares
    included; of the hybrid those that are owned.

    Replicas that workloads share are counted with the first of them.
    """
    if option == "hybrid":
        split = study.split(choice.workload.id)
        first = split is None or split.workload_ids[0] == choice.workload.id
        return _standing_and_most(study, choice, option)[0] if first else 0
    return int(always_on_fleet(study, choice, option).peak_replicas)


def always_on_fleet(study: Study, choice: WorkloadChoice, option: str) -> Fleet:
    """The fleet of rented or owned GPUs of a workload at typical values."""
    return fleet(choice, choice.supplies[option], study.values, study.decision.spare_count)


def _standing_and_most(study: Study, choice: WorkloadChoice, option: str) -> tuple[int, int]:
    """(replicas around the clock, replicas in the busiest hour) behind a workload; of the hybrid
    also for those that share them."""
    split = study.split(choice.workload.id) if option == "hybrid" else None
    if split is not None:
        return split.owned_count, split.owned_count + int(split.hours["hour_replicas"].max())
    up = always_on_fleet(study, choice, option)
    return int(up.standing_replicas), int(up.peak_replicas)


@once_per_case
def owns_nothing(study: Study) -> bool:
    """Whether the hybrid ends as the open model by API alone, because no slice pays or the fixed
    costs eat what they save."""
    return not hybrid_plan(study.decision, study.values).is_kept


def distinct_options(study: Study) -> list[str]:
    """The options with a total, without a hybrid that owns nothing: it is the open model by API
    under another name."""
    return [option for option in study.totals if option != "hybrid" or not owns_nothing(study)]


def fleet_name(study: Study, choice: WorkloadChoice, option: str) -> str:
    """So many GPUs of a kind, for example "4x H100", or "2-6x H100" where some are given back in
    quiet hours; of serverless the kind alone, for their number follows the load.
    """
    supply = choice.supplies[option]
    if option == "serverless":
        each = f"{supply.plan.gpus_count}x " if supply.plan.gpus_count > 1 else ""
        return f"serverless {each}{gpu_name(supply.plan.gpu_id)}"
    standing, count = _standing_and_most(study, choice, option)
    fewest = f"{standing * supply.plan.gpus_count}-" if standing < count else ""
    return f"{fewest}{count * supply.plan.gpus_count}x {gpu_name(supply.plan.gpu_id)}"


def _terms(supply: Supply) -> str:
    words = f"{supply.offer.provider} {TERMS[supply.offer.term]}".strip()
    return f"bought {supply.offer.provider}" if supply.offer.term == "owned" else f"from {words}"


def described(study: Study, option: str) -> str:
    """The GPUs behind an option, in words."""
    parts = [f"{fleet_name(study, c, option)} {_terms(c.supplies[option])}" for c in study.choices]
    return " and ".join(dict.fromkeys(parts))


def passing_fraction(study: Study) -> float:
    """Share of the whole work that passes the evaluation, workloads weighted by their tokens."""
    tokens = [float(sum(volumes(choice, study.values))) for choice in study.choices]
    passing = [choice.alternative.passing_fraction.typical for choice in study.choices]
    return sum(t * p for t, p in zip(tokens, passing, strict=True)) / sum(tokens)


def tuning(study: Study) -> str:
    """What tuning means for this client: cache, batch, the right tier."""
    batch = any(
        c.workload.batchable_fraction.typical > float(study.values[f"{c.at}.batched_fraction"])
        for c in study.choices
    )
    caches = [
        (c.workload.cacheable_input_fraction, float(study.values[f"{c.at}.cached_input_fraction"]))
        for c in study.choices
    ]
    cache = any(wanted is not None and wanted.typical > now for wanted, now in caches)
    ways = [
        [of(c, study.values, c.today.prices) for of in (ways_today, ways_tuned)]
        for c in study.choices
        if c.today
    ]
    tier = any(
        now.get(share, 0.0) != then.get(share, 0.0)
        for now, then in ways
        for share in ("flex_fraction", "priority_fraction")
    )
    return ", ".join(["cache"] * cache + ["batch"] * batch + ["tier"] * tier)


def hardware_usd_by_gpu(study: Study, option: str) -> dict[str, float]:
    """What has to be bought for an option, by GPU: with its share of the server, typical; nothing
    where nothing is bought."""
    found: dict[str, float] = {}
    for choice in study.choices:
        supply = choice.supplies.get(option)
        if supply is None or supply.offer.term != "owned":
            continue
        price = float(study.values[f"gpu_purchase.{supply.offer.gpu_id}.purchase_usd"])
        server = 1 + float(study.values["hidden_costs.owned_server_overhead_fraction"])
        usd = replicas_count(study, choice, option) * supply.plan.gpus_count * price * server
        found[supply.offer.gpu_id] = found.get(supply.offer.gpu_id, 0.0) + usd
    return found


def labels(study: Study) -> dict[str, str]:
    """Every option with its own particulars."""
    named, totals = dict(LABELS), study.totals
    now = [workload.today for workload in study.client.workloads if workload.today]
    today = " + ".join(dict.fromkeys(f"{each.model_id}, {each.provider}" for each in now))
    named["today"] = f"Today ({'invoice' if study.client.invoice else today or 'nothing yet'})"
    if "tuned" in totals:
        named["tuned"] += (
            f" ({tuning(study)})" if totals["tuned"] < totals["today"] else " (nothing to tune)"
        )
    for option, verb in (("serverless", ""), ("rented", "Rent "), ("owned", "Own ")):
        if option in totals:
            fleets = " + ".join(dict.fromkeys(fleet_name(study, c, option) for c in study.choices))
            named[option] = (verb + fleets)[0].upper() + (verb + fleets)[1:]
    if "open_api" in totals:
        models = " + ".join(dict.fromkeys(c.alternative.model_id for c in study.choices))
        rest = (
            " + rest on "
            + " + ".join(dict.fromkeys(c.today.model_id for c in study.choices if c.today))
            if "today" in totals
            else ""
        )
        named["open_api"] = f"{models} by API{rest}"
    if "hybrid" in totals:
        named["hybrid"] = "Hybrid: the exact split owns 0 (= open API)"
        if not owns_nothing(study):
            fleets = " + ".join(
                dict.fromkeys(fleet_name(study, c, "hybrid") for c in study.choices)
            )
            named["hybrid"] = f"Hybrid: {fleets}, the rest by API"
    return named
