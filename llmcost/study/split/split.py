"""The hybrid split of one workload: every slice with its fill, and the one number that decides."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from llmcost.model import HOURS_PER_MONTH
from llmcost.model.split import break_even_fill, owned_slices, split_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import open_api_usd_per_month
from llmcost.study.bill.fleet_lines import replica_usd_per_month
from llmcost.study.problem import WorkloadChoice


@dataclass(frozen=True)
class Split:
    """The exact split of one workload before fixed costs.

    slices  one row per replica from the bottom: slice_count, fill_fraction, own_usd_per_month, api_usd_per_month, owned
    costs   one row per number of owned replicas 0, 1, ...: owned_count, own/api/total_usd_per_month
    break_even_fill_fraction  u* = own_usd_per_replica_hour / api_usd_per_replica_hour; above 1 nothing is worth owning
    """

    workload_id: str
    plan_name: str
    slices: pd.DataFrame
    costs: pd.DataFrame
    owned_count: int
    own_usd_per_replica_hour: float
    api_usd_per_replica_hour: float
    break_even_fill_fraction: float

    @property
    def saving_usd_per_month(self) -> float:
        """What the split saves against all-API, before people and other fixed costs; never negative."""
        totals = self.costs["total_usd_per_month"]
        return float(totals.iloc[0] - totals.iloc[self.owned_count])


def workload_split(choice: WorkloadChoice, values: Values) -> Split | None:
    """The split of one workload at these values, or None when no API host or no plan exists."""
    supply = choice.supplies.get("hybrid")
    if supply is None or choice.host is None:
        return None
    own = replica_usd_per_month(supply, values) / HOURS_PER_MONTH
    api = float(open_api_usd_per_month(choice, values)) / (supply.curve.mean * HOURS_PER_MONTH)
    count = int(owned_slices(supply.curve, own, api))
    index = np.arange(max(int(np.ceil(supply.curve.peak)), 1))
    fill = supply.curve.fill(index)
    slices = pd.DataFrame({"slice_count": index + 1, "fill_fraction": fill, "own_usd_per_month": own * HOURS_PER_MONTH})
    slices["api_usd_per_month"] = fill * api * HOURS_PER_MONTH
    slices["owned"] = index < count
    counts = np.arange(len(index) + 1)
    own_part, api_part = split_usd_per_month(supply.curve, counts, own, api)
    costs = pd.DataFrame(
        {"owned_count": counts, "own_usd_per_month": own_part, "api_usd_per_month": api_part, "total_usd_per_month": own_part + api_part}
    )
    return Split(choice.workload.id, supply.plan.name, slices, costs, count, own, api, float(break_even_fill(own, api)))
