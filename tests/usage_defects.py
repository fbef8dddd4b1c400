"""What becomes of a bad row and of a bad file: every defect, how it is planted, and the outcome
that is promised for it.

A counting outcome (below 10) means that the row counts for exactly what the good row counts for;
any other, that it counts for nothing. The numbers are those of `llmcost.inputs.usage.outcomes`. How
a defect is planted stands in `usage_damage`.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from usage_damage import (
    all_quoted,
    amount,
    as_array,
    beside,
    blank,
    broken_zip,
    count,
    cut_last,
    encoded,
    epoch,
    failed,
    foreign,
    header,
    in_folders,
    in_the_middle,
    month_first,
    more_cached,
    one_after_another,
    other_service,
    overlapping,
    packed,
    pages,
    parquet,
    pretty,
    requests,
    respelt,
    same_id,
    separated,
    time,
    told_by_its_time,
    twice,
    two_files,
    western,
    zipped,
    zstd,
)
from usage_exports import (
    Export,
    buckets,
    cached,
    calendar,
    costs,
    counts,
    counts_requests,
    dated,
    fails,
    filtered,
    flat,
    identified,
    large_amounts,
    no_counter,
    order_unknown,
    paged,
    priced,
    relative,
    tokens,
    unfiltered_requests,
    unpriced_measures,
)

TEXT = (".csv", ".jsonl", ".json", ".prom")
USED, SEPARATORS, FOREIGN = 0, 1, 6
FAILED, EMPTY, NO_USE, AGAIN = 10, 11, 12, 13
NO_TIME, WRONG_TIME, NO_COUNT, NEGATIVE, DECIMALS, CACHED, TOO_LARGE, TORN = range(20, 28)
CSV, LINES, JSON_, PROM = (".csv",), (".jsonl",), (".json",), (".prom",)


@dataclass(frozen=True)
class Defect:
    """plant(export, unit, row) changes a good row; `where` says which formats can have it; outcome:
    see llmcost.inputs.usage.outcomes."""

    plant: Callable
    outcome: int
    where: Callable[[Export], bool] = lambda export: True


ROW_DEFECTS = {
    # numbers
    "thousands with commas: 1,234": Defect(count(lambda n: f"{n:,}"), SEPARATORS, tokens),
    "thousands with blanks: 1 234": Defect(
        count(lambda n: f"{n:,}".replace(",", " ")), SEPARATORS, tokens
    ),
    "thousands with apostrophes: 1'234": Defect(
        count(lambda n: f"{n:,}".replace(",", "'")), SEPARATORS, tokens
    ),
    "thousands with narrow blanks": Defect(
        count(lambda n: f"{n:,}".replace(",", "\u202f")), SEPARATORS, tokens
    ),
    "thousands with a point: 1.234 is a decimal": Defect(count("1.234"), DECIMALS, counts),
    "thousands with points: 1.234.567": Defect(count("1.234.567"), NO_COUNT, tokens),
    "a whole number written as a decimal: 1200.0": Defect(count(lambda n: f"{n}.0"), USED, tokens),
    "a whole number with an exponent": Defect(count(lambda n: f"{n / 1000}e3"), USED, tokens),
    "decimals": Defect(count("12.5"), DECIMALS, counts),
    "a negative count": Defect(count(-5), NEGATIVE, tokens),
    "a negative output": Defect(count(-5, "output"), NEGATIVE, counts),
    "no number: n/a": Defect(count("n/a"), NO_COUNT, tokens),
    "no input": Defect(count(""), NO_COUNT, counts),
    "no output": Defect(count("", "output"), NO_COUNT, counts),
    "NaN": Defect(count("NaN"), TOO_LARGE, tokens),
    "infinite": Defect(count("Infinity"), TOO_LARGE, tokens),
    "1e400": Defect(count("1e400"), TOO_LARGE, tokens),
    "too large to be true": Defect(count("1e15"), TOO_LARGE, tokens),
    "negative requests": Defect(requests(-1), NEGATIVE, counts_requests),
    "NaN requests": Defect(requests("NaN"), TOO_LARGE, counts_requests),
    "no number of requests: n/a": Defect(requests("n/a"), NO_COUNT, counts_requests),
    "more cached than input": Defect(more_cached, CACHED, cached),
    # times
    "no time": Defect(time(lambda moment: ""), NO_TIME, calendar),
    "a word for a time": Defect(time(lambda moment: "yesterday"), NO_TIME, calendar),
    "a date with slashes whose order nobody states": Defect(
        time(lambda m: f"{m:%d/%m/%Y}"), NO_TIME, order_unknown
    ),
    "a date with slashes, the month first": Defect(
        time(lambda m: f"{m.month}/{m.day}/{m:%y}"), USED, month_first
    ),
    "the month first, and the year whole": Defect(
        time(lambda m: f"{m:%m/%d/%Y %H:%M:%S}"), USED, month_first
    ),
    "slashes with the year first": Defect(time(lambda m: f"{m:%Y/%m/%d %H:%M:%S}"), USED, calendar),
    "a zone by its name": Defect(
        time(lambda m: f"{m.astimezone(ZoneInfo('Asia/Kolkata')):%Y-%m-%d %H:%M:%S} Asia/Kolkata"),
        USED,
        calendar,
    ),
    "no time since the start": Defect(time(lambda moment: ""), NO_TIME, relative),
    "an infinite time since the start": Defect(time(lambda moment: "1e400"), NO_TIME, relative),
    "a negative time since the start": Defect(time(lambda moment: "-1"), NO_TIME, relative),
    "the 31st of June": Defect(time(lambda moment: "2026-06-31T00:00:00Z"), NO_TIME, calendar),
    "zero: 1970": Defect(time(lambda moment: "0"), WRONG_TIME, calendar),
    "1970 written out": Defect(time(lambda moment: "1970-01-01T00:00:00Z"), WRONG_TIME, calendar),
    "seconds divided by a thousand": Defect(
        time(lambda moment: str(int(moment.timestamp()) // 1000)), WRONG_TIME, calendar
    ),
    "the year 9999": Defect(time(lambda moment: "9999-12-31T00:00:00Z"), WRONG_TIME, calendar),
    "seconds": Defect(epoch(0), USED, calendar),
    "milliseconds": Defect(epoch(3), USED, calendar),
    "microseconds": Defect(epoch(6), USED, calendar),
    "nanoseconds": Defect(epoch(9), USED, calendar),
    "an offset of its own": Defect(
        time(lambda m: m.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()),
        USED,
        calendar,
    ),
    "an offset behind UTC": Defect(
        time(lambda m: m.astimezone(timezone(-timedelta(hours=3, minutes=30))).isoformat()),
        USED,
        calendar,
    ),
    # what a row is
    "the same request once more": Defect(same_id, AGAIN, identified),
    "a failed request with tokens": Defect(failed, FAILED, fails),
    "a parent, or another service": Defect(other_service, NO_USE, filtered),
    "an empty bucket": Defect(blank, EMPTY, buckets),
    "a request without counts": Defect(blank, NO_COUNT, unfiltered_requests),
    "an empty measure": Defect(count(""), NO_USE, unpriced_measures),
    "no amount: n/a": Defect(amount(lambda usd: "n/a"), NO_COUNT, costs),
    "an amount with commas: 30,000.00": Defect(
        amount(lambda usd: f"{float(usd):,.6f}"), SEPARATORS, large_amounts
    ),
    "another currency": Defect(foreign, FOREIGN, priced),
    # cells that are never read
    "a cell of 1 MB": Defect(beside("x" * 1_000_000), USED),
    "quotes inside a cell": Defect(beside("she said \"no\", 'no', \\"), USED),
    "a spreadsheet formula": Defect(beside('=HYPERLINK("http://example.com")'), USED),
    "line ends inside a cell": Defect(beside("one\ntwo\r\nthree"), USED),
}


@dataclass(frozen=True)
class FileDefect:
    """write(export, folder) -> files. The sums stay those of the clean export; `more` says which
    outcomes come to its rows; None: some rows are left out, how many depends on the format.

    endings  of the samples that can have it
    error    part of what the refusal says, where the file cannot be read at all
    """

    write: Callable
    more: dict[int, int] | Callable | None = field(default_factory=dict)
    endings: tuple[str, ...] = TEXT
    error: str = ""
    where: Callable[[Export], bool] = lambda export: True


FILE_DEFECTS = {
    # encodings
    "UTF-8 with a byte order mark": FileDefect(encoded("utf-8-sig")),
    "UTF-16": FileDefect(encoded("utf-16")),
    "cp1252": FileDefect(western, endings=CSV + LINES),
    # lines and cells
    "Windows line ends": FileDefect(respelt(lambda text: text.replace("\n", "\r\n"))),
    "line ends of both kinds": FileDefect(
        respelt(lambda text: text.replace("\n", "\r\n", 2)), endings=CSV + LINES + PROM
    ),
    "no line end at the end": FileDefect(respelt(str.rstrip)),
    "blank lines": FileDefect(respelt(lambda text: text.replace("\n", "\n\n"))),
    "separated by ;": FileDefect(separated(";"), endings=CSV),
    "separated by tabs": FileDefect(separated("\t"), endings=CSV),
    "header in capitals": FileDefect(header(str.upper), endings=CSV),
    "header in small letters": FileDefect(header(str.lower), endings=CSV),
    "blanks around the names": FileDefect(
        header(lambda line: line.replace(",", " , ")), endings=CSV
    ),
    "every cell in quotes": FileDefect(all_quoted, endings=CSV),
    "a row with too few cells": FileDefect(in_the_middle(lambda lines: "7"), {TORN: 1}, CSV),
    "a row with too many cells": FileDefect(
        in_the_middle(lambda lines: lines[1] + ",1,2,3"), {TORN: 1}, CSV
    ),
    "a quote that nobody closes": FileDefect(
        respelt(lambda text: text + '"never closed'), {TORN: 1}, CSV
    ),
    "the header once more": FileDefect(
        in_the_middle(lambda lines: lines[0]), told_by_its_time, CSV
    ),
    "the last line cut off": FileDefect(cut_last, {TORN: 1}, CSV + LINES, where=flat),
    "a broken line in the middle": FileDefect(
        in_the_middle(lambda lines: '{"id": "x", "prompt'), {TORN: 1}, LINES
    ),
    "a line that is null": FileDefect(in_the_middle(lambda lines: "null"), told_by_its_time, LINES),
    "a line that no server writes": FileDefect(
        in_the_middle(lambda lines: "hello world"), {NO_COUNT: 1}, PROM
    ),
    # documents
    "an array as root": FileDefect(as_array, endings=LINES + JSON_),
    "pretty-printed": FileDefect(pretty, endings=LINES + JSON_),
    "pages one after another": FileDefect(pages(one_after_another), endings=JSON_, where=paged),
    "pages as lines": FileDefect(
        pages(lambda parts: "\n".join(map(json.dumps, parts))), endings=JSON_, where=paged
    ),
    "pages in an array": FileDefect(pages(json.dumps), endings=JSON_, where=paged),
    "a document cut off": FileDefect(
        respelt(lambda text: text[: len(text) // 2]), endings=JSON_, error="cut off"
    ),
    # packing
    "gzip": FileDefect(packed(gzip.compress, ".gz")),
    "zstd": FileDefect(zstd),
    "a gzip cut off": FileDefect(
        packed(lambda content: gzip.compress(content)[:-12], ".gz"), error="cut off"
    ),
    "a zip": FileDefect(zipped(lambda e: {"export.csv": e.text()})),
    "a zip with two files in folders": FileDefect(zipped(in_folders), where=no_counter),
    "a gzip in a zip": FileDefect(
        zipped(lambda e: {"export.gz": gzip.compress(e.text().encode())})
    ),
    "a zip cut off": FileDefect(broken_zip, error="cannot be unpacked"),
    # several files
    "the days in two files": FileDefect(two_files, where=no_counter),
    "the same file twice": FileDefect(twice, None),
    "files that overlap": FileDefect(overlapping, None),
    # Parquet
    "Parquet with types": FileDefect(parquet(), endings=CSV + LINES, where=flat),
    "Parquet with zoned times": FileDefect(
        parquet('* REPLACE ("{time}"::TIMESTAMP::TIMESTAMPTZ AS "{time}")'),
        endings=CSV + LINES,
        where=dated,
    ),
    # no rows
    "an empty file": FileDefect(respelt(lambda text: ""), error="is empty"),
    "blank lines alone": FileDefect(respelt(lambda text: "\n \n\n"), error="holds no row"),
    "a picture": FileDefect(
        respelt(lambda text: "\x89PNG\r\n\x1a\n" + "\0" * 500), error="is no text"
    ),
}
