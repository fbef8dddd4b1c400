"""What options, plans and models are called on a page."""

from llmcost.study.bill.api_lines import ways_today, ways_tuned
from llmcost.study.bill.bills import hybrid_plan
from llmcost.study.bill.fleet_lines import Fleet, fleet
from llmcost.study.bill.options import LABELS
from llmcost.study.case import Case
from llmcost.study.fleets.exact_split import workload_split
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import Supply, WorkloadChoice, volumes

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


def replicas_count(case: Case, choice: WorkloadChoice, option: str) -> int:
    """Whole replicas of rented or owned GPUs up in the busiest hour, typical values, spares
    included; of the hybrid those that are owned.

    Replicas that workloads share are counted with the first of them.
    """
    if option == "hybrid":
        split = workload_split(case, choice.workload.id)
        first = split is None or split.workload_ids[0] == choice.workload.id
        return _standing_and_most(case, choice, option)[0] if first else 0
    return int(always_on_fleet(case, choice, option).peak_replicas)


def always_on_fleet(case: Case, choice: WorkloadChoice, option: str) -> Fleet:
    """The fleet of rented or owned GPUs of a workload at typical values."""
    return fleet(choice, choice.supplies[option], case.values, case.decision.spare_count)


def _standing_and_most(case: Case, choice: WorkloadChoice, option: str) -> tuple[int, int]:
    """(replicas around the clock, replicas in the busiest hour) behind a workload; of the hybrid
    also for those that share them."""
    split = workload_split(case, choice.workload.id) if option == "hybrid" else None
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
    return [option for option in case.totals if option != "hybrid" or not owns_nothing(case)]


def fleet_name(case: Case, choice: WorkloadChoice, option: str) -> str:
    """So many GPUs of a kind, for example "4x H100", or "2-6x H100" where some are given back in
    quiet hours; of serverless the kind alone, for their number follows the load.
    """
    supply = choice.supplies[option]
    if option == "serverless":
        each = f"{supply.plan.gpus_count}x " if supply.plan.gpus_count > 1 else ""
        return f"serverless {each}{gpu_name(supply.plan.gpu_id)}"
    standing, count = _standing_and_most(case, choice, option)
    fewest = f"{standing * supply.plan.gpus_count}-" if standing < count else ""
    return f"{fewest}{count * supply.plan.gpus_count}x {gpu_name(supply.plan.gpu_id)}"


def _terms(supply: Supply) -> str:
    words = f"{supply.offer.provider} {TERMS[supply.offer.term]}".strip()
    return f"bought {supply.offer.provider}" if supply.offer.term == "owned" else f"from {words}"


def described(case: Case, option: str) -> str:
    """The GPUs behind an option, in words."""
    parts = [f"{fleet_name(case, c, option)} {_terms(c.supplies[option])}" for c in case.choices]
    return " and ".join(dict.fromkeys(parts))


def passing_fraction(case: Case) -> float:
    """Share of the whole work that passes the evaluation, workloads weighted by their tokens."""
    tokens = [float(sum(volumes(choice, case.values))) for choice in case.choices]
    passing = [choice.alternative.passing_fraction.typical for choice in case.choices]
    return sum(t * p for t, p in zip(tokens, passing, strict=True)) / sum(tokens)


def tuning(case: Case) -> str:
    """What tuning means for this client: cache, batch, the right tier."""
    batch = any(
        c.workload.batchable_fraction.typical > float(case.values[f"{c.at}.batched_fraction"])
        for c in case.choices
    )
    caches = [
        (c.workload.cacheable_input_fraction, float(case.values[f"{c.at}.cached_input_fraction"]))
        for c in case.choices
    ]
    cache = any(wanted is not None and wanted.typical > now for wanted, now in caches)
    ways = [
        [of(c, case.values, c.today.prices) for of in (ways_today, ways_tuned)]
        for c in case.choices
        if c.today
    ]
    tier = any(
        now.get(share, 0.0) != then.get(share, 0.0)
        for now, then in ways
        for share in ("flex_fraction", "priority_fraction")
    )
    return ", ".join(["cache"] * cache + ["batch"] * batch + ["tier"] * tier)


def hardware_usd_by_gpu(case: Case, option: str) -> dict[str, float]:
    """What has to be bought for an option, by GPU: with its share of the server, typical; nothing
    where nothing is bought."""
    found: dict[str, float] = {}
    for choice in case.choices:
        supply = choice.supplies.get(option)
        if supply is None or supply.offer.term != "owned":
            continue
        price = float(case.values[f"gpu_purchase.{supply.offer.gpu_id}.purchase_usd"])
        server = 1 + float(case.values["hidden_costs.owned_server_overhead_fraction"])
        usd = replicas_count(case, choice, option) * supply.plan.gpus_count * price * server
        found[supply.offer.gpu_id] = found.get(supply.offer.gpu_id, 0.0) + usd
    return found


def labels(case: Case) -> dict[str, str]:
    """Every option with its own particulars."""
    named, totals = dict(LABELS), case.totals
    now = [workload.today for workload in case.client.workloads if workload.today]
    today = " + ".join(dict.fromkeys(f"{each.model_id}, {each.provider}" for each in now))
    named["today"] = f"Today ({'invoice' if case.client.invoice else today or 'nothing yet'})"
    if "tuned" in totals:
        named["tuned"] += (
            f" ({tuning(case)})" if totals["tuned"] < totals["today"] else " (nothing to tune)"
        )
    for option, verb in (("serverless", ""), ("rented", "Rent "), ("owned", "Own ")):
        if option in totals:
            fleets = " + ".join(dict.fromkeys(fleet_name(case, c, option) for c in case.choices))
            named[option] = (verb + fleets)[0].upper() + (verb + fleets)[1:]
    if "open_api" in totals:
        models = " + ".join(dict.fromkeys(c.alternative.model_id for c in case.choices))
        rest = (
            " + rest on "
            + " + ".join(dict.fromkeys(c.today.model_id for c in case.choices if c.today))
            if "today" in totals
            else ""
        )
        named["open_api"] = f"{models} by API{rest}"
    if "hybrid" in totals:
        named["hybrid"] = "Hybrid: the exact split owns 0 (= open API)"
        if not owns_nothing(case):
            fleets = " + ".join(dict.fromkeys(fleet_name(case, c, "hybrid") for c in case.choices))
            named["hybrid"] = f"Hybrid: {fleets}, the rest by API"
    return named
