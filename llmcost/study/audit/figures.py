"""Every figure of a report that can be followed, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.study.audit.api_chains import USD
from llmcost.study.audit.figure import Figure, slug, summed
from llmcost.study.audit.first_page import against_rival, money, moving, per_mtok, ranges, saving
from llmcost.study.audit.lines import line_figures

if TYPE_CHECKING:
    from llmcost.study.study import Study


def figures(study: Study) -> dict[str, Figure]:
    """Every figure by its key: totals and lines of the options, their ranges, and what else the
    first page says."""
    totals: dict[str, Figure] = {}
    lines: dict[str, Figure] = {}
    for option in study.totals:
        bill = {slug(item): figure for item, figure in line_figures(study, option).items()}
        totals[option] = summed(f"everything that {option} costs", USD, bill)
        lines |= {f"{option}.{item}": figure for item, figure in bill.items()}
    return (
        totals
        | lines
        | ranges(study, totals)
        | against_rival(study, totals)
        | saving(study, totals)
        | per_mtok(study)
        | money(study, totals)
        | moving(study)
    )
