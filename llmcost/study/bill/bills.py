"""The whole client's bill under each option: workloads added up, what is shared counted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmcost.inputs.client import Client
from llmcost.inputs.errors import InputError
from llmcost.model.overhead import amortised_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import (
    api_people,
    open_api_usd_per_month,
    rest_lines,
    today_lines,
    tuned_lines,
)
from llmcost.study.bill.fleet_lines import (
    engineers_fte,
    fixed_lines,
    fleet_lines,
    storage_usd_per_month,
)
from llmcost.study.bill.hybrid_lines import PoolBill, pool_bills
from llmcost.study.bill.options import OWN, Lines, Number, YesOrNo, added
from llmcost.study.bill.pools import Pool, pools
from llmcost.study.bill.serverless_lines import serverless_usd_per_month
from llmcost.study.problem import WorkloadChoice
from llmcost.study.ties import TIE_RATIO


@dataclass(frozen=True)
class Decision:
    """What is compared: the choices of each workload, the horizon, and which options can be priced
    at all."""

    choices: Sequence[WorkloadChoice]
    horizon_months: int
    spare_count: int
    invoice_multiplier: Number
    priced: Sequence[str]


def option_lines(decision: Decision, values: Values) -> dict[str, Lines]:
    """USD per month, line by line, of every option that can be priced. Values may be numbers or
    arrays of draws."""
    makers = {"today": _today, "tuned": _tuned, "open_api": _open_api, "hybrid": _hybrid}
    return {
        option: (
            makers[option](decision, values) if option in makers else _own(decision, values, option)
        )
        for option in decision.priced
    }


MOST_USD_PER_MONTH = 1e12
"""No bill is as large; numbers beyond are not worth printing, and no later reader takes them."""


def plausible(totals: dict[str, Any]) -> dict[str, Any]:
    """The bills of all options, each a number or an array of draws.

    Raises InputError where one is beyond all that is ever paid, or is no number.
    """
    largest_usd = max((float(np.max(usd)) for usd in totals.values()), default=0.0)
    if not largest_usd <= MOST_USD_PER_MONTH:
        problem = f"makes a bill of {largest_usd:.3g} USD a month"
        cure = (
            "Look for a number in the wrong unit: volumes are in millions of tokens, prices in USD"
            " for a million"
        )
        raise InputError("client.yaml", "", problem, cure)
    return totals


LEAST_EXPLAINED = 0.2
"""An invoice that list prices explain by less than a fifth, or more than five times, is another
month's or another model's."""


def invoice_multiplier(client: Client, choices: Sequence[WorkloadChoice], values: Values) -> float:
    """The client's invoice over the bill that list prices explain; 1 without an invoice or where
    today's model is gated.

    Raises InputError when nothing answers today, or when the two are too far apart to be about the
    same work.
    """
    if client.invoice is None or client.invoice.usd_per_month is None:
        return 1.0
    if not any(workload.today for workload in client.workloads):
        problem = "an invoice without a model that answers today"
        raise InputError(
            "client.yaml", "invoice", problem, "Give workloads.<id>.today, or leave it out"
        )
    explained = sum(
        float(usd) for choice in choices for usd in today_lines(choice, values, 1.0).values()
    )
    if explained == 0:
        return 1.0
    ratio = client.invoice.usd_per_month / explained
    if not LEAST_EXPLAINED < ratio < 1 / LEAST_EXPLAINED:
        problem = f"is {ratio:.3g} times what list prices explain ({explained:,.0f} USD)"
        raise InputError(
            "client.yaml",
            "invoice.usd_per_month",
            problem,
            "Check the volumes, the model and the period of the invoice",
        )
    return ratio


class _Watched(dict):
    """A dictionary that remembers which of its keys were asked for."""

    def __init__(self, values: Values):
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, path: str) -> Any:
        self.read.add(path)
        return super().__getitem__(path)

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a path, remembered as read."""
        self.read.add(path)
        return super().get(path, default)


def paths_read(decision: Decision, values: Values) -> set[str]:
    """Paths of the assumptions that some option's bill really depends on."""
    watched = _Watched(values)
    option_lines(decision, watched)
    return watched.read


def option_totals(decision: Decision, values: Values) -> Mapping[str, np.ndarray]:
    """USD per month of every option: the sum of its lines, as arrays of one shape."""
    bills = option_lines(decision, values)
    return {
        option: np.add(sum(np.asarray(usd, dtype=float) for usd in lines.values()), 0.0)
        for option, lines in bills.items()
    }


def _today(decision: Decision, values: Values) -> Lines:
    bill: Lines = {"API people": api_people(values)}
    for choice in decision.choices:
        added(bill, today_lines(choice, values, decision.invoice_multiplier))
    return bill


def _tuned(decision: Decision, values: Values) -> Lines:
    bill: Lines = {"API people": api_people(values)}
    for choice in decision.choices:
        added(bill, tuned_lines(choice, values, decision.invoice_multiplier))
    return bill


def _moved(decision: Decision, values: Values, option: str) -> Lines:
    """What every change of model carries.

    That is the rest on today's model, the people of an API where one is used, and the move itself.
    """
    bill: Lines = {"API people": api_people(values)} if _uses_an_api(decision, option) else {}
    for choice in decision.choices:
        added(bill, rest_lines(choice, values, decision.invoice_multiplier))
    bill["Evaluation and migration, spread"] = amortised_usd_per_month(
        values["one_off.migration_usd"], decision.horizon_months
    )
    return bill


def _uses_an_api(decision: Decision, option: str) -> bool:
    """Whether an option buys from an API; with own GPUs, where a model answers today."""
    return option not in OWN or any(choice.today for choice in decision.choices)


def _open_api(decision: Decision, values: Values) -> Lines:
    bill = _moved(decision, values, "open_api")
    for choice in decision.choices:
        added(bill, {"API, open model": open_api_usd_per_month(choice, values)})
    return bill


def _own(decision: Decision, values: Values, option: str) -> Lines:
    assert option in OWN
    bill = _moved(decision, values, option) | fixed_lines(option, values, decision.horizon_months)
    for choice in decision.choices:
        supply = choice.supplies[option]
        if option == "serverless":
            added(bill, {"Serverless GPUs": serverless_usd_per_month(choice, supply, values)})
            added(bill, {"Storage of weights": storage_usd_per_month(supply, values)})
            continue
        added(bill, fleet_lines(choice, supply, values, decision.spare_count))
    return bill


@dataclass(frozen=True)
class HybridPlan:
    """What the hybrid comes to: numbers, or arrays of draws.

    parts      the exact split of each pool
    fixed      what running GPUs adds whatever the volume, USD a month by item
    is_bought  whether some pool has GPUs of its own
    is_kept    whether the splits save more than the fixed costs; else the API takes all
    """

    parts: Sequence[PoolBill]
    fixed: Lines
    is_bought: YesOrNo
    is_kept: YesOrNo


def hybrid_plan(decision: Decision, values: Values) -> HybridPlan:
    """The exact split; the fixed costs are one yes or no on the summed saving, without a choice
    where some work may not leave.

    No spare but for that work: the API is the fallback. A saving that is only rounding is none.
    """
    months = decision.horizon_months
    owned, rented = (fixed_lines(way, values, months) for way in ("owned", "rented"))
    shared = pools(decision.choices)
    least = np.minimum(sum(owned.values()), sum(rented.values()))
    parts = pool_bills(shared, values, decision.spare_count, least)
    is_bought = _anything_bought(shared, parts)
    fixed: Lines = {}
    for item, usd in rented.items():
        fixed[item] = np.where(is_bought, owned.get(item, 0.0), usd)
    saved = sum(part.saving_usd_per_month for part in parts) - sum(fixed.values())
    rounding = TIE_RATIO * sum(part.all_api_usd_per_month for part in parts)
    is_kept = np.logical_or(saved > rounding, any(pool.staying for pool in shared))
    return HybridPlan(parts, fixed, is_bought, is_kept)


def _anything_bought(shared: Sequence[Pool], parts: Sequence[PoolBill]) -> YesOrNo:
    """Whether some pool has GPUs of its own. The counts of one pool may be draws where another's
    are one number."""
    is_bought: YesOrNo = False
    for pool, part in zip(shared, parts, strict=True):
        if pool.supply.offer.term == "owned":
            is_bought = np.logical_or(is_bought, part.owned_count > 0)
    return is_bought


def _hybrid(decision: Decision, values: Values) -> Lines:
    plan = hybrid_plan(decision, values)
    bill = _moved(decision, values, "hybrid")
    for part in plan.parts:
        added(bill, {item: np.where(plan.is_kept, usd, 0.0) for item, usd in part.lines.items()})
        api = np.where(plan.is_kept, part.api_usd_per_month, part.all_api_usd_per_month)
        added(bill, {"API, open model": api})
    added(bill, {item: np.where(plan.is_kept, usd, 0.0) for item, usd in plan.fixed.items()})
    return bill


def people_fte(decision: Decision, values: Values) -> dict[str, Number]:
    """Option -> full-time equivalents: those of an API, and engineers where it runs GPUs."""
    found: dict[str, Number] = {}
    for option in decision.priced:
        api = values["people.api_fte"] if _uses_an_api(decision, option) else 0.0
        found[option] = api + _engineers_fte(decision, values, option)
    return found


def _engineers_fte(decision: Decision, values: Values, option: str) -> Number:
    if option == "hybrid":
        plan = hybrid_plan(decision, values)
        owned, rented = (engineers_fte(way, values) for way in ("owned", "rented"))
        return np.where(plan.is_kept, np.where(plan.is_bought, owned, rented), 0.0)
    return engineers_fte(option, values) if option in OWN else 0.0
