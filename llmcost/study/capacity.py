"""Every way to serve a model oneself: GPU type, count and precision, with what a replica delivers or why it cannot."""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from llmcost.inputs.catalog import gpu, in_force, model_shape
from llmcost.model.throughput import DoesNotFit, TooSlow, output_tokens_per_second, roofline_replica
from llmcost.model.types import Gpu, ModelShape, Replica, Request

TENSOR_PARALLEL_COUNTS = (1, 2, 4, 8)
SAME_SHAPE_RATIO = 1.25
FAST_LINK_GB_PER_SECOND = 100.0
"""Slower links are PCIe, which the roofline does not know."""
BANDS = {"measured": 1.25, "interpolated": 1.25, "roofline": 1.5}
"""Throughput is uncertain by times or divided by this, by where it comes from: a tuned engine, or one that nobody measured."""


@dataclass(frozen=True)
class ServingPlan:
    """A model on so many GPUs at a precision: the replica, or the gate that it fails.

    origin     measured | interpolated | roofline: where the throughput comes from
    sources    catalog rows of measured throughput that were used
    status     ok | ask (nobody measured it on such GPUs) | infeasible, with the reason
    """

    model_id: str
    gpu_id: str
    gpus_count: int
    precision: str
    replica: Replica | None
    origin: str
    sources: tuple[str, ...]
    status: str
    reason: str

    @property
    def name(self) -> str:
        """How the plan is called in tables and sentences."""
        return f"{self.gpus_count}x {self.gpu_id} {self.precision}"


def serving_plans(model_id: str, gpu_ids: Iterable[str], as_of: dt.date, request: Request) -> list[ServingPlan]:
    """Every plan for one model, feasible or not, for requests of this mean shape."""
    model = model_shape(model_id, as_of)
    return [
        _plan(model, gpu(gpu_id, as_of), count, precision, as_of, request)
        for gpu_id in gpu_ids
        for precision in precisions(model, gpu(gpu_id, as_of))
        for count in TENSOR_PARALLEL_COUNTS
    ]


def precisions(model: ModelShape, on: Gpu) -> list[str]:
    """Weight precisions worth trying: the model's own, and FP8 for a BF16 model where the GPU computes in it."""
    return ["bf16", "fp8"] if model.native_precision == "bf16" and "fp8" in on.tflops else [model.native_precision]


def _plan(model: ModelShape, on: Gpu, count: int, precision: str, as_of: dt.date, request: Request) -> ServingPlan:
    def plan(replica: Replica | None, origin: str, sources: tuple[str, ...], status: str, reason: str) -> ServingPlan:
        return ServingPlan(model.model_id, on.gpu_id, count, precision, replica, origin, sources, status, reason)

    def roofline(limit: float | None, concurrency_count: int | None = None) -> Replica:
        tokens = (request.input_tokens, request.output_tokens)
        return roofline_replica(on, count, model, precision, *tokens, limit, concurrency_count, request.cached_input_tokens)

    limit = request.itl_limit_seconds
    try:
        first = roofline(limit)
    except DoesNotFit as gate:
        return plan(None, "roofline", (), "infeasible", str(gate))
    except TooSlow:
        first = roofline(None, concurrency_count=1)
    key = (model.model_id, on.gpu_id, count, precision, as_of)
    ratio, origin, sources = calibration(*key, request.input_tokens, request.output_tokens, first.concurrency_count)
    try:
        modelled = roofline(limit * ratio if limit else None)
    except TooSlow as gate:
        return plan(None, origin, sources, "infeasible", str(TooSlow(gate.itl_seconds / ratio, limit or 0.0)))
    calibrated = replace(
        modelled,
        input_tokens_per_second=modelled.input_tokens_per_second * ratio,
        output_tokens_per_second=modelled.output_tokens_per_second * ratio,
        itl_seconds=modelled.itl_seconds / ratio,
    )
    return plan(calibrated, origin, sources, *_evidence(on, count, as_of))


def _evidence(on: Gpu, count: int, as_of: dt.date) -> tuple[str, str]:
    """ok, or ask where no public measurement supports a plan of this kind."""
    counts = {measured_count for _, gpu_id, measured_count, _ in measured_rows(as_of) if gpu_id == on.gpu_id}
    if not counts:
        return "ask", f"no public throughput measurement on {on.gpu_id}"
    if count > 1 and on.link_gb_per_second < FAST_LINK_GB_PER_SECOND and max(counts) == 1:
        return "ask", f"no public measurement of {on.gpu_id} working together over PCIe"
    return "ok", ""


@dataclass(frozen=True)
class MeasuredPoint:
    """A measured throughput row beside the roofline's answer to the same question."""

    row: str
    position: tuple[float, float, float]
    ratio: float


def calibration(
    model_id: str,
    gpu_id: str,
    count: int,
    precision: str,
    as_of: dt.date,
    input_tokens: float,
    output_tokens: float,
    concurrency_count: int,
) -> tuple[float, str, tuple[str, ...]]:
    """(measured / roofline, origin, rows used) for this request shape.

    Within a factor 1.25 of a measured row the row itself; between rows of the same model, GPU, count and precision their ratios
    weighted by the inverse square of the log distance in (input, output, concurrency); else the roofline, corrected by what other
    models measured on the same GPU at the same precision.
    """
    points = measured_points(model_id, gpu_id, count, precision, as_of)
    if not points:
        return gpu_ratio(gpu_id, precision, as_of), "roofline", ()
    here = np.log([input_tokens, output_tokens, concurrency_count])
    places = np.array([p.position for p in points])
    away = np.abs(places - here)
    near = away[:, :2].max(axis=1) <= math.log(SAME_SHAPE_RATIO)
    slack = math.log(2)
    inside = bool(np.all((here[:2] >= places[:, :2].min(axis=0) - slack) & (here[:2] <= places[:, :2].max(axis=0) + slack)))
    if not near.any() and not inside:
        return gpu_ratio(gpu_id, precision, as_of), "roofline", ()
    weights = np.where(near | (not near.any()), 1.0, 0.0) / (0.05 + (away**2).sum(axis=1))
    ratio = math.exp(float(np.average(np.log([p.ratio for p in points]), weights=weights)))
    used = tuple(p.row for p, w in zip(points, weights, strict=True) if w > 0.05 * weights.max())
    return ratio, "measured" if near.any() else "interpolated", used


@cache
def gpu_ratio(gpu_id: str, precision: str, as_of: dt.date) -> float:
    """Median of measured / roofline over all models on one GPU and precision; 1 where nobody measured."""
    plans = [plan for plan in measured_rows(as_of) if (plan[1], plan[3]) == (gpu_id, precision)]
    ratios = [p.ratio for plan in plans for p in measured_points(*plan, as_of)]
    return float(np.median(ratios)) if ratios else 1.0


@cache
def measured_rows(as_of: dt.date) -> dict[tuple[str, str, int, str], list[Any]]:
    """(model, GPU, GPUs, precision) -> the catalog's measured throughput rows in force."""
    found: dict[tuple[str, str, int, str], list[Any]] = {}
    for row in in_force("throughput", as_of).itertuples():
        found.setdefault((row.model_id, row.gpu_id, int(row.tensor_parallel_count), row.precision), []).append(row)
    return found


@cache
def measured_points(model_id: str, gpu_id: str, count: int, precision: str, as_of: dt.date) -> tuple[MeasuredPoint, ...]:
    """The catalog's measured rows for one model, GPU, count and precision, each with measured / roofline."""
    points = []
    for row in measured_rows(as_of).get((model_id, gpu_id, count, precision), []):
        at = None if math.isnan(row.concurrency_count) else int(row.concurrency_count)
        ask = (gpu(gpu_id, as_of), count, model_shape(model_id, as_of), precision, row.input_tokens, row.output_tokens)
        try:
            replica = roofline_replica(*ask, concurrency_count=at)
        except DoesNotFit:
            continue
        modelled = output_tokens_per_second(replica, row.input_tokens, row.output_tokens)
        position = tuple(np.log([row.input_tokens, row.output_tokens, replica.concurrency_count]))
        points.append(MeasuredPoint(row.row, position, row.output_tokens_per_second / modelled))
    return tuple(points)
