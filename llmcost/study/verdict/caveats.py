"""What the one answer for the whole client hides: workloads that belong on different sides, and an
invoice that prices do not explain."""

from llmcost.study.bill.options import LABELS
from llmcost.study.case import Case
from llmcost.study.prices import exports
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.wording import percent, usd

LEAST_SAID_FRACTION = 0.02
"""Share of the advised bill below which deciding one by one is not worth a sentence."""
FAR_FRACTION = 0.1
"""An invoice is explained when list prices come within this share of it."""


def one_by_one(case: Case) -> str:
    """Where several workloads would be cheaper decided one by one: how, and for how much; else
    nothing."""
    if len(case.choices) < 2:
        return ""
    alone = [case.of_workload(choice.workload.id) for choice in case.choices]
    if not all(one.totals for one in alone):
        return ""
    winner = advised_option(case)
    bills = [one.lines[advised_option(one)] for one in alone]
    together = 0.0
    for line in dict.fromkeys(line for bill in bills for line in bill):
        each = [bill.get(line, 0.0) for bill in bills]
        together += max(each) if line.shared else sum(each)
    less = case.totals[winner] - together
    if less < LEAST_SAID_FRACTION * case.totals[winner]:
        return ""
    ways = "; ".join(
        f"{choice.workload.id}: {LABELS[advised_option(one)]}"
        for choice, one in zip(case.choices, alone, strict=True)
    )
    return (
        f"Every option here treats all workloads alike. Decided one by one ({ways}) they would cost"
        f" about {usd(together)} a month, {usd(less)} less: make a client file for each."
    )


def invoice_gap(case: Case) -> str:
    """What the saving takes for granted where list prices do not explain the invoice; else
    nothing."""
    explained = exports.explained_fraction(case)
    if explained is None or abs(explained[0] - 1) <= FAR_FRACTION:
        return ""
    return (
        f"List prices explain {percent(explained[0])} of {explained[1]}. The rest is taken for"
        " price, on today's side alone: if it is volume that nobody stated, every other bill here"
        " moves with it. Settle that first."
    )
