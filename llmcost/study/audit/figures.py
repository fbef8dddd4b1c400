"""Every figure of a report that can be followed, by key."""

from dataclasses import replace

from llmcost.study.audit.first_page import against_rival, money, moving, per_mtok, ranges, saving
from llmcost.study.bill.bills import option_bills
from llmcost.study.case import Case
from llmcost.study.graph import Node, summed
from llmcost.study.once_per_case import once_per_case


@once_per_case
def figures(case: Case) -> dict[str, Node]:
    """Every figure by its key: totals and lines of the options, their ranges, and what else the
    first page says."""
    bills = option_bills(case.decision, case.values, case.inputs, from_hours=True)
    totals: dict[str, Node] = {}
    lines: dict[str, Node] = {}
    for option, bill in bills.items():
        nodes = {line: node for line, node in bill.items() if abs(float(node.value)) > 0}
        total = summed(option, {line.name: node for line, node in nodes.items()})
        totals[option] = replace(total, name=f"everything that {option} costs")
        for line, node in nodes.items():
            lines[f"{option}.{line.name}"] = replace(node, name=line.label)
    return (
        totals
        | lines
        | ranges(case, totals)
        | against_rival(case, totals)
        | saving(case, totals)
        | per_mtok(case)
        | money(case, totals)
        | moving(case)
    )
