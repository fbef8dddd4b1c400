"""Each option's bill, line by line. The same arithmetic serves one set of values and 100,000 draws
of them."""

from collections.abc import Mapping
from typing import Any

from llmcost.study.problem import Option

Number = Any
"""A float, or an array of draws."""
YesOrNo = Any
"""A truth value, or an array of them for draws."""
Lines = dict[str, Number]
"""Item -> USD per month."""

LABELS = {option.value: option.label for option in Option}
"""Every option, and what it is called."""
OWN = ("serverless", "rented", "owned")
"""Options that serve all the moved work on GPUs of one's own choosing."""
HOSTED = (*OWN, "hybrid")
"""Options that run the model oneself, in whole or in part."""


def added(total: Lines, more: Mapping[str, Number]) -> None:
    """Add lines into a running bill, item by item."""
    for item, usd in more.items():
        total[item] = total.get(item, 0.0) + usd
