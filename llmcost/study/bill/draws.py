"""How sure the answer is: every uncertain input drawn at once, every option billed with the same
draws."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from llmcost.model.information import regret_usd
from llmcost.study.assumptions import Assumption, Values, drawn_values, typical_values
from llmcost.study.bill.bills import Decision, option_totals, plausible
from llmcost.study.ties import TIE_RATIO, beyond, cheapest_first

AT_ONCE = 4_096
"""Draws billed together: so few that they stay in the processor's cache."""


def drawn_totals(
    decision: Decision, assumptions: dict[str, Assumption], count: int
) -> pd.DataFrame:
    """USD per month of each option (columns) in each of `count` draws (rows). Options share the
    draw of an input they share.

    The whole decision but its discrete choices: in every draw fleets are sized, slices owned and
    replicas awake as its inputs ask. Open model, host and GPU plan of each option stay those of the
    typical values, as one who signs today stays with what he signed.
    """
    return pd.DataFrame(
        plausible(totals_in_parts(decision, drawn_values(assumptions, count), count))
    )


def totals_in_parts(decision: Decision, values: Values, count: int) -> dict[str, np.ndarray]:
    """`option_totals` of arrays of `count` values, a part of them at a time."""
    totals = {option: np.empty(count) for option in decision.priced}
    for start in range(0, count, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        few = {
            path: value[part] if isinstance(value, np.ndarray) and value.ndim else value
            for path, value in values.items()
        }
        for option, usd in option_totals(decision, few).items():
            totals[option][part] = usd
    return totals


def first_cheapest(bills_usd: np.ndarray) -> np.ndarray:
    """Column of the cheapest option of each row (bills, USD > 0); of options that tie but for
    rounding the leftmost counts."""
    return (bills_usd <= bills_usd.min(axis=1, keepdims=True) * (1 + TIE_RATIO)).argmax(axis=1)


def cheapest_fraction(draws: pd.DataFrame) -> dict[str, float]:
    """Share of the draws in which each option is cheapest; of options that tie the simpler,
    leftmost one counts."""
    first = first_cheapest(draws.to_numpy())
    return {option: float((first == i).mean()) for i, option in enumerate(draws.columns)}


def regret(draws: pd.DataFrame) -> pd.DataFrame:
    """What choosing each option may cost: its bill minus the cheapest of the same draw, in that
    draw's hindsight. Least regret first.

    Columns: option, probability_cheapest_fraction, mean_usd_per_month, mean_regret_usd_per_month,
    p90_regret_usd_per_month.
    """
    regrets = regret_usd(draws.to_numpy())
    frame = pd.DataFrame(
        {
            "option": list(draws.columns),
            "probability_cheapest_fraction": list(cheapest_fraction(draws).values()),
            "mean_usd_per_month": draws.mean().to_numpy(),
            "mean_regret_usd_per_month": regrets.mean(axis=0),
            "p90_regret_usd_per_month": np.quantile(regrets, 0.9, axis=0),
        }
    )
    mean_usd = frame["mean_usd_per_month"]  # least regret is least bill, and bills tie by one rule
    return frame.iloc[cheapest_first(range(len(frame)), mean_usd.__getitem__)].reset_index(
        drop=True
    )


def totals_at_ends(
    decision: Decision, assumptions: Mapping[str, Assumption]
) -> dict[str, np.ndarray]:
    """Option -> USD per month with each uncertain input alone at its low and at its high value, all
    else typical: array (inputs, 2)."""
    uncertain, values = (
        [a for a in assumptions.values() if not a.certain],
        typical_values(assumptions),
    )
    for i, a in enumerate(uncertain):
        ends = np.full((len(uncertain), 2), a.typical)
        ends[i] = a.low, a.high
        values[a.path] = ends.ravel()
    totals = totals_in_parts(decision, values, 2 * len(uncertain))
    return {option: usd.reshape(-1, 2) for option, usd in totals.items()}


def tornado(
    assumptions: Mapping[str, Assumption], ends: Mapping[str, np.ndarray], option: str, against: str
) -> pd.DataFrame:
    """What each uncertain input does alone to `option` minus `against` (or to its bill where the
    two are one), widest swing first.

    ends  as of `totals_at_ends`
    Columns: path, low, typical, high, unit, confidence, at_low_usd_per_month,
    at_high_usd_per_month, swing_usd_per_month.
    """
    moved = ends[option] - (ends[against] if against != option else 0.0)
    uncertain = [a for a in assumptions.values() if not a.certain]
    rows = [
        (
            a.path,
            a.low,
            a.typical,
            a.high,
            a.unit,
            a.confidence,
            low,
            high,
            abs(float(beyond(high, low))),
        )
        for a, (low, high) in zip(uncertain, moved, strict=True)
    ]
    names = [
        "path",
        "low",
        "typical",
        "high",
        "unit",
        "confidence",
        "at_low_usd_per_month",
        "at_high_usd_per_month",
        "swing_usd_per_month",
    ]
    frame = pd.DataFrame(rows, columns=names)
    return frame.sort_values(
        ["swing_usd_per_month", "path"], ascending=[False, True], kind="stable"
    ).reset_index(drop=True)
