"""How an assumption is called in a sentence, and how its value reads."""

from collections.abc import Sequence

from llmcost.inputs.catalog import hidden_cost_names
from llmcost.study.wording import number, percent

NAMES = {
    "volume_multiplier": "volume",
    "passing_fraction": "share that passes the evaluation",
    "input_mtok_per_month": "input volume",
    "output_mtok_per_month": "output volume",
    "cached_input_fraction": "share of input read from a cache today",
    "cacheable_input_fraction": "share of input that could be cached",
    "cache_write_input_fraction": "share of input written to a cache",
    "reasoning_mtok_per_month": "hidden reasoning",
    "billed_retries_fraction": "requests billed once more",
    "flex_fraction": "share that goes by flex today",
    "flexible_fraction": "share that can wait minutes",
    "priority_fraction": "share that goes by priority today",
    "long_context_fraction": "share of tokens at the long-context price",
    "usd_per_month": "what is committed to today's provider",
    "discount_fraction": "discount for the commitment",
    "bound_fraction": "share of the horizon that the commitment binds",
    "batched_fraction": "share that goes in batches today",
    "batchable_fraction": "share that can wait for a batch",
    "throughput_multiplier": "throughput of a replica",
    "headroom_fraction": "headroom inside the peak hour",
    "purchase_usd": "price of a GPU",
    "resale_fraction": "resale value",
    "power_watts": "power of a GPU with its share of the server",
}
"""What the hidden-cost table does not name."""
UNDER_ANOTHER_NAME = {"engineer_fte": "engineer_fte_rented"}
"""Field of the client file -> the item of the hidden-cost table that it replaces."""


def plain_name(path: str) -> str:
    """The everyday name of an assumption's path, from the hidden-cost table or from `NAMES`; the
    path's own last word where it has none.

    >>> plain_name("workloads.chat.alternatives.llama-3.3-70b.passing_fraction")
    'share that passes the evaluation'
    """
    last = path.rsplit(".", 1)[-1]
    names = NAMES | hidden_cost_names()
    return names.get(UNDER_ANOTHER_NAME.get(last, last), last.replace("_", " "))


def distinct_names(paths: Sequence[str]) -> list[str]:
    """The everyday names; where several inputs have the same one, each with the workload, the GPU
    plan or the GPU that it is of.

    >>> plans = "l40s-48gb-x1-fp8", "b200-x1-fp8"
    >>> distinct_names([f"capacity.m.{plan}.throughput_multiplier" for plan in plans])
    ['throughput of a replica (l40s-48gb-x1-fp8)', 'throughput of a replica (b200-x1-fp8)']
    """
    names = [plain_name(path) for path in paths]
    of = [
        path.split(".")[1] if path.startswith("workloads.") else path.rsplit(".", 2)[-2]
        for path in paths
    ]
    return [
        f"{name} ({what})" if names.count(name) > 1 else name
        for name, what in zip(names, of, strict=True)
    ]


def shown(value: float, unit: str) -> str:
    """A value as its unit wants it read.

    >>> shown(0.85, "fraction"), shown(1.5, "multiplier"), shown(145_000, "USD/year")
    ('85 %', 'x 1.5', '145,000 USD/year')
    """
    if unit == "fraction":
        return percent(value)
    if unit in ("multiplier", "ratio"):
        return f"x {number(value)}"
    return f"{number(value)} {unit}"


def shown_range(low: float, high: float, unit: str) -> str:
    """A range with its unit once.

    >>> shown_range(1_200, 1_400, "Mtok/month"), shown_range(0.3, 0.5, "fraction")
    ('1,200 to 1,400 Mtok/month', '30 % to 50 %')
    """
    first = shown(low, unit) if unit in ("fraction", "multiplier", "ratio") else number(low)
    return f"{first} to {shown(high, unit)}"
