"""What a finance director asks: cash of the first year, the run rate, one-offs, payback, the worst
case, and what leaving would cost."""

from typing import Any

import numpy as np
import pandas as pd

from llmcost.model import MONTHS_PER_YEAR
from llmcost.model.horizon import committed_months_left, payback_months
from llmcost.study.bill.bills import option_lines
from llmcost.study.bill.fleet_lines import replica_lines
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import replicas_count
from llmcost.study.fleets.labels import labels
from llmcost.study.formulas.fleet_costs import gpu_rent
from llmcost.study.graph import Timing
from llmcost.study.horizon.flows import Flows, paid_as
from llmcost.study.horizon.whole_contract import Horizon
from llmcost.study.lines import ALL_LINES
from llmcost.study.market.gpu_offers import COMMITTED_MONTHS

EXIT_MONTHS = (1, 12, 24)
ONE_OFFS = {name for line in ALL_LINES if line.timing is Timing.ONCE for name in line.inputs}
"""Inputs of what is spent before anything is saved."""


def first_year_months(horizon: Horizon) -> int:
    """Twelve, or the whole of a shorter contract."""
    return min(int(MONTHS_PER_YEAR), horizon.months_count)


def cash(case: Case, horizon: Horizon) -> pd.DataFrame:
    """One row per option, USD at typical values.

    once_usd, hardware_usd      paid at the start, before anything is saved
    year_1_usd                  all cash of the first year, people at the share of their cost that
                                the option takes (staff there is)
    year_1_hired_usd            the same in new cash if the people beyond today's must be hired:
                                whole persons, hires_count of them
    run_rate_usd_per_month      what is paid in the last month of that year, besides one-offs and
                                hardware
    payback_months              when it has paid for itself against staying as today; NaN where
                                never, or nothing to compare with
    exit_month_N_usd            to leave it after N months: the work of it, committed rent,
                                hardware's book value beyond its resale
    npv_usd                     today's value of everything paid over the contract
    """
    named, year = labels(case), first_year_months(horizon)
    salary = float(case.values["people.engineer_usd_per_year"]) / MONTHS_PER_YEAR
    stay = next((option for option in ("today", "tuned") if option in horizon.typical), None)
    rows = []
    for option, each in horizon.typical.items():
        paid = each.cash_usd[0]
        fte = fte_beyond_today(horizon, option)[:year]
        hires = np.ceil(np.round(fte, 6))
        saved = (
            np.cumsum(horizon.typical[stay].cash_usd[0] - paid) if stay and option != stay else None
        )
        rows.append(
            {
                "option": option,
                "label": named[option],
                "once_usd": float(each.once_usd[0, 0]),
                "hardware_usd": float(each.hardware.bought_usd[0, 0]),
                "year_1_usd": float(paid[:year].sum()),
                "year_1_hired_usd": float(paid[:year].sum() + (hires - fte).sum() * salary),
                "hires_count": int(hires.max()),
                "run_rate_usd_per_month": float(each.running_usd[0, year - 1]),
                "payback_months": payback_months(saved)
                if saved is not None and _ever_differs(saved)
                else None,
                **{f"exit_month_{m}_usd": exit_usd(case, option, each, m) for m in EXIT_MONTHS},
                "npv_usd": horizon.present_value_usd[option],
            }
        )
    return pd.DataFrame(rows).astype(
        {"payback_months": float} | {f"exit_month_{m}_usd": float for m in EXIT_MONTHS}
    )


def _ever_differs(saved_usd: np.ndarray) -> bool:
    return bool(np.any(np.abs(saved_usd) > 1e-6))


def fte_beyond_today(horizon: Horizon, option: str) -> np.ndarray:
    """Full-time equivalents that an option takes beyond those of today, by month."""
    fte = horizon.people_fte
    return np.maximum(fte[option] - fte["today"], 0.0) if "today" in fte else fte[option]


def exit_usd(case: Case, option: str, each: Flows, after_months: int) -> float | None:
    """USD still owed or lost when an option is left after so many months; None beyond the horizon.

    The work of leaving, rent to the end of the running commitment, and what hardware stands for in
    the books beyond its resale share, which is all that is counted on in a hurry. What was paid
    once is gone by then and not in it.
    """
    if after_months > each.once_usd.shape[-1]:
        return None
    at = after_months - 1
    rent = float(each.lines[gpu_rent][0, at]) if gpu_rent in each.lines else 0.0
    owed = (
        sum(
            share * committed_months_left(after_months, term)
            for term, share in _committed_shares(case, option).items()
        )
        * rent
    )
    return (
        float(each.exit_usd[0, at])
        + owed
        + float(each.hardware.book_usd[0, at] - each.hardware.resale_usd[0, at])
    )


def _committed_shares(case: Case, option: str) -> dict[int, float]:
    """Months of commitment -> share of the option's rent under it, at the first month's typical
    fleet."""
    rents: dict[int, float] = {}
    for choice in case.choices:
        supply = choice.supplies.get(option)
        if supply and option != "serverless" and supply.offer.term != "owned":
            rent = float(replica_lines(supply, case.values)[gpu_rent]) * max(
                replicas_count(case, choice, option), 1
            )
            term = COMMITTED_MONTHS.get(supply.offer.term, 0)
            rents[term] = rents.get(term, 0.0) + rent
    total = sum(rents.values())
    return {term: rent / total for term, rent in rents.items() if term and total}


def worst_case_usd(case: Case, horizon: Horizon, option: str) -> float:
    """USD lost if an option is given up after its first month: its one-offs at their high end, and
    what leaving costs."""
    dear = {path: a.high for path, a in case.inputs.items() if path.split(".")[-1] in ONE_OFFS}
    bill = option_lines(case.decision, {**case.values, **dear})[option]
    once = float(paid_as(bill, Timing.ONCE)) * case.decision.horizon_months
    return once + (exit_usd(case, option, horizon.typical[option], 1) or 0.0)


def record(case: Case, horizon: Horizon) -> dict[str, Any]:
    """Cash as plain data for results.json."""
    frame = cash(case, horizon)
    rows = (
        frame.astype(object)
        .where(frame.notna(), None)
        .rename(columns={"option": "id"})
        .to_dict("records")
    )
    return {"first_year_months": first_year_months(horizon), "options": rows}
