"""The hybrid split at typical values, slice by slice: what is owned, what is rented by the hour,
what the API takes."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from llmcost.model import HOURS_PER_MONTH
from llmcost.model.hourly_split import slice_api_usd, unowned_slices
from llmcost.model.split import break_even_fill
from llmcost.study.assumptions import Values
from llmcost.study.bill.bills import Decision
from llmcost.study.bill.hybrid_lines import Terms, pool_terms
from llmcost.study.bill.pools import pools
from llmcost.study.case import Case
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import Option
from llmcost.study.ties import beyond


class Way(StrEnum):
    """How a slice is served: by a replica around the clock, by one that is let by the hour with the
    API in the hours between, or by the API alone."""

    OWN = "own"
    HOUR = "hour"
    API = "api"


@dataclass(frozen=True)
class Split:
    """The exact split of the workloads that share replicas, before fixed costs.

    slices  one row per replica from the bottom: slice_count, fill_fraction, own_usd_per_month,
            hour_usd_per_month (each hour by the cheaper of a replica let by the hour and the API,
            starts counted), api_usd_per_month, on_fraction (of the hours, were it run by the hour),
            way, owned
    costs   one row per number of owned replicas: owned_count, own/hour/api/total_usd_per_month
    hours   one row per hour, in their order: load_replicas, hour_replicas (run by the hour above
            the owned ones), and the replicas' worth of each workload that is left to its API, under
            its id
    api_usd_per_replica_hour  what the API would bill for a full replica-hour, mean of the work that
                              may leave
    break_even_fill_fraction  u* = own_usd_per_replica_hour / api_usd_per_replica_hour; above 1
                              nothing is worth owning
    """

    terms: Terms
    slices: pd.DataFrame
    costs: pd.DataFrame
    hours: pd.DataFrame
    owned_count: int
    floor_count: int
    api_usd_per_replica_hour: float

    @property
    def workload_ids(self) -> tuple[str, ...]:
        """The workloads that share these replicas."""
        return tuple(choice.workload.id for choice in self.terms.pool.members)

    @property
    def own_usd_per_replica_hour(self) -> float:
        """A replica around the clock."""
        return float(self.terms.prices.reserved_usd_per_hour)

    @property
    def hour_usd_per_replica_hour(self) -> float:
        """A replica that can be given back by the hour, its starts apart; infinite where there is
        none."""
        return float(self.terms.prices.on_demand_usd_per_hour)

    @property
    def break_even_fill_fraction(self) -> float:
        """u*: the fill above which a replica around the clock beats the API."""
        return float(break_even_fill(self.own_usd_per_replica_hour, self.api_usd_per_replica_hour))

    @property
    def hour_count(self) -> int:
        """Slices that are run by the hour."""
        return int((self.slices["way"] == Way.HOUR).sum())

    @property
    def saving_usd_per_month(self) -> float:
        """What the split saves against sending to the API all that may go there; negative where a
        floor costs more than it saves."""
        least = float(self.costs["total_usd_per_month"].min())
        return float(beyond(self.terms.all_api_usd_per_month, least))


def pool_splits(decision: Decision, values: Values) -> list[Split]:
    """The split of each set of workloads that shares replicas, at single values; none where the
    hybrid is not to be had."""
    if Option.HYBRID not in decision.priced:
        return []
    return [
        _split(terms)
        for terms in pool_terms(pools(decision.choices), values, decision.spare_count)
        if terms.pool.leaving
    ]


@once_per_case
def workload_split(case: Case, workload_id: str = "") -> Split | None:
    """The exact split of one workload (default: the first) and those that share its replicas, at
    typical values; None where there is nothing to split."""
    wanted = workload_id or case.client.workloads[0].id
    splits = pool_splits(case.decision, case.values)
    return next((split for split in splits if wanted in split.workload_ids), None)


def _split(terms: Terms) -> Split:
    prices, floor = terms.prices, int(terms.floor_count)
    api = np.array([float(usd) for usd in terms.api_usd_per_replica_hour])
    load = terms.pool.load_replicas() * np.array([[float(ratio)] for ratio in terms.scale_ratio])
    dearest = np.argsort(-api, kind="stable")
    levels = np.cumsum(load[dearest], axis=0)
    api_usd_per_hour = np.where(np.isinf(api), 0.0, api)[dearest]
    index = np.arange(max(int(np.ceil(levels[-1].max())), floor, 1))
    work = slice_api_usd(levels[..., None], api_usd_per_hour[:, None], index)
    plan = unowned_slices(work, prices)
    run, rest = plan.run_hours, plan.api_usd_per_hour
    rent = plan.rent_usd_per_hour + plan.ever_run * prices.standing_usd_per_hour
    owned = max(int(np.sum(prices.reserved_usd_per_hour < rent + rest)), floor)
    month = {
        Way.OWN: np.full(len(index), float(prices.reserved_usd_per_hour)),
        Way.HOUR: rent + rest,
        Way.API: work.mean(axis=0),
    }
    slices = pd.DataFrame(
        {
            "slice_count": index + 1,
            "fill_fraction": np.clip(levels[-1][:, None] - index, 0, 1).mean(axis=0),
        }
    )
    for way, usd in month.items():
        slices[f"{way}_usd_per_month"] = usd * HOURS_PER_MONTH
    slices["on_fraction"] = run.mean(axis=0)
    slices["owned"] = index < owned
    above = np.where(plan.ever_run, Way.HOUR, Way.API)
    slices["way"] = np.where(slices["owned"], Way.OWN, above)
    counts = np.arange(floor, len(index) + 1)
    parts = [
        counts * float(prices.reserved_usd_per_hour),
        *(np.append(usd[::-1].cumsum()[::-1], 0.0)[counts] for usd in (rent, rest)),
    ]
    costs = pd.DataFrame(
        {"owned_count": counts}
        | {
            f"{way}_usd_per_month": usd * HOURS_PER_MONTH
            for way, usd in zip(Way, parts, strict=True)
        }
    )
    costs["total_usd_per_month"] = costs.filter(like="_usd_per_month").sum(axis=1)
    hours = pd.DataFrame({"load_replicas": levels[-1], "hour_replicas": run[:, owned:].sum(axis=1)})
    left = np.maximum(levels - owned - hours["hour_replicas"].to_numpy(), 0.0)
    for place, member in enumerate(dearest):
        hours[terms.pool.members[member].workload.id] = left[place] - (
            left[place - 1] if place else 0.0
        )
    mean = sum(float(load[i].mean()) for i in range(len(api)) if np.isfinite(api[i]))
    return Split(
        terms,
        slices,
        costs,
        hours,
        owned,
        floor,
        float(terms.all_api_usd_per_month) / HOURS_PER_MONTH / mean,
    )
