"""The exact split of one workload between replicas of one's own and an API."""

from llmcost.model import HOURS_PER_MONTH
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import open_api_usd_per_month
from llmcost.study.bill.fleet_lines import replica_lines
from llmcost.study.bill.options import Lines, Number
from llmcost.study.problem import (
    WorkloadChoice,
    load_scale,
)


def hybrid_parts(choice: WorkloadChoice, values: Values) -> tuple[Number, Lines, Number, Number]:
    """(owned slices, their lines, API bill of the overflow, saving against all-API) of the exact split, before fixed costs."""
    supply = choice.supplies["hybrid"]
    lines = replica_lines(supply, values)
    own_usd_per_hour = sum(lines.values()) / HOURS_PER_MONTH
    all_api = open_api_usd_per_month(choice, values)
    scale = load_scale(choice, supply, values)
    api_usd_per_hour = all_api / (supply.curve.mean * scale * HOURS_PER_MONTH)
    count = owned_slices(supply.curve, own_usd_per_hour, api_usd_per_hour, scale)
    own, overflow = split_usd_per_month(supply.curve, count, own_usd_per_hour, api_usd_per_hour, scale)
    return count, {item: usd * count for item, usd in lines.items()}, overflow, all_api - own - overflow
