"""The contract in sentences: titles of its charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from llmcost.model.horizon import payback_months
from llmcost.study.horizon.months import growths
from llmcost.study.verdict.money_sentences import crossing
from llmcost.study.wording import percent, usd

if TYPE_CHECKING:
    from llmcost.study.horizon.whole_contract import Horizon
    from llmcost.study.study import Study


def bills_title(study: Study, horizon: Horizon) -> str:
    """Whether another option's bill ever falls below the advised one's, and when."""
    said = crossing(study, horizon)
    return said[0].upper() + said[1:]


def bills_subtitle(study: Study, horizon: Horizon, level: str = "typical") -> str:
    """What moves in the chart of the bills; `level` is the growth that it was drawn at."""
    growing = ", ".join(percent(getattr(a, level)) for a in growths(study).values())
    return (
        f"Volume grows by {growing} a month, rents and prices move steadily to their mean over"
        f" {horizon.months_count} months"
    )


def savings_title(saved: pd.DataFrame) -> str:
    """When the move has paid for itself, and what it has saved at the end."""
    month, last = payback_months(saved["saved_usd"].to_numpy()), float(saved["saved_usd"].iloc[-1])
    if month is None:
        return f"Not paid back within {len(saved)} months: {usd(last, signed=True)} at the end"
    return f"Paid back in month {month}, {usd(last)} saved by month {len(saved)}"
