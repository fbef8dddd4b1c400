"""What was measured of a serving plan, brought to a client's requests: runs of one engine joined into a curve over concurrency.

A run at another mean request is moved to this one by the roofline: measured there, times modelled here over modelled there. So
prefix-cache hits, which no public run has, act on measured speeds as they act on modelled ones.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from llmcost.inputs.catalog import gpu, in_force, model_shape
from llmcost.model.goodput import log_log, through_points
from llmcost.model.throughput import DoesNotFit, compute_roof_tokens_per_second, fitting_concurrency, roofline_curve
from llmcost.model.types import Gpu, Measurement, ModelShape, Request, ServingCurve

SAME_SHAPE_RATIO = 1.25
"""Mean requests this near to each other are one request."""
SLACK_RATIO = 2.0
"""How far beyond the measured requests and concurrencies a curve through them is still believed."""
SOFTENING = 0.05
"""Keeps the weight of a run at no distance finite."""
LEAST_WEIGHT_RATIO = 0.05
"""Runs that weigh less than this beside the nearest are left out."""


@dataclass(frozen=True)
class Key:
    """What a run must share with a plan to speak for it; its engine comes on top."""

    model: ModelShape
    on: Gpu
    gpus_count: int
    precision: str

    def curve(self, request: Request, concurrency_count: np.ndarray) -> ServingCurve:
        """The roofline at this mean request."""
        tokens = (request.input_tokens, request.output_tokens)
        return roofline_curve(self.on, self.gpus_count, self.model, self.precision, *tokens, concurrency_count, request.cached_input_tokens)

    def fitting(self, request: Request) -> int:
        """Requests that fit in memory at once; raises DoesNotFit when none does."""
        tokens = request.input_tokens + request.cached_input_tokens + request.output_tokens
        return fitting_concurrency(self.on, self.gpus_count, self.model, self.precision, tokens)

    @property
    def roof_tokens_per_second(self) -> float:
        """Tokens/s that no engine can pass."""
        return compute_roof_tokens_per_second(self.on, self.gpus_count, self.model, self.precision)


@dataclass(frozen=True)
class Evidence:
    """The runs of one engine that speak for a plan at this request, and the curve through them.

    origin     measured (at this mean request) | interpolated (between other ones)
    least_count, most_count  the measured concurrencies
    percentile_measured      whether the curve's latencies are those of the percentile asked for
    """

    engine: str
    origin: str
    runs: tuple[Measurement, ...]
    curve: ServingCurve
    least_count: float
    most_count: float
    percentile_measured: bool

    def covers(self, concurrency_count: float) -> bool:
        """Whether a concurrency lies among the measured ones, or not far beyond."""
        return self.least_count / SLACK_RATIO <= concurrency_count <= self.most_count * SLACK_RATIO


def possible(key: Key, runs: Sequence[Measurement]) -> tuple[list[Measurement], str]:
    """(runs that can be true, what is wrong with the first that cannot): nothing passes FLOP/s over 2 FLOP a parameter and token."""
    roof = key.roof_tokens_per_second
    over = [run for run in runs if run.output_tokens_per_second > roof]
    if not over:
        return list(runs), ""
    claim = f"{over[0].source}: {over[0].output_tokens_per_second:,.0f} output tokens/s are above the compute roof of {roof:,.0f}"
    return [run for run in runs if run not in over], claim


def evidence(key: Key, runs: Sequence[Measurement], request: Request, at_count: np.ndarray) -> list[Evidence]:
    """For each engine what its runs say of this request at the concurrencies `at_count`; one whose runs are too far away says nothing."""
    by_engine: dict[str, list[Measurement]] = {}
    for run in runs:
        if run.concurrency_count is not None or _fits(key, run):
            by_engine.setdefault(run.engine.lower(), []).append(run)
    found = [_of_engine(key, engine, by_engine[engine], request, at_count) for engine in sorted(by_engine)]
    return [one for one in found if one]


def _shape(run: Measurement) -> tuple[float, float, float]:
    """(input tokens, output tokens, input tokens from the prefix cache) of a run's mean request."""
    return run.input_tokens, run.output_tokens, run.cached_input_tokens


def _request(run: Measurement) -> Request:
    return Request(run.input_tokens - run.cached_input_tokens, run.output_tokens, run.cached_input_tokens)


def _of_engine(key: Key, engine: str, runs: list[Measurement], request: Request, at_count: np.ndarray) -> Evidence | None:
    shapes = sorted({_shape(run) for run in runs})
    whole = (request.input_tokens + request.cached_input_tokens, request.output_tokens)
    places, here = np.log([shape[:2] for shape in shapes]), np.log(whole)
    away = np.abs(places - here)
    near = away.max(axis=1) <= math.log(SAME_SHAPE_RATIO)
    slack = math.log(SLACK_RATIO)
    inside = bool(np.all((here >= places.min(axis=0) - slack) & (here <= places.max(axis=0) + slack)))
    if not near.any() and not inside:
        return None
    weights = np.where(near | (not near.any()), 1.0, 0.0) / (SOFTENING + (away**2).sum(axis=1))
    used = weights > LEAST_WEIGHT_RATIO * weights.max()
    groups = [[run for run in runs if _shape(run) == shape] for shape, use in zip(shapes, used, strict=True) if use]
    taken = tuple(run for group in groups for run in group)
    told = [run.itl_percentiles if request.ttft_limit_seconds is None else run.ttft_percentiles for run in taken]
    tail = request.limit_percentile is not None and all(request.limit_percentile in each for each in told)
    asked = request if tail else replace(request, limit_percentile=None)  # a tail of some runs and the mean of others do not mix
    curves = [_through(key, group, asked, at_count) for group in groups]
    counts = [count for counts, _ in curves for count in counts]
    return Evidence(
        engine,
        "measured" if near.any() else "interpolated",
        taken,
        _mean(at_count, [curve for _, curve in curves], weights[used]),
        min(counts),
        max(counts),
        tail,
    )


def _mean(at_count: np.ndarray, curves: list[ServingCurve], weights: np.ndarray) -> ServingCurve:
    """Curves at several mean requests as one, weighted in the logarithm."""

    def of(name: str) -> np.ndarray:
        return np.exp(np.average(np.log([getattr(curve, name) for curve in curves]), axis=0, weights=weights))

    return ServingCurve(at_count, of("output_tokens_per_second"), of("itl_seconds"), of("ttft_seconds"))


def _fits(key: Key, run: Measurement) -> bool:
    try:
        return key.fitting(_request(run)) > 0
    except DoesNotFit:
        return False


def _through(key: Key, runs: list[Measurement], request: Request, at_count: np.ndarray) -> tuple[np.ndarray, ServingCurve]:
    """(measured concurrencies, curve at this request) through the runs at one other mean request."""
    there, counted = _request(runs[0]), [(_count(key, run), run) for run in runs]
    counts = np.array(sorted({count for count, _ in counted}))
    grid = np.union1d(at_count, counts)
    wanted = np.searchsorted(grid, at_count)
    model_there, model_here, modelled = key.curve(there, counts), key.curve(request, counts), key.curve(request, grid)

    def through(name: str, values: list[float | None]) -> np.ndarray | None:
        """The modelled quantity led through the measured one; runs at one concurrency count as their geometric mean."""
        known = [(count, value) for (count, _), value in zip(counted, values, strict=True) if value]
        if not known:
            return None
        at = np.array(sorted({count for count, _ in known}))
        measured = np.array([np.exp(np.mean([math.log(value) for count, value in known if count == one])) for one in at])
        moved = measured * log_log(at, counts, getattr(model_here, name) / getattr(model_there, name))
        return through_points(getattr(modelled, name), grid, at, moved)[wanted]

    speed = through("output_tokens_per_second", [run.output_tokens_per_second for run in runs])
    itl = through("itl_seconds", [_itl_seconds(run, count, request) for count, run in counted])
    ttft = through("ttft_seconds", [_ttft_seconds(run, request) for run in runs])
    assert speed is not None and itl is not None
    if ttft is None:  # nobody timed the first token: as much slower or faster than the model as the rest
        ttft = (modelled.ttft_seconds * modelled.output_tokens_per_second)[wanted] / speed
    return counts, ServingCurve(at_count, speed, itl, ttft)


def _count(key: Key, run: Measurement) -> float:
    """Requests in flight of a run; an engine that took as many as it would is taken to have run at its modelled best."""
    if run.concurrency_count is not None:
        return run.concurrency_count
    n = np.arange(1, key.fitting(_request(run)) + 1)
    return float(n[np.argmax(key.curve(_request(run), n).output_tokens_per_second)])


def _itl_seconds(run: Measurement, count: float, request: Request) -> float:
    """Measured seconds between tokens: the percentile asked for, else the mean, else what the speed makes them."""
    asked = run.itl_percentiles.get(request.limit_percentile or 0.0) if request.itl_limit_seconds is not None else None
    return asked or run.tpot_seconds or count / run.output_tokens_per_second


def _ttft_seconds(run: Measurement, request: Request) -> float | None:
    asked = run.ttft_percentiles.get(request.limit_percentile or 0.0) if request.ttft_limit_seconds is not None else None
    return asked or run.ttft_seconds


@cache
def catalog_runs(as_of: dt.date) -> dict[tuple[str, str, int, str], tuple[Measurement, ...]]:
    """(model, GPU, GPUs, precision) -> the catalog's measured throughput rows in force."""
    found: dict[tuple[str, str, int, str], tuple[Measurement, ...]] = {}
    for row in in_force("throughput", as_of).itertuples():
        what = (row.model_id, row.gpu_id, int(row.tensor_parallel_count), row.precision)
        at, ttft, tpot = (None if math.isnan(n) else float(n) for n in (row.concurrency_count, row.ttft_seconds, row.tpot_seconds))
        shape = float(row.input_tokens), float(row.output_tokens)
        run = Measurement(row.row, row.effective_from, *what, row.engine, *shape, at, float(row.output_tokens_per_second), ttft, tpot)
        found[what] = (*found.get(what, ()), run)
    return found


@cache
def run_ratio(key: Key, run: Measurement) -> float | None:
    """Measured over modelled speed of one run; None where the model finds no room for it in memory."""
    if not _fits(key, run):
        return None
    count = min(_count(key, run), key.fitting(_request(run)))
    return run.output_tokens_per_second / float(key.curve(_request(run), np.array([count])).output_tokens_per_second[0])


def gpu_runs(gpu_id: str, precision: str, as_of: dt.date) -> list[tuple[Key, Measurement]]:
    """Every possible run of the catalog on one GPU at one precision, of whatever model, count and engine."""
    found = []
    for (model_id, on, count, of_precision), runs in catalog_runs(as_of).items():
        if (on, of_precision) == (gpu_id, precision):
            key = Key(model_shape(model_id, as_of), gpu(gpu_id, as_of), count, precision)
            found += [(key, run) for run in possible(key, runs)[0]]
    return found


@cache
def gpu_ratio(gpu_id: str, precision: str, as_of: dt.date) -> tuple[float, str]:
    """(median of measured / roofline over all models on one GPU and precision, the engine); 1 where nobody measured.

    Of one engine alone: the one with most runs there.
    """
    ratios: dict[str, list[float]] = {}
    for key, run in gpu_runs(gpu_id, precision, as_of):
        ratio = run_ratio(key, run)
        if ratio is not None:
            ratios.setdefault(run.engine, []).append(ratio)
    if not ratios:
        return 1.0, ""
    engine = max(sorted(ratios), key=lambda name: len(ratios[name]))
    return float(np.median(ratios[engine])), engine
