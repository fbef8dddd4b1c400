"""A token's cost on both sides with all that belongs to it, what moves it, other uses, and the prices behind it with their age."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.catalog import in_force
from llmcost.model import SECONDS_PER_HOUR, TOKENS_PER_MTOK
from llmcost.model.api_bill import api_usd_per_month
from llmcost.model.throughput import request_seconds
from llmcost.study.capacity import serving_plans
from llmcost.study.labels import fleet_name, gpu_name
from llmcost.study.options import api_people, fixed_lines, serverless_usd_per_month
from llmcost.study.pricing import cheapest_listed, offer_today
from llmcost.study.problem import Supply, WorkloadChoice, moved_volumes, volumes
from llmcost.study.unit_costs import replica_usd_per_hour, unit_costs

if TYPE_CHECKING:
    from llmcost.study.study import Study

STEPS = ("always full", "at your load", "with people")


def own_option(study: Study, choice: WorkloadChoice) -> str | None:
    """Which own GPUs the arithmetic follows: rented, else owned, else None."""
    return next((option for option in ("rented", "owned") if option in choice.supplies and option in study.totals), None)


def ladder(study: Study, choice: WorkloadChoice) -> pd.DataFrame:
    """USD per million tokens of each way to get them, three steps each: way, label, step, usd_per_mtok.

    A price per token has no idle hours, so its first two steps are equal; its people are those that even an API needs.
    """
    rows = []
    for option in (o for o in ("serverless", "rented", "owned") if o in choice.supplies and o in study.totals):
        costs = serverless_costs(study, choice) if option == "serverless" else unit_costs(study, choice, option)
        label = fleet_name(study, choice, option)
        name = {"rented": f"Rent {label}", "owned": f"Own {label}"}.get(option, label[0].upper() + label[1:])
        rows += [(option, name, step, costs[key]) for step, key in zip(STEPS, ("full", "at_load", "with_people"), strict=True)]
    people = float(api_people(study.values)) / len(study.choices)
    for way, name, usd, mtok in _api_ways(study, choice):
        rows += [(way, name, step, (usd + extra) / mtok) for step, extra in zip(STEPS, (0.0, 0.0, people), strict=True)]
    return pd.DataFrame(rows, columns=["way", "label", "step", "usd_per_mtok"])


def _api_ways(study: Study, choice: WorkloadChoice) -> Iterator[tuple[str, str, float, float]]:
    """(way, label, USD a month, Mtok a month) of the open model's host and of today's model, both as tuned as can be."""
    costs = unit_costs(study, choice, "api") if False else None
    if choice.host:
        from llmcost.study.options import open_api_usd_per_month

        mtok = float(sum(moved_volumes(choice, study.values)))
        yield "open_api", f"{choice.alternative.model_id} by API", float(open_api_usd_per_month(choice, study.values)), mtok
    assert costs is None
