"""The book: what every published report says, a row per client, per option and per line of a bill.
Numbers stay numbers."""

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmcost.inputs.errors import InputError
from llmcost.report.records import Option, Record, read_record
from llmcost.study.bill.options import LABELS
from llmcost.study.wording import NOTHING_USD, rounded

Row = dict[str, Any]
"""Column, named with its unit, -> value; None where there is none."""


def reports_in(out_dir: Path) -> tuple[dict[str, Record], dict[str, str]]:
    """(folder -> record of every report published there, folder -> problem of the others)."""
    found: dict[str, Record] = {}
    problems: dict[str, str] = {}
    for folder in sorted(out_dir.iterdir()):
        if os.path.lexists(folder / "results.json"):
            try:
                found[folder.name] = read_record(folder)
            except InputError as error:
                problems[folder.name] = str(error)
    return found, problems


@dataclass(frozen=True)
class ClientRow:
    """One client of the book: the advice, every option's typical bill, and what the advice rests
    on; None where there is no report."""

    client: str
    name: str | None = None
    as_of_date: dt.date | None = None
    answer: str | None = None
    advised_option: str | None = None
    advised: str | None = None
    option_usd_per_month: Mapping[str, float | None] = field(default_factory=dict)
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

    @property
    def today_usd_per_month(self) -> float | None:
        """The bill of today."""
        return self.option_usd_per_month.get("today")

    def cells(self) -> Row:
        """Column -> value; every option has a column of its own."""
        found: Row = {}
        for name, value in vars(self).items():
            if name == "option_usd_per_month":
                found |= {f"{option}_usd_per_month": value.get(option) for option in LABELS}
            else:
                found[name] = value
        return found


def client_row(folder: str, record: Record, problem: str = "") -> ClientRow:
    """The row of a client with a report; `problem` says why that report could not be renewed."""
    verdict, bill = record.verdict, record.advised_total
    typical_usd = {name: total.typical for name, total in record.totals.items()}
    today = typical_usd.get("today")
    saving = None if today is None else rounded(today - bill.typical, 9)
    return ClientRow(
        client=folder,
        name=record.name,
        as_of_date=record.as_of_date,
        answer=verdict.answer,
        advised_option=record.advised.id,
        advised=record.advised.label,
        option_usd_per_month=typical_usd,
        advised_p10_usd_per_month=bill.p10,
        advised_usd_per_month=bill.typical,
        advised_p90_usd_per_month=bill.p90,
        saving_usd_per_month=saving,
        saving_fraction=saving_fraction(saving, today),
        probability_cheapest_fraction=record.advised.probability_cheapest_fraction,
        confidence=verdict.confidence.level,
        oldest_price_days_count=oldest_price_days_count(record),
        weakest_assumption=verdict.weakest_assumption,
        report=f"{folder}/report.html",
        problem=problem,
    )


def client_rows(reports: dict[str, Record], failed: dict[str, str]) -> list[ClientRow]:
    """A row for every client, by folder; one without a report has its problem alone."""
    rows = {folder: ClientRow(folder, problem=problem) for folder, problem in failed.items()}
    for folder, record in reports.items():
        rows[folder] = client_row(folder, record, failed.get(folder, ""))
    return [rows[folder] for folder in sorted(rows)]


def saving_fraction(saving_usd: float | None, today_usd: float | None) -> float | None:
    """What is saved as a share of today's bill; None without a bill of today."""
    if saving_usd is None or today_usd is None or abs(today_usd) < NOTHING_USD:
        return None
    return rounded(saving_usd / today_usd, 9)


def option_rows(reports: dict[str, Record]) -> list[Row]:
    """A row for every option of every client, those without a price with their reason."""
    rows = []
    for folder, record in reports.items():
        rows += [option_row(folder, option, record) for option in record.options]
    return rows


def option_row(folder: str, option: Option, record: Record) -> Row:
    """The row of one option of a client."""
    total = option.total_usd_per_month
    return {
        "client": folder,
        "option": option.id,
        "label": option.label,
        "is_advised": "yes" if option.id == record.verdict.option else "",
        "status": option.status,
        "reason": option.reason,
        "p10_usd_per_month": total and total.p10,
        "typical_usd_per_month": total and total.typical,
        "p90_usd_per_month": total and total.p90,
        "versus_today_usd_per_month": option.versus_today_usd_per_month,
        "probability_cheapest_fraction": option.probability_cheapest_fraction,
    }


def line_rows(reports: dict[str, Record]) -> list[Row]:
    """A row for every line of every bill; the lines of an option sum to its typical total."""
    return [
        {
            "client": folder,
            "option": option.id,
            "item": line.item,
            "usd_per_month": line.usd_per_month,
        }
        for folder, record in reports.items()
        for option in record.options
        for line in option.lines
    ]


def oldest_price_days_count(record: Record) -> int | None:
    """Age of the oldest dated price behind the options, in days on the report's own day; None where
    no price has a date."""
    days = [row.date for row in record.catalog_rows_used if row.date]
    return (record.as_of_date - min(days)).days if days else None
