"""Two bills held against each other: an option, and the open model by API, today's own model, or a
premium one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.client import Workload
from llmcost.study.assumptions import Values
from llmcost.study.bill.bills import Decision
from llmcost.study.bill.draws import totals_in_parts
from llmcost.study.bill.options import LABELS
from llmcost.study.case import Case
from llmcost.study.choices.decisions import out_of_reach
from llmcost.study.market.hosts import may_leave
from llmcost.study.prices.pricing import CLOSED_TIERS, ModelTier, listed_offer
from llmcost.study.problem import Option, WorkloadChoice

PREMIUM = "premium"
"""All the work on a premium model: a yardstick that is no option."""
YARDSTICKS = {
    Option.OPEN_API: "the open model by API",
    Option.TUNED: "today's model, tuned",
    PREMIUM: "a premium model for all the work",
}
"""What an option is held against; any option that can be priced will do too."""


class Reach(StrEnum):
    """Whether two bills meet. The last two say why they cannot be held against each other."""

    REACHED = "reached"
    NOT_REACHED = "not reached"
    INFEASIBLE = "infeasible"
    NOTHING_TO_COMPARE = "nothing to compare with"


@dataclass(frozen=True)
class BillPair:
    """An option and its yardstick, each with the decision that prices it alone, at typical values.

    why_not  where one of the two cannot be priced: which of them, and the reason in words
    """

    option: str
    against: str
    ours: Decision
    theirs: Decision
    values: Values
    why_not: tuple[Reach, str] | None = None

    def usd_per_month(self, changes: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """(option, yardstick) with some inputs at arrays of values, all of one length, the rest
        typical."""
        values, count = {**self.values, **changes}, max(map(len, changes.values()))
        ours, theirs = (
            totals_in_parts(side, values, count)[side.priced[0]]
            for side in (self.ours, self.theirs)
        )
        return ours, theirs


def bill_pair(case: Case, option: str, against: str) -> BillPair:
    """The option against a yardstick, or with the reason why one of the two cannot be priced."""
    decision = case.decision
    if option not in decision.priced:
        why_not = (Reach.INFEASIBLE, _reason(case.choices, option))
        return BillPair(option, against, decision, decision, case.values, why_not)
    if against == PREMIUM:
        theirs, reason = _premium(case), "no list prices one that may serve this work"
    elif against in decision.priced:
        theirs, reason = replace(decision, priced=[against]), ""
    else:
        theirs, reason = None, _reason(case.choices, against)
    if theirs is None:
        why_not = (Reach.NOTHING_TO_COMPARE, reason)
        return BillPair(option, against, decision, decision, case.values, why_not)
    return BillPair(option, against, replace(decision, priced=[option]), theirs, case.values)


def wins(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Where the option is cheaper by more than rounding."""
    return ours < theirs * (1 - 1e-11)


def _reason(choices: Iterable[WorkloadChoice], option: str) -> str:
    assert option in LABELS, f"{option} is no option and no yardstick"
    return next(found.words for choice in choices if (found := out_of_reach(option, choice)))


def premium_offer(case: Case) -> Offer | None:
    """The first premium model of the tiers that this client does not use already, at its list
    price."""
    used = {
        (choice.today.provider, choice.today.model_id) for choice in case.choices if choice.today
    }
    for tier, provider, model_id in CLOSED_TIERS:
        if tier is ModelTier.PREMIUM and (provider, model_id) not in used:
            offer = listed_offer(case, provider, model_id)
            if offer:
                return offer
    return None


def _uncommitted(workload: Workload) -> Workload:
    """The workload without what is promised to today's provider."""
    today = workload.today and workload.today.model_copy(update={"commitment": None})
    return workload.model_copy(update={"today": today})


def _premium(case: Case) -> Decision | None:
    """All the work on a premium model, cached and batched as far as today's model would be when
    tuned."""
    offer = premium_offer(case)
    if offer is None or not all(may_leave(choice.workload) for choice in case.choices):
        return None
    choices = [
        replace(choice, workload=_uncommitted(choice.workload), today=offer)
        for choice in case.choices
    ]
    return replace(case.decision, choices=choices, invoice_multiplier=1.0, priced=[Option.TUNED])
