"""What to measure first: what it would be worth to know an input before choosing."""

import numpy as np
import pandas as pd

from llmcost.model.information import input_information_usd, perfect_information_usd
from llmcost.model.uncertainty import uniform_stream
from llmcost.study.case import Case
from llmcost.study.names import distinct_names
from llmcost.study.once_per_case import once_per_case
from llmcost.study.wording import percent, usd

A_CENT = 0.01
"""USD a month; less is the rounding of equal bills, and worth nothing to know."""
EVERYTHING = "everything together"
"""The first row of the table: every uncertain input known at once."""


@once_per_case
def value_of_information(case: Case) -> pd.DataFrame:
    """Value of perfect information (EVPI), of all inputs together and of each: what knowing it
    before choosing saves on average.

    Columns: rank (0 for everything together, else 1, 2, ... from the most valuable on), path, name,
    unit, low, typical, high, confidence, evpi_usd_per_month, evpi_usd (over the horizon). From the
    study's own draws, without drawing again. A lower bound: model, host and GPU plan of each option
    are not chosen anew, and an input that turns no choice on its own is worth nothing.
    """
    bills = case.draws().to_numpy()
    uncertain = [a for a in case.inputs.values() if not a.certain]
    everything = float(perfect_information_usd(bills))
    everything = everything if everything >= A_CENT else 0.0
    streams = np.array([uniform_stream(a.path, len(bills)) for a in uncertain]).reshape(
        len(uncertain), len(bills)
    )
    each = np.minimum(input_information_usd(bills, streams), everything)
    columns = ["path", "name", "unit", "low", "typical", "high", "confidence", "evpi_usd_per_month"]
    rows = [
        (a.path, name, a.unit, a.low, a.typical, a.high, a.confidence, float(evpi_usd))
        for a, name, evpi_usd in zip(
            uncertain, distinct_names([a.path for a in uncertain]), each, strict=True
        )
    ]
    ranked = pd.DataFrame(rows, columns=columns).sort_values(
        ["evpi_usd_per_month", "path"], ascending=[False, True]
    )
    first = pd.DataFrame([("", EVERYTHING, "", *[np.nan] * 3, "", everything)], columns=columns)
    frame = pd.concat([first, ranked], ignore_index=True) if len(ranked) else first
    return frame.assign(
        rank=range(len(frame)), evpi_usd=frame["evpi_usd_per_month"] * case.client.horizon_months
    )


def measure_first(case: Case) -> str:
    """What to measure first and what that is worth, in a sentence; or that no single input is worth
    waiting for."""
    known = value_of_information(case)
    everything, months = known.iloc[0], case.client.horizon_months
    if everything["evpi_usd_per_month"] == 0:
        return "Nothing is worth waiting for: the same option is the cheapest in every draw."
    most = (
        f"To know everything before choosing would be worth {usd(everything['evpi_usd_per_month'])}"
        " a month at most"
    )
    if len(known) < 2 or known["evpi_usd_per_month"].iloc[1] == 0:
        return (
            f"{most}; no single input turns the choice, so that measuring any one of them alone is"
            " worth nothing."
        )
    first = known.iloc[1]
    saved = (
        f"{usd(first['evpi_usd_per_month'])} a month, {usd(first['evpi_usd'])} over the {months}"
        " months"
    )
    return f"Measure first: {first['name']}. To know it before choosing is worth {saved}. {most}."


def without_fallback(case: Case) -> list[str]:
    """For each workload that nothing else answers: the failing share of its work, which no option's
    bill holds."""
    return [
        f"{choice.workload.id}: nothing else may answer the"
        f" {percent(1 - choice.alternative.passing_fraction.typical)} of the work that fails the"
        " evaluation; what becomes of it is in no bill, and in no chance of being the cheapest"
        for choice in case.choices
        if choice.today is None and choice.alternative.passing_fraction.low < 1
    ]
