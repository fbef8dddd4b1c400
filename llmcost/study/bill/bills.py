"""The whole client's bill under each option: workloads added up, what is shared counted once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmcost.inputs.client import Client
from llmcost.inputs.errors import InputError
from llmcost.study.assumptions import Assumption, Values
from llmcost.study.bill.api_lines import (
    Parts,
    open_bill,
    staying_parts,
    summed_parts,
    today_parts,
    usd_of,
)
from llmcost.study.bill.fleet_lines import (
    Amounts,
    Nodes,
    amounts,
    fixed_nodes,
    fleet_nodes,
    joined,
    together,
)
from llmcost.study.bill.hybrid_lines import (
    PoolBill,
    Workloads,
    pool_bills_of,
    workload_scopes,
)
from llmcost.study.bill.options import OWN, Number, YesOrNo
from llmcost.study.bill.pools import Pool, pools
from llmcost.study.formulas import api_charges, fixed_costs, split_costs
from llmcost.study.graph import Node, Scope, summed
from llmcost.study.problem import WorkloadChoice
from llmcost.study.scopes import TUNED, client_scope, scope_of, supply_scope, way_scope


@dataclass(frozen=True)
class Decision:
    """What is compared: the choices of each workload, the horizon, and which options can be priced
    at all."""

    choices: Sequence[WorkloadChoice]
    horizon_months: int
    spare_count: int
    invoice_multiplier: Number
    priced: Sequence[str]


def option_bills(
    decision: Decision,
    values: Values,
    assumptions: Mapping[str, Assumption] | None = None,
    from_hours: bool = False,
) -> dict[str, Nodes]:
    """The bill of every option that can be priced: line -> node. Values may be numbers or arrays of
    draws.

    assumptions  who says so, where a bill is to be explained
    from_hours   whether to explain it down to the hours of the load, at typical values
    """
    bills = _bills(decision, client_scope(values, decision.horizon_months, assumptions, from_hours))
    return {option: bills.of(option) for option in decision.priced}


def _bills(decision: Decision, client: Scope) -> "Bills":
    return Bills(decision, client, workload_scopes(client, decision.choices))


def option_lines(decision: Decision, values: Values) -> dict[str, Amounts]:
    """USD per month, line by line, of every option that can be priced."""
    bills = option_bills(decision, values)
    return {option: amounts(bill) for option, bill in bills.items()}


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
        float(usd_of(today_parts(scope_of(choice, values), choice, 1.0))) for choice in choices
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


def paths_read(decision: Decision, values: Values) -> set[str]:
    """Paths of the assumptions that some option's bill really depends on."""
    client = client_scope(values, decision.horizon_months)
    bills = _bills(decision, client)
    for option in decision.priced:
        bills.of(option)
    return client.read


def option_totals(decision: Decision, values: Values) -> Mapping[str, np.ndarray]:
    """USD per month of every option: the sum of its lines, as arrays of one shape."""
    bills = option_lines(decision, values)
    return {
        option: np.add(sum(np.asarray(usd, dtype=float) for usd in lines.values()), 0.0)
        for option, lines in bills.items()
    }


@dataclass(frozen=True)
class HybridPlan:
    """What the hybrid comes to: numbers, or arrays of draws.

    parts      the exact split of each pool
    fixed      what running GPUs adds whatever the volume, by line
    is_bought  whether some pool has GPUs of its own
    kept       whether the splits save more than the fixed costs; else the API takes all
    """

    parts: Sequence[PoolBill]
    fixed: Nodes
    is_bought: YesOrNo
    kept: Node

    @property
    def is_kept(self) -> YesOrNo:
        """Whether the hybrid has replicas of its own."""
        return self.kept.value


@dataclass(frozen=True)
class Bills:
    """The bills of a decision in the scopes of its client and workloads."""

    decision: Decision
    client: Scope
    workloads: Workloads

    def of(self, option: str) -> Nodes:
        """An option's bill: line -> node."""
        makers = {
            "today": lambda: self._todays(()),
            "tuned": lambda: self._todays(TUNED),
            "open_api": self._open_api,
            "hybrid": self._hybrid,
        }
        return makers[option]() if option in makers else self._own(option)

    def _todays(self, tuned: Collection[str]) -> Nodes:
        """Today's model as it is used, or tuned."""
        multiplier = self.decision.invoice_multiplier
        bills = [
            today_parts(self.workloads[choice.workload.id], choice, multiplier, tuned)
            for choice in self.decision.choices
        ]
        return self._api_people() | self._of_today(bills)

    def _api_people(self) -> Nodes:
        return {fixed_costs.api_people: self.client.node(fixed_costs.api_people.name)}

    def _of_today(self, bills: Sequence[Parts]) -> Nodes:
        """The line of today's model, a part for each workload that it answers."""
        nodes = []
        for choice, parts in zip(self.decision.choices, bills, strict=True):
            if choice.today:
                name = f"{choice.today.model_id} at {choice.today.provider}, {choice.workload.id}"
                nodes.append(summed_parts(name, parts))
        return (
            {api_charges.todays_model: together(api_charges.todays_model.name, nodes)}
            if nodes
            else {}
        )

    def _moved(self, option: str) -> Nodes:
        """What every change of model carries.

        That is the rest on today's model, the people of an API where one is used, and the move.
        """
        uses_an_api = _uses_an_api(self.decision, option)
        multiplier = self.decision.invoice_multiplier
        rest = [
            staying_parts(self.workloads[choice.workload.id], choice, multiplier)
            for choice in self.decision.choices
        ]
        bill = self._api_people() if uses_an_api else {}
        bill |= self._of_today(rest)
        return bill | {fixed_costs.migration: self.client.node(fixed_costs.migration.name)}

    def _open_api(self) -> Nodes:
        nodes = [
            open_bill(self.workloads[choice.workload.id], choice)
            for choice in self.decision.choices
        ]
        return self._moved("open_api") | {
            api_charges.open_model: together(api_charges.open_model.name, nodes)
        }

    def _own(self, option: str) -> Nodes:
        assert option in OWN
        bills = []
        for choice in self.decision.choices:
            supply, workload = choice.supplies[option], self.workloads[choice.workload.id]
            scope = supply_scope(workload, supply, choice, self.decision.spare_count)
            bills.append(fleet_nodes(scope, supply))
        return self._moved(option) | fixed_nodes(self.client, option) | joined(bills)

    def hybrid_plan(self) -> HybridPlan:
        """The exact split; the fixed costs are one yes or no on the summed saving, without a choice
        where some work may not leave.

        No spare but for that work: the API is the fallback. A saving that is only rounding is none.
        """
        owned, rented = (fixed_nodes(self.client, way) for way in ("owned", "rented"))
        least = np.minimum(_usd(owned), _usd(rented))
        shared = pools(self.decision.choices)
        parts = pool_bills_of(shared, self.workloads, self.decision.spare_count, least)
        is_bought = _anything_bought(shared, parts)
        fixed = {
            line: self._owned_or_rented(is_bought, owned.get(line), rented.get(line))
            for line in dict.fromkeys((*rented, *owned))
        }
        stays = any(pool.staying for pool in shared)
        return HybridPlan(parts, fixed, is_bought, self._kept(parts, fixed, stays))

    def _owned_or_rented(self, is_bought: YesOrNo, owned: Node | None, rented: Node | None) -> Node:
        nothing = Node("nothing", 0.0, "USD/month", source="GPUs paid this way have no such line")
        bought = Node("is_bought", is_bought, "yes or no", source="the exact split")
        given = {"owned_usd_per_month": owned or nothing, "rented_usd_per_month": rented or nothing}
        return self.client.apply(split_costs.owned_or_rented, is_bought=bought, **given)

    def _kept(self, parts: Sequence[PoolBill], fixed: Nodes, stays: bool) -> Node:
        """Whether own replicas run at all."""
        numbered = list(enumerate(parts, 1))
        saved = {f"pool_{k}": part.saving for k, part in numbered}
        all_api = {f"pool_{k}": part.all_api for k, part in numbered}
        pays = self.client.apply(
            split_costs.pays_for_its_people,
            savings_usd_per_month=summed("savings", saved),
            fixed_usd_per_month=summed("fixed", {line.name: node for line, node in fixed.items()}),
            all_api_usd_per_month=summed("all_api", all_api),
        )
        told = Node("some_may_not_leave", stays, "yes or no", source="client.yaml: gates")
        return self.client.apply(
            split_costs.own_replicas_run, pays_for_its_people=pays, some_may_not_leave=told
        )

    def _hybrid(self) -> Nodes:
        plan = self.hybrid_plan()
        bill = [self._if_kept(plan, part.nodes) | self._left(plan, part) for part in plan.parts]
        return self._moved("hybrid") | joined([*bill, self._if_kept(plan, plan.fixed)])

    def _left(self, plan: HybridPlan, part: PoolBill) -> Nodes:
        """What the hybrid leaves to the API."""
        given = {
            "own_replicas_run": plan.kept,
            "overflow_usd_per_month": part.overflow,
            "all_api_usd_per_month": part.all_api,
        }
        return {api_charges.open_model: self.client.apply(split_costs.left_to_the_api, **given)}

    def _if_kept(self, plan: HybridPlan, nodes: Nodes) -> Nodes:
        return {
            line: self.client.apply(
                split_costs.if_own_replicas_run, own_replicas_run=plan.kept, line_usd_per_month=node
            )
            for line, node in nodes.items()
        }


def hybrid_plan(decision: Decision, values: Values) -> HybridPlan:
    """The hybrid of a decision at these values."""
    return _bills(decision, client_scope(values, decision.horizon_months)).hybrid_plan()


def _usd(nodes: Nodes) -> Number:
    return sum(node.value for node in nodes.values())


def _anything_bought(shared: Sequence[Pool], parts: Sequence[PoolBill]) -> YesOrNo:
    """Whether some pool has GPUs of its own. The counts of one pool may be draws where another's
    are one number."""
    is_bought: YesOrNo = False
    for pool, part in zip(shared, parts, strict=True):
        if pool.supply.offer.term == "owned":
            is_bought = np.logical_or(is_bought, part.owned_count > 0)
    return is_bought


def _uses_an_api(decision: Decision, option: str) -> bool:
    """Whether an option buys from an API; with own GPUs, where a model answers today."""
    return option not in OWN or any(choice.today for choice in decision.choices)


def people_fte(decision: Decision, values: Values) -> dict[str, Number]:
    """Option -> full-time equivalents: those of an API, and engineers where it runs GPUs."""
    found: dict[str, Number] = {}
    for option in decision.priced:
        api_fte = values["people.api_fte"] if _uses_an_api(decision, option) else 0.0
        found[option] = api_fte + _engineers_fte(decision, values, option)
    return found


def _engineers_fte(decision: Decision, values: Values, option: str) -> Number:
    client = client_scope(values)
    if option == "hybrid":
        plan = hybrid_plan(decision, values)
        owned, rented = (way_scope(client, way)("engineer_fte") for way in ("owned", "rented"))
        return np.where(plan.is_kept, np.where(plan.is_bought, owned, rented), 0.0)
    return way_scope(client, option)("engineer_fte") if option in OWN else 0.0
