"""Measured runs of whole replicas: the catalog's, what a run must share with a plan, and how far
the roofline is from it."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llmcost.inputs.catalog import gpu, in_force, model_shape
from llmcost.inputs.data_cache import data_cached
from llmcost.model.throughput import (
    DoesNotFit,
    compute_roof_tokens_per_second,
    fitting_concurrency,
    roofline_curve,
)
from llmcost.model.types import Gpu, Measurement, ModelShape, Request, ServingCurve


def mean_request(run: Measurement) -> Request:
    """The mean request of a run."""
    return Request(
        run.input_tokens - run.cached_input_tokens, run.output_tokens, run.cached_input_tokens
    )


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
        return roofline_curve(
            self.on,
            self.gpus_count,
            self.model,
            self.precision,
            *tokens,
            concurrency_count,
            request.cached_input_tokens,
        )

    def fitting(self, request: Request) -> int:
        """Requests that fit in memory at once; raises DoesNotFit when none does."""
        return fitting_concurrency(
            self.on, self.gpus_count, self.model, self.precision, request.whole_tokens
        )

    @property
    def roof_tokens_per_second(self) -> float:
        """Tokens/s that no engine can pass."""
        return compute_roof_tokens_per_second(self.on, self.gpus_count, self.model, self.precision)

    def holds(self, run: Measurement) -> bool:
        """Whether the memory model finds room for a run that was measured."""
        try:
            return self.fitting(mean_request(run)) > 0
        except DoesNotFit:
            return False

    def count(self, run: Measurement) -> float:
        """Requests in flight of a run; an engine that took as many as it would is taken to have run
        at its modelled best."""
        if run.concurrency_count is not None:
            return run.concurrency_count
        n = np.arange(1, self.fitting(mean_request(run)) + 1)
        return float(n[np.argmax(self.curve(mean_request(run), n).output_tokens_per_second)])


def _computed_tokens_per_second(run: Measurement) -> float:
    """Tokens/s read anew and written."""
    return run.output_tokens_per_second * (
        1 + (run.input_tokens - run.cached_input_tokens) / run.output_tokens
    )


def possible(key: Key, runs: Sequence[Measurement]) -> tuple[list[Measurement], str]:
    """(runs that can be true, what is wrong with the first that cannot): nothing passes FLOP/s over
    2 FLOP a parameter and token.

    Tokens read anew are computed too. A benchmark that repeats its prompts reads them from the
    prefix cache, and shows here.
    """
    roof = key.roof_tokens_per_second
    over = [run for run in runs if _computed_tokens_per_second(run) > roof]
    if not over:
        return list(runs), ""
    claim = (
        f"{over[0].source}: {over[0].output_tokens_per_second:,.0f} output tokens/s,"
        f" {_computed_tokens_per_second(over[0]):,.0f} with the input read for them, are above the"
        f" compute roof of {roof:,.0f}; did prompts repeat (cached_input_fraction)?"
    )
    return [run for run in runs if run not in over], claim


@data_cached
def catalog_runs(as_of: dt.date) -> dict[tuple[str, str, int, str], tuple[Measurement, ...]]:
    """(model, GPU, GPUs, precision) -> the catalog's measured throughput rows in force."""
    found: dict[tuple[str, str, int, str], tuple[Measurement, ...]] = {}
    for row in in_force("throughput", as_of).itertuples():
        what = (row.model_id, row.gpu_id, int(row.tensor_parallel_count), row.precision)
        at, ttft, tpot = (
            None if math.isnan(n) else float(n)
            for n in (row.concurrency_count, row.ttft_seconds, row.tpot_seconds)
        )
        shape = float(row.input_tokens), float(row.output_tokens)
        run = Measurement(
            row.row,
            row.effective_from,
            *what,
            row.engine,
            *shape,
            at,
            float(row.output_tokens_per_second),
            ttft,
            tpot,
        )
        found[what] = (*found.get(what, ()), run)
    return found


@data_cached
def run_ratio(key: Key, run: Measurement) -> float | None:
    """Measured over modelled speed of one run; None where the model finds no room for it in
    memory."""
    if not key.holds(run):
        return None
    count = min(key.count(run), key.fitting(mean_request(run)))
    return run.output_tokens_per_second / float(
        key.curve(mean_request(run), np.array([count])).output_tokens_per_second[0]
    )


def gpu_runs(gpu_id: str, precision: str, as_of: dt.date) -> list[tuple[Key, Measurement]]:
    """Every possible run of the catalog on one GPU at one precision, of whatever model, count and
    engine."""
    found = []
    for (model_id, on, count, of_precision), runs in catalog_runs(as_of).items():
        if (on, of_precision) == (gpu_id, precision):
            key = Key(model_shape(model_id, as_of), gpu(gpu_id, as_of), count, precision)
            found += [(key, run) for run in possible(key, runs)[0]]
    return found


@data_cached
def gpu_ratio(gpu_id: str, precision: str, as_of: dt.date) -> tuple[float, str]:
    """(median of measured / roofline over all models on one GPU and precision, the engine); 1 where
    nobody measured.

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
