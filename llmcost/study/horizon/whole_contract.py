"""The whole contract: present value of every option with its range, and the months in which their
lines cross."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from llmcost.model.horizon import bill_never_grows, crossing_months, price_change_fraction_per_month
from llmcost.study.bill.bills import people_fte
from llmcost.study.bill.draws import cheapest_fraction
from llmcost.study.case import Case
from llmcost.study.fleets.labels import labels
from llmcost.study.horizon.flows import Flows, flows
from llmcost.study.horizon.months import (
    DISCOUNT,
    discount,
    drawn_months,
    growths,
    monthly_lines,
    typical_months,
)
from llmcost.study.once_per_case import once_per_case
from llmcost.study.uncertainty.advice import advised_option

LEVELS = ("low", "typical", "high")


@dataclass(frozen=True)
class Horizon:
    """The options over the contract: at each level of growth with all else typical, and in draws of
    everything.

    by_growth                   "low", "typical", "high" -> option -> its payments by month
    people_fte                  option -> full-time equivalents that it takes, by month, typical
    present_value_usd           option -> today's value of all it pays, typical
    drawn_present_value_usd     the same in draws: a column per option
    """

    months_count: int
    discount_fraction_per_year: float
    by_growth: Mapping[str, Mapping[str, Flows]] = field(repr=False)
    people_fte: Mapping[str, np.ndarray] = field(repr=False)
    present_value_usd: Mapping[str, float]
    drawn_present_value_usd: pd.DataFrame = field(repr=False)

    @property
    def typical(self) -> Mapping[str, Flows]:
        """Option -> its payments by month at typical values."""
        return self.by_growth["typical"]


@once_per_case
def horizon_of(case: Case) -> Horizon:
    """The study's options over the client's horizon. Models, hosts and plans stay those chosen at
    the first month's volume."""
    by_growth: dict[str, dict[str, Flows]] = {}
    for level in LEVELS:
        values = typical_months(case, level)
        by_growth[level] = flows(case, monthly_lines(case.decision, values), values)
    rate = discount(case.hidden).typical
    drawn = drawn_months(case)
    spread = {
        option: each.present_value_usd(_per_draw(drawn[DISCOUNT], case.client.horizon_months))
        for option, each in flows(case, monthly_lines(case.decision, drawn), drawn).items()
    }
    months = case.client.horizon_months
    people = people_fte(case.decision, typical_months(case))
    people = {option: np.broadcast_to(fte, months) for option, fte in people.items()}
    typical = {
        option: float(each.present_value_usd(rate)[0])
        for option, each in by_growth["typical"].items()
    }
    return Horizon(months, rate, by_growth, people, typical, pd.DataFrame(spread))


def _per_draw(value: float | np.ndarray, months_count: int) -> float | np.ndarray:
    return np.reshape(value, (-1, months_count))[:, 0] if np.ndim(value) else value


def by_month(case: Case, horizon: Horizon, level: str = "typical") -> pd.DataFrame:
    """One row per option and month: option, label, month, usd_per_month (its bill), cash_usd,
    total_cash_usd (to date)."""
    named, parts = labels(case), []
    for option, each in horizon.by_growth[level].items():
        cash = each.cash_usd[0]
        columns = {
            "month": np.arange(1, horizon.months_count + 1),
            "usd_per_month": each.bill_usd_per_month[0],
            "cash_usd": cash,
        }
        parts.append(
            pd.DataFrame(
                {
                    "option": option,
                    "label": named[option],
                    **columns,
                    "total_cash_usd": np.cumsum(cash),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def saved_to_date(case: Case, horizon: Horizon) -> pd.DataFrame:
    """What the advice has saved against today up to each month, typical: month, saved_usd; empty
    where nothing answers today."""
    if "today" not in horizon.typical:
        return pd.DataFrame({"month": [], "saved_usd": []})
    saved = np.cumsum(
        horizon.typical["today"].cash_usd[0] - horizon.typical[advised_option(case)].cash_usd[0]
    )
    return pd.DataFrame({"month": np.arange(1, horizon.months_count + 1), "saved_usd": saved})


def present_values(case: Case, horizon: Horizon) -> pd.DataFrame:
    """One row per option: option, label, npv_usd (typical), its P10 and P90, versus_advised_usd,
    probability_lowest_fraction."""
    named, draws = labels(case), horizon.drawn_present_value_usd
    chance = cheapest_fraction(draws)
    rows = [
        {
            "option": option,
            "label": named[option],
            "npv_usd": npv,
            "p10_npv_usd": float(draws[option].quantile(0.1)),
            "p90_npv_usd": float(draws[option].quantile(0.9)),
            "versus_advised_usd": npv - horizon.present_value_usd[advised_option(case)],
            "probability_lowest_fraction": chance[option],
        }
        for option, npv in horizon.present_value_usd.items()
    ]
    return pd.DataFrame(rows)


def crossings(case: Case, horizon: Horizon) -> pd.DataFrame:
    """When, if ever, another option's bill falls below the advised one's: option, label, and the
    month at low, typical and high growth.

    A month is NaN where that never happens within the horizon.
    """
    named, rows = labels(case), []
    for option in horizon.typical:
        if option == advised_option(case):
            continue
        months = {
            f"{level}_growth_month": crossing_months(
                horizon.by_growth[level][advised_option(case)].bill_usd_per_month[0],
                horizon.by_growth[level][option].bill_usd_per_month[0],
            )
            for level in LEVELS
        }
        rows.append({"option": option, "label": named[option], **months})
    return pd.DataFrame(
        rows, columns=["option", "label", *(f"{level}_growth_month" for level in LEVELS)]
    ).astype({f"{level}_growth_month": float for level in LEVELS})


def api_never_grows(case: Case) -> bool:
    """Whether the open model's API bill cannot grow: (1 + growth)(1 + price change) <= 1 for every
    workload at typical values."""
    mean = case.values["hidden_costs.api_price_path_multiplier"]
    change = price_change_fraction_per_month(mean, case.client.horizon_months)
    return all(bool(bill_never_grows(a.typical, change)) for a in growths(case).values())


def record(case: Case, horizon: Horizon) -> dict[str, Any]:
    """The horizon as plain data for results.json."""
    values, turns = present_values(case, horizon), crossings(case, horizon)
    months = {
        row.pop("option"): row
        for row in turns.drop(columns="label")
        .astype(object)
        .where(turns.notna(), None)
        .to_dict("records")
    }
    options = []
    for row in values.to_dict("records"):
        bill = horizon.typical[row["option"]].bill_usd_per_month[0]
        options.append(
            {
                "id": row["option"],
                "label": row["label"],
                "npv_usd": {
                    "p10": row["p10_npv_usd"],
                    "typical": row["npv_usd"],
                    "p90": row["p90_npv_usd"],
                },
                "versus_advised_usd": row["versus_advised_usd"],
                "probability_lowest_fraction": row["probability_lowest_fraction"],
                "first_month_usd_per_month": float(bill[0]),
                "last_month_usd_per_month": float(bill[-1]),
                "below_advised_from": months.get(row["option"]),
            }
        )
    return {
        "months_count": horizon.months_count,
        "discount_fraction_per_year": horizon.discount_fraction_per_year,
        "growth_fraction_per_month": {
            path.split(".")[1]: [a.low, a.typical, a.high] for path, a in growths(case).items()
        },
        "api_bill_never_grows": api_never_grows(case),
        "options": options,
    }
