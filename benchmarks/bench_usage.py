"""Seconds and memory to turn a request log into the hourly table, beside a bare DuckDB aggregation
of the same columns.

    python benchmarks/bench_usage.py [--rows 100_000_000] [--csv-rows 20_000_000] [--runs 3]

The log has the kit's plain columns (time, model, input_tokens, cached_input_tokens, output_tokens),
one row a request over 30 days, in order of time; the CSV is its beginning. `bare` counts the rows
and adds up the three token columns by hour and model, with DuckDB's own reader and sniffing. `ours`
is the whole `usage_table` call: opening, recognising, judging every row, the hourly table, the
busiest minutes, the account of the rows. With request ids, ours also leaves out each request that
the log holds twice (one in 10,000), which the bare aggregation does not. Both run alternately, each
run in a process of its own, with the same threads and memory limit; the clock starts after the
imports, and memory is the most that the process ever held.

Printed on two cores: 2.0 s and 195 MiB for 100 million rows of Parquet, 1.4 times the bare sum; 3.0
s for 20 million rows of CSV, 1.4 to 1.6 times; 17 s within 1.5 GiB with 100 million request ids.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from llmcost.inputs.usage import usage_table
from llmcost.inputs.usage.sql import MEMORY_LIMIT

ROWS = """SELECT
    TIMESTAMP '2026-01-01' + to_microseconds(CAST(i * (30 * 86400e6 / {rows}) AS BIGINT)) AS time,
    ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4', 'llama-3.3-70b', 'mistral-small']
        [1 + (h % 5)::BIGINT] AS model,
    CAST(200 + (h >> 8) % 3000 AS INTEGER) AS input_tokens,
    CAST(CASE WHEN (h >> 4) % 3 = 0 THEN ((h >> 8) % 3000) // 2 ELSE 0 END AS INTEGER)
        AS cached_input_tokens,
    CAST(10 + (h >> 24) % 800 AS INTEGER) AS output_tokens,
    printf('req-%016x', hash(CASE WHEN i % 10000 = 1 THEN i - 1 ELSE i END)) AS request_id
    FROM (SELECT i, hash(i) AS h FROM range({rows}) AS numbers(i))"""
BARE = """SELECT date_trunc('hour', time), model, count(*),
    sum(input_tokens), sum(cached_input_tokens), sum(output_tokens)
    FROM '{path}' GROUP BY ALL"""


def logs(folder: Path) -> dict[str, Path]:
    """The logs by what they are called."""
    return {
        "Parquet": folder / "log.parquet",
        "CSV": folder / "log.csv",
        "Parquet, request ids": folder / "log_ids.parquet",
    }


def write(folder: Path, rows_count: int, csv_rows_count: int) -> None:
    """Their rows follow from their numbers, so that every run of the benchmark has the same."""
    plain_log, csv_log, ids_log = logs(folder).values()
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'; SET temp_directory = '{folder}'")
        connection.execute(f"COPY ({ROWS.format(rows=rows_count)}) TO '{ids_log}' (FORMAT parquet)")
        plain = f"SELECT * EXCLUDE (request_id) FROM '{ids_log}'"
        connection.execute(f"COPY ({plain}) TO '{plain_log}' (FORMAT parquet)")
        connection.execute(f"COPY ({plain} LIMIT {csv_rows_count}) TO '{csv_log}'")


def bare(path: Path) -> int:
    """Rows that DuckDB counted."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'; SET temp_directory = '{scratch}'")
        return sum(row[2] for row in connection.execute(BARE.format(path=path)).fetchall())


def ours(path: Path) -> int:
    """Rows that the account of `usage_table` has."""
    return usage_table([path]).rows_count()


WAYS: dict[str, Callable[[Path], int]] = {"bare": bare, "ours": ours}


def measured(way: str, path: Path) -> dict[str, float]:
    """Seconds, processor seconds, MiB and rows of one run in this process."""
    started, busy = time.perf_counter(), time.process_time()
    rows_count = WAYS[way](path)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes / 2**20
    return {"seconds": seconds, "busy": busy, "peak_mib": peak_mib, "rows": rows_count}


def run(way: str, path: Path) -> dict[str, float]:
    """The same in a process of its own."""
    return json.loads(alone("--one", way, path))


def alone(*words: object) -> str:
    """What this file prints in a process of its own; stops the benchmark if it fails."""
    return subprocess.run(
        [sys.executable, __file__, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def table(log: str, path: Path, runs_count: int) -> None:
    """Print both ways over one log, run in turn."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(runs_count):
        for way in WAYS:
            runs[way].append(run(way, path))
    median = {
        way: {key: statistics.median(r[key] for r in found) for key in found[0]}
        for way, found in runs.items()
    }
    assert median["bare"]["rows"] == median["ours"]["rows"], "the two ways read different rows"
    for way in WAYS:
        said = median[way]
        ratios = [said[key] / median["bare"][key] for key in ("seconds", "busy")]
        most = max(r["peak_mib"] for r in runs[way])
        what = f"{log}, {said['rows'] / 1e6:g} M rows" if way == "bare" else ""
        print(
            f"{what:36}{way:6}{said['seconds']:9.2f}{ratios[0]:8.2f}"
            f"{said['busy']:11.2f}{ratios[1]:8.2f}{most:10.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows",
        type=int,
        default=100_000_000,
        help="rows of the Parquet logs (default: %(default)s)",
    )
    parser.add_argument(
        "--csv-rows",
        type=int,
        default=20_000_000,
        help="rows of the CSV, at most those (default: %(default)s)",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=3,
        help="runs of each way, of which the median is shown (default: %(default)s)",
    )
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        print(json.dumps(measured(wanted.one[0], Path(wanted.one[1]))))
        return
    csv_rows = min(wanted.csv_rows, wanted.rows)
    if wanted.write:
        write(wanted.write, wanted.rows, csv_rows)
        return
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
        threads = connection.execute("SELECT current_setting('threads')").fetchone()
        print(
            f"DuckDB {duckdb.__version__}, {threads[0] if threads else '?'} threads, memory limit"
            f" {MEMORY_LIMIT}, median of {wanted.runs}"
        )
        print(
            f"{'':42}{'seconds':>9}{'ratio':>8}{'processor':>11}{'ratio':>8}{'peak MiB':>10}",
            flush=True,
        )
        alone(
            "--write", name, "--rows", wanted.rows, "--csv-rows", csv_rows
        )  # a child's peak begins at its parent's
        for log, path in logs(Path(name)).items():
            table(log, path, wanted.runs)


if __name__ == "__main__":
    main()
