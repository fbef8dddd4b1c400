"""How much the answer may be trusted: gates with their evidence, the weakest assumption, and the confidence that follows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from llmcost.study.draws import cheapest_fraction
from llmcost.study.hosts import may_leave, region_status
from llmcost.study.labels import owns_nothing
from llmcost.study.names import plain_name, shown, shown_range
from llmcost.study.problem import WorkloadChoice
from llmcost.study.wording import number, percent, probability, usd

if TYPE_CHECKING:
    from llmcost.study.study import Study

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
        evidence = {
            "measured": ("ok", "measured by the client"),
            "reported": ("unverified", "reported, not measured"),
            "guess": ("not tested", "NOT TESTED"),
        }
        found.append(_gate(f"{before}quality", *evidence[choice.alternative.evidence]))
        if study.winner in ("open_api", "hybrid") and choice.host and not choice.host.offer.requests_per_minute_count:
            found.append(_gate(f"{before}host's rate limit at the peak", "ask", "ask"))
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
        parts.append((choice.host.offer.provider, choice.host.status, choice.host.reason))
    if winner in choice.supplies and not (winner == "hybrid" and owns_nothing(study)):
        offer = choice.supplies[winner].offer
        parts.append((offer.provider, offer.status, offer.reason))
    status = max((status for _, status, _ in parts), key=WORST.index, default="ok")
    return status, "; ".join(f"{who}: {reason or 'ok'}" for who, _, reason in parts)


def _gate(name: str, status: str, text: str) -> dict[str, str]:
    return {"name": name, "status": status, "text": text}


def _latency_gate(study: Study, before: str, choice: Any) -> dict[str, str]:
    latency = choice.workload.latency
    limit = f"ITL p{latency.percentile:g} <= {latency.limit_seconds * 1e3:g} ms"
    supply = choice.supplies.get(study.winner)
    if supply is None:
        return _gate(f"{before}{limit}", "unverified", "an API's latency is not in its price list: measure it")
    if latency.percentile != 50:
        return _gate(f"{before}{limit}", "unverified", "the model gives means, percentiles need a measurement")
    return _gate(f"{before}{limit}", "ok", f"throughput {supply.plan.origin}")


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
    measured_load = all(load.confidence == "measured" for load in study.loads.values())
    preset_load = any(load.confidence == "guess" for load in study.loads.values())
    points = (sure < 0.9) + (moved and quality != "measured") + (moved and quality == "guess") + (not measured_load) + preset_load
    usage = [load.usage for load in study.loads.values() if load.usage]
    thin = any(u.covered_fraction < 0.95 or u.rows_rejected_count > 0.02 * u.rows_count for u in usage)
    explained = 1 / study.invoice_multiplier
    doubtful = sure < 0.6 or thin or abs(explained - 1) > 0.25
    level = ("high", "medium", "medium")[points] if points <= 2 and not doubtful else "low"
    because = [
        f"cheapest in {probability(sure)} of the draws",
        "load measured from an export"
        if measured_load
        else f"load: totals by the client on {'a PRESET for its size' if preset_load else 'a public shape'}",
        f"quality {'measured' if quality == 'measured' else 'reported' if quality == 'reported' else 'a guess'}",
        oldest_price(study),
        *([f"list prices explain {percent(explained)} of the invoice"] if study.client.invoice else []),
        *([f"usage export covers {percent(usage[0].covered_fraction)} of its hours: thin"] if thin else []),
    ]
    return {"level": level, "because": because}


def oldest_price(study: Study) -> str:
    """Age of the oldest dated price behind the answer's options, on the report's own day."""
    offers = [o for c in study.choices for o in (c.today, c.host and c.host.offer, *(s.offer for s in c.supplies.values())) if o and o.date]
    if not offers:
        return "no price carries a date"
    oldest = min(dt.date.fromisoformat(o.date) for o in offers)
    return f"oldest price {(study.client.as_of_date - oldest).days} days"
