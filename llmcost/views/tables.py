"""One table for notebooks and reports: escaped, aligned, rounded, readable as plain text too."""

import datetime
import math
import numbers

import pandas as pd

from llmcost.study import wording
from llmcost.views.text import html_text, visible

SHOWN_DIGITS_COUNT = 6
ABBREVIATIONS = {
    "usd": "USD",
    "mtok": "Mtok",
    "gb": "GB",
    "gpu": "GPU",
    "gpus": "GPUs",
    "fte": "FTE",
    "api": "API",
}


def _usd(value):
    """Whole dollars from a hundred on, cents below, a price's own digits below a cent."""
    value = wording.rounded(value, SHOWN_DIGITS_COUNT)
    if abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:,.4f}"


def _difference(value):
    text = _usd(value)
    if not text.strip("-0.,"):
        return "0"
    return f"+{text}" if value > 0 else text


KINDS = {
    "usd": _usd,
    "usd_difference": _difference,
    "percent": wording.percent,
    "probability": wording.probability,
    "count": lambda value: f"{value:,.0f}",
    "number": lambda value: wording.number(value, SHOWN_DIGITS_COUNT),
    "number3": wording.number,
    "text": visible,
}


def cell_text(value, kind=None):
    """One value as text; None, NaN and an empty string are an en dash.

    >>> cell_text(1234.5678), cell_text(0.123456789, "usd"), cell_text(None), cell_text(True)
    ('1,234.57', '0.12', '–', 'yes')
    """
    if pd.isna(value) or value == "":
        return wording.DASH
    if kind is not None:
        return KINDS[kind](value)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return KINDS["number"](value)
    return visible(value)


def head_text(column):
    """A column's name as a head that a narrow column can break.

    >>> head_text("input_usd_per_mtok"), head_text("P(cheapest)")
    ('input USD per Mtok', 'P(cheapest)')
    """
    return " ".join(ABBREVIATIONS.get(word, word) for word in visible(column).split("_"))


class Table:
    """A displayed table."""

    def __init__(self, columns, rows, right, caption):
        self.columns, self.rows, self.right, self.caption = columns, rows, right, caption

    def _repr_html_(self):
        caption = f"<caption>{html_text(self.caption)}</caption>\n" if self.caption else ""
        head = self._html_row("th", self.columns)
        body = "\n".join(self._html_row("td", row) for row in self.rows)
        return f"<table>\n{caption}<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"

    def _html_row(self, tag, texts):
        """Cells with a class for the report and a style for JupyterLab, which keeps no classes of
        ours."""
        looks = [
            (
                'class="num" style="text-align: right"'
                if right
                else 'class="txt" style="text-align: left"'
            )
            for right in self.right
        ]
        cells = (
            f"<{tag} {look}>{html_text(text)}</{tag}>"
            for text, look in zip(texts, looks, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"

    def __repr__(self):
        lines = [self.columns, *self.rows]
        widths = [
            max(len(line[position]) for line in lines) for position in range(len(self.columns))
        ]
        shown = []
        for line in lines:
            columns = zip(line, widths, self.right, strict=True)
            padded = [
                text.rjust(width) if right else text.ljust(width) for text, width, right in columns
            ]
            shown.append("  ".join(padded).rstrip())
        return "\n".join(([self.caption] if self.caption else []) + shown)


def table(frame, formats=None, caption=None):
    """A frame to display.

    frame    a tidy frame; its column names, in words, are the heads, its index is not shown
    formats  column -> one of KINDS; other columns are shown by their type
    """
    formats = formats or {}
    for column, kind in formats.items():
        if column not in frame.columns or kind not in KINDS:
            raise ValueError(
                f"table: no column {column!r} with kind {kind!r}; columns are"
                f" {list(frame.columns)}, kinds are {list(KINDS)}"
            )
    kinds = [formats.get(column) for column in frame.columns]
    rows = [
        [cell_text(value, kind) for value, kind in zip(row, kinds, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    right = [
        kind not in (None, "text") or dtype.kind in "iuf"
        for kind, dtype in zip(kinds, frame.dtypes, strict=True)
    ]
    return Table(
        [head_text(column) for column in frame.columns],
        rows,
        right,
        visible(caption) if caption else None,
    )
