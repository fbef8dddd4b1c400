"""Each option's bill, line by line. The same arithmetic serves one set of values and 100,000 draws
of them."""

from typing import Any

from llmcost.study.problem import Option

Number = Any
"""A float, or an array of draws."""
YesOrNo = Any
"""A truth value, or an array of them for draws."""

LABELS = {option.value: option.label for option in Option}
"""Every option, and what it is called."""
OWN = ("serverless", "rented", "owned")
"""Options that serve all the moved work on GPUs of one's own choosing."""
HOSTED = (*OWN, "hybrid")
"""Options that run the model oneself, in whole or in part."""
