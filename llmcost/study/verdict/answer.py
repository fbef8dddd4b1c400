"""What a client should do, in sentences: answer, reason, what would change it, how sure, and what
is asked of them."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from llmcost.study.assumptions import Confidence
from llmcost.study.bill.options import HOSTED
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import passing_fraction
from llmcost.study.fleets.labels import described, labels, tuning
from llmcost.study.horizon import cash, whole_contract
from llmcost.study.judgement import Status
from llmcost.study.market.hosts import may_leave
from llmcost.study.once_per_case import once_per_case
from llmcost.study.prices import exports
from llmcost.study.problem import STAYING, VOLUME, Option
from llmcost.study.ties import cheapest
from llmcost.study.uncertainty.advice import advised_option, cheaper_fraction, rival_option
from llmcost.study.uncertainty.evidence import weakest_assumption
from llmcost.study.uncertainty.flips import nearest_flips
from llmcost.study.verdict import gates, plan
from llmcost.study.verdict.caveats import invoice_gap, one_by_one
from llmcost.study.verdict.confidence import confidence
from llmcost.study.verdict.criteria import criteria
from llmcost.study.verdict.money_sentences import decision_asked, over_the_contract
from llmcost.study.verdict.reasons import flip_sentences, naive_and_loaded, why, without_api_rule
from llmcost.study.wording import percent, usd, usd_range


@once_per_case
def verdict(case: Case) -> dict[str, Any]:
    """The answer as a report's first page tells it."""
    answer, sentence = _answer(case)
    contract = whole_contract.horizon_of(case)
    decision, look_again = decision_asked(case, contract), _look_again(case)
    return {
        "answer": answer,
        "option": advised_option(case),
        "sentence": sentence,
        "detail": " ".join(
            filter(
                None,
                (
                    _failed_gates(case),
                    _detail(case),
                    _per_unit(case),
                    invoice_gap(case),
                    one_by_one(case),
                ),
            )
        ),
        "labels": labels(case),
        "gates": gates.record(case),
        "saving": saving_steps(case.totals, advised_option(case)),
        "why": why(case),
        "naive_and_loaded": naive_and_loaded(case),
        "contract": over_the_contract(case, contract),
        "flips": flip_sentences(case),
        "weakest_assumption": weakest_assumption(case),
        "confidence": confidence(case),
        "banners": exports.banners(case),
        "horizon": whole_contract.record(case, contract),
        "cash": cash.record(case, contract),
        "criteria": criteria(case, contract),
        "plan_90_days": plan.record(case, decision, look_again),
        "decision_asked": decision,
        "look_again": look_again,
    }


def saving_path(totals: Mapping[str, Any], winner: str) -> list[tuple[str, str, str]]:
    """The way from today to the advice: (step, option before it, option after it)."""
    path = [option for option in (*STAYING, Option.OPEN_API, winner) if option in totals]
    if Option.TODAY not in path or winner == Option.TODAY:
        return []
    if winner == Option.TUNED:
        path = path[:2]
    last = "changing the host" if Option.OPEN_API in path else "model and host"
    names: dict[str, str] = {Option.TUNED: "tuning", Option.OPEN_API: "changing the model"}
    return [(names.get(b, last), a, b) for a, b in pairwise(path) if a != b]


def saving_steps(totals: Mapping[str, float], winner: str) -> list[dict[str, Any]]:
    """Where the saving comes from, in USD a month: tuning, changing the model, changing the host.
    They add up to the whole."""
    return [
        {"step": step, "usd_per_month": totals[b] - totals[a]}
        for step, a, b in saving_path(totals, winner)
    ]


def _answer(case: Case) -> tuple[str, str]:
    """(one word or two, the sentence a board can repeat)."""
    option, totals = advised_option(case), case.totals
    spread = case.draws()[option]
    band = usd_range(spread.quantile(0.1), spread.quantile(0.9))
    cost = f"{usd(totals[option])} a month ({band}; as often above as below {usd(spread.median())})"
    before = f"{usd(totals['today'])} → about {cost}" if Option.TODAY in totals else f"about {cost}"
    condition = (
        ""
        if all(choice.alternative.evidence == Confidence.MEASURED for choice in case.choices)
        else ", if it passes your evaluation"
    )
    model = " and ".join(dict.fromkeys(c.alternative.model_id for c in case.choices))
    today = " and ".join(dict.fromkeys(c.today.model_id for c in case.choices if c.today))
    work = f"about {percent(passing_fraction(case))} of the {today} work" if today else "the work"
    if option == Option.TODAY:
        return (
            "No",
            (
                f"Stay as you are on {today}:"
                f" {cost}.{_close_call(case) or ' Nothing that was tried is cheaper.'}"
            ),
        )
    if option == Option.TUNED:
        return "No", f"Stay on {today} and tune it ({tuning(case)}): {before}.{_close_call(case)}"
    if option == Option.OPEN_API:
        hosts = " and ".join(dict.fromkeys(c.host.offer.provider for c in case.choices if c.host))
        return (
            "No",
            (
                f"Move {work} to {model}, bought by API from {hosts}{condition}:"
                f" {before}.{_close_call(case)}"
            ),
        )
    where = described(case, option)
    if option == Option.HYBRID:
        return (
            "Partly",
            (
                f"Run the steady part of {work} as {model} on {where} and buy the peaks by"
                f" API{condition}: {before}.{_close_call(case)}"
            ),
        )
    forced = not any(other in totals for other in (*STAYING, Option.OPEN_API))
    only = (
        "It is the only way your rules leave open."
        if len(totals) == 1
        else "It is the cheapest of the ways that your rules leave open."
    )
    answer = "Yes, by rule" if forced else "Yes"
    return (
        answer,
        (
            f"Run {work} as {model} on {where}{condition}:"
            f" {before}.{' ' + only if forced else _close_call(case)}"
        ),
    )


def _close_call(case: Case) -> str:
    """Says so when something is cheaper with every input at its most likely value, and why it is
    not advised all the same."""
    best = cheapest(case.totals, case.totals.__getitem__)
    gap = case.totals[advised_option(case)] - case.totals[best]
    if round(gap, 2) <= 0:
        return ""
    chance = percent(cheaper_fraction(case.draws(), best, advised_option(case)))
    name = labels(case)[best]
    return (
        f" {name} would save {usd(gap)} more with every input at its most likely value, but only in"
        f" {chance} of the draws."
    )


def _detail(case: Case) -> str:
    """The second sentence: the other side of the question, with its range."""
    winner, other = advised_option(case), rival_option(case)
    if not any(may_leave(workload) for workload in case.client.workloads):
        return _premium(case)
    if other == winner:
        return ""
    difference = case.draws()[other] - case.draws()[winner]
    typical, low, high = (
        case.totals[other] - case.totals[winner],
        difference.quantile(0.1),
        difference.quantile(0.9),
    )
    name = labels(case)[other]
    if (other in HOSTED) == (winner in HOSTED):
        side = "The next cheapest"
    else:
        side = (
            "Hosting it yourself at its cheapest"
            if other in HOSTED
            else "Not hosting at its cheapest"
        )
    amount = f"{usd(abs(typical))} a month {'more' if typical > 0 else 'less'}"
    return (
        f"{side} ({name}) would cost about {amount}; in eight draws of ten the difference is"
        f" {usd_range(low, high)}."
    )


def _failed_gates(case: Case) -> str:
    """Says so first when the advice itself breaks a rule of the client's, as today's host may."""
    failed = [
        f"{gate.name} ({gate.text})"
        for gate in gates.gates(case)
        if gate.status is Status.FAILED and gate.kind is gates.GateKind.REGION
    ]
    return f"It fails a rule of yours: {', '.join(failed)}; settle that first." if failed else ""


def _per_unit(case: Case) -> str:
    """The bill per unit of the client's own work, before and after."""
    unit = case.client.unit_of_work
    if unit is None:
        return ""
    units = sum(load.requests_per_month for load in case.loads.values()) / unit.requests_count
    before = (
        f"{usd(case.totals['today'] / units)} → "
        if Option.TODAY in case.totals and advised_option(case) != Option.TODAY
        else ""
    )
    return f"Per {unit.name}: {before}{usd(case.totals[advised_option(case)] / units)}."


def _premium(case: Case) -> str:
    """What a rule that leaves one way open costs a month: the same client without it."""
    free = without_api_rule(case, allowed=True)
    best = cheapest(free.totals, free.totals.__getitem__)
    difference = case.totals[advised_option(case)] - free.totals[best]
    price = (
        f"the rule costs {usd(difference)} a month"
        if difference > 0
        else f"the rule costs nothing here ({usd(-difference)} a month less)"
    )
    uneven = ""
    if Option.TODAY in free.totals and best not in STAYING:
        uneven = ", what fails the evaluation sent back to today's model"
    amount = usd(free.totals[best])
    way = f"{labels(free)[best]}{uneven}"
    return f"Without the rule the work would cost {amount} a month ({way}): {price}."


def _look_again(case: Case) -> str:
    volume = [flip for flip in nearest_flips(case) if flip.path == VOLUME]
    nearest = min(volume, key=lambda flip: max(flip.turns_at, 1 / flip.turns_at), default=None)
    if nearest is None or max(nearest.turns_at, 1 / nearest.turns_at) > 5:
        return "in twelve months, or when a price here moves by a fifth"
    halfway = nearest.turns_at**0.5
    return (
        f"when volume {'reaches' if halfway > 1 else 'falls to'} {halfway:.1f} times today's, or a"
        " price here moves by a fifth"
    )
