"""The lines of every option's bill as chains: from USD a month down to the client's file and the
catalog's rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmcost.study.audit.api_chains import USD, open_bill, staying_bill, today_bill
from llmcost.study.audit.figure import Figure, summed
from llmcost.study.audit.fixed_chains import fixed, people, spread
from llmcost.study.audit.fleet_chains import fleet_chains
from llmcost.study.audit.hybrid_chains import hybrid_chains
from llmcost.study.audit.serverless_chains import serverless_chains
from llmcost.study.bill.api_lines import OPEN, TODAY
from llmcost.study.bill.options import OWN

if TYPE_CHECKING:
    from llmcost.study.study import Study


def moved(study: Study) -> dict[str, list[Figure]]:
    """What every change of model carries: item -> its figures, one per workload where there are
    several."""
    answered = [choice for choice in study.choices if choice.today]
    return {
        "API people": [people(study, "people.api_fte")] if answered else [],
        TODAY: [staying_bill(study, choice) for choice in answered],
        "Evaluation and migration, spread": [spread(study, "one_off.migration_usd")],
    }


def line_figures(study: Study, option: str) -> dict[str, Figure]:
    """Every line of an option's bill that is not zero: item -> figure. The figures add up to the
    option's total."""
    found: dict[str, list[Figure]] = {}
    if option in ("today", "tuned"):
        found = {
            "API people": [people(study, "people.api_fte")],
            TODAY: [today_bill(study, choice, option == "tuned") for choice in study.choices],
        }
    else:
        found = moved(study)
    if option in ("open_api", "hybrid"):
        found["API people"] = [people(study, "people.api_fte")]
    if option == "open_api":
        found[OPEN] = [open_bill(study, choice) for choice in study.choices]
    if option == "hybrid":
        _add(found, hybrid_chains(study))
    if option in OWN:
        _add(found, fixed(study, option))
        for choice in study.choices:
            chains = serverless_chains if option == "serverless" else fleet_chains
            _add(found, chains(study, choice, choice.supplies[option]))
    lines = {item: _together(item, figures) for item, figures in found.items() if figures}
    return {item: figure for item, figure in lines.items() if figure.value}


def _add(found: dict[str, list[Figure]], more: dict[str, Figure]) -> None:
    for item, figure in more.items():
        found.setdefault(item, []).append(figure)


def _together(item: str, figures: list[Figure]) -> Figure:
    """One line of all the workloads."""
    if len(figures) == 1:
        return replace(figures[0], name=item)
    return summed(item, USD, {f"workload_{k}": figure for k, figure in enumerate(figures, 1)})
