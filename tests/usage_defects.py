"""What becomes of a bad row: one table of defects, how each is planted into a good row, and the outcome that is promised for it.

A counting outcome (below 10) means that the row counts for exactly what the good row counts for; any other, that it counts for nothing.
"""

import copy
import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta, timezone

import duckdb
from usage_exports import Export, at, put

TEXT = (".csv", ".jsonl", ".json", ".prom")


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
        of = export.field(name)
        put(row, of, value(int(float(at(row, of)))) if callable(value) else value)

    return plant


def time(write):
    """Plant what a function writes of the row's moment as its time."""
    return lambda export, unit, row: put(unit, export.time_field, write(export.moment(unit)))


def epoch(digits_more):
    return time(lambda moment: str(int(moment.timestamp()) * 10**digits_more))


def blank(export, unit, row):
    for name in export.fields:
        if name not in (export.time_field, export.kind.time.end, export.kind.request_id):
            if at(row, name) is not None:
                put(row, name, None if export.ending != ".csv" else "")


def same_id(export, unit, row):
    put(unit, export.kind.request_id, at(export.good, export.kind.request_id))


def failed(export, unit, row):
    name, (value, *_) = next(iter(export.kind.failed.items()))
    put(row, name, "ThrottlingException" if value == "%" else str(value))


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


# --- whole files ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileDefect:
    """write(export, folder) -> files. The sums stay those of the clean export; `more` says which outcomes come to its rows.

    endings  of the samples that can have it
    error    part of what the refusal says, where the file cannot be read at all
    """

    write: Callable
    more: dict[int, int] | Callable = field(default_factory=dict)
    endings: tuple[str, ...] = TEXT
    error: str = ""
    where: Callable[[Export], bool] = lambda export: True


def encoded(encoding, start=b""):
    """The same text in another encoding."""
    return lambda export, folder: saved(folder, export, start + export.text().encode(encoding, "replace"))


def saved(folder, export, content, ending="", name="export"):
    """One file."""
    path = folder / f"{name}{ending or export.ending}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return [path]


def respelt(change):
    """The text, changed."""
    return lambda export, folder: saved(folder, export, change(export.text()))


def separated(by):
    """A CSV with another separator."""

    def write(export, folder):
        out = io.StringIO()
        csv.writer(out, delimiter=by).writerows(csv.reader(io.StringIO(export.text())))
        return saved(folder, export, out.getvalue())

    return write


def header(change):
    def write(export, folder):
        first, _, rest = export.text().partition("\n")
        return saved(folder, export, change(first) + "\n" + rest)

    return write


def all_quoted(export, folder):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(export.text())))
    return saved(folder, export, out.getvalue())


def western(export, folder):
    """As Windows writes it, with a letter that is no UTF-8 in a cell that is never read."""
    for row in export.rows:
        put(row, "prompt", "café")
    text = export.text() if export.ending == ".csv" else "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in export.documents)
    return saved(folder, export, text.encode("cp1252", "replace"))


def cut_last(export, folder):
    """The last line ends in its middle."""
    export.add(30)
    lines = export.text().splitlines()
    return saved(folder, export, "\n".join([*lines[:-1], lines[-1][: len(lines[-1]) // 3]]))


def in_the_middle(line):
    def write(export, folder):
        lines = export.text().splitlines()
        middle = len(lines) // 2
        return saved(folder, export, "\n".join([*lines[:middle], line(lines), *lines[middle:]]) + "\n")

    return write


def packed(pack, ending):
    return lambda export, folder: saved(folder, export, pack(export.text().encode()), export.ending + ending)


def zstd(export, folder):
    plain, path = saved(folder, export, export.text())[0], folder / f"export{export.ending}.zst"
    one = "delim = '\x01', quote = '', escape = '', header = false"
    duckdb.sql(f"COPY (FROM read_csv('{plain}', {one}, auto_detect = false, columns = {{'l': 'VARCHAR'}})) TO '{path}' (FORMAT csv, {one.replace(' =', '')}, compression zstd)")
    return [path]


def zipped(members):
    """A zip of what members(export) says: name -> bytes."""

    def write(export, folder):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members(export).items():
                archive.writestr(name, content)
        return saved(folder, export, out.getvalue(), ".zip")

    return write


def halves(export):
    """The export's days in two files."""
    early, late = copy.deepcopy(export), copy.deepcopy(export)
    middle = sorted(map(export.moment, export.units))[len(export.units) // 2]
    for units in early.lists:
        units[:] = [unit for unit in units if early.moment(unit) < middle]
    for units in late.lists:
        units[:] = [unit for unit in units if late.moment(unit) >= middle]
    return early, late


def two_files(export, folder):
    return [saved(folder, part, part.text(), name=name)[0] for name, part in zip("ab", halves(export), strict=True)]


def twice(export, folder):
    return [saved(folder, export, export.text(), name=name)[0] for name in "ab"]


def overlapping(export, folder):
    early, _ = halves(export)
    return [saved(folder, part, part.text(), name=name)[0] for name, part in zip("ab", (early, export), strict=True)]


def parquet(types=""):
    """Parquet with typed columns, as a warehouse writes it."""

    def write(export, folder):
        plain, path = saved(folder, export, export.text())[0], folder / "export.parquet"
        reader = f"read_csv('{plain}')" if export.ending == ".csv" else f"read_json('{plain}')"
        duckdb.sql(f"COPY (SELECT {types.format(time=export.time_field) or '*'} FROM {reader}) TO '{path}'")
        return [path]

    return write


def pages(joined):
    """A JSON document as several pages: half of its units in each."""
    return lambda export, folder: saved(folder, export, joined([part.documents for part in halves(export)]))


def paged(export):
    return isinstance(export.documents, dict) and len(export.lists) == 1


CSV, LINES, JSON_, PROM = (".csv",), (".jsonl",), (".json",), (".prom",)
_torn_header = lambda export: {12 if filtered(export) else 20: 1}  # noqa: E731
FILE_DEFECTS = {
    # encodings
    "UTF-8 with a byte order mark": FileDefect(encoded("utf-8-sig")),
    "UTF-16": FileDefect(encoded("utf-16")),
    "cp1252": FileDefect(western, endings=CSV + LINES),
    # lines and cells
    "Windows line ends": FileDefect(respelt(lambda text: text.replace("\n", "\r\n"))),
    "line ends of both kinds": FileDefect(respelt(lambda text: text.replace("\n", "\r\n", 2)), endings=CSV + LINES + PROM),
    "no line end at the end": FileDefect(respelt(str.rstrip)),
    "blank lines": FileDefect(respelt(lambda text: text.replace("\n", "\n\n"))),
    "separated by ;": FileDefect(separated(";"), endings=CSV),
    "separated by tabs": FileDefect(separated("\t"), endings=CSV),
    "header in capitals": FileDefect(header(str.upper), endings=CSV),
    "header in small letters": FileDefect(header(str.lower), endings=CSV),
    "blanks around the names": FileDefect(header(lambda line: line.replace(",", " , ")), endings=CSV),
    "every cell in quotes": FileDefect(all_quoted, endings=CSV),
    "a row with too few cells": FileDefect(in_the_middle(lambda lines: "7"), {27: 1}, CSV, where=lambda e: len(e.documents[0]) > 1),
    "a row with too many cells": FileDefect(in_the_middle(lambda lines: lines[1] + ",1,2,3"), {27: 1}, CSV),
    "a quote that nobody closes": FileDefect(respelt(lambda text: text + '"never closed'), {27: 1}, CSV),
    "the header once more": FileDefect(in_the_middle(lambda lines: lines[0]), _torn_header, CSV),
    "the last line cut off": FileDefect(cut_last, {27: 1}, CSV + LINES),
    "a broken line in the middle": FileDefect(in_the_middle(lambda lines: '{"id": "x", "prompt'), {27: 1}, LINES),
    "a line that is null": FileDefect(in_the_middle(lambda lines: "null"), lambda e: {12 if filtered(e) else 20: 1}, LINES),
    "a line that no server writes": FileDefect(in_the_middle(lambda lines: "hello world"), {22: 1}, PROM),
    # documents
    "an array as root": FileDefect(lambda e, folder: saved(folder, e, json.dumps(e.documents if isinstance(e.documents, list) else [e.documents])), endings=LINES + JSON_),
    "pretty-printed": FileDefect(lambda e, folder: saved(folder, e, json.dumps(e.documents, indent=4)), endings=LINES + JSON_),
    "pages one after another": FileDefect(pages(lambda parts: "\n".join(json.dumps(part, indent=2) for part in parts)), endings=JSON_, where=paged),
    "pages as lines": FileDefect(pages(lambda parts: "\n".join(map(json.dumps, parts))), endings=JSON_, where=paged),
    "pages in an array": FileDefect(pages(json.dumps), endings=JSON_, where=paged),
    "a document cut off": FileDefect(respelt(lambda text: text[: len(text) // 2]), endings=JSON_, error="cut off"),
    # packing
    "gzip": FileDefect(packed(gzip.compress, ".gz")),
    "zstd": FileDefect(zstd),
    "a gzip cut off": FileDefect(packed(lambda content: gzip.compress(content)[:-12], ".gz"), error="cut off"),
    "a zip": FileDefect(zipped(lambda e: {"export.csv": e.text()})),
    "a zip with two files in folders": FileDefect(
        zipped(lambda e: {"a/b/1.csv": halves(e)[0].text(), "a/c/1.csv": halves(e)[1].text(), "__MACOSX/a/._1.csv": b"\0"}),
        where=lambda e: e.kind.grain != "counter",
    ),
    "a gzip in a zip": FileDefect(zipped(lambda e: {"export.gz": gzip.compress(e.text().encode())})),
    "a zip cut off": FileDefect(lambda e, folder: saved(folder, e, b"PK\x03\x04 and no more", ".zip"), error="cannot be unpacked"),
    # several files
    "the days in two files": FileDefect(two_files, where=lambda e: e.kind.grain != "counter"),
    "the same file twice": FileDefect(twice, lambda e: None),
    "files that overlap": FileDefect(overlapping, lambda e: None),
    # Parquet
    "Parquet with types": FileDefect(parquet(), endings=CSV + LINES),
    "Parquet with zoned times": FileDefect(
        parquet("* REPLACE (\"{time}\"::TIMESTAMP::TIMESTAMPTZ AS \"{time}\")"), endings=CSV + LINES, where=lambda e: calendar(e) and "-" in str(at(e.good, e.time_field))
    ),
    # no rows
    "an empty file": FileDefect(respelt(lambda text: ""), error="is empty"),
    "blank lines alone": FileDefect(respelt(lambda text: "\n \n\n"), error="holds no row"),
    "a picture": FileDefect(respelt(lambda text: "\x89PNG\r\n\x1a\n" + "\0" * 500), error="no usage export that is known"),
}
