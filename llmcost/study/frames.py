"""The study's answers as tidy frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from llmcost.inputs.errors import InputError
from llmcost.study.assumptions import Assumption
from llmcost.study.bill.bills import option_totals
from llmcost.study.bill.options import LABELS
from llmcost.study.bill.waterfalls import waterfall_bars
from llmcost.study.choices import Considered, out_of_reach
from llmcost.study.lines import AnyLine
from llmcost.study.names import distinct_names, shown_range
from llmcost.study.problem import VOLUME
from llmcost.study.uncertainty.draws import cheapest_fraction, first_cheapest

if TYPE_CHECKING:
    from llmcost.study.study import Study


HOST_FACTS = (
    "context_tokens",
    "precision",
    "requests_per_minute_count",
    "retention_days_count",
    "zero_retention",
    "ends_date",
)
"""What a host says of itself, of an offer; None or empty where it does not."""


def assumptions(inputs: Mapping[str, Assumption]) -> pd.DataFrame:
    """One row per assumption."""
    return pd.DataFrame([asdict(a) for a in inputs.values()]).drop(columns="ceiling")


def candidates(considered: Mapping[str, list[Considered]]) -> pd.DataFrame:
    """One row per plan and way to get its GPUs, of every open model tried."""
    rows = [
        {
            "workload": workload,
            "model_id": c.plan.model_id,
            "option": c.option,
            "plan": c.plan.name,
            "gpu_id": c.plan.gpu_id,
            "gpus_count": c.plan.gpus_count,
            "precision": c.plan.precision,
            "provider": c.offer.provider if c.offer else "",
            "term": c.offer.term if c.offer else "",
            "by_the_hour": c.supply.by_the_hour.provider
            if c.supply and c.supply.by_the_hour
            else "",
            "replicas_count": c.replicas_count,
            "paid_replicas": c.paid_replicas,
            "mean_load_replicas": c.supply.curve.mean if c.supply else None,
            "usd_per_month": c.usd_per_month,
            "throughput": c.plan.origin,
            "engine": c.plan.engine,
            "status": c.status,
            "gate": c.gate,
            "reason": c.reason,
        }
        for workload, tried in considered.items()
        for one in tried
        for c in one.candidates
    ]
    return pd.DataFrame(rows)


def hosts(considered: Mapping[str, list[Considered]]) -> pd.DataFrame:
    """One row per API offer of every open model tried."""
    rows = [
        {
            "workload": workload,
            "model_id": judged.offer.model_id,
            "provider": judged.offer.provider,
            "host_model": judged.offer.host_model,
            "input_usd_per_mtok": judged.offer.prices.input_usd_per_mtok,
            "cached_input_usd_per_mtok": judged.offer.prices.cached_input_usd_per_mtok,
            "output_usd_per_mtok": judged.offer.prices.output_usd_per_mtok,
            "usd_per_month": judged.usd_per_month,
            "status": judged.status,
            "reason": judged.reason,
            **{name: getattr(judged.offer, name) for name in HOST_FACTS},
            "regions": ";".join(judged.offer.regions),
            "tiers": ";".join(judged.offer.prices.tier_ratios),
            "direct": judged.offer.kind != "aggregator" and not judged.offer.superseded,
            "source": judged.offer.source,
            "date": judged.offer.date,
            "chosen": judged is one.choice.host,
        }
        for workload, tried in considered.items()
        for one in tried
        for judged in one.hosts
    ]
    columns = [
        "workload",
        "model_id",
        "provider",
        "host_model",
        "usd_per_month",
        "status",
        "reason",
        "direct",
        "chosen",
    ]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)


def lines(bills: Mapping[str, Mapping[AnyLine, float]]) -> pd.DataFrame:
    """One row per option and item."""
    rows = [
        (option, line.label, usd) for option, bill in bills.items() for line, usd in bill.items()
    ]
    return pd.DataFrame(rows, columns=["option", "item", "usd_per_month"])


def sweep(study: Study, path: str, points: Sequence[float]) -> pd.DataFrame:
    """Every option's total while one input takes each of `points` and the rest stay typical:
    option, value, usd_per_month."""
    if path != VOLUME and path not in study.inputs:
        near = ", ".join(get_close_matches(path, list(study.inputs), n=3, cutoff=0.4))
        raise InputError(
            "sweep",
            path,
            "is not an assumption of this study",
            f"Nearest: {near or 'see study.assumptions()'}",
        )
    totals = option_totals(study.decision, {**study.values, path: np.asarray(points, dtype=float)})
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


def options(study: Study) -> pd.DataFrame:
    """One row per option, priced or not."""
    draws, today = study.draws(), study.totals.get("today")
    chance = cheapest_fraction(draws)
    rows = []
    for option, label in LABELS.items():
        row: dict[str, Any] = {"option": option, "label": label, "status": "ok", "reason": ""}
        if option in study.totals:
            row |= {
                "usd_per_month": study.totals[option],
                "p10_usd_per_month": draws[option].quantile(0.1),
                "p90_usd_per_month": draws[option].quantile(0.9),
                "versus_today_usd_per_month": study.totals[option] - today
                if today is not None
                else None,
                "probability_cheapest_fraction": chance[option],
            }
        else:
            reasons = [found for choice in study.choices if (found := out_of_reach(option, choice))]
            row |= {"status": reasons[0][0], "reason": reasons[0][1]}
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


def waterfall(study: Study) -> pd.DataFrame:
    """The way from today's bill to the advised one: step, start_usd_per_month, end_usd_per_month,
    amount, kind (total | less | more)."""
    today, saving = study.totals.get("today", 0.0), study.verdict()["saving"]
    changes = [(step["step"], step["usd_per_month"], False) for step in saving]
    *_, advised = accumulate((change for _, change, _ in changes), initial=today)
    return waterfall_bars(
        [("today", today, True), *changes, ("advised", advised, True)], "usd_per_month"
    )


def swings(study: Study, count: int) -> pd.DataFrame:
    """The `count` inputs that move the advice's advantage most: name with its range, advantage at
    low and at high, evidence."""
    tornado = study.tornado()
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
