"""How much the answer may be trusted: gates with their evidence, the weakest assumption, and the confidence that follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmcost.inputs.usage import HourlyUsage
from llmcost.model.types import Measurement
from llmcost.study.bill.hosts import may_leave, region_status
from llmcost.study.loads import exports
from llmcost.study.names import plain_name, shown, shown_range
from llmcost.study.problem import WorkloadChoice
from llmcost.study.uncertainty.draws import cheapest_fraction
from llmcost.study.verdict.labels import owns_nothing
from llmcost.study.wording import number, percent, probability, usd

if TYPE_CHECKING:
    from llmcost.study.study import Study

HOURS_PER_DAY, DAYS_OF_A_SHAPE = 24, 7
"""An export of less than a week does not show a week's shape."""
EVIDENCE_RANK = {"measured": 0, "list_price": 1, "reported": 2, "guess": 3}


def gates(study: Study) -> list[dict[str, str]]:
    """Every gate of every workload with its status: ok, ask, failed, unverified or not tested."""
    found = []
    several = len(study.choices) > 1
    for choice in study.choices:
        gate, before = choice.workload.gates, f"{choice.workload.id}: " if several else ""
        rule = "third-party API allowed" if may_leave(choice.workload) else "air gap" if gate.air_gapped else "no third-party API"
        found.append(_gate(f"{before}{rule}", "ok", gate.evidence or "said by the client, no document named"))
        if gate.regions:
            found.append(_gate(f"{before}region {', '.join(gate.regions)}", *_region(study, choice)))
        if choice.workload.latency:
            found.append(_latency_gate(study, before, choice))
        found += _refused(study, before, choice)
        evidence = {
            "measured": ("ok", "measured by the client"),
            "reported": ("unverified", "reported, not measured"),
            "guess": ("not tested", "NOT TESTED"),
        }
        found.append(_gate(f"{before}quality", *evidence[choice.alternative.evidence]))
        if study.winner in ("open_api", "hybrid") and choice.host and not choice.host.offer.requests_per_minute_count:
            found.append(_gate(f"{before}host's rate limit at the peak", "ask", "ask"))
        if study.winner in ("open_api", "hybrid") and choice.host and (gate.zero_retention or gate.lowest_precision):
            found.append(_gate(f"{before}host's retention and precision", choice.host.status, choice.host.reason or "ok"))
        if study.winner == "serverless" and choice.workload.latency:
            boot = choice.supplies["serverless"].replica.weights_gb / float(study.values["hidden_costs.weights_load_gb_per_second"])
            found.append(
                _gate(f"{before}cold starts", "ask", f"a sleeping replica takes about {number(boot, 2)} s to load: is that allowed?")
            )
    return found


WORST = ("ok", "ask", "failed")


def _region(study: Study, choice: WorkloadChoice) -> tuple[str, str]:
    """(worst status, who) over everybody whom the advised option sends this work to."""
    wanted, winner = choice.workload.gates.regions, study.winner
    parts: list[tuple[str, str, str]] = []
    if choice.today and (winner in ("today", "tuned") or choice.alternative.passing_fraction.typical < 1):
        parts.append((choice.today.provider, *region_status(wanted, choice.today.regions)))
    if winner in ("open_api", "hybrid") and choice.host:
        parts.append((choice.host.offer.provider, *region_status(wanted, choice.host.offer.regions)))
    if winner in choice.supplies and not (winner == "hybrid" and owns_nothing(study)):
        offer = choice.supplies[winner].offer
        parts.append((offer.provider, offer.status, offer.reason))
    status = max((status for _, status, _ in parts), key=WORST.index, default="ok")
    return status, "; ".join(f"{who}: {reason or 'ok'}" for who, _, reason in parts)


def _gate(name: str, status: str, text: str) -> dict[str, str]:
    return {"name": name, "status": status, "text": text}


def _latency_gate(study: Study, before: str, choice: Any) -> dict[str, str]:
    latency = choice.workload.latency
    of = "mean" if latency.percentile is None else f"p{latency.percentile:g}"
    limit = f"{before}{latency.metric.upper()} {of} <= {latency.limit_seconds * 1e3:g} ms"
    supply = choice.supplies.get(study.winner)
    if supply is None or (study.winner == "hybrid" and owns_nothing(study)):
        return _gate(limit, "unverified", "an API's latency is not in its price list: measure it")
    rests_on = "measured by the client" if supply.plan.origin == "client" else f"throughput {supply.plan.origin}"
    if latency.metric == "ttft" and not supply.plan.ttft_measured:
        return _gate(limit, "unverified", "the model's first token is a lower bound, several times too early on public runs: measure it")
    if latency.percentile is None or supply.plan.percentile_measured:
        return _gate(limit, "ok", rests_on)
    if latency.percentile == 50:
        return _gate(limit, "ok", f"modelled: the mean stands in for the median; {rests_on}")
    return _gate(limit, "unverified", f"the mean meets it, {rests_on}; a percentile needs a measurement")


def _refused(study: Study, before: str, choice: WorkloadChoice) -> list[dict[str, str]]:
    """The client's own measurements that cannot be true, and those that say nothing of this work."""
    plans = {c.plan.name: c.plan for one in study.considered[choice.workload.id] for c in one.candidates if c.plan.own}
    found = [_gate(f"{before}own measurement of {p.name}", "failed", p.reason) for p in plans.values() if p.gate in ("memory", "compute")]
    used = {source for plan in plans.values() for source in plan.sources}
    spoken_for = {_ran_on(run) for run in study.measured if run.source in used}
    asked = "not used: another model or GPU than those considered, or requests more than twice as long or short as this work's"
    unused = dict.fromkeys(_ran_on(run) for run in study.measured if _ran_on(run) not in spoken_for)
    return found + [_gate(f"{before}own measurement of {what}", "ask", asked) for what in unused]


def _ran_on(run: Measurement) -> str:
    return f"{run.model_id} on {run.gpus_count}x {run.gpu_id} {run.precision}, {run.engine}"


def weakest_assumption(study: Study) -> str:
    """Of the inputs that move the advantage most the one with the least evidence."""
    tornado = study.tornado()
    if tornado.empty or tornado["swing_usd_per_month"].iloc[0] <= 0:
        return "none moves the answer"
    top = tornado[tornado["swing_usd_per_month"] >= tornado["swing_usd_per_month"].iloc[0] * 0.25]
    worst = (
        top.assign(rank=top["confidence"].map(EVIDENCE_RANK)).sort_values(["rank", "swing_usd_per_month"], ascending=[False, False]).iloc[0]
    )
    amount, band = shown(worst["typical"], worst["unit"]), shown_range(worst["low"], worst["high"], worst["unit"])
    word = {"guess": "a GUESS", "reported": "reported, not measured", "list_price": "a list price", "measured": "measured"}[
        worst["confidence"]
    ]
    moved = "bill" if study.yardstick == study.winner else "advantage"
    name = plain_name(worst["path"]) if worst["unit"] == "multiplier" else f"{plain_name(worst['path'])} = {amount}"
    return f"{name}: {word}; {band} moves the {moved} by {usd(worst['swing_usd_per_month'])} a month"


def confidence(study: Study) -> dict[str, Any]:
    """high, medium or low, with what it follows from: the chance of being cheapest, and the evidence behind load and quality."""
    sure = cheapest_fraction(study.draws())[study.winner]
    moved = study.winner not in ("today", "tuned")
    quality = max((c.alternative.evidence for c in study.choices), key=EVIDENCE_RANK.__getitem__)
    usage = [load.usage for load in study.loads.values() if load.usage]
    days = min((len(u.hourly) / HOURS_PER_DAY for u in usage), default=0.0)
    measured_load = all(load.confidence == "measured" for load in study.loads.values())
    preset_load = any(load.confidence == "guess" for load in study.loads.values())
    points = (sure < 0.9) + (moved and quality != "measured") + (moved and quality == "guess") + (not measured_load) + preset_load
    points += measured_load and days < DAYS_OF_A_SHAPE
    thin = [u for u in usage if u.is_thin]
    explained = exports.explained_fraction(study)
    doubtful = sure < 0.6 or bool(thin) or (explained is not None and abs(explained[0] - 1) > 0.25)
    level = ("high", "medium", "medium")[points] if points <= 2 and not doubtful else "low"
    because = [
        f"cheapest in {probability(sure)} of the draws",
        f"load measured, {number(days, 2)} days{'' if days >= DAYS_OF_A_SHAPE else ': less than a week'}"
        if measured_load
        else f"load: {_totals(usage)} on {'a PRESET for its size' if preset_load else 'a public shape'}",
        f"quality {'measured' if quality == 'measured' else 'reported' if quality == 'reported' else 'a guess'}",
        oldest_price(study),
        *([f"list prices explain {percent(explained[0])} of {explained[1]}"] if explained else []),
        *(
            f"usage export is thin: {percent(u.covered_fraction)} of its hours, {percent(u.rejected_fraction)} of its rows rejected"
            for u in thin
        ),
    ]
    return {"level": level, "because": because}


def _totals(usage: Sequence[HourlyUsage]) -> str:
    return "days of an export" if any(u.of_days for u in usage) else "totals by the client"


def oldest_price(study: Study) -> str:
    """Age of the oldest dated price behind the answer's options, on the report's own day."""
    offers = [o for c in study.choices for o in (c.today, c.host and c.host.offer, *(s.offer for s in c.supplies.values())) if o and o.date]
    if not offers:
        return "no price carries a date"
    oldest = min(dt.date.fromisoformat(o.date) for o in offers)
    return f"oldest price {(study.client.as_of_date - oldest).days} days"
