"""What options, plans and models are called on a page."""

from llmcost.study.bill.api_lines import ALL
from llmcost.study.bill.options import LABELS
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import owns_nothing, standing_and_most
from llmcost.study.problem import Supply, WorkloadChoice
from llmcost.study.scopes import TUNED, purchase_scope, scope_of

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


def fleet_name(case: Case, choice: WorkloadChoice, option: str) -> str:
    """So many GPUs of a kind, for example "4x H100", or "2-6x H100" where some are given back in
    quiet hours; of serverless the kind alone, for their number follows the load.
    """
    supply = choice.supplies[option]
    if option == "serverless":
        each = f"{supply.plan.gpus_count}x " if supply.plan.gpus_count > 1 else ""
        return f"serverless {each}{gpu_name(supply.plan.gpu_id)}"
    standing, count = standing_and_most(case, choice, option)
    fewest = f"{standing * supply.plan.gpus_count}-" if standing < count else ""
    return f"{fewest}{count * supply.plan.gpus_count}x {gpu_name(supply.plan.gpu_id)}"


def _terms(supply: Supply) -> str:
    words = f"{supply.offer.provider} {TERMS[supply.offer.term]}".strip()
    return f"bought {supply.offer.provider}" if supply.offer.term == "owned" else f"from {words}"


def described(case: Case, option: str) -> str:
    """The GPUs behind an option, in words."""
    parts = [f"{fleet_name(case, c, option)} {_terms(c.supplies[option])}" for c in case.choices]
    return " and ".join(dict.fromkeys(parts))


def _moves_between_tiers(case: Case, choice: WorkloadChoice) -> bool:
    """Whether tuning sends another share of today's work in the flex or the priority tier."""
    if choice.today is None:
        return False
    workload = scope_of(choice, case.values)
    today, tuned = (
        purchase_scope(workload, choice, choice.today, ALL, moved) for moved in ((), TUNED)
    )
    shares = ("flex_share_fraction", "priority_share_fraction")
    return any(today(share) != tuned(share) for share in shares)


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
    tier = any(_moves_between_tiers(case, c) for c in case.choices)
    return ", ".join(["cache"] * cache + ["batch"] * batch + ["tier"] * tier)


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
