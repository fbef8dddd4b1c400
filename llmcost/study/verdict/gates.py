"""Rules that no price outweighs: each with its status, the evidence that would settle it, and what
it costs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from llmcost.inputs.client import Workload
from llmcost.model.types import Measurement
from llmcost.study.bill.options import HOSTED
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import owns_nothing
from llmcost.study.market.hosts import may_leave, region_status
from llmcost.study.problem import WorkloadChoice
from llmcost.study.scopes import request_shape, scope_of
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.uncertainty.split_sweeps import overflow_peak_requests_per_minute
from llmcost.study.wording import number

OPEN = ("ask", "not tested", "unverified", "failed")
"""Statuses that somebody still has to settle."""
ENOUGH_REQUESTS_COUNT = 400
"""Requests of an evaluation that places a share within five points in 95 cases of 100: 1.96^2 *
0.25 / 0.05^2 = 384."""


@dataclass(frozen=True)
class Gate:
    """One gate of one workload.

    kind      api_allowed | data | air_gap | region | latency | weights | quality | team |
              rate_limit | cold_start | measurement
    status    ok, ask, not tested, unverified or failed
    evidence  the document or measurement that would settle it
    """

    kind: str
    name: str
    status: str
    text: str
    evidence: str


def gates(case: Case) -> list[Gate]:
    """Every gate of every workload, as the advised option meets it."""
    several, found = len(case.choices) > 1, list[Gate]()
    for choice in case.choices:
        before = f"{choice.workload.id}: " if several else ""
        for gate in _workload_gates(case, choice):
            found.append(
                Gate(gate.kind, f"{before}{gate.name}", gate.status, gate.text, gate.evidence)
            )
    return found + list(_team(case))


def _workload_gates(case: Case, choice: WorkloadChoice) -> Iterator[Gate]:
    gate, winner = choice.workload.gates, advised_option(case)
    yield from _data(choice.workload)
    if gate.regions:
        evidence = "the host's written word on the region of this very endpoint, not of the company"
        yield Gate("region", f"region {', '.join(gate.regions)}", *_region(case, choice), evidence)
    if choice.workload.latency:
        yield _latency(case, choice)
    if gate.fine_tuned_weights:
        evidence = (
            "the base model with prompts alone on the same test set: if it passes too, hosts can"
            " serve it by the token"
        )
        yield Gate(
            "weights", "fine-tuned weights", "ok", "no host sells them by the token", evidence
        )
    yield from _refused(case, choice)
    yield _quality(choice)
    if (
        winner in ("open_api", "hybrid")
        and choice.host
        and not choice.host.offer.requests_per_minute_count
    ):
        shape = request_shape(
            case.client,
            choice,
            case.values,
            1.0,
            float(scope_of(choice, case.values)("taken_fraction")),
        )
        most = (
            shape.peak_requests_per_minute
            if winner == "open_api"
            else overflow_peak_requests_per_minute(case, choice)
        )
        peak = number(most, 2)
        evidence = (
            f"the host's written limit for your account: the busiest hour needs {peak} requests a"
            " minute"
        )
        yield Gate("rate_limit", "host's rate limit at the peak", "ask", "ask", evidence)
    if (
        winner in ("open_api", "hybrid")
        and choice.host
        and (gate.zero_retention or gate.lowest_precision)
    ):
        evidence = "the host's terms on keeping data, and the precision that it serves"
        yield Gate(
            "host_terms",
            "host's retention and precision",
            choice.host.status,
            choice.host.reason or "ok",
            evidence,
        )
    if winner == "serverless" and choice.workload.latency:
        boot = choice.supplies["serverless"].replica.weights_gb / float(
            case.values["hidden_costs.weights_load_gb_per_second"]
        )
        text = f"a sleeping replica takes about {number(boot, 2)} s to load: is that allowed?"
        yield Gate(
            "cold_start",
            "cold starts",
            "ask",
            text,
            "whether a first request may wait that long, from whoever owns the product",
        )


def _data(workload: Workload) -> Iterator[Gate]:
    """Where the data may go: one gate for each rule that binds, or the leave to send it to an
    API."""
    gate = workload.gates
    said, rule = (
        gate.evidence or "said by the client, no document named",
        "the clause that says so, dated, and whose signature could change it",
    )
    if may_leave(workload):
        evidence = "the signed agreement: retention, and no training on your data"
        yield Gate("api_allowed", "third-party API allowed", "ok", said, evidence)
    if gate.air_gapped:
        yield Gate("air_gap", "air gap", "ok", said, rule)
    if not gate.third_party_api_allowed:
        yield Gate("data", "no third-party API", "ok", said, rule)


def _quality(choice: WorkloadChoice) -> Gate:
    status, text = {
        "measured": ("ok", "measured by the client"),
        "reported": ("unverified", "reported, not measured"),
        "guess": ("not tested", "NOT TESTED"),
    }[choice.alternative.evidence]
    evidence = (
        f"a blind evaluation of {choice.alternative.model_id} on about {ENOUGH_REQUESTS_COUNT} of"
        " your own requests"
    )
    return Gate("quality", "quality", status, text, evidence)


def _team(case: Case) -> Iterator[Gate]:
    """Who keeps the servers running: asked only where the advice hosts something. What learning it
    costs is not invented."""
    winner, runs = advised_option(case), case.client.people.team_runs_gpus
    if winner not in HOSTED or (winner == "hybrid" and owns_nothing(case)):
        return
    name = "team that runs GPU servers"
    if runs:
        yield Gate(
            "team",
            name,
            "ok",
            "said by the client",
            "who is called at night, by name, and what they run today",
        )
        return
    text = (
        "nobody said that there is one"
        if runs is None
        else "there is none: what learning it costs is not in any bill"
    )
    yield Gate(
        "team",
        name,
        "ask",
        text,
        "two weeks of one rented replica under real load, run by those who would keep it; or a"
        " support contract",
    )


WORST = ("ok", "ask", "failed")


def _region(case: Case, choice: WorkloadChoice) -> tuple[str, str]:
    """(worst status, who) over everybody whom the advised option sends this work to."""
    wanted, winner = choice.workload.gates.regions, advised_option(case)
    parts: list[tuple[str, str, str]] = []
    if choice.today and (
        winner in ("today", "tuned") or choice.alternative.passing_fraction.typical < 1
    ):
        parts.append((choice.today.provider, *region_status(wanted, choice.today.regions)))
    if winner in ("open_api", "hybrid") and choice.host:
        parts.append(
            (choice.host.offer.provider, *region_status(wanted, choice.host.offer.regions))
        )
    if winner in choice.supplies and not (winner == "hybrid" and owns_nothing(case)):
        offer = choice.supplies[winner].offer
        parts.append((offer.provider, offer.status, offer.reason))
    status = max((status for _, status, _ in parts), key=WORST.index, default="ok")
    return status, "; ".join(f"{who}: {reason or 'ok'}" for who, _, reason in parts)


def _latency(case: Case, choice: WorkloadChoice) -> Gate:
    latency = choice.workload.latency
    assert latency is not None
    of = "mean" if latency.percentile is None else f"p{latency.percentile:g}"
    name = f"{latency.metric.upper()} {of} <= {latency.limit_seconds * 1e3:g} ms"
    evidence = (
        f"{latency.metric.upper()} {of} over a working day at the peak's concurrency, with your own"
        " prompts, where it would run"
    )
    return Gate("latency", name, *_latency_status(case, choice), evidence)


def _latency_status(case: Case, choice: WorkloadChoice) -> tuple[str, str]:
    latency, supply = choice.workload.latency, choice.supplies.get(advised_option(case))
    assert latency is not None
    if supply is None or (advised_option(case) == "hybrid" and owns_nothing(case)):
        return "unverified", "an API's latency is not in its price list: measure it"
    rests_on = (
        "measured by the client"
        if supply.plan.origin == "client"
        else f"throughput {supply.plan.origin}"
    )
    if latency.metric == "ttft" and not supply.plan.ttft_measured:
        return (
            "unverified",
            (
                "the model's first token is a lower bound, several times too early on public runs:"
                " measure it"
            ),
        )
    if latency.percentile is None or supply.plan.percentile_measured:
        return "ok", rests_on
    if latency.percentile == 50:
        return "ok", f"modelled: the mean stands in for the median; {rests_on}"
    return "unverified", f"the mean meets it, {rests_on}; a percentile needs a measurement"


def _refused(case: Case, choice: WorkloadChoice) -> Iterator[Gate]:
    """The client's own measurements that cannot be true, and those that say nothing of this
    work."""
    again = "the benchmark again, with its model, GPU, precision and prompt lengths written down"
    plans = {
        c.plan.name: c.plan
        for one in case.considered[choice.workload.id]
        for c in one.candidates
        if c.plan.own
    }
    for plan in plans.values():
        if plan.gate in ("memory", "compute"):
            yield Gate(
                "measurement", f"own measurement of {plan.name}", "failed", plan.reason, again
            )
    used = {source for plan in plans.values() for source in plan.sources}
    spoken_for = {_ran_on(run) for run in case.measured if run.source in used}
    evidence = (
        "not used: another model or GPU than those considered, or requests more than twice as long"
        " or short as this work's"
    )
    for what in dict.fromkeys(
        _ran_on(run) for run in case.measured if _ran_on(run) not in spoken_for
    ):
        yield Gate("measurement", f"own measurement of {what}", "ask", evidence, again)


def _ran_on(run: Measurement) -> str:
    return f"{run.model_id} on {run.gpus_count}x {run.gpu_id} {run.precision}, {run.engine}"


def lifting(workload: Workload) -> dict[str, dict[str, Any]]:
    """The rules that bind a workload, by kind of gate: the what-if that lifts each."""
    at, gate = f"workloads.{workload.id}", workload.gates
    found: dict[str, dict[str, Any]] = {}
    if gate.air_gapped:
        found["air_gap"] = {f"{at}.gates.air_gapped": False}
    if not gate.third_party_api_allowed:
        found["data"] = {f"{at}.gates.third_party_api_allowed": True}
    if gate.regions:
        found["region"] = {f"{at}.gates.regions": []}
    if workload.latency:
        found["latency"] = {f"{at}.latency": None}
    if gate.fine_tuned_weights:
        found["weights"] = {f"{at}.gates.fine_tuned_weights": False}
    return found


def lifted(case: Case, kind: str) -> Case:
    """The same client with one kind of rule lifted, in every workload that has it; nothing else
    changes, and it keeps its draws."""
    return case.what_if(
        {
            path: value
            for w in case.client.workloads
            for path, value in lifting(w).get(kind, {}).items()
        }
    )


def premiums(case: Case) -> dict[str, float]:
    """Kind of rule -> USD a month that it costs: the advised bill less the advised bill without it.
    0 or less: it costs nothing here."""
    kinds = dict.fromkeys(kind for workload in case.client.workloads for kind in lifting(workload))
    return {
        kind: case.totals[advised_option(case)]
        - (free := lifted(case, kind)).totals[advised_option(free)]
        for kind in kinds
    }


def record(case: Case) -> list[dict[str, Any]]:
    """Every gate as plain data, with the premium of those that bind; None where there is nothing to
    lift."""
    cost = premiums(case)
    return [asdict(gate) | {"premium_usd_per_month": cost.get(gate.kind)} for gate in gates(case)]
