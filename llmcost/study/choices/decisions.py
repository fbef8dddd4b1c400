"""The discrete choices at typical values: the open model, its host, and the plan behind each option
of each workload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from llmcost.inputs.api_prices import Offer, open_model_offers, todays_offer
from llmcost.inputs.catalog import in_force, known_id
from llmcost.inputs.client import Alternative, Client, Workload
from llmcost.inputs.errors import InputError
from llmcost.model.types import Measurement
from llmcost.study.assumptions import Assumption, Values, typical_values
from llmcost.study.bill.api_lines import offered_usd_per_month
from llmcost.study.bill.bills import Decision, option_totals
from llmcost.study.bill.hybrid_lines import pool_bills
from llmcost.study.bill.options import LABELS
from llmcost.study.bill.pools import pools, same_plan
from llmcost.study.choices.candidates import Candidate, candidates, cheapest_supplies
from llmcost.study.choices.supplies import supply_assumptions, workload_plans
from llmcost.study.judgement import Reason, ReasonKind, Status
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.market.gpu_offers import AIR_GAP, gpu_offers
from llmcost.study.market.hosts import (
    DATA_MAY_NOT_LEAVE,
    OWN_WEIGHTS,
    JudgedOffer,
    cheapest_eligible,
    judged_offers,
    may_leave,
)
from llmcost.study.problem import STAYING, Option, WorkloadChoice
from llmcost.study.scopes import request_shape, scope_of
from llmcost.study.ties import cheapest


@dataclass(frozen=True)
class Considered:
    """One open model of one workload with everything that was tried for it."""

    choice: WorkloadChoice
    hosts: Sequence[JudgedOffer]
    candidates: Sequence[Candidate]


def considered_models(
    client: Client,
    workload: Workload,
    load: WorkloadLoad,
    base: Mapping[str, Assumption],
    own: Sequence[Measurement],
) -> list[Considered]:
    """Every open model of one workload, the best one first; `base` are the assumptions that hang on
    no plan."""
    values = typical_values(base)
    tried = [
        considered(client, workload, load, alternative, values, own)
        for alternative in workload.alternatives
    ]
    best = best_considered(client, tried, base)
    return [best, *(one for one in tried if one is not best)]


def considered(
    client: Client,
    workload: Workload,
    load: WorkloadLoad,
    alternative: Alternative,
    values: Values,
    own: Sequence[Measurement],
) -> Considered:
    """Hosts and serving plans of one open model for one workload; `own` are the client's
    measurements."""
    as_of, at = client.as_of_date, f"workloads.{workload.id}"
    today = (
        todays_offer(workload.today, as_of, client.quotes, f"{at}.today")
        if workload.today and may_leave(workload)
        else None
    )
    _check_tiers(workload, today, at)
    bare = WorkloadChoice(workload, load, today, alternative, None, {})
    ratio, taken = (
        float(values[f"{bare.alternative_at}.token_ratio"]),
        float(scope_of(bare, values)("taken_fraction")),
    )
    offers = open_model_offers(alternative.model_id, as_of, client.quotes)
    shape = request_shape(client, bare, values, ratio, taken)
    hosts = judged_offers(
        offers, workload, lambda offer: float(offered_usd_per_month(bare, values, offer)), shape
    )
    choice = replace(bare, host=cheapest_eligible(hosts))
    plans = workload_plans(client, workload, load, alternative, values, own)
    found = candidates(client, choice, plans, gpu_offers(client, workload), values)
    return Considered(replace(choice, supplies=cheapest_supplies(found)), hosts, found)


def _check_tiers(workload: Workload, today: Offer | None, at: str) -> None:
    """Refuse a tier that the client says it pays for and that today's price list does not have: it
    would be billed as standard."""
    for tier in ("flex", "priority"):
        share = getattr(workload, f"{tier}_fraction")
        if today and share and share.high > 0 and tier not in today.prices.tier_ratios:
            problem = f"no list has a {tier} price of {today.model_id} at {today.provider}"
            raise InputError(
                "client.yaml",
                f"{at}.{tier}_fraction",
                problem,
                "Leave it out, and quote the prices that you pay",
            )


def checked_alternatives(client: Client) -> Client:
    """The client with each alternative under the catalog's id; raises InputError for a model it
    does not know."""
    known = list(in_force("models", client.as_of_date)["model_id"])
    workloads = []
    for workload in client.workloads:
        at = f"workloads.{workload.id}.alternatives"
        named = [
            a.model_copy(
                update={"model_id": known_id("model", a.model_id, known, "client.yaml", at)}
            )
            for a in workload.alternatives
        ]
        if len({a.model_id for a in named}) < len(named):
            raise InputError(
                "client.yaml", at, "the same open model stands there twice", "Keep one of the two"
            )
        workloads.append(workload.model_copy(update={"alternatives": named}))
    return client.model_copy(update={"workloads": workloads})


def best_considered(
    client: Client, tried: Sequence[Considered], base: Mapping[str, Assumption]
) -> Considered:
    """Of the open models tried for a workload the one whose cheapest option is cheapest.

    Of equals it is the first in the client file. Where nothing else answers, what fails the
    evaluation has no fallback: then the model that passes most comes first.
    """

    def ranked(one: Considered) -> tuple[float, float]:
        decision = decide(client, [one.choice], 1.0)
        values = typical_values({**base, **chosen_assumptions(client, [one.choice])})
        moved = [
            float(usd)
            for option, usd in option_totals(decision, values).items()
            if option not in STAYING
        ]
        failing = 0.0 if one.choice.today else 1 - one.choice.alternative.passing_fraction.typical
        return failing if moved else 1.0, min(moved, default=float("inf"))

    ranks = [ranked(one) for one in tried]
    least_failing = min(failing for failing, _ in ranks)
    places = [place for place, (failing, _) in enumerate(ranks) if failing == least_failing]
    return tried[cheapest(places, lambda place: ranks[place][1])]


def chosen_assumptions(client: Client, choices: Sequence[WorkloadChoice]) -> dict[str, Assumption]:
    """What the supplies behind the options add to the assumptions."""
    return {
        a.path: a
        for choice in choices
        for supply in choice.supplies.values()
        for a in supply_assumptions(supply, client)
    }


def decide(
    client: Client, choices: Sequence[WorkloadChoice], invoice_multiplier: float
) -> Decision:
    """The comparison that these choices make possible."""
    priced = [
        option for option in LABELS if not any(out_of_reach(option, choice) for choice in choices)
    ]
    return Decision(
        choices,
        client.horizon_months,
        client.own_capacity.spare_replicas_count,
        invoice_multiplier,
        priced,
    )


def sharing_plans(
    client: Client, tried: Mapping[str, list[Considered]], base: Mapping[str, Assumption]
) -> dict[str, list[Considered]]:
    """The workloads, each on the plan of another one of the same model in the hybrid where the two
    then cost less on shared replicas."""
    chosen = {workload: found[0].choice for workload, found in tried.items()}

    def usd(choices: Mapping[str, WorkloadChoice]) -> float:
        values = typical_values({**base, **chosen_assumptions(client, list(choices.values()))})
        parts = pool_bills(
            pools(choices.values()), values, client.own_capacity.spare_replicas_count
        )
        return float(sum(part.api_usd_per_month + sum(part.lines.values()) for part in parts))

    for one, other in permutations(chosen, 2):
        if all(Option.HYBRID in choice.supplies for choice in chosen.values()):
            wanted = chosen[one].supplies[Option.HYBRID]
            for candidate in tried[other][0].candidates:
                if (
                    candidate.option is Option.HYBRID
                    and candidate.supply
                    and same_plan(candidate.supply, wanted)
                ):
                    supplies = {**chosen[other].supplies, Option.HYBRID: candidate.supply}
                    moved = {**chosen, other: replace(chosen[other], supplies=supplies)}
                    chosen = cheapest((chosen, moved), usd)
    return {
        workload: [replace(found[0], choice=chosen[workload]), *found[1:]]
        for workload, found in tried.items()
    }


def out_of_reach(option: str, choice: WorkloadChoice) -> Reason | None:
    """Why an option cannot be had for a workload; None where it can."""
    gates = choice.workload.gates
    if option in STAYING:
        if choice.workload.today and not may_leave(choice.workload):
            return replace(DATA_MAY_NOT_LEAVE, status=Status.GATED)
        nothing = "nothing answers these requests today"
        return None if choice.today else Reason(Status.INFEASIBLE, ReasonKind.OFFER, nothing)
    if option in choice.supplies:
        return None
    if option in (Option.OPEN_API, Option.HYBRID) and choice.host is None:
        return _without_host(choice)
    if option == Option.OPEN_API:
        return None
    if gates.air_gapped and option != Option.OWNED:
        return replace(AIR_GAP, status=Status.GATED)
    words = "no GPU plan fits memory, latency, the terms considered and the horizon"
    return Reason(Status.INFEASIBLE, ReasonKind.OFFER, words)


def _without_host(choice: WorkloadChoice) -> Reason:
    reason = no_host_reason(choice)
    return replace(reason, words=f"{choice.alternative.model_id}: {reason.words}")


def no_host_reason(choice: WorkloadChoice) -> Reason:
    """Why no host may sell the open model for a workload that has none."""
    gates = choice.workload.gates
    if not may_leave(choice.workload):
        return replace(DATA_MAY_NOT_LEAVE, status=Status.GATED)
    if gates.fine_tuned_weights:
        return replace(OWN_WEIGHTS, status=Status.GATED)
    if not gates.regions:
        return Reason(Status.UNPRICED, ReasonKind.PRICE, "no host has a price for it")
    words = f"no host in {', '.join(gates.regions)} has a price for it"
    return Reason(Status.GATED, ReasonKind.RULE, words)
