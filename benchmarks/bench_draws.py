"""Seconds for 100,000 draws of the whole decision, vectorised over the draws, against a loop that
bills one draw after another.

    python benchmarks/bench_draws.py [CLIENT ...] [--draws N] [--looped N] [--repeats N]

Both use the same draws of every uncertain input and bill every option that the client can have. The
loop is timed on a few hundred draws and its time for all of them is extrapolated. The totals of
those draws must be the same to 1e-9, or the benchmark fails. One process, one thread of our own; of
the repeats the fastest counts. The loop and the ratio are in seconds of the processor, for a
machine may have other work too; the vectorised draws are timed on the wall as well.

Printed on two cores, for three clients: 0.5 to 1.1 s, 45 to 160 times as fast as the loop.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

import llmcost as lc
from llmcost.inputs.paths import data_path
from llmcost.study.assumptions import drawn_values
from llmcost.study.bill.bills import option_totals
from llmcost.study.bill.draws import drawn_totals
from llmcost.study.study import Study


def looped_totals(study: Study, values: dict, count: int) -> np.ndarray:
    """USD per month, (draws, options): one draw after another."""
    rows = []
    for draw in range(count):
        totals = option_totals(
            study.decision,
            {path: value[draw] if np.ndim(value) else value for path, value in values.items()},
        )
        rows.append([float(usd) for usd in totals.values()])
    return np.array(rows)


def fastest_seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """(on the wall, of the processor) of the shortest of several runs; far apart on a machine that
    does other work too."""
    seconds = []
    for _ in range(repeats):
        started, busy = time.perf_counter(), time.process_time()
        work()
        seconds.append((time.perf_counter() - started, time.process_time() - busy))
    return min(seconds)


def main() -> None:
    """Print one line per client."""
    examples = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "clients", nargs="*", default=examples, help="default: every example client"
    )
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument(
        "--looped", type=int, default=300, help="draws billed one by one (default: %(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    print(
        f"{asked.draws:,} draws of the whole decision; the loop bills {asked.looped:,} of them, its"
        " total is extrapolated"
    )
    print(
        f"{'client':24}{'options':>8}{'inputs':>8}{'vectorised s':>14}{'(processor)':>13}"
        f"{'loop s':>9}{'ms a draw':>11}{'ratio':>7}"
    )
    for client in asked.clients:
        study = lc.open_study(client)
        drawn = drawn_totals(
            study.decision, study.inputs, asked.draws
        )  # opens the study and warms up
        vectorised, busy = fastest_seconds(
            lambda s=study: drawn_totals(s.decision, s.inputs, asked.draws), asked.repeats
        )
        values = drawn_values(study.inputs, asked.draws)
        started = time.process_time()
        alone = looped_totals(study, values, asked.looped)
        each = (time.process_time() - started) / asked.looped
        np.testing.assert_allclose(alone, drawn.to_numpy()[: asked.looped], rtol=1e-9)
        uncertain = sum(not a.certain for a in study.inputs.values())
        loop = each * asked.draws
        counts, paid = (
            f"{client:24}{len(study.totals):8}{uncertain:8}",
            f"{vectorised:14.2f}{busy:13.2f}",
        )
        print(f"{counts}{paid}{loop:9.1f}{1e3 * each:11.2f}{loop / busy:7.0f}", flush=True)
    print("Both gave the same totals, to 1e-9.")


if __name__ == "__main__":
    main()
