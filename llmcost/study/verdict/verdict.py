"""What a client should do, in sentences: answer, reason, what would change it, how sure, and what
is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from llmcost.inputs.errors import InputError
from llmcost.study.bill.hosts import may_leave
from llmcost.study.bill.options import HOSTED
from llmcost.study.horizon import cash, horizon
from llmcost.study.loads import exports
from llmcost.study.problem import VOLUME
from llmcost.study.ties import TIE_RATIO, cheapest, cheapest_first
from llmcost.study.verdict import gates, plan
from llmcost.study.verdict.apart import apart, invoice_gap
from llmcost.study.verdict.asked import decision_asked, over_the_contract
from llmcost.study.verdict.confidence import confidence
from llmcost.study.verdict.criteria import criteria
from llmcost.study.verdict.evidence import weakest_assumption
from llmcost.study.verdict.labels import (
    described,
    distinct_options,
    labels,
    passing_fraction,
    tuning,
)
from llmcost.study.verdict.reasons import flip_sentences, naive_and_loaded, why, without_api_rule
from llmcost.study.wording import percent, usd, usd_range

if TYPE_CHECKING:
    from llmcost.study.study import Study

CLEAR = 2 / 3
"""Moving is advised only when it is cheaper than staying in at least this share of the draws."""


def verdict(study: Study) -> dict[str, Any]:
    """The answer as a report's first page tells it."""
    answer, sentence = _answer(study)
    contract = horizon.horizon_of(study)
    asked, look_again = decision_asked(study, contract), _look_again(study)
    return {
        "answer": answer,
        "option": study.winner,
        "sentence": sentence,
        "detail": " ".join(
            filter(
                None,
                (
                    _failed_gates(study),
                    _detail(study),
                    _per_unit(study),
                    invoice_gap(study),
                    apart(study),
                ),
            )
        ),
        "labels": labels(study),
        "gates": gates.record(study),
        "saving": saving_steps(study.totals, study.winner),
        "why": why(study),
        "naive_and_loaded": naive_and_loaded(study),
        "contract": over_the_contract(study, contract),
        "flips": flip_sentences(study),
        "weakest_assumption": weakest_assumption(study),
        "confidence": confidence(study),
        "banners": exports.banners(study),
        "horizon": horizon.record(study, contract),
        "cash": cash.record(study, contract),
        "criteria": criteria(study, contract),
        "plan_90_days": plan.record(study, asked, look_again),
        "decision_asked": asked,
        "look_again": look_again,
    }


def advised(study: Study) -> str:
    """The option to advise: the lowest mean bill of the draws that also beats staying in two draws
    of three; else staying, tuned.

    The mean counts that idle hours, people and refreshes rarely cost less than planned, which the
    most likely values do not show.
    """
    if not study.totals:
        cure = "Ease a gate, add an alternative, or allow more GPUs"
        raise InputError("client.yaml", "gates", "leave no option that can be had", cure)
    draws = study.draws()
    by_cost = cheapest_first(distinct_options(study), draws.mean().__getitem__)
    stay = min(
        (o for o in ("today", "tuned") if o in study.totals), key=by_cost.index, default=None
    )
    for option in by_cost:
        if stay is None or option == stay or _beats(draws, option, stay) >= CLEAR:
            return option
    raise AssertionError("staying is among the options that were looked at")


def _beats(draws: pd.DataFrame, option: str, other: str) -> float:
    """Share of the draws in which an option is cheaper than another by more than rounding."""
    return float((draws[option] < draws[other] * (1 - TIE_RATIO)).mean())


def rival(study: Study) -> str:
    """The cheapest option on the other side of the question "host it yourself?", or the next
    cheapest, or the only one there is."""
    winner, totals = study.winner, study.totals
    real = [option for option in distinct_options(study) if option != winner]
    other_side = [option for option in real if (option in HOSTED) != (winner in HOSTED)]
    return cheapest(other_side or real or [winner], totals.__getitem__)


def yardstick(study: Study) -> str:
    """Staying, tuned, where the advice is to move; the cheapest move where it is to stay; the rival
    where nothing answers today."""
    stay = [option for option in ("tuned", "today") if option in study.totals]
    if stay and study.winner not in stay:
        return stay[0]
    moves = [
        option
        for option in distinct_options(study)
        if option not in ("today", "tuned", study.winner)
    ]
    return cheapest(moves, study.totals.__getitem__) if stay and moves else rival(study)


def saving_path(totals: Mapping[str, Any], winner: str) -> list[tuple[str, str, str]]:
    """The way from today to the advice: (step, option before it, option after it)."""
    path = [option for option in ("today", "tuned", "open_api", winner) if option in totals]
    if "today" not in path or winner == "today":
        return []
    if winner == "tuned":
        path = path[:2]
    last = "changing the host" if "open_api" in path else "model and host"
    names = {"tuned": "tuning", "open_api": "changing the model"}
    return [(names.get(b, last), a, b) for a, b in pairwise(path) if a != b]


def saving_steps(totals: Mapping[str, float], winner: str) -> list[dict[str, Any]]:
    """Where the saving comes from, in USD a month: tuning, changing the model, changing the host.
    They add up to the whole."""
    return [
        {"step": step, "usd_per_month": totals[b] - totals[a]}
        for step, a, b in saving_path(totals, winner)
    ]


def _answer(study: Study) -> tuple[str, str]:
    """(one word or two, the sentence a board can repeat)."""
    option, totals = study.winner, study.totals
    spread = study.draws()[option]
    band = usd_range(spread.quantile(0.1), spread.quantile(0.9))
    cost = f"{usd(totals[option])} a month ({band}; as often above as below {usd(spread.median())})"
    before = f"{usd(totals['today'])} → about {cost}" if "today" in totals else f"about {cost}"
    condition = (
        ""
        if all(choice.alternative.evidence == "measured" for choice in study.choices)
        else ", if it passes your evaluation"
    )
    model = " and ".join(dict.fromkeys(c.alternative.model_id for c in study.choices))
    today = " and ".join(dict.fromkeys(c.today.model_id for c in study.choices if c.today))
    work = f"about {percent(passing_fraction(study))} of the {today} work" if today else "the work"
    if option == "today":
        return (
            "No",
            (
                f"Stay as you are on {today}:"
                f" {cost}.{_close_call(study) or ' Nothing that was tried is cheaper.'}"
            ),
        )
    if option == "tuned":
        return "No", f"Stay on {today} and tune it ({tuning(study)}): {before}.{_close_call(study)}"
    if option == "open_api":
        hosts = " and ".join(dict.fromkeys(c.host.offer.provider for c in study.choices if c.host))
        return (
            "No",
            (
                f"Move {work} to {model}, bought by API from {hosts}{condition}:"
                f" {before}.{_close_call(study)}"
            ),
        )
    where = described(study, option)
    if option == "hybrid":
        return (
            "Partly",
            (
                f"Run the steady part of {work} as {model} on {where} and buy the peaks by"
                f" API{condition}: {before}.{_close_call(study)}"
            ),
        )
    forced = not any(other in totals for other in ("today", "tuned", "open_api"))
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
            f" {before}.{' ' + only if forced else _close_call(study)}"
        ),
    )


def _close_call(study: Study) -> str:
    """Says so when something is cheaper with every input at its most likely value, and why it is
    not advised all the same."""
    best = cheapest(study.totals, study.totals.__getitem__)
    gap = study.totals[study.winner] - study.totals[best]
    if round(gap, 2) <= 0:
        return ""
    chance = percent(_beats(study.draws(), best, study.winner))
    name = labels(study)[best]
    return (
        f" {name} would save {usd(gap)} more with every input at its most likely value, but only in"
        f" {chance} of the draws."
    )


def _detail(study: Study) -> str:
    """The second sentence: the other side of the question, with its range."""
    winner, other = study.winner, study.rival
    if not any(may_leave(workload) for workload in study.client.workloads):
        return _premium(study)
    if other == winner:
        return ""
    difference = study.draws()[other] - study.draws()[winner]
    typical, low, high = (
        study.totals[other] - study.totals[winner],
        difference.quantile(0.1),
        difference.quantile(0.9),
    )
    name = labels(study)[other]
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


def _failed_gates(study: Study) -> str:
    """Says so first when the advice itself breaks a rule of the client's, as today's host may."""
    failed = [
        f"{gate.name} ({gate.text})"
        for gate in gates.gates(study)
        if gate.status == "failed" and gate.kind == "region"
    ]
    return f"It fails a rule of yours: {', '.join(failed)}; settle that first." if failed else ""


def _per_unit(study: Study) -> str:
    """The bill per unit of the client's own work, before and after."""
    unit = study.client.unit_of_work
    if unit is None:
        return ""
    units = sum(load.requests_per_month for load in study.loads.values()) / unit.requests_count
    before = (
        f"{usd(study.totals['today'] / units)} → "
        if "today" in study.totals and study.winner != "today"
        else ""
    )
    return f"Per {unit.name}: {before}{usd(study.totals[study.winner] / units)}."


def _premium(study: Study) -> str:
    """What a rule that leaves one way open costs a month: the same client without it."""
    free = without_api_rule(study, allowed=True)
    best = cheapest(free.totals, free.totals.__getitem__)
    difference = study.totals[study.winner] - free.totals[best]
    price = (
        f"the rule costs {usd(difference)} a month"
        if difference > 0
        else f"the rule costs nothing here ({usd(-difference)} a month less)"
    )
    uneven = ""
    if "today" in free.totals and best not in ("today", "tuned"):
        uneven = ", what fails the evaluation sent back to today's model"
    amount = usd(free.totals[best])
    way = f"{labels(free)[best]}{uneven}"
    return f"Without the rule the work would cost {amount} a month ({way}): {price}."


def _look_again(study: Study) -> str:
    volume = [flip for flip in study.flips() if flip.path == VOLUME]
    nearest = min(volume, key=lambda flip: max(flip.turns_at, 1 / flip.turns_at), default=None)
    if nearest is None or max(nearest.turns_at, 1 / nearest.turns_at) > 5:
        return "in twelve months, or when a price here moves by a fifth"
    halfway = nearest.turns_at**0.5
    return (
        f"when volume {'reaches' if halfway > 1 else 'falls to'} {halfway:.1f} times today's, or a"
        " price here moves by a fifth"
    )
