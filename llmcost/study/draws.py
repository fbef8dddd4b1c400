"""How sure the answer is: every uncertain input drawn at once, every option billed with the same draws."""

import numpy as np
import pandas as pd

from llmcost.study.assumptions import Assumption, drawn_values, typical_values
from llmcost.study.bill.bills import Decision, option_totals


def drawn_totals(decision: Decision, assumptions: dict[str, Assumption], count: int) -> pd.DataFrame:
    """USD per month of each option (columns) in each of `count` draws (rows). Options share the draw of an input they share."""
    totals = option_totals(decision, drawn_values(assumptions, count))
    return pd.DataFrame({option: np.broadcast_to(usd, (count,)) for option, usd in totals.items()})


def cheapest_fraction(draws: pd.DataFrame) -> dict[str, float]:
    """Share of the draws in which each option is cheapest; of options that tie the simpler, leftmost one counts."""
    lowest = draws.min(axis=1).to_numpy()[:, None] * (1 + 1e-9)
    first = (draws.to_numpy() <= lowest).argmax(axis=1)
    return {option: float((first == i).mean()) for i, option in enumerate(draws.columns)}


def tornado(decision: Decision, assumptions: dict[str, Assumption], option: str, against: str) -> pd.DataFrame:
    """What each uncertain input does alone to `option` minus `against` (or to its bill where the two are one), widest swing first.

    Columns: path, low, typical, high, unit, confidence, at_low_usd_per_month, at_high_usd_per_month, swing_usd_per_month.
    """
    typical = typical_values(assumptions)
    rows = []
    for a in assumptions.values():
        if a.certain:
            continue
        both = option_totals(decision, {**typical, a.path: np.array([a.low, a.high])})
        low, high = np.broadcast_to(both[option] - (both[against] if against != option else 0.0), (2,))
        rows.append((a.path, a.low, a.typical, a.high, a.unit, a.confidence, low, high, abs(high - low)))
    names = ["path", "low", "typical", "high", "unit", "confidence", "at_low_usd_per_month", "at_high_usd_per_month", "swing_usd_per_month"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.sort_values(["swing_usd_per_month", "path"], ascending=[False, True], kind="stable").reset_index(drop=True)
