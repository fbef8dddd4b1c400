"""Each option's bill, line by line. The same arithmetic serves one set of values and 100,000 draws
of them."""

from collections.abc import Mapping
from typing import Any

Number = Any
"""A float, or an array of draws."""
YesOrNo = Any
"""A truth value, or an array of them for draws."""
Lines = dict[str, Number]
"""Item -> USD per month."""

LABELS = {
    "today": "Today",
    "tuned": "Same model, tuned",
    "open_api": "Open model by API",
    "serverless": "Serverless GPUs",
    "rented": "Rented GPUs",
    "owned": "Owned GPUs",
    "hybrid": "Hybrid, exact split",
}
OWN = ("serverless", "rented", "owned")
"""Options that serve all the moved work on GPUs of one's own choosing."""
HOSTED = (*OWN, "hybrid")
"""Options that run the model oneself, in whole or in part."""


def added(total: Lines, more: Mapping[str, Number]) -> None:
    """Add lines into a running bill, item by item."""
    for item, usd in more.items():
        total[item] = total.get(item, 0.0) + usd
