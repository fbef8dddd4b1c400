"""Steps from one amount to another, as the floating bars of a waterfall."""

from collections.abc import Iterable

import pandas as pd

from llmcost.study.wording import usd


def waterfall_bars(steps: Iterable[tuple[str, float, bool]], unit: str) -> pd.DataFrame:
    """step, start_{unit}, end_{unit}, amount (text), kind (total | less | more), from (step, USD,
    whether it is a total).

    A total stands on zero; a step starts where the one before it ended.

    >>> bars = waterfall_bars([("today", 5, True), ("saved", -2, False)], "usd")
    >>> bars.to_numpy().tolist()
    [['today', 0.0, 5.0, '$5', 'total'], ['saved', 5.0, 3.0, '-$2', 'less']]
    """
    rows, level = [], 0.0
    for step, amount, total in steps:
        start = 0.0 if total else level
        level = start + amount
        rows.append(
            (
                step,
                start,
                level,
                usd(amount, signed=not total),
                "total" if total else "less" if amount < 0 else "more",
            )
        )
    return pd.DataFrame(rows, columns=["step", f"start_{unit}", f"end_{unit}", "amount", "kind"])
