"""The exact split as chains: what is reserved, what runs by the hour, what the API bills, and
whether that pays for its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.model.hourly_split import Prices, hourly_split
from llmcost.study.audit.api_chains import USD, open_bill
from llmcost.study.audit.figure import Figure, derived, given, summed
from llmcost.study.audit.fixed_chains import fixed
from llmcost.study.audit.fleet_chains import (
    fleet_chains,
    load_replicas,
    rent,
    replica_chains,
    scale,
    start_seconds,
    storage,
)
from llmcost.study.bill.api_lines import OPEN
from llmcost.study.bill.bills import hybrid_plan
from llmcost.study.bill.hybrid_lines import PoolBill
from llmcost.study.bill.pools import Pool, pools
from llmcost.study.fleets.fleet_facts import owns_nothing

if TYPE_CHECKING:
    from llmcost.study.study import Study

STORAGE, BY_THE_HOUR = "Storage of weights", "GPU rent by the hour"


def hybrid_chains(study: Study) -> dict[str, Figure]:
    """The lines of the hybrid besides those that every change of model has: item -> figure."""
    if owns_nothing(study):
        moved = {
            f"workload_{k}": open_bill(study, choice) for k, choice in enumerate(study.choices, 1)
        }
        return {OPEN: summed("all that moves, for no owned slice pays", USD, moved)}
    found: dict[str, dict[str, Figure]] = {}
    plan = hybrid_plan(study.decision, study.values)
    for k, (pool, bill) in enumerate(zip(pools(study.choices), plan.parts, strict=True), 1):
        for item, figure in _pool(study, pool, bill).items():
            found.setdefault(item, {})[f"pool_{k}"] = figure
    lines = {item: summed(item, USD, figures) for item, figures in found.items()}
    return lines | fixed(study, "owned" if plan.is_bought else "rented")


def _pool(study: Study, pool: Pool, bill: PoolBill) -> dict[str, Figure]:
    """The lines of one pool: workloads that share replicas."""
    if not pool.leaving:
        found: dict[str, dict[str, Figure]] = {}
        for k, choice in enumerate(pool.members, 1):
            for item, figure in fleet_chains(study, choice, choice.supplies["hybrid"]).items():
                found.setdefault(item, {})[f"workload_{k}"] = figure
        return {item: summed(item, USD, figures) for item, figures in found.items()}
    supply, (choice, *others) = pool.supply, pool.members
    each = replica_chains(study, supply)
    if others:
        return _solved(pool, bill, each)
    load = load_replicas(study, choice, choice.supplies["hybrid"])
    ratio, api = scale(study, choice, supply, load), open_bill(study, choice)
    worth = derived(
        "what the API bills for a full replica-hour",
        "USD/hour",
        "api / (mean(load) * scale * 730)",
        api=api,
        load=load,
        scale=ratio,
    )
    reserved = derived(
        "a reserved replica for an hour",
        "USD/hour",
        f"({' + '.join(f'p{k}' for k in range(len(each)))}) / 730",
        **_numbered(each),
    )
    parts = {"load": load, "scale": ratio, "worth": worth, "reserved": reserved}
    prices = "Prices(reserved)"
    if supply.by_the_hour is not None:
        hourly, copy = rent(study, supply, supply.by_the_hour), storage(study, supply)
        start = derived(
            "a start",
            "USD",
            "usd_per_hour * seconds / 3600",
            usd_per_hour=hourly,
            seconds=start_seconds(study, supply),
        )
        parts |= {"by_the_hour": hourly, "start": start, "copy": copy}
        prices = "Prices(reserved, by_the_hour, start, copy / 730)"
    split = f"hourly_split([load], [[scale]], [[worth]], {prices})"

    def of_split(name: str, unit: str, what: str) -> Figure:
        return derived(name, unit, f"{split}.{what}[0]", (hourly_split, Prices), **parts)

    owned = of_split("reserved replicas, by the exact split", "replicas", "owned_count")
    lines = {
        item: derived(item, USD, "replicas * usd", replicas=owned, usd=usd)
        for item, usd in each.items()
    }
    if supply.by_the_hour is not None:
        ran = of_split("replicas ever run by the hour", "replicas", "on_demand_count")
        copies = {"copies": ran, "copy": parts["copy"]}
        kept = (
            lines[STORAGE]
            if STORAGE in lines
            else given("no copy is stored for owned GPUs", 0.0, USD, "definition")
        )
        lines[STORAGE] = derived(
            "copies of the weights", USD, "kept + copies * copy", kept=kept, **copies
        )
        hour = of_split("by the hour, starts in it", "USD/hour", "on_demand_usd_per_hour")
        lines[BY_THE_HOUR] = derived("by the hour", USD, "usd_per_hour * 730", usd_per_hour=hour)
    left = of_split("what is left to the API", "USD/hour", "api_usd_per_hour")
    lines[OPEN] = derived("overflow to the API", USD, "usd_per_hour * 730", usd_per_hour=left)
    return lines


def _solved(pool: Pool, bill: PoolBill, each: dict[str, Figure]) -> dict[str, Figure]:
    """A pool of several classes: the counts are the solver's, the lines are made of them."""
    ids = ", ".join(choice.workload.id for choice in pool.members)
    about = f"llmcost.model.hourly_split.hourly_split over the hours of {ids}, dearest class first"
    owned = given("reserved replicas", float(bill.owned_count), "replicas", about)
    lines = {
        item: derived(item, USD, "replicas * usd", replicas=owned, usd=usd)
        for item, usd in each.items()
    }
    for item in (STORAGE, BY_THE_HOUR):
        lines[item] = given(item, float(bill.lines.get(item, 0.0)), USD, about)
    return lines | {OPEN: given("overflow to the API", float(bill.api_usd_per_month), USD, about)}


def _numbered(figures: dict[str, Figure]) -> dict[str, Figure]:
    return {f"p{k}": figure for k, figure in enumerate(figures.values())}
