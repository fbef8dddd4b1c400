"""When serverless GPUs beat replicas that stay on, and when they beat the API: over volume, and
with replicas kept warm."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from llmcost.model import HOURS_PER_MONTH
from llmcost.study.assumptions import Values
from llmcost.study.bill.bills import Decision, option_totals
from llmcost.study.bill.options import LABELS
from llmcost.study.case import Case
from llmcost.study.fleets.hidden_lines import sleeper
from llmcost.study.problem import VOLUME, Option, WorkloadChoice

RIVALS = (Option.OPEN_API, Option.RENTED, Option.OWNED)
VOLUMES = np.geomspace(0.01, 100, 121)
MOST_WARM = 3


class Becomes(StrEnum):
    """What serverless becomes beside a rival as the volume grows."""

    CHEAPER = "cheaper"
    DEARER = "dearer"


def over_volume(case: Case) -> pd.DataFrame:
    """Every total of serverless and its rivals from a hundredth to a hundred times the volume:
    volume_ratio, option, label, usd_per_month.

    The plans stay those that are cheapest at today's volume.
    """
    totals = _totals(case.decision, case.values, (Option.SERVERLESS, *RIVALS), VOLUMES)
    frame = pd.DataFrame(totals).assign(volume_ratio=VOLUMES)
    frame = frame.melt(id_vars="volume_ratio", var_name="option", value_name="usd_per_month")
    return frame.assign(label=frame["option"].map(LABELS))


def crossings(case: Case, totals: pd.DataFrame) -> pd.DataFrame:
    """Where serverless becomes cheaper or dearer than each rival: against, label, volume_ratio,
    becomes (a `Becomes`).

    A rival that it never crosses has one row without a volume: it is the cheaper or the dearer of
    the two throughout.

    totals  of `over_volume`
    """
    wide = totals.pivot(index="volume_ratio", columns="option", values="usd_per_month")
    rows: list[tuple[str, str, float | None, Becomes]] = []
    for rival in (r for r in RIVALS if r in wide and Option.SERVERLESS in wide):
        gap = (wide[Option.SERVERLESS] - wide[rival]).to_numpy()
        for at in np.flatnonzero((gap[1:] < 0) != (gap[:-1] < 0)):
            turn = _turn(case, rival, wide.index[at], wide.index[at + 1])
            rows.append((rival, LABELS[rival], turn, _becomes(gap[at + 1])))
        if not rows or rows[-1][0] != rival:
            rows.append((rival, LABELS[rival], None, _becomes(gap[0])))
    return pd.DataFrame(rows, columns=["against", "label", "volume_ratio", "becomes"]).astype(
        {"volume_ratio": float}
    )


def _becomes(gap_usd: float) -> Becomes:
    return Becomes.CHEAPER if gap_usd < 0 else Becomes.DEARER


def _turn(case: Case, rival: str, low: float, high: float) -> float:
    """The volume between two at which serverless and a rival change places, to a millionth."""
    grid = np.geomspace(low, high, 1_001)
    for _ in range(2):
        totals = _totals(case.decision, case.values, (Option.SERVERLESS, rival), grid)
        below = totals[Option.SERVERLESS] < totals[rival]
        first = int(np.argmax(below != below[0]))
        grid = np.geomspace(grid[max(first - 1, 0)], grid[first], 1_001)
    return float(grid[-1])


def _totals(
    decision: Decision, values: Values, options: Sequence[str], volume_ratios: np.ndarray
) -> dict[str, np.ndarray]:
    """USD a month at each volume of those of these options that are to be had, in their order."""
    compared = replace(decision, priced=[option for option in options if option in decision.priced])
    totals = option_totals(compared, {**values, VOLUME: volume_ratios})
    return {option: np.broadcast_to(usd, volume_ratios.shape) for option, usd in totals.items()}


def warm_workers(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """Replicas kept awake, and what it does: warm_count, usd_per_month of the GPUs, boots_per_hour,
    cold_requests_fraction."""
    found = [sleeper(case, choice, warm) for warm in range(MOST_WARM + 1)]
    rows = [
        (
            one.warm_count,
            one.billed_replicas_count * one.replica_usd_per_hour * HOURS_PER_MONTH,
            one.boots_per_hour,
            one.cold_requests_fraction,
        )
        for one in found
        if one and one.replica_usd_per_hour
    ]
    return pd.DataFrame(
        rows, columns=["warm_count", "usd_per_month", "boots_per_hour", "cold_requests_fraction"]
    )
