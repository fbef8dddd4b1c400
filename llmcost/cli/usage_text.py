"""What `llmcost usage FILE` prints: what the file is, its period and coverage, the account of its
rows, totals, and the bill."""

import datetime as dt
import re
import shutil
import textwrap
from collections import Counter

import pandas as pd

from llmcost.inputs.class_prices import Unpriced
from llmcost.inputs.usage import UsageTable
from llmcost.inputs.usage.account import TOKENS
from llmcost.inputs.usage.workload import MIN_HOURS
from llmcost.lessons.pricing import bill_words
from llmcost.study.bill.reconciliation import reconciliation
from llmcost.study.loads import usage_summary
from llmcost.study.wording import number, percent
from llmcost.views.tables import cell_text, table as text_table
from llmcost.views.text import visible

HEADS = {
    "requests": "requests",
    "input_mtok": "input_mtok",
    "cached_input_fraction": "cached",
    "output_mtok": "output_mtok",
    "batch_fraction": "batch",
    "input_to_output_ratio": "in:out",
    "tokens_fraction": "share",
    "cost_reported_usd": "reported_usd",
}
"""Column of the totals -> its short head: with a name of 20 letters they fit into a terminal of
100."""
KINDS = {
    "requests": "count",
    "input_mtok": "number3",
    "cached": "percent",
    "output_mtok": "number3",
    "batch": "percent",
    "in:out": "number3",
    "share": "percent",
    "reported_usd": "usd",
}
RESOLUTIONS = {24.0: "a row a day", 1.0: "a row an hour", 0.0: "rows finer than an hour"}


MOST_NAMES, MOST_MODELS, NAME_LENGTH, NOTE_LENGTH = 6, 30, 44, 400
"""What a line of names, a table, a column and a note can bear; 5,000 more are counted."""


def usage_text(table: UsageTable) -> str:
    """The whole answer as plain text."""
    blocks = [
        _head(table),
        *(f"WARNING  {warning}" for warning in usage_summary.warnings(table)),
        _account(table),
        _totals(table),
    ]
    return "\n\n".join(filter(None, [*blocks, _bill(table)]))


def _head(table: UsageTable) -> str:
    packs = Counter(re.sub(r"(?i)(?<=\.zip)/.*", "", visible(file.name)) for file in table.files)
    named = [
        name if number == 1 else f"{name} ({number:,} files)" for name, number in packs.items()
    ]
    names = ", ".join(named[:MOST_NAMES])
    if len(named) > MOST_NAMES:
        names += f" and {len(named) - MOST_NAMES:,} more files"
    is_sold = table.provider not in ("", "self-hosted")
    seller = f", sold by {visible(table.provider)}" if is_sold else ""
    notes = [note for note in (*table.notes, table.kind.note) if note]
    lines = [f"{names}: {table.kind.title}{seller}", *_times(table)]
    return "\n".join([*lines, *(f"  note      {visible(note)}" for note in notes)])


def _times(table: UsageTable) -> list[str]:
    """Period, coverage and peak, a line each."""
    if not table.period:
        return []
    first, end = table.period
    hours, resolution_hours = (end - first).total_seconds() / 3600, table.resolution_hours
    unit = "days" if resolution_hours >= 24 else "hours"
    grain = RESOLUTIONS.get(resolution_hours, f"a row every {number(resolution_hours)} hours")
    span = f"{number(hours / 24)} days"
    if hours < 48:
        span = f"{number(hours)} hour{'' if hours == 1 else 's'}"
    period = f"{first:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC: {span}"
    if table.kind.time.relative:
        period = f"{span} from the start of the record, which names no day"
    return [
        f"  period    {period}; {grain}",
        f"  coverage  {percent(table.covered_fraction)} of the {unit} have a row",
        f"  peak      {_peak(table, hours)}",
    ]


def _peak(table: UsageTable, hours: float) -> str:
    if not table.hourly[TOKENS].to_numpy(float, na_value=0.0).any():
        return "no tokens"
    if hours < MIN_HOURS:
        return "too short to show a load's shape: a week or two does"
    peak, burst = usage_summary.peak_to_mean_ratio(table), usage_summary.burst_ratio(table)
    unit = "day" if table.resolution_hours >= 24 else "hour"
    inside = f"; busiest minute of it {number(burst)} times its mean minute" if burst else ""
    return f"busiest {unit} {number(peak)} times the mean {unit}{inside}"


def _account(table: UsageTable) -> str:
    """Rows in = used + repaired + rejected, with reasons and places."""
    parts = " + ".join(
        f"{table.rows_count(kind):,} {kind}" for kind in ("used", "repaired", "rejected")
    )
    lines = [f"Rows  {table.rows_count():,} = {parts}"]
    for row in table.outcomes.itertuples():
        if row.kind != "used":
            places = f" ({visible(row.examples)})" if row.examples else ""
            lines.append(f"  {row.rows_count:>12,}  {row.kind}: {row.outcome}{places}")
    return "\n".join(lines)


def _totals(table: UsageTable) -> str:
    if table.hourly.empty:
        return "Nothing counts."
    totals = usage_summary.model_totals(table).rename(columns=HEADS)
    told = [
        head
        for head in HEADS.values()
        if totals[head].notna().any() and (head != "batch" or totals[head].any())
    ]
    shown = totals[["model", *told]].head(MOST_MODELS).assign(model=totals["model"].map(_short))
    lines = [repr(text_table(shown, {head: KINDS[head] for head in told}))]
    if len(totals) > MOST_MODELS:
        rest = totals["share"].iloc[MOST_MODELS:].sum()
        lines.append(
            f"and {len(totals) - MOST_MODELS:,} more models with {percent(rest)} of the tokens:"
            " --out HOURLY.csv has them all"
        )
    return "\n".join(lines)


def _short(name: str) -> str:
    """A model's name cut to what a column can bear: its beginning and its end tell it from
    others."""
    name = visible(name)
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 16]}...{name[-13:]}"


def _steps(steps: pd.DataFrame) -> str:
    """The bill's steps, their notes wrapped to the terminal."""
    width = min(max(shutil.get_terminal_size((100, 24)).columns, 60), 120)
    amounts = [cell_text(usd, "usd") for usd in steps["usd"]]
    wide, long = max(map(len, [*amounts, "USD"])), max(len(step) for step in steps["step"])
    lines = [f"{'USD':>{wide}}"]
    for step, usd in zip(steps.itertuples(), amounts, strict=True):
        start = f"{usd:>{wide}}  {step.step:<{long}}  "
        note = textwrap.shorten(visible(step.note), NOTE_LENGTH, placeholder=" ...")
        lines.append(
            textwrap.fill(note, width, initial_indent=start, subsequent_indent=" " * len(start))
            if note
            else start.rstrip()
        )
    return "\n".join(lines)


def _bill(table: UsageTable) -> str:
    """The bill at list prices of the export's last day, held against what the export reports."""
    if table.kind.grain == "cost":
        return (
            "A cost report: give it as invoice.file of a client to reconcile with; it holds no"
            " load."
        )
    nobodys = table.kind.provider == "self-hosted" or not table.hourly["model"].any()
    if nobodys or table.period is None or table.kind.time.relative:
        return ""
    found = reconciliation(
        table.hourly, table.provider, bill_day(table), period_hours=table.period_hours
    )
    steps = found.waterfall[(found.waterfall["usd"] != 0) | (found.waterfall["kind"] == "gap")]
    if len(found.unpriced) == len(found.models):
        shown = {_short(model.name): _unpriced(model) for model in found.unpriced[:MOST_NAMES]}
        names = ", ".join(shown.values())
        if len(found.unpriced) > MOST_NAMES:
            names += f" and {len(found.unpriced) - MOST_NAMES:,} more"
        return f"No price list knows {names}: there is no bill at list prices to compare with."
    return f"{bill_words.title(found)}.\n\n{_steps(steps)}"


def _unpriced(model: Unpriced) -> str:
    """A model without a price, with those of the price list whose names are nearest."""
    near = ", ".join(map(visible, model.nearest))
    return f"{_short(model.name)} (nearest: {near})" if near else _short(model.name)


def bill_day(table: UsageTable) -> dt.date:
    """The day whose prices the export is held against: its last one."""
    assert table.period is not None
    return table.covered_hours[-1].date()
