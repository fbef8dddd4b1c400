"""Which option is cheapest where: volume by volume, from a flat load to a peakier one than the
client's."""

from dataclasses import replace

import numpy as np
import pandas as pd

from llmcost.model.fleet import stretched
from llmcost.study.assumptions import Values
from llmcost.study.bill.bills import Decision, option_totals
from llmcost.study.bill.draws import first_cheapest
from llmcost.study.bill.options import LABELS
from llmcost.study.case import Case
from llmcost.study.choices.supplies import with_load_of
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import VOLUME, WorkloadChoice
from llmcost.study.wording import number, percent

VOLUME_RATIOS = np.geomspace(1 / 30, 30, 41)
"""Volumes of the map, times today's; today's is the middle one."""
ROWS = 7
"""Load factors from flat to today's, and again from today's to the peakiest."""
STRETCHES = np.linspace(0, 8, 161)
"""How far the hours may stand from their mean, times today: 0 is a flat load, 1 the client's
own."""
HOURLY = ["requests", "input_tokens", "output_tokens"]


@once_per_case
def reversal_map(case: Case) -> pd.DataFrame:
    """One row per volume and load factor with the cheapest option there, all else typical.

    Columns: volume_ratio (times today's), load_factor_fraction (mean load over that of the busiest
    hour), option, usd_per_month, client (whether it is the client's own place). Of options that tie
    the simpler one counts.
    """
    rows = []
    for stretch in _stretches(case.decision):
        decision = stretched_decision(case.decision, case.values, stretch)
        totals = option_totals(decision, {**case.values, VOLUME: VOLUME_RATIOS})
        bills = np.stack([np.broadcast_to(usd, VOLUME_RATIOS.shape) for usd in totals.values()])
        first = first_cheapest(bills.T)
        factor = load_factor_fraction(decision)
        frame = pd.DataFrame(
            {
                "volume_ratio": VOLUME_RATIOS,
                "load_factor_fraction": factor,
                "option": np.array(list(totals))[first],
            }
        )
        rows.append(
            frame.assign(
                usd_per_month=bills.min(axis=0),
                client=(stretch == 1) & np.isclose(VOLUME_RATIOS, 1),
            )
        )
    return pd.concat(rows, ignore_index=True)


def reversals(cells: pd.DataFrame) -> list[str]:
    """What the map says around the client's own place: the option there, and where along volume and
    load factor another takes over."""
    here = cells[cells["client"]].iloc[0]
    said = [f"{LABELS[here['option']]} here"]
    volumes = cells[cells["load_factor_fraction"] == here["load_factor_fraction"]].sort_values(
        "volume_ratio"
    )
    factors = cells[cells["volume_ratio"] == here["volume_ratio"]].sort_values(
        "load_factor_fraction"
    )
    for line, column, says in (
        (volumes, "volume_ratio", _times),
        (factors, "load_factor_fraction", _load),
    ):
        other = line[line["option"] != here["option"]]
        for side in (
            other[other[column] < here[column]].tail(1),
            other[other[column] > here[column]].head(1),
        ):
            said += [f"{LABELS[row['option']]} {says(row[column])}" for _, row in side.iterrows()]
    return said


def _times(volume_ratio: float) -> str:
    return f"at {number(volume_ratio, 2)} times the volume"


def _load(load_factor_fraction: float) -> str:
    return f"at a load factor of {percent(load_factor_fraction)}"


def _stretches(decision: Decision) -> list[float]:
    """Stretches that make load factors in even steps, flat first; none beyond today's where
    stretching makes no load peakier."""
    hours = [_tokens(choice) for choice in decision.choices]
    factors = np.array(
        [_load_factor([stretched(tokens, stretch) for tokens in hours]) for stretch in STRETCHES]
    )
    now, peakiest = _load_factor(hours), factors[-1]
    flatter = np.geomspace(1, now, ROWS)[: -1 if now < 1 else 0]
    peakier = np.geomspace(now, peakiest, ROWS)[1 if peakiest < 0.9 * now else ROWS :]
    return [
        *np.interp(-flatter, -factors, STRETCHES),
        1.0,
        *np.interp(-peakier, -factors, STRETCHES),
    ]


def stretched_decision(decision: Decision, values: Values, stretch_ratio: float) -> Decision:
    """The decision with every workload's hours stretched about their mean: the same month, flatter
    or peakier."""
    return replace(
        decision, choices=[_stretched(choice, values, stretch_ratio) for choice in decision.choices]
    )


def _stretched(choice: WorkloadChoice, values: Values, stretch_ratio: float) -> WorkloadChoice:
    hourly = choice.load.hourly.copy()
    for column in HOURLY:
        hourly[column] = stretched(hourly[column].to_numpy(), stretch_ratio)
    moved = replace(choice, load=replace(choice.load, hourly=hourly))
    return replace(
        moved, supplies={o: with_load_of(s, moved, values) for o, s in choice.supplies.items()}
    )


def load_factor_fraction(decision: Decision) -> float:
    """Mean tokens of an hour over those of the busiest hour; each workload peaks on its own."""
    return _load_factor([_tokens(choice) for choice in decision.choices])


def _tokens(choice: WorkloadChoice) -> np.ndarray:
    return choice.load.hourly[["input_tokens", "output_tokens"]].sum(axis=1).to_numpy()


def _load_factor(hours: list[np.ndarray]) -> float:
    return float(sum(tokens.mean() for tokens in hours) / sum(tokens.max() for tokens in hours))
