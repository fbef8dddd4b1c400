"""Every figure of a report that can be followed, by key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmcost.study.audit.figure import Figure, derived, given, summed
from llmcost.study.audit.lines import line_figures

if TYPE_CHECKING:
    from llmcost.study.study import Study

USD = "USD/month"


def slug(words: str) -> str:
    """Words as a part of a key.

    >>> slug("Set-up, spread over the horizon")
    'set_up_spread_over_the_horizon'
    """
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def figures(study: Study) -> dict[str, Figure]:
    """Every figure by its key: totals and lines of the options, their ranges, what the first page says of them."""
    found: dict[str, Figure] = {}
    draws = study.draws()
    drawn = {
        option: given(f"{option} in every draw", draws[option].to_numpy(), USD, "study.draws(): each uncertain input drawn at once")
        for option in study.totals
    }
    for option in study.totals:
        lines = {slug(item): figure for item, figure in line_figures(study, option).items()}
        found[option] = summed(f"everything that {option} costs", USD, lines)
        found |= {f"{option}.{item}": figure for item, figure in lines.items()}
    for option, total in found.copy().items():
        if option not in study.totals:
            continue
        found[f"{option}.p10"] = derived("in nine draws of ten it costs more", USD, "quantile(draws, 0.1)", draws=drawn[option])
        found[f"{option}.p90"] = derived("in nine draws of ten it costs less", USD, "quantile(draws, 0.9)", draws=drawn[option])
        if "today" in found and option != "today":
            found[f"{option}.versus_today"] = derived("against today", USD, "option - today", option=total, today=found["today"])
    return found
