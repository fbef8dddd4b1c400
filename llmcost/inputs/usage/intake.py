"""From files to one hourly table: the whole intake, in order."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd

from llmcost.inputs.errors import InputError
from llmcost.inputs.temporary import temporary_folder
from llmcost.inputs.usage.account import SUMS, outcomes_frame, without_overlaps
from llmcost.inputs.usage.fields import Value, name, source_sql
from llmcost.inputs.usage.files import UsageFile, document_sql, readable
from llmcost.inputs.usage.formats import (
    UsageFormat,
    fields_read,
    has_field,
    only_counts,
    recognised,
)
from llmcost.inputs.usage.judge import HOUR_US, MINUTE_US, hourly_sql, judged_sql, spans_sql
from llmcost.inputs.usage.minutes import busiest_minutes, framed, minute_bursts, step_minutes
from llmcost.inputs.usage.normalise import FULLEST_FIRST, Read, counted_sql, normalised_sql
from llmcost.inputs.usage.opening import opened
from llmcost.inputs.usage.outcomes import COUNTING, COVERING
from llmcost.inputs.usage.packed import plain_files
from llmcost.inputs.usage.sql import Database, database, literal
from llmcost.inputs.usage.table import UsageTable

UNFINISHED = "the last page says that there are more: pages of the API are missing"
MOST_MODELS = 10_000
MAPPING = (
    "Name its columns in a client file, load: {usage: {file: NAME, mapping: {time: ...,"
    " input_tokens: ..., output_tokens: ...}}}"
)


def usage_table(
    paths: Sequence[Path], kind: UsageFormat | None = None, zone: str = ""
) -> UsageTable:
    """Read the files of one export.

    kind  what they are, where a mapping says so; else it is recognised by their fields
    zone  of times that carry none, over the one that the kind states: Europe/Berlin
    Raises InputError when a file cannot be read, is of no known kind, or holds no row that counts.
    """
    with temporary_folder() as scratch:
        plain = plain_files(paths, scratch)
        exports = [file.place.resolve() for file in plain if file.place.is_symlink()]
        with database(scratch, exports) as opener:
            files = [opened(opener, file) for file in plain]
        if kind is None:
            kind = _kind(files)
        else:
            _all_there(kind, files)
        zone = zone or kind.time.zone
        with database(scratch, exports, zone) as reader:
            return _table(reader, kind, files, zone)


def _table(reader: Database, kind: UsageFormat, files: list[UsageFile], zone: str) -> UsageTable:
    """The table, by the fastest way that these files allow: without a fault, in strict lines, in
    any lines."""
    with suppress(duckdb.Error):
        if any(file.written_in == "csv" for file in files):
            return _read(reader, kind, [file.tidy(only_counts(kind)) for file in files], zone)
    try:
        try:
            return _read(reader, kind, files, zone)
        except duckdb.InvalidInputException as error:
            if "strict_mode" not in str(error):
                raise
            return _read(reader, kind, [replace(file, is_strict=False) for file in files], zone)
    except duckdb.Error as error:
        problem = readable(error, files[0].name)
        if isinstance(problem, UnicodeDecodeError):
            problem = InputError(
                files[0].name, "", "changes its encoding on the way", "Save it as UTF-8"
            )
        raise problem from None


def _kind(files: list[UsageFile]) -> UsageFormat:
    kinds = [recognised(set(file.fields)) for file in files]
    for file, kind in zip(files, kinds, strict=True):
        if kind is None:
            raise InputError(
                file.name,
                "",
                "is no usage export that is known",
                f"{MAPPING}. It has: {_shown(file)}",
            )
    if len({kind.name for kind in kinds if kind}) > 1:
        found = ", ".join(
            f"{file.name} is {kind.title}" for file, kind in zip(files, kinds, strict=True) if kind
        )
        raise InputError(
            files[0].name, "", "the files are of several kinds", f"Read one kind at a time: {found}"
        )
    assert kinds[0] is not None
    return kinds[0]


def _all_there(kind: UsageFormat, files: list[UsageFile]) -> None:
    """Refuse a mapping that names a column which a file lacks."""
    for file in files:
        there = {field.lower() for field in file.fields}
        for field in fields_read(kind):
            if not has_field(field, kind, there):
                raise InputError(
                    "client.yaml",
                    "load.usage.mapping",
                    f"{file.name} has no column {field!r}",
                    f"It has: {_shown(file)}",
                )


def _shown(file: UsageFile) -> str:
    """Names of a file's fields for a message: only what looks like a name, and nothing of a CSV
    whose first line looks like values."""
    if file.written_in == "csv" and (
        len(file.fields) == 1 or any(re.match(r"[\d.+-]", field) for field in file.fields)
    ):
        return "no header line"
    names = [
        field
        for field in file.fields
        if re.fullmatch(r"[A-Za-z_]([A-Za-z_ ./\[\]]|\d{1,2}(?!\d)){0,60}", field)
    ]
    return ", ".join(names[:12]) or "no readable names"


def _read(database: Database, kind: UsageFormat, files: list[UsageFile], zone: str) -> UsageTable:
    source, values = _source(kind, files)
    read = Read(
        kind, values, zone, _measure_names(database, kind, values, source), files_count=len(files)
    )
    rows = f"SELECT * FROM ({normalised_sql(read)})"
    if kind.grain == "counter":
        source = counted_sql(read, source)
    if read.has(kind.request_id):
        rows, read = _marked(database, read, source, rows)
    judged, span_us = judged_sql(read, rows), HOUR_US if read.has_native_time else MINUTE_US
    source_first = f"WITH source AS NOT MATERIALIZED ({source})"  # read twice is cheaper than kept
    database.query(
        f"CREATE OR REPLACE TEMP TABLE spans AS {source_first}"
        f" {spans_sql(read, judged, f'us // {span_us}')}"
    )
    frame = framed(database, hourly_sql(read, "spans", span_us))
    if frame["model"].nunique() > MOST_MODELS:
        problem = f"names more than {MOST_MODELS:,} models"
        raise InputError(
            files[0].name, "", problem, "Name the column that holds the model, or leave it out"
        )
    frame, notes = (frame, []) if kind.grain == "counter" else without_overlaps(frame)
    notes += [
        f"{file.name} is not UTF-8: read as {file.encoding}"
        for file in files
        if file.encoding == "cp1252"
    ]
    notes += [UNFINISHED] if _stops_early(database, kind, files) else []
    sellers = _sellers(database, read, source)
    if len(sellers) > 1:
        shown = ", ".join(sellers[:6]) + (", ..." if len(sellers) > 6 else "")
        notes.append(
            f"{len(sellers)} sellers ({shown}): each model is priced at the one that its name"
            " tells, else at its maker"
        )
    outcomes = outcomes_frame(database, frame, f"{source_first} SELECT * FROM ({judged})", files)
    hourly, resolution_hours = _hourly(frame, kind), _resolution_hours(frame, read, zone)
    minutes = (
        busiest_minutes(database, read, source_first, judged, hourly)
        if resolution_hours < 1
        else pd.DataFrame()
    )
    step = step_minutes(minutes)
    return UsageTable(
        kind=kind,
        files=tuple(files),
        hourly=hourly,
        outcomes=outcomes,
        covered_hours=pd.DatetimeIndex(
            _time(
                frame.loc[frame["outcome"].isin(COVERING), "hour"].dropna().drop_duplicates()
            ).sort_values()
        ),
        resolution_hours=1.0 if kind.grain == "counter" and step == 60 else resolution_hours,
        minute_burst_ratio=minute_bursts(minutes) if step == 1 else {},
        provider=sellers[0] if len(sellers) == 1 else "",
        notes=tuple(notes),
    )


def _source(kind: UsageFormat, files: list[UsageFile]) -> tuple[str, dict[str, Value]]:
    """The rows of all files under one another; a field that is typed in one and text in another is
    text."""
    parts = [source_sql(kind, file, number) for number, file in enumerate(files)]
    merged = {}
    for field in fields_read(kind):
        families = {values[field].family for _, values in parts}
        merged[field] = Value(name(field, kind), families.pop() if len(families) == 1 else "text")
    selects = []
    for sql, values in parts:
        same = {
            f: v.sql if v.family == merged[f].family else f"{v.sql}::VARCHAR AS {v.sql}"
            for f, v in values.items()
        }
        selects.append(
            sql
            if values == merged
            else f"SELECT {', '.join(same.values())}, file, broken FROM ({sql})"
        )
    return " UNION ALL ".join(selects), merged


def _measure_names(
    database: Database, kind: UsageFormat, values: Mapping[str, Value], source: str
) -> tuple[str, ...]:
    if kind.measures is None:
        return ()
    query = (
        f"SELECT DISTINCT lower({values[kind.measures.by].sql}) AS name FROM ({source}) WHERE name"
        " IS NOT NULL LIMIT 10000"
    )
    return tuple(name for (name,) in database.rows(query))


def _marked(database: Database, read: Read, source: str, rows: str) -> tuple[str, Read]:
    """Rows with `again`: true for all but the fullest row of each request id. A file without
    repeated ids is not sorted for it."""
    who = read.value(read.kind.request_id).sql
    database.query(
        f"""CREATE OR REPLACE TEMP TABLE twice AS
        SELECT h FROM (SELECT hash({who}) AS h FROM ({source}) WHERE {who} <> '')
        GROUP BY h HAVING count(*) > 1"""
    )
    found = database.query("SELECT count(*) FROM twice").fetchone()
    if not found or not found[0]:
        return rows, read
    marked = f"""SELECT *, false AS again
        FROM ({rows}) ANTI JOIN twice ON h = hash(request_id)
        UNION ALL SELECT *, {FULLEST_FIRST} > 1 AS again
        FROM ({rows}) SEMI JOIN twice ON h = hash(request_id)"""
    return marked, replace(read, again=True)


def _time(hours: pd.Series) -> pd.Series:
    return pd.to_datetime(hours.astype("Int64") * 3600, unit="s", utc=True)


def _hourly(frame: pd.DataFrame, kind: UsageFormat) -> pd.DataFrame:
    counted = frame[frame["outcome"].isin(COUNTING)]
    if counted.empty:
        return pd.DataFrame(columns=["hour", "model", "tier", *SUMS])
    numbers = counted.astype(dict.fromkeys(SUMS, float))
    summed = (
        numbers.groupby(["hour", "model", "tier"], dropna=False)[list(SUMS)]
        .sum(min_count=1)
        .reset_index()
    )
    if kind.measures and kind.tokens.input_holds_cache:  # in rows, perhaps files, of their own
        cached = summed["cache_read_tokens"] + summed["cache_write_tokens"]
        summed["input_uncached_tokens"] = (summed["input_uncached_tokens"] - cached).clip(lower=0)
    return summed.assign(hour=_time(summed["hour"])).sort_values(
        ["hour", "model", "tier"], ignore_index=True
    )


def _resolution_hours(frame: pd.DataFrame, read: Read, zone: str) -> float:
    """What one row spans: from the ends of its buckets, else from the times that there are."""
    if read.grain in ("request", "counter") or frame["inside_hour"].fillna(False).any():
        return 0.0
    counted = frame[frame["outcome"].isin(COVERING)]
    widths = counted["width_us"].dropna()
    if len(widths):
        hours_count = float(widths.min()) / 3.6e9
        if hours_count < 1:
            return 0.0
        return 24.0 if 23 <= hours_count <= 25 else hours_count  # a day of 23 hours is a day
    hours = _time(counted["hour"].dropna().drop_duplicates()).dt.tz_convert(zone)
    return 24.0 if len(hours) and (hours.dt.hour == 0).all() else 1.0


def _stops_early(database: Database, kind: UsageFormat, files: list[UsageFile]) -> bool:
    """Whether these are pages of an API and none of them is the last."""
    pages = [file for file in files if kind.more and kind.more in file.fields]
    documents = " UNION ALL ".join(
        f"SELECT {document_sql(file.written_in)} AS page FROM {file.relation}" for file in pages
    )
    query = (
        f"SELECT bool_and(json_extract_string(page, {literal('/' + kind.more)}) = 'true') FROM"
        f" ({documents})"
    )
    answer = database.query(query).fetchone() if pages else None
    return bool(answer and answer[0])


def _sellers(database: Database, read: Read, source: str) -> list[str]:
    """Who sold the tokens, as the kind or the first rows name them."""
    if not read.has(read.kind.provider_field):
        return [read.kind.provider] if read.kind.provider else []
    named = f"lower(trim({read.value(read.kind.provider_field).sql}))"
    query = (
        f"SELECT {named} AS name FROM (SELECT * FROM ({source}) LIMIT 100000) WHERE {named} <> ''"
        " GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    return [str(seller) for (seller,) in database.rows(query)]
