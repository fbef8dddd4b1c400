"""Tables as CSV and as XLSX: numbers as numbers, and words that no spreadsheet takes for a formula
or a link."""

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmcost.views.text import visible

FORMULA_START = re.compile(r"(^|;)(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet that opens a CSV would begin a formula; some split at semicolons, whatever
the quotes say."""
LONGEST_COUNT = 32_767
"""Characters that a cell can hold, those beyond the first plane (emoji) counted twice."""
SHEET_LINES_COUNT = 1_048_576
"""Lines that a sheet can hold, its head among them."""
FIRST_DAY = dt.date(1900, 1, 1)
"""No cell holds a day before it."""
NUMBER_FORMATS = {
    "_usd_per_month": "#,##0.00",
    "_fraction": "0.0%",
    "_date": "yyyy-mm-dd",
    "_count": "0",
}
"""End of a column's name -> how its cells look."""
LONE_TIME = dt.datetime(2000, 1, 1)
"""In the file's properties in the place of the clock: the same tables give the same bytes."""


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV in UTF-8, columns of the first row as its head.

    A word that a spreadsheet would take for a formula gets an apostrophe before it:

    >>> rows = [{"name": "=1+1", "cost_usd": -2.5}, {"name": "a, b", "cost_usd": None}]
    >>> print(csv_text(rows), end="")
    name,cost_usd
    '=1+1,-2.5
    "a, b",
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    writer.writerows([_csv_cell(value) for value in row.values()] for row in rows)
    return file.getvalue()


def _csv_cell(value: Any) -> Any:
    return FORMULA_START.sub(r"\1'", visible(value)) if isinstance(value, str) else value


def xlsx_bytes(sheets: Mapping[str, Sequence[dict[str, Any]]]) -> bytes:
    """A workbook with a sheet for each table, its head frozen and filterable; the same tables give
    the same bytes."""
    import xlsxwriter  # a third of a second, only where a book is written

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": LONE_TIME})
        formats = {
            end: book.add_format({"num_format": shape, "valign": "top"})
            for end, shape in NUMBER_FORMATS.items()
        }
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for name, rows in sheets.items():
            _write_sheet(book.add_worksheet(name), rows, head, formats)
    return file.getvalue()


def _write_sheet(
    sheet: Any, rows: Sequence[dict[str, Any]], head: Any, formats: dict[str, Any]
) -> None:
    """One table. Every cell is written by its type: a library's guess would make a formula of
    `=1+1` and a link of an address."""
    if not rows:
        return
    rows = _with_room(rows)
    for column, title in enumerate(rows[0]):
        shape = next((shape for end, shape in formats.items() if title.endswith(end)), None)
        words = [str(row[title]) for row in rows if isinstance(row[title], str)]
        sheet.set_column(column, column, min(max(12, *map(len, words), 0), 48) if words else 13)
        sheet.write_string(0, column, title, head)
        for line, row in enumerate(rows, start=1):
            _write_cell(sheet, line, column, row[title], shape)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(rows), len(rows[0]) - 1)


def _write_cell(sheet: Any, line: int, column: int, value: Any, shape: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(line, column, _cell_text(value))
    elif isinstance(value, dt.date):
        sheet.write_datetime(line, column, dt.datetime.combine(value, dt.time()), shape)
    elif value is not None:
        sheet.write_number(line, column, value, shape)


def _with_room(rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The rows that a sheet has room for; a sheet without room for all says so in its last line."""
    most_count = SHEET_LINES_COUNT - 1
    if len(rows) <= most_count:
        return rows
    kept = rows[: most_count - 1]
    left_out = f"{len(rows) - len(kept):,} more rows have no room: a sheet ends here"
    return [*kept, dict.fromkeys(rows[0]) | {next(iter(rows[0])): left_out}]


def _cell_text(word: str) -> str:
    """A word on one line, cut to what a cell can hold."""
    return visible(word).encode("utf-16-le")[: 2 * LONGEST_COUNT].decode("utf-16-le", "ignore")
