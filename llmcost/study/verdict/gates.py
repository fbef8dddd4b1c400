"""Rules that no price outweighs: each with its status, the evidence that would settle it, and what
it costs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from llmcost.inputs.client import Workload
from llmcost.model.types import Measurement
from llmcost.study.assumptions import Confidence
from llmcost.study.bill.options import HOSTED
from llmcost.study.capacity.measurements import Origin
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import owns_nothing
from llmcost.study.judgement import Reason, ReasonKind, Status
from llmcost.study.market.hosts import JudgedOffer, may_leave, region_reasons
from llmcost.study.problem import STAYING, Option, WorkloadChoice
from llmcost.study.scopes import request_shape, scope_of
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.uncertainty.split_sweeps import overflow_peak_requests_per_minute
from llmcost.study.wording import number

ENOUGH_REQUESTS_COUNT = 400
"""Requests of an evaluation that places a share within five points in 95 cases of 100: 1.96^2 *
0.25 / 0.05^2 = 384."""


OPEN = (Status.ASK, Status.NOT_TESTED, Status.UNVERIFIED, Status.FAILED)
"""Statuses that somebody still has to settle."""


class GateKind(StrEnum):
    """What a gate is about."""

    API_ALLOWED = "api_allowed"
    DATA = "data"
    AIR_GAP = "air_gap"
    REGION = "region"
    LATENCY = "latency"
    WEIGHTS = "weights"
    QUALITY = "quality"
    TEAM = "team"
    RATE_LIMIT = "rate_limit"
    HOST_TERMS = "host_terms"
    COLD_START = "cold_start"
    MEASUREMENT = "measurement"


@dataclass(frozen=True)
class Gate:
    """One gate of one workload.

    said      what is known of it, in words; empty where the status says it all
    evidence  the document or measurement that would settle it
    """

    kind: GateKind
    name: str
    status: Status
    said: str
    evidence: str

    @property
    def text(self) -> str:
        """What is known of it as a table shows it."""
        return self.said or self.status


def gates(case: Case) -> list[Gate]:
    """Every gate of every workload, as the advised option meets it."""
    found: list[Gate] = []
    for choice in case.choices:
        before = f"{choice.workload.id}: " if len(case.choices) > 1 else ""
        for gate in _workload_gates(case, choice):
            found.append(replace(gate, name=f"{before}{gate.name}"))
    return found + list(_team(case))


def _workload_gates(case: Case, choice: WorkloadChoice) -> Iterator[Gate]:
    gate = choice.workload.gates
    yield from _data(choice.workload)
    if gate.regions:
        yield _region(case, choice)
    if choice.workload.latency:
        yield _latency(case, choice)
    if gate.fine_tuned_weights:
        evidence = (
            "the base model with prompts alone on the same test set: if it passes too, hosts can"
            " serve it by the token"
        )
        said = "no host sells them by the token"
        yield Gate(GateKind.WEIGHTS, "fine-tuned weights", Status.OK, said, evidence)
    yield from _refused(case, choice)
    yield _quality(choice)
    if advised_option(case) in (Option.OPEN_API, Option.HYBRID) and choice.host:
        yield from _host(case, choice, choice.host)
    if advised_option(case) == Option.SERVERLESS and choice.workload.latency:
        yield _cold_start(case, choice)


def _host(case: Case, choice: WorkloadChoice, host: JudgedOffer) -> Iterator[Gate]:
    """What the host of the advised option has yet to say in writing."""
    if not host.offer.requests_per_minute_count:
        taken = float(scope_of(choice, case.values)("taken_fraction"))
        shape = request_shape(case.client, choice, case.values, 1.0, taken)
        most = shape.peak_requests_per_minute
        if advised_option(case) == Option.HYBRID:
            most = overflow_peak_requests_per_minute(case, choice)
        evidence = (
            "the host's written limit for your account: the busiest hour needs"
            f" {number(most, 2)} requests a minute"
        )
        name = "host's rate limit at the peak"
        yield Gate(GateKind.RATE_LIMIT, name, Status.ASK, "", evidence)
    if choice.workload.gates.zero_retention or choice.workload.gates.lowest_precision:
        evidence = "the host's terms on keeping data, and the precision that it serves"
        name = "host's retention and precision"
        yield Gate(GateKind.HOST_TERMS, name, host.status, host.reason, evidence)


def _cold_start(case: Case, choice: WorkloadChoice) -> Gate:
    weights_gb = choice.supplies[Option.SERVERLESS].replica.weights_gb
    seconds = weights_gb / float(case.values["hidden_costs.weights_load_gb_per_second"])
    said = f"a sleeping replica takes about {number(seconds, 2)} s to load: is that allowed?"
    evidence = "whether a first request may wait that long, from whoever owns the product"
    return Gate(GateKind.COLD_START, "cold starts", Status.ASK, said, evidence)


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
        yield Gate(GateKind.API_ALLOWED, "third-party API allowed", Status.OK, said, evidence)
    if gate.air_gapped:
        yield Gate(GateKind.AIR_GAP, "air gap", Status.OK, said, rule)
    if not gate.third_party_api_allowed:
        yield Gate(GateKind.DATA, "no third-party API", Status.OK, said, rule)


TESTED = {
    Confidence.MEASURED: (Status.OK, "measured by the client"),
    Confidence.REPORTED: (Status.UNVERIFIED, "reported, not measured"),
    Confidence.GUESS: (Status.NOT_TESTED, "NOT TESTED"),
}
"""How well a model's quality is known -> what that makes of its gate, and what is said of it."""


def _quality(choice: WorkloadChoice) -> Gate:
    status, said = TESTED[Confidence(choice.alternative.evidence)]
    evidence = (
        f"a blind evaluation of {choice.alternative.model_id} on about {ENOUGH_REQUESTS_COUNT} of"
        " your own requests"
    )
    return Gate(GateKind.QUALITY, "quality", status, said, evidence)


def _team(case: Case) -> Iterator[Gate]:
    """Who keeps the servers running: asked only where the advice hosts something. What learning it
    costs is not invented."""
    winner, runs = advised_option(case), case.client.people.team_runs_gpus
    if winner not in HOSTED or (winner == Option.HYBRID and owns_nothing(case)):
        return
    name = "team that runs GPU servers"
    if runs:
        evidence = "who is called at night, by name, and what they run today"
        yield Gate(GateKind.TEAM, name, Status.OK, "said by the client", evidence)
        return
    said = "there is none: what learning it costs is not in any bill"
    if runs is None:
        said = "nobody said that there is one"
    evidence = (
        "two weeks of one rented replica under real load, run by those who would keep it; or a"
        " support contract"
    )
    yield Gate(GateKind.TEAM, name, Status.ASK, said, evidence)


def _region(case: Case, choice: WorkloadChoice) -> Gate:
    """The worst status of everybody whom the advised option sends this work to."""
    parts = list(_sent_to(case, choice))
    reasons = [reason for _, found in parts for reason in found]
    worst = max(
        (reason.status for reason in reasons), key=lambda each: each.rank, default=Status.OK
    )
    said = "; ".join(
        f"{who}: {'; '.join(reason.words for reason in found) or Status.OK}" for who, found in parts
    )
    name = f"region {', '.join(choice.workload.gates.regions)}"
    evidence = "the host's written word on the region of this very endpoint, not of the company"
    return Gate(GateKind.REGION, name, worst, said, evidence)


def _sent_to(case: Case, choice: WorkloadChoice) -> Iterator[tuple[str, tuple[Reason, ...]]]:
    """(who, what speaks against their region) of everybody who gets some of the work."""
    wanted, winner = choice.workload.gates.regions, advised_option(case)
    stays = winner in STAYING or choice.alternative.passing_fraction.typical < 1
    if choice.today and stays:
        yield choice.today.provider, region_reasons(wanted, choice.today.regions)
    if winner in (Option.OPEN_API, Option.HYBRID) and choice.host:
        offer = choice.host.offer
        yield offer.provider, region_reasons(wanted, offer.regions)
    if winner in choice.supplies and not (winner == Option.HYBRID and owns_nothing(case)):
        rented = choice.supplies[winner].offer
        yield rented.provider, rented.reasons


def _latency(case: Case, choice: WorkloadChoice) -> Gate:
    latency = choice.workload.latency
    assert latency is not None
    of = "mean" if latency.percentile is None else f"p{latency.percentile:g}"
    name = f"{latency.metric.upper()} {of} <= {latency.limit_seconds * 1e3:g} ms"
    evidence = (
        f"{latency.metric.upper()} {of} over a working day at the peak's concurrency, with your own"
        " prompts, where it would run"
    )
    return Gate(GateKind.LATENCY, name, *_latency_status(case, choice), evidence)


def _latency_status(case: Case, choice: WorkloadChoice) -> tuple[Status, str]:
    latency, winner = choice.workload.latency, advised_option(case)
    supply = choice.supplies.get(winner)
    assert latency is not None
    if supply is None or (winner == Option.HYBRID and owns_nothing(case)):
        return Status.UNVERIFIED, "an API's latency is not in its price list: measure it"
    plan = supply.plan
    rests_on = f"throughput {plan.origin}"
    if plan.origin is Origin.CLIENT:
        rests_on = "measured by the client"
    if latency.metric == "ttft" and not plan.ttft_measured:
        return Status.UNVERIFIED, (
            "the model's first token is a lower bound, several times too early on public runs:"
            " measure it"
        )
    if latency.percentile is None or plan.percentile_measured:
        return Status.OK, rests_on
    if latency.percentile == 50:
        return Status.OK, f"modelled: the mean stands in for the median; {rests_on}"
    return Status.UNVERIFIED, f"the mean meets it, {rests_on}; a percentile needs a measurement"


def _refused(case: Case, choice: WorkloadChoice) -> Iterator[Gate]:
    """The client's own measurements that cannot be true, and those that say nothing of this
    work."""
    again = "the benchmark again, with its model, GPU, precision and prompt lengths written down"
    plans = {
        (c.plan.gpus_count, c.plan.gpu_id, c.plan.precision): c.plan
        for one in case.considered[choice.workload.id]
        for c in one.candidates
        if c.plan.own
    }
    for plan in plans.values():
        if plan.gate in (ReasonKind.MEMORY, ReasonKind.COMPUTE):
            name = f"own measurement of {plan.name}"
            yield Gate(GateKind.MEASUREMENT, name, Status.FAILED, plan.reason, again)
    used = {source for plan in plans.values() for source in plan.sources}
    spoken_for = {_ran_on(run) for run in case.measured if run.source in used}
    said = (
        "not used: another model or GPU than those considered, or requests more than twice as long"
        " or short as this work's"
    )
    for what in dict.fromkeys(
        _ran_on(run) for run in case.measured if _ran_on(run) not in spoken_for
    ):
        name = f"own measurement of {what}"
        yield Gate(GateKind.MEASUREMENT, name, Status.ASK, said, again)


def _ran_on(run: Measurement) -> str:
    return f"{run.model_id} on {run.gpus_count}x {run.gpu_id} {run.precision}, {run.engine}"


def lifting(workload: Workload) -> dict[GateKind, dict[str, Any]]:
    """The rules that bind a workload, by kind of gate: the what-if that lifts each."""
    at, gate = f"workloads.{workload.id}", workload.gates
    found: dict[GateKind, dict[str, Any]] = {}
    if gate.air_gapped:
        found[GateKind.AIR_GAP] = {f"{at}.gates.air_gapped": False}
    if not gate.third_party_api_allowed:
        found[GateKind.DATA] = {f"{at}.gates.third_party_api_allowed": True}
    if gate.regions:
        found[GateKind.REGION] = {f"{at}.gates.regions": []}
    if workload.latency:
        found[GateKind.LATENCY] = {f"{at}.latency": None}
    if gate.fine_tuned_weights:
        found[GateKind.WEIGHTS] = {f"{at}.gates.fine_tuned_weights": False}
    return found


def lifted(case: Case, kind: GateKind) -> Case:
    """The same client with one kind of rule lifted, in every workload that has it; nothing else
    changes, and it keeps its draws."""
    return case.what_if(
        {
            path: value
            for w in case.client.workloads
            for path, value in lifting(w).get(kind, {}).items()
        }
    )


def premiums(case: Case) -> dict[GateKind, float]:
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
    return [
        {
            "kind": gate.kind,
            "name": gate.name,
            "status": gate.status,
            "text": gate.text,
            "evidence": gate.evidence,
            "premium_usd_per_month": cost.get(gate.kind),
        }
        for gate in gates(case)
    ]
