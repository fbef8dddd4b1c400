"""The record that a report keeps: with it last quarter's answer can be explained without the old catalog."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from llmcost.study.study import Study

SCHEMA_VERSION = 1
PACKAGES = ("altair", "genai-prices", "numpy", "pandas")


def record(study: Study) -> dict[str, Any]:
    """The study as plain data: the object of results.json without the notebooks' own headlines."""
    client = study.client
    return {
        "schema_version": SCHEMA_VERSION,
        "slug": study.slug,
        "name": client.name,
        "as_of_date": client.as_of_date.isoformat(),
        "horizon_months": client.horizon_months,
        "what_if": dict(study.changed),
        "report": client.report.model_dump(),
        "inputs": _plain(study.assumptions()),
        "catalog_rows_used": sorted(catalog_rows(study)),
        "options": [_option(study, row) for row in _plain(study.options())],
        "verdict": study.verdict(),
        "versions": {
            "python": platform.python_version_tuple()[0] + "." + platform.python_version_tuple()[1],
            **{p: version(p) for p in PACKAGES},
        },
    }


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts, unknown numbers as None."""
    return frame.astype(object).where(frame.notna(), None).to_dict(orient="records")


def _option(study: Study, row: dict[str, Any]) -> dict[str, Any]:
    lines = study.lines.get(row["option"], {})
    priced = row["usd_per_month"] is not None
    return {
        "id": row["option"],
        "label": study.verdict()["labels"][row["option"]],
        "status": row["status"],
        "reason": row["reason"],
        "lines": [{"item": item, "usd_per_month": usd} for item, usd in lines.items()],
        "total_usd_per_month": {"p10": row["p10_usd_per_month"], "typical": row["usd_per_month"], "p90": row["p90_usd_per_month"]}
        if priced
        else None,
        "versus_today_usd_per_month": row["versus_today_usd_per_month"],
        "probability_cheapest_fraction": row["probability_cheapest_fraction"],
    }


def catalog_rows(study: Study) -> set[str]:
    """Names of the catalog and list rows that the answer rests on."""
    rows = {f"hidden_costs/{path.split('.', 1)[1]}" for path in study.inputs if path.startswith("hidden_costs.")}
    for choice in study.choices:
        rows |= {offer.row for offer in (choice.today, choice.host and choice.host.offer) if offer}
        for supply in choice.supplies.values():
            rows |= {supply.offer.row, f"gpu_hardware/{supply.plan.gpu_id}", *supply.plan.sources}
        rows.add(f"models/{choice.alternative.model_id}")
    return rows
