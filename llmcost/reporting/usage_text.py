"""What `llmcost usage FILE` prints: what the file is, its period and coverage, the account of its rows, totals, and the bill."""

import datetime as dt

from llmcost.inputs.usage import UsageTable
from llmcost.inputs.usage.workload import MIN_HOURS
from llmcost.study import usage_summary
from llmcost.study.reconciliation import reconciliation
from llmcost.study.wording import number, percent
from llmcost.views.readings import reconciliation as bill_words
from llmcost.views.tables import table as text_table
from llmcost.views.text import visible

HEADS = {
    "requests": "requests",
    "input_mtok": "input_mtok",
    "cached_input_fraction": "cached",
    "output_mtok": "output_mtok",
    "batch_fraction": "batch",
    "input_to_output_ratio": "input:output",
    "tokens_fraction": "of all tokens",
    "cost_reported_usd": "reported USD",
}
"""Column of the totals -> its short head."""
KINDS = {
    "requests": "count",
    "input_mtok": "number3",
    "cached": "percent",
    "output_mtok": "number3",
    "batch": "percent",
    "input:output": "number3",
    "of all tokens": "percent",
    "reported USD": "usd",
}
RESOLUTIONS = {24.0: "a row a day", 1.0: "a row an hour", 0.0: "single requests or minutes"}


def usage_text(table: UsageTable) -> str:
    """The whole answer as plain text."""
    blocks = [_head(table), *(f"WARNING  {warning}" for warning in usage_summary.warnings(table)), _account(table), _totals(table)]
    return "\n\n".join(filter(None, [*blocks, _bill(table)]))


def _head(table: UsageTable) -> str:
    names = ", ".join(visible(file.name) for file in table.files)
    seller = f", sold by {visible(table.provider)}" if table.provider else ""
    lines = [f"{names}: {table.kind.title}{seller}"]
    if table.period:
        first, end = table.period
        hours = (end - first).total_seconds() / 3600
        span = f"{number(hours / 24)} days" if hours >= 48 else f"{number(hours)} hours"
        grain = RESOLUTIONS.get(table.resolution_hours, f"a row every {number(table.resolution_hours)} hours")
        if table.kind.time.relative:
            lines.append(f"  period    {span} from the start of the record, which names no day; {grain}")
        else:
            lines.append(f"  period    {first:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC: {span}; {grain}")
        unit = "days" if table.resolution_hours >= 24 else "hours"
        lines.append(f"  coverage  {percent(table.covered_fraction)} of the {unit} have a row")
    if table.period:
        lines.append(f"  peak      {_peak(table, hours)}")
    lines += [f"  note      {note}" for note in (*table.notes, *([table.kind.note] if table.kind.note else []))]
    return "\n".join(lines)


def _peak(table: UsageTable, hours: float) -> str:
    if hours < MIN_HOURS:
        return "too short to show a load's shape: a week or two does"
    peak, burst = usage_summary.peak_to_mean_ratio(table), usage_summary.burst_ratio(table)
    unit = "day" if table.resolution_hours >= 24 else "hour"
    inside = f"; busiest minute of it {number(burst)} times its mean minute" if burst else ""
    return f"busiest {unit} {number(peak)} times the mean {unit}{inside}"


def _account(table: UsageTable) -> str:
    """Rows in = used + repaired + rejected, with reasons and places."""
    parts = " + ".join(f"{table.rows_count(kind):,} {kind}" for kind in ("used", "repaired", "rejected"))
    lines = [f"Rows  {table.rows_count():,} = {parts}"]
    for row in table.outcomes.itertuples():
        if row.kind != "used":
            lines.append(f"  {row.rows_count:>12,}  {row.kind}: {row.outcome}{f' ({row.examples})' if row.examples else ''}")
    return "\n".join(lines)


def _totals(table: UsageTable) -> str:
    if table.hourly.empty:
        return "Nothing counts."
    totals = usage_summary.model_totals(table).rename(columns=HEADS)
    return repr(text_table(totals[["model", *HEADS.values()]], KINDS))


def _bill(table: UsageTable) -> str:
    """The bill at list prices of the export's last day, held against what the export reports."""
    if table.kind.grain == "cost":
        return "A cost report: give it as invoice.file of a client to reconcile with; it holds no load."
    nobodys = table.kind.provider == "self-hosted" or not table.hourly["model"].any()
    if nobodys or table.period is None or table.kind.time.relative:
        return ""
    found = reconciliation(table.hourly, table.provider, bill_day(table), period_hours=table.period_hours)
    steps = found.waterfall[(found.waterfall["usd"] != 0) | (found.waterfall["kind"] == "gap")]
    return f"{bill_words.title(found)}.\n\n{text_table(steps, {'usd': 'usd'})!r}"


def bill_day(table: UsageTable) -> dt.date:
    """The day whose prices the export is held against: its last one."""
    assert table.period is not None
    return table.covered_hours[-1].date()
