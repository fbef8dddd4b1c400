"""What options, plans and models are called on a page."""

from collections.abc import Sequence

from llmcost.study.bill.api_lines import ALL
from llmcost.study.bill.options import LABELS, OWN
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import owns_nothing, standing_and_most
from llmcost.study.market.gpu_offers import Term
from llmcost.study.problem import Option, Supply, WorkloadChoice
from llmcost.study.scopes import TUNED, purchase_scope, scope_of

TERMS = {
    Term.ON_DEMAND: "by the hour",
    Term.SPOT: "as spot instances",
    Term.COMMITTED_12_MONTHS: "for 12 months",
    Term.COMMITTED_36_MONTHS: "for 36 months",
    Term.OWNED: "",
    Term.SERVERLESS: "",
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
    if option == Option.SERVERLESS:
        each = f"{supply.plan.gpus_count}x " if supply.plan.gpus_count > 1 else ""
        return f"serverless {each}{gpu_name(supply.plan.gpu_id)}"
    standing, count = standing_and_most(case, choice, option)
    fewest = f"{standing * supply.plan.gpus_count}-" if standing < count else ""
    return f"{fewest}{count * supply.plan.gpus_count}x {gpu_name(supply.plan.gpu_id)}"


def _terms(supply: Supply) -> str:
    offer = supply.offer
    if offer.term is Term.OWNED:
        return f"bought {offer.provider}"
    return f"from {offer.provider} {TERMS[offer.term]}".strip()


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


def own_label(case: Case, choices: Sequence[WorkloadChoice], option: str) -> str:
    """The GPUs of an option that serves all the moved work on them, with how they are had."""
    verbs: dict[str, str] = {Option.RENTED: "Rent ", Option.OWNED: "Own "}
    verb = verbs.get(option, "")
    fleets = " + ".join(dict.fromkeys(fleet_name(case, choice, option) for choice in choices))
    return verb + fleets if verb else fleets[0].upper() + fleets[1:]


def labels(case: Case) -> dict[str, str]:
    """Every option with its own particulars."""
    named, totals = dict(LABELS), case.totals
    named[Option.TODAY] = _todays_label(case)
    if Option.TUNED in totals:
        is_cheaper = totals[Option.TUNED] < totals[Option.TODAY]
        named[Option.TUNED] += f" ({tuning(case)})" if is_cheaper else " (nothing to tune)"
    for option in OWN:
        if option in totals:
            named[option] = own_label(case, case.choices, option)
    if Option.OPEN_API in totals:
        named[Option.OPEN_API] = _open_label(case)
    if Option.HYBRID in totals:
        named[Option.HYBRID] = _hybrid_label(case)
    return named


def _todays_label(case: Case) -> str:
    if case.client.invoice:
        return "Today (invoice)"
    now = [workload.today for workload in case.client.workloads if workload.today]
    today = " + ".join(dict.fromkeys(f"{each.model_id}, {each.provider}" for each in now))
    return f"Today ({today or 'nothing yet'})"


def _open_label(case: Case) -> str:
    models = " + ".join(dict.fromkeys(c.alternative.model_id for c in case.choices))
    if Option.TODAY not in case.totals:
        return f"{models} by API"
    rest = " + ".join(dict.fromkeys(c.today.model_id for c in case.choices if c.today))
    return f"{models} by API + rest on {rest}"


def _hybrid_label(case: Case) -> str:
    if owns_nothing(case):
        return "Hybrid: the exact split owns 0 (= open API)"
    fleets = dict.fromkeys(fleet_name(case, choice, Option.HYBRID) for choice in case.choices)
    return f"Hybrid: {' + '.join(fleets)}, the rest by API"
