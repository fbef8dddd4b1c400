"""The numbers of results.json arranged for the page: the options at three digits, and all bills
side by side."""

import math
from typing import Any

from llmcost.study import wording
from llmcost.views.tables import cell_text


def first_page_option(option: dict[str, Any], options: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of the first page, at three digits: a difference is rounded as coarsely as what it
    compares."""
    total = option.get("total_usd_per_month")
    if not total:
        return option
    low, typical, high = (total[point] for point in ("p10", "typical", "p90"))
    has_band = low is not None and high is not None and low != high
    today = next(
        (other["total_usd_per_month"] for other in options if other["id"] == "today"), None
    )
    difference = option.get("versus_today_usd_per_month")
    if difference is not None and today:
        largest = max(abs(today["typical"]), abs(typical), 1)
        difference = round(difference, 2 - math.floor(math.log10(largest)))
    return option | {
        "typical": money(typical),
        "band": f"{money(low)}–{money(high)}" if has_band else wording.DASH,
        "versus_today": wording.DASH
        if option["id"] == "today"
        else cell_text(difference, "usd_difference"),
    }


def money(value: float) -> str:
    """An amount at three digits, without its dollar: the column's head has it."""
    return cell_text(wording.rounded(value), "usd")


def round_usd(value: float | None) -> str:
    """An amount in a column of dollars: at three digits, nothing where it is unknown.

    >>> round_usd(117_243.5), round_usd(-0.0004), round_usd(None)
    ('117,000', '0', '–')
    """
    return wording.DASH if value is None else money(value if abs(value) >= 0.005 else 0.0)


def bills(options: list[dict[str, Any]]) -> dict[str, Any]:
    """Item -> amounts of all priced options side by side, with labels and totals in the same
    order."""
    priced = [option for option in options if option.get("total_usd_per_month")]
    lines = [
        {line["item"]: line["usd_per_month"] for line in option.get("lines") or []}
        for option in priced
    ]
    items = dict.fromkeys(item for bill in lines for item in bill)
    return {
        "labels": [option["label"] for option in priced],
        "items": {item: [bill.get(item) for bill in lines] for item in items},
        "totals": [option["total_usd_per_month"]["typical"] for option in priced],
    }
