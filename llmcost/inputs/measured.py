"""The client's own measurements of serving speed: benchmark files in its folder, each run checked
before it is believed."""

import csv
import datetime as dt
import difflib
import io
import json
import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from llmcost.inputs.bench_json import (
    LARGEST,
    PERCENTILES,
    Run,
    Unreadable,
    guidellm_runs,
    is_guidellm,
    is_vllm,
    vllm_run,
)
from llmcost.inputs.catalog import aliases, in_force, known_id
from llmcost.inputs.errors import InputError
from llmcost.inputs.own_capacity import Measured
from llmcost.inputs.paths import files_inside
from llmcost.model.types import WEIGHT_BYTES, Measurement

FIELD = "own_capacity.measured"
LARGEST_BYTES = 64 * 1024 * 1024
SUM_RATIO = 3.0
"""Latencies and throughput of one run tell the same story at most this far apart."""
IDENTITY = ("model_id", "gpu_id", "gpus_count", "precision", "engine")
FIGURES = ("concurrency_count", "input_tokens", "output_tokens", "output_tokens_per_second")
LATENCIES = ("ttft_seconds", "tpot_seconds")
TAILS = tuple(f"{metric}_p{p:g}_seconds" for metric in ("ttft", "itl") for p in PERCENTILES)
COLUMNS = (*IDENTITY, *FIGURES, *LATENCIES, *TAILS)
"""Columns that a CSV of measurements may have; the figures it must have."""


def read_measured(folder: Path, said: list[Measured], as_of: dt.date) -> tuple[Measurement, ...]:
    """Every run in the files that the client names, with what it was measured on.

    Raises InputError for a file that is elsewhere, too large, cut off or of another kind, for
    failed requests, for figures that contradict each other (milliseconds given as seconds), and for
    a model or GPU that the catalog does not know.
    """
    found: dict[Path, tuple[Measurement, ...]] = {}
    for index, one in enumerate(said):
        field = f"{FIELD}[{index}]"
        for pattern in one.files:
            for path in files_inside(folder, pattern, field):
                if path in found:
                    raise InputError(
                        "client.yaml", field, f"{path.name} is named twice", "Name each file once"
                    )
                name = path.relative_to(folder.resolve()).as_posix()
                found[path] = tuple(_measurements(path, name, one, field, as_of))
    return tuple(run for runs in found.values() for run in runs)


def _measurements(
    path: Path, name: str, said: Measured, field: str, as_of: dt.date
) -> Iterator[Measurement]:
    try:
        text = _text(path)
        rows = (
            _csv_rows(text)
            if path.suffix.lower() == ".csv"
            else [({}, run) for run in _json_runs(text)]
        )
        if not rows:
            raise Unreadable("holds no run", "Give a header line and a row for each concurrency")
        for written, run in rows:
            try:
                _plausible(run)
            except Unreadable as error:
                raise Unreadable(
                    f"{run.place}: {error.problem}" if run.place else error.problem, error.cure
                ) from None
            identity = _identity(name, said, written, run, field, as_of)
            figures = {
                each.name: getattr(run, each.name)
                for each in fields(Run)
                if each.name not in ("place", "model")
            }
            cached = run.input_tokens * said.cached_input_fraction
            yield Measurement(
                source=f"{name} {run.place}".strip(),
                **identity,
                **figures,
                cached_input_tokens=cached,
            )
    except Unreadable as error:
        raise InputError(name, field, error.problem, error.cure) from None


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise Unreadable(
            f"{size:,} bytes are too many",
            "At most 64 MiB: save the result without the details of each request",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise Unreadable(
            "cannot be read as UTF-8 text", "Save it again as the benchmark wrote it"
        ) from None
    if not text.strip():
        raise Unreadable("is empty", "Let the benchmark finish and save its result")
    return text


def _json_runs(text: str) -> list[Run]:
    """The runs of a JSON document, or of one a line."""
    try:
        said = [json.loads(text)]
    except (ValueError, RecursionError):
        try:
            said = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise Unreadable(
                "is not whole JSON; was it cut off?",
                "Let the benchmark finish and copy the file again",
            ) from None
    if len(said) == 1 and is_guidellm(said[0]):
        return guidellm_runs(said[0])
    if not all(is_vllm(one) for one in said):
        problem = "is no result of `vllm bench serve`, no guidellm report"
        raise Unreadable(problem, f"Or write a .csv with the columns {', '.join(FIGURES)}")
    return [
        vllm_run(one, f"line {line}" if len(said) > 1 else "") for line, one in enumerate(said, 1)
    ]


def _csv_rows(text: str) -> list[tuple[dict[str, str], Run]]:
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        columns, rows = list(reader.fieldnames or []), list(reader)
    except csv.Error:
        raise Unreadable(
            "is not a whole CSV", "Export it again with a header line and commas"
        ) from None
    for column in columns:
        if column not in COLUMNS:
            near = difflib.get_close_matches(column, COLUMNS, n=1, cutoff=0.5)
            raise Unreadable(
                f"{column!r} is not a column",
                f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(COLUMNS)}",
            )
    missing = [column for column in FIGURES if column not in columns]
    if missing:
        raise Unreadable(
            f"{', '.join(missing)} missing", f"Columns: {', '.join((*FIGURES, *LATENCIES))}"
        )
    return [(row, _csv_run(row, f"line {line}")) for line, row in enumerate(rows, 2)]


def _csv_run(row: dict[str, str], place: str) -> Run:
    if None in row:
        problem = f"{place} has more cells than the header"
        raise Unreadable(problem, "Export it again; no thousand separators")
    tails = [_tail(row, metric, place) for metric in ("itl", "ttft")]
    count, into, out, speed = (float(_value(row, column, place) or 0) for column in FIGURES)
    ttft, tpot = (_value(row, column, place) for column in ("ttft_seconds", "tpot_seconds"))
    return Run(place, "", "", into, out, count, speed, ttft, tpot, *tails)


def _tail(row: dict[str, str], metric: str, place: str) -> dict[float, float]:
    """Percentile -> seconds, of those that the row has."""
    seconds = {p: _value(row, f"{metric}_p{p:g}_seconds", place) for p in PERCENTILES}
    return {p: value for p, value in seconds.items() if value}


def _value(row: dict[str, str], column: str, place: str) -> float | None:
    """A number of a row; None where a cell that may be empty is."""
    text = (row.get(column) or "").strip()
    if not text and column not in FIGURES:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < LARGEST:
        cure = "A plain number above zero, decimal point and no commas"
        raise Unreadable(f"{place}: {column} is {text!r}", cure)
    return found


def _plausible(run: Run) -> None:
    """Refuse figures that cannot be true together: they are in another unit, or of other runs."""
    if (
        min(
            run.input_tokens, run.output_tokens, run.concurrency_count, run.output_tokens_per_second
        )
        <= 0
    ):
        raise Unreadable(
            "tokens, requests in flight and tokens/s must be above zero",
            "Measure again with a load",
        )
    per_token = run.concurrency_count / run.output_tokens_per_second
    if run.tpot_seconds:
        answer = (run.ttft_seconds or 0.0) + run.tpot_seconds * max(run.output_tokens - 1, 0)
        by_speed = per_token * run.output_tokens
        too_short = run.ttft_seconds is not None and answer * SUM_RATIO < by_speed
        if too_short or answer > by_speed * SUM_RATIO:
            problem = (
                f"the latencies make an answer take {answer:,.3g} s, {run.concurrency_count:g} in"
                " flight at "
            )
            problem += f"{run.output_tokens_per_second:,.4g} tokens/s make it {by_speed:,.3g} s"
            raise Unreadable(
                problem, "Are milliseconds given as seconds, or the tokens/s of one request?"
            )
        if run.ttft_seconds and run.ttft_seconds < run.tpot_seconds / SUM_RATIO:
            problem = (
                f"a first token after {run.ttft_seconds * 1e3:.3g} ms is faster than the next,"
                f" {run.tpot_seconds * 1e3:.3g} ms"
            )
            raise Unreadable(problem, "Are seconds given as milliseconds?")
    for tails in (run.itl_percentiles, run.ttft_percentiles):
        seconds = [tails[p] for p in sorted(tails)]
        if seconds != sorted(seconds):
            raise Unreadable(
                "a higher percentile is shorter than a lower one", "Check the percentiles' columns"
            )


def _identity(
    name: str, said: Measured, written: dict[str, str], run: Run, field: str, as_of: dt.date
) -> dict:
    """What was measured: the file's own word, else the client's; both together must agree."""
    found: dict[str, str | int] = {}
    for key in IDENTITY:
        own, told = (written.get(key) or "").strip(), getattr(said, key)
        if own and told is not None and own != str(told):
            raise InputError(
                name, key, f"says {own!r}, the client file {told!r}", "Write it in one place"
            )
        value = own or told or (run.model.rsplit("/", 1)[-1] if key == "model_id" else None)
        if not value:
            cure = f"Write it beside the files: {{files: {name}, {key}: ...}}"
            raise InputError("client.yaml", f"{field}.{key}", f"{name} does not say it", cure)
        found[key] = value
    for key, kind, table in (("model_id", "model", "models"), ("gpu_id", "gpu", "gpu_hardware")):
        found[key] = known_id(kind, str(found[key]), list(in_force(table, as_of)[key]), name, key)
    in_file = aliases("model").get(run.model.rsplit("/", 1)[-1].lower())
    if in_file and in_file != found["model_id"]:
        raise InputError(
            name,
            "model_id",
            f"was measured on {run.model}, the client file says {found['model_id']}",
            "Correct one of them",
        )
    if found["precision"] not in WEIGHT_BYTES:
        raise InputError(
            name,
            "precision",
            f"{found['precision']!r} is not known",
            f"One of {', '.join(WEIGHT_BYTES)}",
        )
    if not str(found["engine"]).isprintable() or len(str(found["engine"])) > 60:
        raise InputError(
            name, "engine", "is no name of an engine", "One word: vllm, sglang, trtllm"
        )
    count = str(found["gpus_count"])
    if not count.isdigit() or not 1 <= int(count) <= 64:
        raise InputError(
            name, "gpus_count", f"{count!r} is no number of GPUs", "A whole number from 1 to 64"
        )
    return {**found, "gpus_count": int(count)}
