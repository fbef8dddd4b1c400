"""What becomes of a bad row: one table of defects, how each is planted into a good row, and the outcome that is promised for it.

A counting outcome (below 10) means that the row counts for exactly what the good row counts for; any other, that it counts for nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone

from usage_exports import Export, at, put


@dataclass(frozen=True)
class Defect:
    """plant(export, unit, row) changes a good row; `where` says which formats can have it; outcome: see llmcost.inputs.usage.outcomes."""

    plant: Callable
    outcome: int
    where: Callable[[Export], bool] = lambda export: True


def counts(export):
    """One row has all its counts."""
    return export.kind.measures is None and bool(export.field("input"))


def measured(export):
    """One row per measure."""
    return export.kind.measures is not None


def tokens(export):
    return counts(export) or measured(export)


def calendar(export):
    return not export.kind.time.relative


def cached(export):
    return counts(export) and bool(export.field("cache_read")) and export.kind.tokens.input_holds_cache is True


def reasons(export):
    return counts(export) and bool(export.field("reasoning")) and export.kind.tokens.output_holds_reasoning is True


def identified(export):
    return bool(export.kind.request_id) and at(export.good, export.kind.request_id) is not None


def fails(export):
    return bool(export.kind.failed)


def filtered(export):
    return bool(export.kind.keep)


def priced(export):
    return bool(export.kind.cost and export.kind.cost.currency)


def count(value, name="input"):
    """Plant a value, or what a function makes of the good one, into a count."""

    def plant(export, unit, row):
        field = export.field(name)
        put(row, field, value(int(float(at(row, field)))) if callable(value) else value)

    return plant


def time(write):
    """Plant what a function writes of the row's moment as its time."""
    return lambda export, unit, row: put(unit, export.time_field, write(export.moment(unit)))


def epoch(digits_more):
    return time(lambda moment: str(int(moment.timestamp()) * 10**digits_more))


def blank(export, unit, row):
    for field in export.fields:
        if field not in (export.time_field, export.kind.time.end, export.kind.request_id):
            if at(row, field) is not None:
                put(row, field, None if export.ending != ".csv" else "")


def same_id(export, unit, row):
    put(unit, export.kind.request_id, at(export.good, export.kind.request_id))


def failed(export, unit, row):
    field, (value, *_) = next(iter(export.kind.failed.items()))
    put(row, field, "ThrottlingException" if value == "%" else str(value))


def more_cached(export, unit, row):
    put(row, export.field("cache_read"), int(float(at(row, export.field("input")))) + 1)


def other_service(export, unit, row):
    put(row, next(iter(export.kind.keep)), "SOMETHING ELSE")


def beside(value):
    """A cell that is never read."""
    return lambda export, unit, row: put(row, "prompt", value)


ROW_DEFECTS = {
    # numbers
    "thousands with commas: 1,234": Defect(count(lambda n: f"{n:,}"), 1, tokens),
    "thousands with blanks: 1 234": Defect(count(lambda n: f"{n:,}".replace(",", " ")), 1, tokens),
    "thousands with apostrophes: 1'234": Defect(count(lambda n: f"{n:,}".replace(",", "'")), 1, tokens),
    "thousands with narrow blanks": Defect(count(lambda n: f"{n:,}".replace(",", "\u202f")), 1, tokens),
    "thousands with a point: 1.234 is a decimal": Defect(count("1.234"), 24, counts),
    "thousands with points: 1.234.567": Defect(count("1.234.567"), 22, tokens),
    "a whole number written as a decimal: 1200.0": Defect(count(lambda n: f"{n}.0"), 0, tokens),
    "a whole number with an exponent": Defect(count(lambda n: f"{n / 1000}e3"), 0, tokens),
    "decimals": Defect(count("12.5"), 24, counts),
    "a negative count": Defect(count(-5), 23, tokens),
    "a negative output": Defect(count(-5, "output"), 23, counts),
    "no number: n/a": Defect(count("n/a"), 22, tokens),
    "no input": Defect(count(""), 22, counts),
    "no output": Defect(count("", "output"), 22, counts),
    "NaN": Defect(count("NaN"), 26, tokens),
    "infinite": Defect(count("Infinity"), 26, tokens),
    "1e400": Defect(count("1e400"), 26, tokens),
    "too large to be true": Defect(count("1e15"), 26, tokens),
    "more cached than input": Defect(more_cached, 25, cached),
    # more reasoning than output counts, but its reasoning is cut: see test_usage_defects
    # times
    "no time": Defect(time(lambda moment: ""), 20, calendar),
    "a word for a time": Defect(time(lambda moment: "yesterday"), 20, calendar),
    "a date with slashes whose order nobody states": Defect(
        time(lambda m: f"{m:%d/%m/%Y}"), 20, lambda e: calendar(e) and e.kind.time.day_first is None
    ),
    "no time since the start": Defect(time(lambda moment: ""), 20, lambda e: not calendar(e)),
    "an infinite time since the start": Defect(time(lambda moment: "1e400"), 20, lambda e: not calendar(e)),
    "a negative time since the start": Defect(time(lambda moment: "-1"), 20, lambda e: not calendar(e)),
    "the 31st of June": Defect(time(lambda moment: "2026-06-31T00:00:00Z"), 20, calendar),
    "zero: 1970": Defect(time(lambda moment: "0"), 21, calendar),
    "1970 written out": Defect(time(lambda moment: "1970-01-01T00:00:00Z"), 21, calendar),
    "seconds divided by a thousand": Defect(time(lambda moment: str(int(moment.timestamp()) // 1000)), 21, calendar),
    "the year 9999": Defect(time(lambda moment: "9999-12-31T00:00:00Z"), 21, calendar),
    "seconds": Defect(epoch(0), 0, calendar),
    "milliseconds": Defect(epoch(3), 0, calendar),
    "microseconds": Defect(epoch(6), 0, calendar),
    "nanoseconds": Defect(epoch(9), 0, calendar),
    "an offset of its own": Defect(time(lambda m: m.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()), 0, calendar),
    "an offset behind UTC": Defect(time(lambda m: m.astimezone(timezone(-timedelta(hours=3, minutes=30))).isoformat()), 0, calendar),
    # what a row is
    "the same request once more": Defect(same_id, 13, identified),
    "a failed request with tokens": Defect(failed, 10, fails),
    "a parent, or another service": Defect(other_service, 12, filtered),
    "an empty bucket": Defect(blank, 11, lambda e: e.kind.grain in ("bucket", "cost") and not measured(e) and calendar(e)),
    "a request without counts": Defect(blank, 22, lambda e: e.kind.grain == "request" and not filtered(e) and calendar(e)),
    "an empty measure": Defect(count(""), 12, lambda e: measured(e) and e.kind.cost is None),
    "no amount: n/a": Defect(lambda e, unit, row: put(row, e.kind.cost.field, "n/a"), 22, lambda e: e.kind.grain == "cost"),
    "amounts with commas: 1,234.50": Defect(lambda e, unit, row: put(row, e.kind.cost.field, f"{float(at(row, e.kind.cost.field)):,.2f}"), 1, lambda e: e.kind.name == "anthropic_cost_api"),
    "another currency": Defect(lambda export, unit, row: put(row, export.kind.cost.currency, "EUR"), 6, priced),
    # cells that are never read
    "a cell of 1 MB": Defect(beside("x" * 1_000_000), 0),
    "quotes inside a cell": Defect(beside("she said \"no\", 'no', \\"), 0),
    "a spreadsheet formula": Defect(beside('=HYPERLINK("http://example.com")'), 0),
    "line ends inside a cell": Defect(beside("one\ntwo\r\nthree"), 0),
}
