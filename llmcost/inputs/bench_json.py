"""Result files of the two usual serving benchmarks, read into the figures of each run; neither
knows the GPU that it ran on.

`vllm bench serve --save-result` writes one object a run (`--append-result` one a line); guidellm's
JSON report, schema version 1, holds one benchmark a load level. Both give milliseconds, seconds
come out.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PERCENTILES = (50.0, 90.0, 95.0, 99.0)
GUIDELLM_SCHEMA = 1
LARGEST = 1e15
"""No figure of a benchmark is larger; not-a-number is not smaller."""


class Unreadable(ValueError):
    """The file is no result that can be used: the problem, and its cure."""

    def __init__(self, problem: str, cure: str):
        self.problem, self.cure = problem, cure
        super().__init__(problem)


@dataclass(frozen=True)
class Run:
    """What a file says of one run; the client says on what.

    place     where in the file, "" for all of it
    model     the model by the file's own name, "" where it says none
    """

    place: str
    model: str
    date: str
    input_tokens: float
    output_tokens: float
    concurrency_count: float
    output_tokens_per_second: float
    ttft_seconds: float | None
    tpot_seconds: float | None
    itl_percentiles: Mapping[float, float] = field(default_factory=dict)
    ttft_percentiles: Mapping[float, float] = field(default_factory=dict)


def number(said: Any, *path: str) -> float:
    """The finite number at a path of keys. Raises Unreadable where there is none."""
    here = said
    for key in path:
        here = here.get(key) if isinstance(here, dict) else None
    if isinstance(here, bool) or not isinstance(here, int | float) or not abs(here) < LARGEST:
        raise Unreadable(
            f"{'.'.join(path)} is no number",
            "Save the result again; it may be cut off, or of another tool",
        )
    return float(here)


def _seconds(said: Any, *path: str) -> float | None:
    """Milliseconds at a path as seconds; None where the file has none, or 0 as without
    streaming."""
    try:
        return number(said, *path) / 1e3 or None
    except Unreadable:
        return None


def _known(found: Mapping[float, float | None]) -> dict[float, float]:
    return {percentile: seconds for percentile, seconds in found.items() if seconds}


def _finished(
    completed: float, failed: float, duration_seconds: float, failed_limit_fraction: float = 0.01
) -> None:
    if duration_seconds <= 0:
        raise Unreadable("took no time", "Measure for at least a minute")
    if completed < 1:
        raise Unreadable(
            "no request was completed", "Look at the benchmark's errors and measure again"
        )
    if failed > failed_limit_fraction * (completed + failed):
        problem = f"{failed:,.0f} of {completed + failed:,.0f} requests failed"
        raise Unreadable(
            problem, "A server that drops requests looks fast: lower the load and measure again"
        )


def is_vllm(said: Any) -> bool:
    """Whether this is a result of `vllm bench serve`."""
    return isinstance(said, dict) and "output_throughput" in said and "completed" in said


def vllm_run(said: Mapping[str, Any], place: str = "") -> Run:
    """One result of `vllm bench serve`.

    In flight are `max_concurrency` requests where as many were always waiting (request_rate inf),
    else by Little's law the request throughput times the mean answer's seconds. Percentiles between
    tokens are those of single gaps (p99_itl_ms).
    """
    completed, duration = number(said, "completed"), number(said, "duration")
    failed = number(said, "failed") if "failed" in said else number(said, "num_prompts") - completed
    _finished(completed, failed, duration)
    speed, made = number(said, "output_throughput"), number(said, "total_output_tokens")
    if not math.isclose(speed * duration, made, rel_tol=0.05):
        raise Unreadable(
            "output_throughput is not total_output_tokens over duration",
            "Save the result again without editing it",
        )
    ttft, tpot = (_seconds(said, f"mean_{metric}_ms") for metric in ("ttft", "tpot"))
    answer_tokens = made / completed
    if said.get("max_concurrency") and said.get("request_rate") == "inf":
        in_flight = min(number(said, "max_concurrency"), completed)
    elif ttft and tpot:
        in_flight = number(said, "request_throughput") * (ttft + tpot * (answer_tokens - 1))
    else:
        raise Unreadable(
            "says neither max_concurrency nor latencies",
            "Measure with --max-concurrency and a streaming endpoint",
        )

    def percentiles(metric: str) -> dict[float, float]:
        median = {50.0: _seconds(said, f"median_{metric}_ms")}
        return _known(median | {p: _seconds(said, f"p{p:g}_{metric}_ms") for p in PERCENTILES[1:]})

    date = _day(str(said.get("date", ""))[:8])
    shape = number(said, "total_input_tokens") / completed, answer_tokens
    return Run(
        place,
        str(said.get("model_id", "")),
        date,
        *shape,
        in_flight,
        speed,
        ttft,
        tpot,
        percentiles("itl"),
        percentiles("ttft"),
    )


def _day(digits: str) -> str:
    """The day of eight digits, 20261115, as 2026-11-15; nothing where they are no day."""
    try:
        return dt.date.fromisoformat(digits).isoformat() if digits.isdigit() else ""
    except ValueError:
        return ""


def is_guidellm(said: Any) -> bool:
    """Whether this is a report of guidellm."""
    return (
        isinstance(said, dict) and isinstance(said.get("benchmarks"), list) and "metadata" in said
    )


def guidellm_runs(said: Mapping[str, Any]) -> list[Run]:
    """Every benchmark of a guidellm report, of its successful requests.

    Its inter_token_latency_ms leaves out the first token, as TPOT does; its percentiles are those
    of whole answers, not of single gaps.
    """
    version = said["metadata"].get("version") if isinstance(said["metadata"], dict) else None
    if version != GUIDELLM_SCHEMA:
        raise Unreadable(
            f"is a guidellm report of schema version {version}",
            f"Version {GUIDELLM_SCHEMA} is read: measure with it",
        )
    if not said["benchmarks"]:
        raise Unreadable("holds no benchmark", "Measure at one or more concurrencies")
    return [
        _guidellm_run(one, f"benchmarks[{index}]") for index, one in enumerate(said["benchmarks"])
    ]


def _guidellm_run(one: Any, place: str) -> Run:
    def mean(metric: str) -> float:
        return number(one, "metrics", metric, "successful", "mean")

    def percentiles(metric: str) -> dict[float, float]:
        return _known(
            {
                p: _seconds(one, "metrics", metric, "successful", "percentiles", f"p{p:g}")
                for p in PERCENTILES
            }
        )

    completed, failed = (
        number(one, "metrics", "request_totals", status) for status in ("successful", "errored")
    )
    _finished(completed, failed, number(one, "duration"))
    figures = (
        mean("prompt_token_count"),
        mean("output_token_count"),
        mean("request_concurrency"),
        mean("output_tokens_per_second"),
    )
    between, first = "inter_token_latency_ms", "time_to_first_token_ms"
    ttft, tpot = (
        _seconds(one, "metrics", metric, "successful", "mean") for metric in (first, between)
    )
    return Run(place, "", "", *figures, ttft, tpot, percentiles(between), percentiles(first))
