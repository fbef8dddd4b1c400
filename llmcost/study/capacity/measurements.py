"""What was measured of a serving plan, brought to a client's requests: runs of one engine joined
into a curve over concurrency.

A run at another mean request is moved to this one by the roofline: measured there, times modelled
here over modelled there. So prefix-cache hits, which no public run has, act on measured speeds as
they act on modelled ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from llmcost.model.goodput import log_log, through_points
from llmcost.model.types import Measurement, Request, ServingCurve
from llmcost.study.capacity.runs import Key, mean_request

SAME_RATIO = 1.25
"""Mean requests this near to each other are one request; concurrencies this near are one
concurrency."""
SLACK_RATIO = 2.0
"""How far beyond the measured requests runs still lead the roofline."""
SOFTENING = 0.05
"""Keeps the weight of a run at no distance finite."""
LEAST_WEIGHT_RATIO = 0.05
"""Runs that weigh less than this beside the nearest are left out."""


class Origin(StrEnum):
    """Where a throughput comes from, the most trusted first.

    CLIENT        the client's own runs
    MEASURED      public runs at this mean request
    INTERPOLATED  between public runs at other mean requests
    ROOFLINE      the model, held to runs where there are some
    """

    CLIENT = "client"
    MEASURED = "measured"
    INTERPOLATED = "interpolated"
    ROOFLINE = "roofline"


@dataclass(frozen=True)
class Evidence:
    """The runs of one engine that speak for a plan at this request, and the curve through them.

    least_count, most_count  the measured concurrencies
    percentile_measured      whether the curve's latencies are those of the percentile asked for
    ttft_measured            whether the first token was timed at all, or is modelled
    """

    engine: str
    origin: Origin
    runs: tuple[Measurement, ...]
    curve: ServingCurve
    least_count: float
    most_count: float
    percentile_measured: bool
    ttft_measured: bool

    def covers(self, concurrency_count: float) -> bool:
        """Whether a concurrency lies among the measured ones."""
        return self.least_count / SAME_RATIO <= concurrency_count <= self.most_count * SAME_RATIO


def evidence(
    key: Key, runs: Sequence[Measurement], request: Request, at_count: np.ndarray
) -> list[Evidence]:
    """For each engine what its runs say of this request at the concurrencies `at_count`; one whose
    runs are too far away says nothing."""
    by_engine: dict[str, list[Measurement]] = {}
    for run in runs:
        if run.concurrency_count is not None or key.holds(run):
            by_engine.setdefault(run.engine.lower(), []).append(run)
    found = [
        _of_engine(key, engine, by_engine[engine], request, at_count)
        for engine in sorted(by_engine)
    ]
    return [one for one in found if one]


def _shape(run: Measurement) -> tuple[float, float, float]:
    """(input tokens, output tokens, input tokens from the prefix cache) of a run's mean request."""
    return run.input_tokens, run.output_tokens, run.cached_input_tokens


def _of_engine(
    key: Key, engine: str, runs: list[Measurement], request: Request, at_count: np.ndarray
) -> Evidence | None:
    shapes = sorted({_shape(run) for run in runs})
    whole = (request.input_tokens + request.cached_input_tokens, request.output_tokens)
    places, here = np.log([shape[:2] for shape in shapes]), np.log(whole)
    away = np.abs(places - here)
    near = away.max(axis=1) <= math.log(SAME_RATIO)

    def among(slack_ratio: float) -> bool:
        slack = math.log(slack_ratio)
        return bool(
            np.all((here >= places.min(axis=0) - slack) & (here <= places.max(axis=0) + slack))
        )

    if not near.any() and not among(SLACK_RATIO):
        return None
    weights = np.where(near | (not near.any()), 1.0, 0.0) / (SOFTENING + (away**2).sum(axis=1))
    used = weights > LEAST_WEIGHT_RATIO * weights.max()
    groups = [
        [run for run in runs if _shape(run) == shape]
        for shape, use in zip(shapes, used, strict=True)
        if use
    ]
    taken = tuple(run for group in groups for run in group)
    told = [
        run.itl_percentiles if request.ttft_limit_seconds is None else run.ttft_percentiles
        for run in taken
    ]
    tail = request.limit_percentile is not None and all(
        request.limit_percentile in each for each in told
    )
    asked = (
        request if tail else replace(request, limit_percentile=None)
    )  # a tail of some runs and the mean of others do not mix
    curves = [_through(key, group, asked, at_count) for group in groups]
    counts = [count for counts, _ in curves for count in counts]
    origin = Origin.INTERPOLATED if among(SAME_RATIO) else Origin.ROOFLINE
    return Evidence(
        engine,
        Origin.MEASURED if near.any() else origin,
        taken,
        _mean(at_count, [curve for _, curve in curves], weights[used]),
        min(counts),
        max(counts),
        tail,
        all(any(run.ttft_seconds for run in group) for group in groups),
    )


def _mean(at_count: np.ndarray, curves: list[ServingCurve], weights: np.ndarray) -> ServingCurve:
    """Curves at several mean requests as one, weighted in the logarithm."""

    def of(name: str) -> np.ndarray:
        return np.exp(
            np.average(np.log([getattr(curve, name) for curve in curves]), axis=0, weights=weights)
        )

    return ServingCurve(
        at_count, of("output_tokens_per_second"), of("itl_seconds"), of("ttft_seconds")
    )


def _through(
    key: Key, runs: list[Measurement], request: Request, at_count: np.ndarray
) -> tuple[np.ndarray, ServingCurve]:
    """(measured concurrencies, curve at this request) through the runs at one other mean
    request."""
    there, counted = mean_request(runs[0]), [(key.count(run), run) for run in runs]
    counts = np.array(sorted({count for count, _ in counted}))
    grid = np.union1d(at_count, counts)
    wanted = np.searchsorted(grid, at_count)
    model_there, model_here, modelled = (
        key.curve(there, counts),
        key.curve(request, counts),
        key.curve(request, grid),
    )

    def through(name: str, values: list[float | None]) -> np.ndarray | None:
        """The modelled quantity led through the measured one; runs at one concurrency count as
        their geometric mean."""
        known = [(count, value) for (count, _), value in zip(counted, values, strict=True) if value]
        if not known:
            return None
        at = np.array(sorted({count for count, _ in known}))
        measured = np.array(
            [
                np.exp(np.mean([math.log(value) for count, value in known if count == one]))
                for one in at
            ]
        )
        moved = measured * log_log(
            at, counts, getattr(model_here, name) / getattr(model_there, name)
        )
        return through_points(getattr(modelled, name), grid, at, moved)[wanted]

    speed = through("output_tokens_per_second", [run.output_tokens_per_second for run in runs])
    itl = through("itl_seconds", [_itl_seconds(run, count, request) for count, run in counted])
    ttft = through("ttft_seconds", [_ttft_seconds(run, request) for run in runs])
    assert speed is not None and itl is not None
    if (
        ttft is None
    ):  # nobody timed the first token: as much slower or faster than the model as the rest
        ttft = (modelled.ttft_seconds * modelled.output_tokens_per_second)[wanted] / speed
    return counts, ServingCurve(at_count, speed, itl, ttft)


def _itl_seconds(run: Measurement, count: float, request: Request) -> float:
    """Measured seconds between tokens: the percentile asked for, else the mean, else what the speed
    makes them."""
    asked = (
        run.itl_percentiles.get(request.limit_percentile or 0.0)
        if request.itl_limit_seconds is not None
        else None
    )
    return asked or run.tpot_seconds or count / run.output_tokens_per_second


def _ttft_seconds(run: Measurement, request: Request) -> float | None:
    asked = (
        run.ttft_percentiles.get(request.limit_percentile or 0.0)
        if request.ttft_limit_seconds is not None
        else None
    )
    return asked or run.ttft_seconds
