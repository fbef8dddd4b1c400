"""The record that a report keeps: with it last quarter's answer can be explained without the old
catalog."""

import datetime as dt
import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import pandas as pd

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.catalog import row_by_name
from llmcost.model.types import Measurement, TokenPrices
from llmcost.study import frames
from llmcost.study.assumptions import Confidence
from llmcost.study.bill.draws import regret
from llmcost.study.case import Case
from llmcost.study.market.gpu_offers import GpuOffer
from llmcost.study.once_per_case import once_per_case
from llmcost.study.prices import exports
from llmcost.study.uncertainty.value_of_information import value_of_information
from llmcost.study.verdict.answer import verdict

SCHEMA_VERSION = 1
MOST_INFORMATION = 5
"""Inputs whose value of information is kept, beside that of all together."""
CLASSES = ("input", "cached_input", "cache_write", "output")
"""Classes of tokens, in the order of `TokenPrices.by_class`."""
PACKAGES = ("altair", "genai-prices", "numpy", "pandas")


@once_per_case
def record(case: Case) -> dict[str, Any]:
    """The study as plain data: the object of results.json without the notebooks' own headlines."""
    client = case.client
    return {
        "schema_version": SCHEMA_VERSION,
        "slug": case.slug,
        "name": client.name,
        "as_of_date": client.as_of_date.isoformat(),
        "horizon_months": client.horizon_months,
        "what_if": dict(case.changed),
        "report": client.report.model_dump(),
        "inputs": _plain(frames.assumptions(case.inputs)),
        "usage_exports": exports.record(case),
        "catalog_rows_used": catalog_rows(case),
        "options": [_option(case, row) for row in _plain(frames.options(case))],
        "regret": _plain(regret(case.draws())),
        "information": _plain(
            value_of_information(case)
            .drop(columns=["name", "confidence"])
            .head(1 + MOST_INFORMATION)
        ),
        "verdict": verdict(case),
        "versions": {
            "python": platform.python_version_tuple()[0] + "." + platform.python_version_tuple()[1],
            **{p: version(p) for p in PACKAGES},
        },
    }


@once_per_case
def fingerprint(case: Case) -> str:
    """Hash of the resolved inputs, the load and the candidate rows."""
    loads = {w: load.hourly.to_csv(index=False) for w, load in case.loads.items()}
    said = {
        "client": case.client.model_dump(mode="json"),
        "inputs": [asdict(a) for a in case.inputs.values()],
        "loads": loads,
    }
    rows = catalog_rows(case)
    return hashlib.sha256(
        json.dumps([said, rows], sort_keys=True, default=str).encode()
    ).hexdigest()[:16]


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts, unknown numbers as None."""
    return frame.astype(object).where(frame.notna(), None).to_dict(orient="records")


def _option(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    lines = case.lines.get(row["option"], {})
    priced = row["usd_per_month"] is not None
    return {
        "id": row["option"],
        "label": verdict(case)["labels"][row["option"]],
        "status": row["status"],
        "reason": row["reason"],
        "lines": [{"item": line.label, "usd_per_month": usd} for line, usd in lines.items()],
        "total_usd_per_month": {
            "p10": row["p10_usd_per_month"],
            "typical": row["usd_per_month"],
            "p90": row["p90_usd_per_month"],
        }
        if priced
        else None,
        "versus_today_usd_per_month": row["versus_today_usd_per_month"],
        "probability_cheapest_fraction": row["probability_cheapest_fraction"],
    }


def catalog_rows(case: Case) -> list[dict[str, Any]]:
    """The catalog and list rows behind the answer, cell by cell, so that it can be explained
    without the old catalog.

    With the client's own measurements, as their files may be gone too. Hidden costs are left out:
    they stand among the inputs.
    """
    found = {run.source: _run(run) for run in case.measured}
    for choice in case.choices:
        for offer in (choice.today, choice.host and choice.host.offer):
            if offer:
                found[offer.row] = {"row": offer.row, **_prices(offer.prices), **_said(offer)}
        for supply in choice.supplies.values():
            offered = supply.offer
            found[offered.row] = {"row": offered.row, "usd": offered.listed_usd, **_said(offered)}
            names = {
                "gpu_hardware": [supply.plan.gpu_id],
                "models": [choice.alternative.model_id],
                "throughput": supply.plan.sources,
            }
            for table, rows in names.items():
                found |= _cells(table, rows, case.client.as_of_date)
    return [found[row] for row in sorted(found)]


def _prices(prices: TokenPrices) -> dict[str, Any]:
    """A price with what its tiers and long requests pay of it, class by class, under plain
    names."""
    plain = {
        key: value
        for key, value in asdict(prices).items()
        if key not in ("tier_ratios", "long_context_ratios")
    }
    ratios = {
        **prices.tier_ratios,
        **({"long_context": prices.long_context_ratios} if prices.long_context_ratios else {}),
    }
    return plain | {
        f"{tier}_{kind}_ratio": ratio
        for tier, each in ratios.items()
        for kind, ratio in zip(CLASSES, each, strict=True)
    }


def _run(run: Measurement) -> dict[str, Any]:
    """A measured run of the client as a row, percentiles by their column."""
    tails = {"itl": run.itl_percentiles, "ttft": run.ttft_percentiles}
    columns = {
        f"{metric}_p{p:g}_seconds": seconds
        for metric, known in tails.items()
        for p, seconds in known.items()
    }
    plain = {
        key: value
        for key, value in asdict(run).items()
        if key not in ("source", "itl_percentiles", "ttft_percentiles")
    }
    return {
        "row": run.source,
        **plain,
        **columns,
        "source": "client.yaml",
        "confidence": Confidence.MEASURED,
    }


def _said(offer: Offer | GpuOffer) -> dict[str, str]:
    return {"source": offer.source, "date": offer.date, "confidence": offer.confidence}


def _cells(table: str, rows: Iterable[str], as_of: dt.date) -> dict[str, dict[str, Any]]:
    """Rows of a catalog table by name, without their empty cells."""
    wanted = {row if row.startswith(f"{table}/") else f"{table}/{row}" for row in rows}
    known = row_by_name(table, as_of)
    return {
        row: {
            "row": row,
            **{key: value for key, value in known[row].items() if value != "" and value == value},
        }
        for row in wanted & known.keys()
    }
