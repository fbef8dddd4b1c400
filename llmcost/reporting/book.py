"""The book: what every published report says, a row per client, per option and per line of a bill. Numbers stay numbers."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcost.study.bill.options import LABELS
from llmcost.study.wording import rounded

Row = dict[str, Any]
"""Column, named with its unit, -> value; None where there is none."""
POINTS = ("p10", "typical", "p90")
UNREADABLE = "its results.json is not of a report of this version: make the report again"


def reports_in(out_dir: Path) -> tuple[dict[str, Row], dict[str, str]]:
    """(folder -> results of every report published there, folder -> problem of those that cannot be read), by folder."""
    found, problems = {}, {}
    for path in sorted(out_dir.glob("*/results.json")):
        folder = path.parent.name
        try:
            results = json.loads(path.read_text(encoding="utf-8"))
            client_row(folder, results), option_rows({folder: results}), line_rows({folder: results})
            found[folder] = results
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            problems[folder] = UNREADABLE
    return found, problems


@dataclass(frozen=True)
class ClientRow:
    """One client of the book: the advice, every option's typical bill, and what the advice rests on; None where there is no report."""

    client: str
    name: str | None = None
    as_of_date: dt.date | None = None
    answer: str | None = None
    advised_option: str | None = None
    advised: str | None = None
    today_usd_per_month: float | None = None
    tuned_usd_per_month: float | None = None
    open_api_usd_per_month: float | None = None
    serverless_usd_per_month: float | None = None
    rented_usd_per_month: float | None = None
    owned_usd_per_month: float | None = None
    hybrid_usd_per_month: float | None = None
    advised_p10_usd_per_month: float | None = None
    advised_usd_per_month: float | None = None
    advised_p90_usd_per_month: float | None = None
    saving_usd_per_month: float | None = None
    saving_fraction: float | None = None
    probability_cheapest_fraction: float | None = None
    confidence: str | None = None
    oldest_price_days_count: int | None = None
    weakest_assumption: str | None = None
    report: str | None = None
    problem: str = ""


def client_row(folder: str, results: Row, problem: str = "") -> ClientRow:
    """The row of a client with a report; `problem` says why that report could not be renewed."""
    verdict, options = results["verdict"], {option["id"]: option for option in results["options"]}
    advised = options[verdict["option"]]
    bill = advised["total_usd_per_month"]
    bills = {f"{name}_usd_per_month": typical(options.get(name)) for name in LABELS}
    today = bills["today_usd_per_month"]
    saving = None if today is None else rounded(today - bill["typical"], 9)
    return ClientRow(
        client=folder,
        name=results["name"],
        as_of_date=dt.date.fromisoformat(results["as_of_date"]),
        answer=verdict["answer"],
        advised_option=advised["id"],
        advised=advised["label"],
        **bills,
        advised_p10_usd_per_month=bill["p10"],
        advised_usd_per_month=bill["typical"],
        advised_p90_usd_per_month=bill["p90"],
        saving_usd_per_month=saving,
        saving_fraction=rounded(saving / today, 9) if saving is not None and today else None,
        probability_cheapest_fraction=advised["probability_cheapest_fraction"],
        confidence=verdict["confidence"]["level"],
        oldest_price_days_count=oldest_price_days_count(results),
        weakest_assumption=verdict["weakest_assumption"],
        report=f"{folder}/report.html",
        problem=problem,
    )


def client_rows(reports: dict[str, Row], failed: dict[str, str]) -> list[ClientRow]:
    """A row for every client, by folder; one without a report has its problem alone."""
    rows = {folder: ClientRow(folder, problem=problem) for folder, problem in failed.items()}
    rows |= {folder: client_row(folder, results, failed.get(folder, "")) for folder, results in reports.items()}
    return [rows[folder] for folder in sorted(rows)]


def option_rows(reports: dict[str, Row]) -> list[Row]:
    """A row for every option of every client, those without a price with their reason."""
    rows = []
    for folder, results in reports.items():
        for option in results["options"]:
            total = option["total_usd_per_month"] or dict.fromkeys(POINTS)
            rows.append(
                {
                    "client": folder,
                    "option": option["id"],
                    "label": option["label"],
                    "is_advised": "yes" if option["id"] == results["verdict"]["option"] else "",
                    "status": option["status"],
                    "reason": option["reason"],
                    **{f"{point}_usd_per_month": total[point] for point in POINTS},
                    "versus_today_usd_per_month": option["versus_today_usd_per_month"],
                    "probability_cheapest_fraction": option["probability_cheapest_fraction"],
                }
            )
    return rows


def line_rows(reports: dict[str, Row]) -> list[Row]:
    """A row for every line of every bill; the lines of an option sum to its typical total."""
    return [
        {"client": folder, "option": option["id"], "item": line["item"], "usd_per_month": line["usd_per_month"]}
        for folder, results in reports.items()
        for option in results["options"]
        for line in option["lines"]
    ]


def typical(option: Row | None) -> float | None:
    """An option's typical USD per month, None where it has no price."""
    return ((option or {}).get("total_usd_per_month") or {}).get("typical")


def oldest_price_days_count(results: Row) -> int | None:
    """Age of the oldest dated price behind the options, in days on the report's own day; None where no price has a date."""
    days = [dt.date.fromisoformat(row["date"]) for row in results["catalog_rows_used"] if row.get("date")]
    return (dt.date.fromisoformat(results["as_of_date"]) - min(days)).days if days else None
