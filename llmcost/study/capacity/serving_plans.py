"""Every way to serve a model oneself: GPU type, count and precision, with what a replica delivers
or the gate that it fails.

The order of trust: the client's own measurement, a measured catalog row at this mean request,
log-log interpolation between rows of the same model, GPU, count, precision and engine, the
roofline. Memory, compute and latency are judged before any dollar.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from llmcost.inputs.catalog import gpu, model_shape
from llmcost.inputs.data_cache import forgotten_with_data
from llmcost.model.goodput import TooSlow, safe_index
from llmcost.model.throughput import DoesNotFit, delivering_replica, request_seconds
from llmcost.model.types import Gpu, Measurement, ModelShape, Replica, Request, ServingCurve
from llmcost.study.capacity.measurements import Evidence, Origin, evidence
from llmcost.study.capacity.runs import Key, catalog_runs, gpu_ratio, possible
from llmcost.study.judgement import Judged, Reason, ReasonKind, Status
from llmcost.study.ties import cheapest

TENSOR_PARALLEL_COUNTS = (1, 2, 4, 8)
FAST_LINK_GB_PER_SECOND = 100.0
"""Slower links are PCIe, which the roofline does not know."""
BANDS = {
    Origin.CLIENT: 1.1,
    Origin.MEASURED: 1.25,
    Origin.INTERPOLATED: 1.25,
    Origin.ROOFLINE: 1.5,
}
"""Throughput is uncertain by times or divided by this, by where it comes from: own runs, a tuned
engine, or one that nobody measured."""


@dataclass(frozen=True)
class ServingPlan(Judged):
    """A model on so many GPUs at a precision: the replica, or the gate that it fails.

    sources    the measurements that were used, of the client or of the catalog; engine is what they
               ran on
    reasons    the gate that it fails, or what must be asked: nobody measured it on such GPUs
    own        whether the measurements are the client's
    percentile_measured  whether the promised percentile itself was measured; else the mean stands
                         in for it
    ttft_measured        whether the time to the first token was measured; else the model's lower
                         bound stands in for it
    """

    model_id: str
    gpu_id: str
    gpus_count: int
    precision: str
    replica: Replica | None
    origin: Origin = Origin.ROOFLINE
    sources: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    engine: str = ""
    own: bool = False
    percentile_measured: bool = False
    ttft_measured: bool = False

    @property
    def name(self) -> str:
        """How the plan is called in tables and sentences."""
        return f"{self.gpus_count}x {self.gpu_id} {self.precision}"


def serving_plans(
    model_id: str,
    gpu_ids: Iterable[str],
    as_of: dt.date,
    request: Request,
    own: Sequence[Measurement] = (),
) -> list[ServingPlan]:
    """Every plan for one model, feasible or not, for requests of this mean shape; `own` are the
    client's measurements."""
    return list(_serving_plans(model_id, tuple(gpu_ids), as_of, request, tuple(own)))


@lru_cache(maxsize=64)
def _serving_plans(
    model_id: str,
    wanted: tuple[str, ...],
    as_of: dt.date,
    request: Request,
    own: tuple[Measurement, ...],
) -> tuple[ServingPlan, ...]:
    """The same, kept: a what-if that moves prices, gates or people asks for the plans that are
    known already."""
    model = model_shape(model_id, as_of)
    mine = [run for run in own if run.model_id == model_id and run.gpu_id in wanted]
    ways = [
        (gpu_id, count, precision)
        for gpu_id in wanted
        for precision in precisions(model, gpu(gpu_id, as_of))
        for count in TENSOR_PARALLEL_COUNTS
    ]
    measured = [(run.gpu_id, run.gpus_count, run.precision) for run in mine]
    plans = []
    for gpu_id, count, precision in dict.fromkeys(ways + measured):
        runs = [
            run
            for run in mine
            if (run.gpu_id, run.gpus_count, run.precision) == (gpu_id, count, precision)
        ]
        plans.append(_plan(Key(model, gpu(gpu_id, as_of), count, precision), as_of, request, runs))
    return tuple(plans)


forgotten_with_data(_serving_plans.cache_clear)


def precisions(model: ModelShape, on: Gpu) -> list[str]:
    """Weight precisions worth trying: the model's own, and FP8 for a BF16 model where the GPU
    computes in it."""
    return (
        ["bf16", "fp8"]
        if model.native_precision == "bf16" and "fp8" in on.tflops
        else [model.native_precision]
    )


def _plan(key: Key, as_of: dt.date, request: Request, own: Sequence[Measurement]) -> ServingPlan:
    bare = ServingPlan(key.model.model_id, key.on.gpu_id, key.gpus_count, key.precision, None)
    mistaken = replace(bare, own=bool(own), sources=tuple(run.source for run in own))
    held = max((run.input_tokens + run.output_tokens for run in own), default=0.0)
    tokens, longest = request.whole_tokens, max(key.model.context_tokens, held)
    if tokens > longest:
        words = f"requests of {tokens:,.0f} tokens are longer than the model's {longest:,.0f}"
        return _failing(bare, ReasonKind.CONTEXT, words)
    try:
        fits = key.fitting(request)
    except DoesNotFit as gate:
        words = f"{gate}, though {own[0].source} says that it ran" if own else str(gate)
        return _failing(mistaken, ReasonKind.MEMORY, words)
    mine, claim = possible(key, own)
    if claim:
        return _failing(mistaken, ReasonKind.COMPUTE, claim)
    rows, _ = possible(
        key,
        catalog_runs(as_of).get(
            (key.model.model_id, key.on.gpu_id, key.gpus_count, key.precision), ()
        ),
    )
    for runs, is_own, most in ((mine, True, _most(mine, request, fits)), (rows, False, fits)):
        found = evidence(key, runs, request, np.arange(1, most + 1)) if most else []
        if found:
            return _best(
                [_measured_plan(key, replace(bare, own=is_own), request, one) for one in found],
                key,
                as_of,
                request,
            )
    curve, (ratio, engine) = (
        key.curve(request, np.arange(1, fits + 1)),
        gpu_ratio(key.on.gpu_id, key.precision, as_of),
    )
    speed = curve.output_tokens_per_second * ratio
    curve = ServingCurve(
        curve.concurrency_count, speed, curve.itl_seconds / ratio, curve.ttft_seconds / ratio
    )
    return _best([_served(key, replace(bare, engine=engine), request, curve)], key, as_of, request)


def _failing(plan: ServingPlan, gate: ReasonKind, words: str) -> ServingPlan:
    """The plan without a replica, for it fails a gate."""
    return replace(plan, reasons=(Reason(Status.INFEASIBLE, gate, words),))


def _most(own: Sequence[Measurement], request: Request, fits: int) -> int:
    """The most requests in flight that the client's runs speak for: no more than were measured, nor
    tokens than were held."""
    if not own:
        return 0
    held = max((run.concurrency_count or 0) * (run.input_tokens + run.output_tokens) for run in own)
    return max(
        1,
        int(
            min(
                max(run.concurrency_count or 0 for run in own),
                max(fits, held / request.whole_tokens),
            )
        ),
    )


def _measured_plan(key: Key, bare: ServingPlan, request: Request, found: Evidence) -> ServingPlan:
    """The plan on one engine's measurements; beyond the measured requests or concurrencies it is
    the roofline held to them."""
    sources = tuple(dict.fromkeys(run.source for run in found.runs))
    is_own = bare.own and found.origin is Origin.MEASURED
    origin = Origin.CLIENT if is_own else found.origin
    plan = _served(
        key,
        replace(bare, origin=origin, sources=sources, engine=found.engine),
        request,
        found.curve,
    )
    far = plan.replica and not found.covers(plan.replica.concurrency_count)
    if far or origin is Origin.ROOFLINE:
        return replace(plan, origin=Origin.ROOFLINE)
    return replace(
        plan, percentile_measured=found.percentile_measured, ttft_measured=found.ttft_measured
    )


def _served(key: Key, plan: ServingPlan, request: Request, curve: ServingCurve) -> ServingPlan:
    """The plan at the largest concurrency of its curve that keeps the latency promise."""
    try:
        best = safe_index(curve, request.itl_limit_seconds, request.ttft_limit_seconds)
    except TooSlow as gate:
        return _failing(plan, ReasonKind.LATENCY, str(gate))
    found = (
        int(curve.concurrency_count[best]),
        float(curve.output_tokens_per_second[best]),
        float(curve.itl_seconds[best]),
    )
    replica = delivering_replica(key.on, key.gpus_count, key.model, key.precision, request, *found)
    return replace(plan, replica=replica)


def _best(plans: list[ServingPlan], key: Key, as_of: dt.date, request: Request) -> ServingPlan:
    """Of one plan on several engines the most trusted, of equals the fastest; with what must be
    asked about its GPUs."""
    order = list(Origin)

    def trust(plan: ServingPlan) -> tuple[bool, int]:
        return plan.replica is None, order.index(plan.origin)

    def seconds(plan: ServingPlan) -> float:
        tokens = request.input_tokens, request.output_tokens
        return float(request_seconds(plan.replica, *tokens)) if plan.replica else 0.0

    most_trusted = min(map(trust, plans))
    best = cheapest((plan for plan in plans if trust(plan) == most_trusted), seconds)
    if best.replica is None or best.own:
        return best
    return replace(best, reasons=_unknown_gpus(key.on, key.gpus_count, as_of))


def _unknown_gpus(on: Gpu, count: int, as_of: dt.date) -> tuple[Reason, ...]:
    """What must be asked where no public measurement supports a plan of this kind."""
    counts = {
        measured_count
        for _, gpu_id, measured_count, _ in catalog_runs(as_of)
        if gpu_id == on.gpu_id
    }
    words = ""
    if not counts:
        words = f"no public throughput measurement on {on.gpu_id}"
    elif count > 1 and on.link_gb_per_second < FAST_LINK_GB_PER_SECOND and max(counts) == 1:
        words = f"no public measurement of {on.gpu_id} working together over PCIe"
    return (Reason(Status.ASK, ReasonKind.EVIDENCE, words),) if words else ()
