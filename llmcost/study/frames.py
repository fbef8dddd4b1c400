"""The study's answers as tidy frames."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd

from llmcost.inputs.errors import InputError
from llmcost.study.assumptions import Assumption
from llmcost.study.bill.bills import option_totals
from llmcost.study.bill.draws import cheapest_fraction, first_cheapest
from llmcost.study.bill.options import LABELS
from llmcost.study.bill.waterfalls import waterfall_bars
from llmcost.study.case import Case
from llmcost.study.choices.decisions import out_of_reach
from llmcost.study.judgement import Status
from llmcost.study.lines import AnyLine
from llmcost.study.names import distinct_names, shown_range
from llmcost.study.problem import VOLUME, Option
from llmcost.study.uncertainty.advice import advice_tornado, advised_option
from llmcost.study.verdict.answer import saving_steps


def assumptions(inputs: Mapping[str, Assumption]) -> pd.DataFrame:
    """One row per assumption."""
    return pd.DataFrame([asdict(a) for a in inputs.values()]).drop(columns="ceiling")


def lines(bills: Mapping[str, Mapping[AnyLine, float]]) -> pd.DataFrame:
    """One row per option and item."""
    rows = [
        (option, line.label, usd) for option, bill in bills.items() for line, usd in bill.items()
    ]
    return pd.DataFrame(rows, columns=["option", "item", "usd_per_month"])


def sweep(case: Case, path: str, points: Sequence[float]) -> pd.DataFrame:
    """Every option's total while one input takes each of `points` and the rest stay typical:
    option, value, usd_per_month."""
    if path != VOLUME and path not in case.inputs:
        near = ", ".join(get_close_matches(path, list(case.inputs), n=3, cutoff=0.4))
        raise InputError(
            "sweep",
            path,
            "is not an assumption of this study",
            f"Nearest: {near or 'see study.assumptions()'}",
        )
    totals = option_totals(case.decision, {**case.values, path: np.asarray(points, dtype=float)})
    wide = pd.DataFrame(
        {option: np.broadcast_to(usd, (len(points),)) for option, usd in totals.items()}
    ).assign(value=list(points))
    return wide.melt(id_vars="value", var_name="option", value_name="usd_per_month")[
        ["option", "value", "usd_per_month"]
    ]


def cheapest_along(sweep: pd.DataFrame) -> list[str]:
    """The options that are cheapest one after the other as a sweep's value grows; of options that
    tie the simpler one counts."""
    wide = sweep.pivot(index="value", columns="option", values="usd_per_month")
    wide = wide[[option for option in LABELS if option in wide]]
    first = first_cheapest(wide.to_numpy())
    return [
        wide.columns[option]
        for option, before in zip(first, [-1, *first], strict=False)
        if option != before
    ]


def options(case: Case) -> pd.DataFrame:
    """One row per option, priced or not."""
    draws, today = case.draws(), case.totals.get(Option.TODAY)
    chance = cheapest_fraction(draws)
    rows = []
    for option, label in LABELS.items():
        row: dict[str, Any] = {"option": option, "label": label, "status": Status.OK, "reason": ""}
        if option in case.totals:
            row |= {
                "usd_per_month": case.totals[option],
                "p10_usd_per_month": draws[option].quantile(0.1),
                "p90_usd_per_month": draws[option].quantile(0.9),
                "versus_today_usd_per_month": case.totals[option] - today
                if today is not None
                else None,
                "probability_cheapest_fraction": chance[option],
            }
        else:
            reasons = [found for choice in case.choices if (found := out_of_reach(option, choice))]
            row |= {"status": reasons[0].status, "reason": reasons[0].words}
        rows.append(row)
    columns = [
        "p10_usd_per_month",
        "p90_usd_per_month",
        "versus_today_usd_per_month",
        "probability_cheapest_fraction",
    ]
    return pd.DataFrame(
        rows, columns=["option", "label", "status", "reason", "usd_per_month", *columns]
    )


def waterfall(case: Case) -> pd.DataFrame:
    """The way from today's bill to the advised one: step, start_usd_per_month, end_usd_per_month,
    amount, kind (total | less | more)."""
    today, saving = (
        case.totals.get(Option.TODAY, 0.0),
        saving_steps(case.totals, advised_option(case)),
    )
    changes = [(step["step"], step["usd_per_month"], False) for step in saving]
    *_, advised = accumulate((change for _, change, _ in changes), initial=today)
    return waterfall_bars(
        [("today", today, True), *changes, ("advised", advised, True)], "usd_per_month"
    )


def swings(case: Case, count: int) -> pd.DataFrame:
    """The `count` inputs that move the advice's advantage most: name with its range, advantage at
    low and at high, evidence."""
    tornado = advice_tornado(case)
    top = tornado[tornado["swing_usd_per_month"] > 0].head(count)
    ranges = [shown_range(row.low, row.high, row.unit) for row in top.itertuples()]
    names = [
        f"{name}: {between}"
        for name, between in zip(distinct_names(list(top["path"])), ranges, strict=True)
    ]
    return pd.DataFrame(
        {
            "name": names,
            "at_low_usd_per_month": -top["at_low_usd_per_month"].to_numpy(),
            "at_high_usd_per_month": -top["at_high_usd_per_month"].to_numpy(),
            "evidence": top["confidence"].to_numpy(),
        }
    )
