"""Seconds of the exact split: a year of minutes, 100,000 draws, and a small case beside a plain
loop and an integer program.

    python benchmarks/bench_split.py [--runs 5]

The year is a daily rhythm with noise, 525,600 minutes around five replicas. `curve` sorts it and
splits it by the load-duration curve, where starts cost nothing; `hours` runs the dynamic programme
over every minute of every slice; `loop` is the same programme as a Python loop over the minutes of
one slice after the other. The draws are a week hour by hour with every price and volume its own.
The integer program is HiGHS (scipy) on two days of hours; both answers are printed. The best of the
runs counts, in processor time.

Printed on two cores: 0.013 s for `curve`, 0.20 s for `hours`.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.hourly_split import Prices, hourly_split
from llmcost.model.split import owned_slices, three_way_usd_per_month

OWN, HOUR, API, START = 2.0, 3.0, 9.0, 0.2
"""USD per replica-hour, and per start."""


def year(minutes_count: int) -> np.ndarray:
    """Load in replicas, minute by minute."""
    rng, minute = np.random.default_rng(7), np.arange(minutes_count)
    return np.maximum(
        5 + 3 * np.sin(minute * 2 * np.pi / 1_440) + rng.normal(0, 0.7, minutes_count), 0
    )


def by_curve(load: np.ndarray) -> float:
    """USD per hour without starts, sorting included."""
    owned = owned_slices(LoadDurationCurve(load), OWN, API, 1.0, HOUR)
    return sum(three_way_usd_per_month(load, float(owned), OWN, HOUR, API)) / 730


def by_hours(load: np.ndarray, start_usd: float) -> float:
    """USD per hour with starts."""
    prices = Prices(OWN, HOUR, start_usd)
    return float(hourly_split(load[None], [[1.0]], [[API]], prices).usd_per_hour(prices)[0])


def by_loop(load: np.ndarray, start_usd: float) -> float:
    """The same, a plain loop over the record for each slice."""
    total = 0.0
    for i in range(int(np.ceil(load.max()))):
        work = [min(max(one - i, 0.0), 1.0) * API for one in load.tolist()]
        lead = saved = 0.0
        for counted in (False, True):
            for usd in work:
                lead = usd - HOUR + min(max(lead, -start_usd), 0.0)
                if counted and lead > 0:
                    saved += lead
        total += min(OWN, (sum(work) - saved) / len(work))
    return total


def by_program(load: np.ndarray, start_usd: float) -> float:
    """The same from HiGHS: whole replicas, whole starts."""
    hours = len(load)
    owned, running, begun, served = np.split(
        np.arange(1 + 3 * hours), [1, 1 + hours, 1 + 2 * hours]
    )
    cost = np.concatenate(
        [
            [OWN],
            np.full(hours, HOUR / hours),
            np.full(hours, start_usd / hours),
            np.full(hours, -API / hours),
        ]
    )
    reach, starts = sparse.lil_matrix((hours, cost.size)), sparse.lil_matrix((hours, cost.size))
    for t in range(hours):
        reach[t, [owned[0], running[t]]], reach[t, served[t]] = 1, -1
        starts[t, [begun[t], running[t - 1]]], starts[t, running[t]] = 1, -1
    rules = [LinearConstraint(sparse.csr_matrix(rule), 0, np.inf) for rule in (reach, starts)]
    top = np.concatenate([np.full(1 + 2 * hours, np.inf), load])
    whole = np.arange(cost.size) < 1 + 2 * hours
    return float(
        milp(
            cost,
            integrality=whole,
            bounds=Bounds(0, top),
            constraints=rules,
            options={"mip_rel_gap": 0},
        ).fun
        + API * load.mean()
    )


def of_draws(load: np.ndarray, draws_count: int) -> float:
    """Mean USD per hour over draws of volume and prices."""
    rng = np.random.default_rng(8)
    scale, api = rng.uniform(0.1, 0.5, (1, draws_count)), rng.uniform(2, 12, (1, draws_count))
    prices = Prices(OWN, rng.uniform(2.2, 4, draws_count), rng.uniform(0.1, 0.4, draws_count))
    return float(hourly_split(load[None], scale, api, prices).usd_per_hour(prices).mean())


def best(work: Callable[..., float], *arguments: Any, runs: int) -> tuple[float, float]:
    """(least seconds of processor time, the answer)."""
    seconds = []
    for _ in range(runs):
        before = time.process_time()
        answer = work(*arguments)
        seconds.append(time.process_time() - before)
    return min(seconds), answer


def main() -> None:
    """Print one line per case."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    minutes, small = year(525_600), year(2 * 1_440)[::60]
    week = year(7 * 1_440)[::60]
    cases = [
        ("year of minutes, curve, no starts", best(by_curve, minutes, runs=runs)),
        ("year of minutes, hours, no starts", best(by_hours, minutes, 0.0, runs=runs)),
        ("year of minutes, hours, starts", best(by_hours, minutes, 60 * START, runs=runs)),
        ("year of minutes, loop, starts", best(by_loop, minutes, 60 * START, runs=1)),
        ("100,000 draws of a week, starts", best(of_draws, week, 100_000, runs=runs)),
        ("two days, hours, starts", best(by_hours, small, START, runs=runs)),
        ("two days, loop, starts", best(by_loop, small, START, runs=runs)),
        ("two days, integer program, starts", best(by_program, small, START, runs=runs)),
    ]
    found = dict(cases)
    for name, (seconds, usd) in found.items():
        print(f"{name:36}{seconds:10.4f} s{usd:12.6f} USD/hour")
    ours, loop = (
        found["year of minutes, hours, starts"][0],
        found["year of minutes, loop, starts"][0],
    )
    small_ours, program = (
        found["two days, hours, starts"][0],
        found["two days, integer program, starts"][0],
    )
    print(
        f"loop over ours {loop / ours:.0f} times; integer program over ours"
        f" {program / small_ours:.0f} times"
    )


if __name__ == "__main__":
    main()
