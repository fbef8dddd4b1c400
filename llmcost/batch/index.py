"""The book of all clients beside their reports: index.html, book.csv and book.xlsx, each replaced
in one step."""

import math
import os
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from llmcost.batch.book import ClientRow, client_rows, line_rows, option_rows, reports_in
from llmcost.batch.whole_files import put_whole
from llmcost.report.page import brand_colour, script_hash, tools
from llmcost.report.page_figures import money
from llmcost.report.records import Option, Record
from llmcost.report.spreadsheets import csv_text, xlsx_bytes
from llmcost.study.bill.options import LABELS
from llmcost.study.wording import NOTHING_USD, percent, usd

INDEX_MARK = "Reports: should you host your own model?"
"""The title by which an index of ours is known; another index.html is left alone."""
BOOK = ("book.csv", "book.xlsx")
LEVELS = ("low", "medium", "high")
"""Confidence in the order in which it sorts."""


def write_index(out_dir: Path, failed: dict[str, str]) -> None:
    """Write the book of every report in `out_dir`; `failed` says, by folder, who has no new one and
    why.

    Raises InputError where there is no room; what was there before is then still whole.
    """
    reports, unreadable = reports_in(out_dir)
    problems = unreadable | failed
    rows = client_rows(reports, problems)
    printed = {path.parent.name for path in out_dir.glob("*/report.pdf")}
    put_whole(out_dir / "index.html", index_html(rows, reports, problems, printed) + "\n")
    table = [row.cells() for row in rows]
    put_whole(out_dir / "book.csv", csv_text(table))
    sheets = {"clients": table, "options": option_rows(reports), "lines": line_rows(reports)}
    put_whole(out_dir / "book.xlsx", xlsx_bytes(sheets))


def index_html(
    rows: list[ClientRow], reports: dict[str, Record], problems: dict[str, str], printed: Set[str]
) -> str:
    """The index page, with links to the PDFs of the folders `printed`; without its script it is the
    same table, by client."""
    environment = tools()[0]
    script = environment.get_template("index.js").render()
    return environment.get_template("index.html").render(
        title=INDEX_MARK,
        labels=LABELS,
        summary=summary(rows),
        days=sorted({row.as_of_date.isoformat() for row in rows if row.as_of_date}),
        clients=[
            line(row, reports[row.client], row.client in printed) for row in rows if row.report
        ],
        failed=dict(sorted(problems.items())),
        script=Markup(script),
        script_hashes=[script_hash(script)],
        style=Markup(environment.get_template("report.css").render(brand=brand_colour({}))),
    )


def line(row: ClientRow, record: Record, has_pdf: bool) -> dict[str, Any]:
    """One client's line of the page: each cell's text and the value that it sorts by, amounts at
    three digits."""
    options = record.by_id
    folder = quote(os.fsencode(row.client))
    return {
        "row": row,
        "href": f"{folder}/report.html",
        "pdf_href": f"{folder}/report.pdf" if has_pdf else "",
        "options": [option_cell(options.get(name), name == row.advised_option) for name in LABELS],
        "saving": saving_text(row),
        "confidence_rank": LEVELS.index(row.confidence) if row.confidence in LEVELS else "",
    }


def option_cell(option: Option | None, is_advised: bool) -> dict[str, Any]:
    """An option's cell: its typical bill with the band behind it, or in a word why there is
    none."""
    if option is None:
        return {"text": "–", "value": "", "title": "", "is_advised": False}
    total = option.total_usd_per_month
    if total is None:
        reason = f"{option.label}: {option.reason}"
        return {"text": option.status or "–", "value": "", "title": reason, "is_advised": False}
    band = ""
    if total.p10 is not None and total.p90 is not None and total.p10 != total.p90:
        band = f"; eight draws of ten: {money(total.p10)} to {money(total.p90)}"
    return {
        "text": money(total.typical),
        "value": total.typical,
        "title": option.label + band,
        "is_advised": is_advised,
    }


def saving_text(row: ClientRow) -> str:
    """What the advice saves a month, rounded as coarsely as the bills that it compares."""
    saving, today = row.saving_usd_per_month, row.today_usd_per_month
    if saving is None:
        return "–"
    largest = max(abs(today or 0), abs(row.advised_usd_per_month or 0), 1)
    return f"{round(saving, 2 - math.floor(math.log10(largest))):,.0f}"


def summary(rows: list[ClientRow]) -> str:
    """The book in two sentences: the answers, and what all clients with a bill of today pay and
    would pay."""
    answers = Counter(row.answer for row in rows if row.answer)
    counted = " · ".join(f"{count} × {answer}" for answer, count in sorted(answers.items()))
    compared = [row for row in rows if row.saving_usd_per_month is not None]
    today = math.fsum(row.today_usd_per_month or 0 for row in compared)
    advised = math.fsum(row.advised_usd_per_month or 0 for row in compared)
    if abs(today) < NOTHING_USD:
        return f"Should they host? {counted}." if counted else "No report yet."
    change = "less" if advised <= today else "more"
    return (
        f"Should they host? {counted}. {len(compared)} with a bill today: {usd(today)} →"
        f" {usd(advised)} a month as advised, {usd(abs(today - advised))}"
        f" ({percent(abs(1 - advised / today))}) {change}."
    )
