"""The whole client's bill under each option: workloads added up, what is shared counted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmcost.inputs.client import Client
from llmcost.inputs.errors import InputError
from llmcost.model.overhead import amortised_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import api_people, open_api_usd_per_month, rest_lines, today_lines, tuned_lines
from llmcost.study.bill.fleet_lines import fixed_lines, fleet_lines, storage_usd_per_month
from llmcost.study.bill.hybrid_lines import PoolBill, pool_bills
from llmcost.study.bill.options import OWN, Lines, Number, added
from llmcost.study.bill.pools import Pool, pools
from llmcost.study.bill.serverless_lines import serverless_usd_per_month
from llmcost.study.problem import WorkloadChoice


@dataclass(frozen=True)
class Decision:
    """What is compared: the choices of each workload, the horizon, and which options can be priced at all."""

    choices: Sequence[WorkloadChoice]
    horizon_months: int
    spare_count: int
    invoice_multiplier: Number
    priced: Sequence[str]


def option_lines(decision: Decision, values: Values) -> dict[str, Lines]:
    """USD per month, line by line, of every option that can be priced. Values may be numbers or arrays of draws."""
    makers = {"today": _today, "tuned": _tuned, "open_api": _open_api, "hybrid": _hybrid}
    return {option: makers[option](decision, values) if option in makers else _own(decision, values, option) for option in decision.priced}


LEAST_EXPLAINED = 0.2
"""An invoice that list prices explain by less than a fifth, or more than five times, is another month's or another model's."""


def invoice_multiplier(client: Client, choices: Sequence[WorkloadChoice], values: Values) -> float:
    """The client's invoice over the bill that list prices explain; 1 without an invoice or where today's model is gated.

    Raises InputError when nothing answers today, or when the two are too far apart to be about the same work.
    """
    if client.invoice is None or client.invoice.usd_per_month is None:
        return 1.0
    if not any(workload.today for workload in client.workloads):
        problem = "an invoice without a model that answers today"
        raise InputError("client.yaml", "invoice", problem, "Give workloads.<id>.today, or leave it out")
    explained = sum(float(usd) for choice in choices for usd in today_lines(choice, values, 1.0).values())
    if explained == 0:
        return 1.0
    ratio = client.invoice.usd_per_month / explained
    if not LEAST_EXPLAINED < ratio < 1 / LEAST_EXPLAINED:
        problem = f"is {ratio:.1f} times what list prices explain ({explained:,.0f} USD)"
        raise InputError("client.yaml", "invoice.usd_per_month", problem, "Check the volumes, the model and the period of the invoice")
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
    return {option: np.add(sum(np.asarray(usd, dtype=float) for usd in lines.values()), 0.0) for option, lines in bills.items()}


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


def _moved(decision: Decision, values: Values) -> Lines:
    """What every change of model carries: the rest on today's model, the API's people where one stays, the move itself."""
    bill: Lines = {}
    if any(choice.today for choice in decision.choices):
        bill["API people"] = api_people(values)
    for choice in decision.choices:
        added(bill, rest_lines(choice, values, decision.invoice_multiplier))
    bill["Evaluation and migration, spread"] = amortised_usd_per_month(values["one_off.migration_usd"], decision.horizon_months)
    return bill


def _open_api(decision: Decision, values: Values) -> Lines:
    bill = _moved(decision, values) | {"API people": api_people(values)}
    for choice in decision.choices:
        added(bill, {"API, open model": open_api_usd_per_month(choice, values)})
    return bill


def _own(decision: Decision, values: Values, option: str) -> Lines:
    assert option in OWN
    bill = _moved(decision, values) | fixed_lines(option, values, decision.horizon_months)
    for choice in decision.choices:
        supply = choice.supplies[option]
        if option == "serverless":
            added(bill, {"Serverless GPUs": serverless_usd_per_month(choice, supply, values)})
            added(bill, {"Storage of weights": storage_usd_per_month(supply, values)})
            continue
        added(bill, fleet_lines(choice, supply, values, decision.spare_count))
    return bill


def _hybrid(decision: Decision, values: Values) -> Lines:
    """The exact split; the fixed costs are one yes or no on the summed saving, without a choice where some work may not leave.

    No spare but for that work: the API is the fallback.
    """
    shared = pools(decision.choices)
    ways = [fixed_lines(way, values, decision.horizon_months) for way in ("owned", "rented")]
    least = np.minimum(sum(ways[0].values()), sum(ways[1].values()))
    parts = pool_bills(shared, values, decision.spare_count, least)
    bought = _anything_bought(shared, parts)
    fixed = {item: np.where(bought, *(way.get(item, 0.0) for way in ways)) for item in ways[1]}
    keep = sum(part.saving_usd_per_month for part in parts) > sum(fixed.values())
    keep = np.logical_or(keep, any(pool.staying for pool in shared))
    bill = _moved(decision, values) | {"API people": api_people(values)}
    for part in parts:
        added(bill, {item: np.where(keep, usd, 0.0) for item, usd in part.lines.items()})
        added(bill, {"API, open model": np.where(keep, part.api_usd_per_month, part.all_api_usd_per_month)})
    added(bill, {item: np.where(keep, usd, 0.0) for item, usd in fixed.items()})
    return bill


def _anything_bought(shared: Sequence[Pool], parts: Sequence[PoolBill]) -> Number:
    """Whether some pool has GPUs of its own. The counts of one pool may be draws where another's are one number."""
    bought: Number = False
    for pool, part in zip(shared, parts, strict=True):
        if pool.supply.offer.term == "owned":
            bought = np.logical_or(bought, part.owned_count > 0)
    return bought
