"""From a field of an export to a value in SQL: where it stands, how a number and a time are read,
and in which state they were found."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmcost.inputs.usage.files import Column, UsageFile, document_sql, pointer_step
from llmcost.inputs.usage.formats import UsageFormat, fields_read, levels
from llmcost.inputs.usage.sql import list_literal, literal

WHOLE = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
}
FIRST_US, LAST_US = 1_420_070_400_000_000, 4_102_444_800_000_000
"""2015 and 2100, in microseconds since 1970: what is outside was read in the wrong unit."""
DATES_WITH_SLASHES: dict[bool | None, list[str]] = {
    None: [],
    True: ["%d/%m/%y", "%d/%m/%Y"],
    False: ["%m/%d/%y", "%m/%d/%Y"],
}
"""Whether the day comes first -> how such dates are written; %Y would take 26 for the year 26."""
GROUPED = r"^[0-9]{1,3}([, ''\x{a0}\x{202f}][0-9]{3})+(\.[0-9]*)?$"
"""A number with thousands separators that cannot be read otherwise: 1,234,567. A lone point is a
decimal."""


@dataclass(frozen=True)
class Value:
    """A column of the source, `sql`, and what it holds: text | whole | number | time (naive) |
    zoned.

    cast  where text was tried as a number before, so that each cell is tried once
    """

    sql: str
    family: str
    cast: str = ""

    @property
    def as_number(self) -> str:
        """Text that is a plain number, as that number."""
        return self.cast or f"TRY_CAST({self.sql} AS DOUBLE)"


MISSING = Value("NULL", "missing")


def name(field: str, kind: UsageFormat) -> str:
    """What the source calls a field of the allow-list."""
    return f"f{fields_read(kind).index(field)}"


def source_sql(kind: UsageFormat, file: UsageFile, number: int) -> tuple[str, dict[str, Value]]:
    """(SELECT of the allow-listed fields alone, field -> value) for one file. Columns: f0, f1, ...,
    file, broken."""
    if file.written_in == "prometheus":
        return _prometheus(kind, file, number)
    if file.written_in in ("json", "json_lines"):
        return _json(kind, file, number)
    columns, values = [], {}
    known = {name.lower(): column for name, column in file.columns.items()}
    for field in fields_read(kind):
        sql, family = _column(field, known)
        columns.append(f"{sql} AS {name(field, kind)}")
        values[field] = Value(name(field, kind), family)
    return (
        f"SELECT {', '.join(columns)}, {number} AS file, false AS broken FROM {file.relation}",
        values,
    )


def _column(field: str, known: Mapping[str, Column]) -> tuple[str, str]:
    """(SQL, family) of a field of a table, its columns by their names in small letters: a column,
    or a path into one of JSON."""
    first, *rest = field.split("/")
    holder = known.get(first.lower()) if rest else None
    # Beside usage_details a column `input` is no count: it is the prompt.
    for flat in (field, ".".join([first, *rest]), "" if holder else ".".join(rest)):
        if flat and flat.lower() in known:
            return _typed(known[flat.lower()])
    if holder is None:
        return "NULL::VARCHAR", "missing"
    is_nested = holder.type.startswith(("STRUCT", "MAP"))
    document = f"to_json({holder.sql})" if is_nested else f"TRY_CAST({holder.sql} AS JSON)"
    return f"json_extract_string({document}, {literal(_pointer('/'.join(rest)))})", "text"


def _typed(column: Column) -> tuple[str, str]:
    if column.type in WHOLE:
        return column.sql, "whole"
    if column.type in ("DOUBLE", "FLOAT") or column.type.startswith("DECIMAL"):
        return f"{column.sql}::DOUBLE", "number"
    if column.type == "TIMESTAMP WITH TIME ZONE":
        return column.sql, "zoned"
    if column.type == "DATE" or column.type.startswith("TIMESTAMP"):
        return f"{column.sql}::TIMESTAMP", "time"
    return (column.sql if column.type == "VARCHAR" else f"{column.sql}::VARCHAR"), "text"


def _json(kind: UsageFormat, file: UsageFile, number: int) -> tuple[str, dict[str, Value]]:
    """Each document taken apart down to its rows; a field is looked for in the row, then in what
    the row lies in."""
    blank = " WHERE trim(line) <> ''" if file.written_in == "json_lines" else ""
    there = any(
        f"{levels(kind)[-1]}{field}" in file.columns or levels(kind)[-1] == ""
        for field in kind.recognise
    )
    pointers = list_literal([_pointer_in(file, field) for field in fields_read(kind)])
    documents = f"SELECT {document_sql(file.written_in)} AS d FROM {file.relation}{blank}"
    inner = (
        f"SELECT d, d IS NULL AS broken, json_extract_string(d, {pointers}) AS x0 FROM"
        f" ({documents})"
    )
    depths = [0]
    for array in kind.rows_in if there else []:
        items = f"json_extract(d, {literal(_array_path(array))})"
        filled = f"CASE WHEN len({items}) > 0 THEN {items} ELSE [NULL::JSON] END"
        # What a row lies in gives its fields before it is taken apart: carried along, it would be
        # there once for each of its rows.
        kept = ", ".join(f"x{i}" for i in depths)
        inner = f"SELECT broken, {kept}, unnest({filled}) AS d FROM ({inner})"
        inner = f"SELECT *, json_extract_string(d, {pointers}) AS x{len(depths)} FROM ({inner})"
        depths = [len(depths), *depths]
    paired = f", json_extract(d, {literal(_array_path(kind.pairs))}) AS pairs" if kind.pairs else ""
    read = f"SELECT *{paired} FROM ({inner})"
    columns = [
        f"{_pair(field, kind) if kind.pairs and field.startswith(f'{kind.pairs}/') else places} AS"
        f" f{n - 1}"
        for n, field in enumerate(fields_read(kind), 1)
        for places in [f"coalesce({', '.join(f'x{i}[{n}]' for i in depths)})"]
    ]
    values = {field: Value(name(field, kind), "text") for field in fields_read(kind)}
    return f"SELECT {', '.join(columns)}, {number} AS file, broken FROM ({read})", values


def _pair(field: str, kind: UsageFormat) -> str:
    """The value of a field that stands as {"key": ..., "value": {"intValue": ...}} in an array."""
    key = literal(field.removeprefix(f"{kind.pairs}/"))
    found = f"list_filter(pairs, lambda pair: json_extract_string(pair, '$.key') = {key})"
    return f"json_extract_string(json_extract({found}[1], '$.value.*')[1], '$')"


def _array_path(array: str) -> str:
    """All items of an array at a path, as DuckDB's JSON path."""
    return "$" + "".join(f'."{step}"' for step in array.split("/")) + "[*]"


def _pointer_in(file: UsageFile, field: str) -> str:
    """The pointer to a field of JSON: a key of this very name that the first rows have, else a
    path."""
    known = file.columns.get(field)
    return known.sql if known else _pointer(field)


def _pointer(field: str) -> str:
    return "/" + "/".join(map(pointer_step, field.split("/")))


def _prometheus(kind: UsageFormat, file: UsageFile, number: int) -> tuple[str, dict[str, Value]]:
    """Samples of the text that a server shows: name{labels} value [milliseconds]."""
    parts = {
        "metric": r"regexp_extract(line, '^([a-zA-Z_:][\w:]*)', 1)",
        "labels": r"regexp_extract(line, '\{(.*)\}', 1)",
        "model_name": r"""regexp_extract(line, 'model_name="((?:[^"\\]|\\.)*)"', 1)""",
        "value": r"regexp_extract(line, '^[^{ ]+(?:\{.*\})?\s+(\S+)', 1)",
        "time": r"nullif(regexp_extract(line, '^[^{ ]+(?:\{.*\})?\s+\S+\s+(\d+)\s*$', 1), '')",
    }
    columns = [f"{parts[field]} AS {name(field, kind)}" for field in fields_read(kind)]
    values = {field: Value(name(field, kind), "text") for field in fields_read(kind)}
    where = "WHERE trim(line) <> '' AND line NOT LIKE '#%'"
    return (
        (
            f"SELECT {', '.join(columns)}, {number} AS file, false AS broken FROM {file.relation}"
            f" {where}"
        ),
        values,
    )


def number_sql(value: Value) -> str:
    """A number, NULL where there is none. Text may have thousands separators where they cannot be
    anything else."""
    if value.family != "text":
        return "NULL" if value.family == "missing" else value.sql
    bare = f"regexp_replace({value.sql}, '[^0-9.]', '', 'g')"
    grouped = (
        f"CASE WHEN regexp_matches(trim({value.sql}), {literal(GROUPED)}) THEN TRY_CAST({bare} AS"
        " DOUBLE) END"
    )
    return f"coalesce({value.as_number}, {grouped})"


def was_grouped_sql(value: Value) -> str:
    """Whether the number was written with thousands separators."""
    return f"({value.as_number} IS NULL AND {value.sql} IS NOT NULL AND trim({value.sql}) <> '')"


def time_us_sql(value: Value, zone: str, relative: str, day_first: bool | None) -> str:
    """Microseconds since 1970, UTC; NULL where it is no time. A number's unit follows from its
    size, so that none is read as 1970.

    The session's zone is `zone`: times without one are read in it. Dates with slashes need to be
    told which number is the day.
    """
    if value.family == "missing":
        return "NULL::BIGINT"
    if value.family in ("time", "zoned"):
        at = (
            f"timezone({literal(zone)}, {value.sql})"
            if value.family == "time" and zone != "UTC"
            else value.sql
        )
        return f"epoch_us({at})"
    plain = f"TRY_CAST({value.sql} AS DOUBLE)" if value.family == "text" else value.sql
    if relative:
        us = f"({plain} * {1e6 if relative == 's' else 1e3})"
        return (
            f"CASE WHEN {us} BETWEEN 0 AND {LAST_US} THEN CAST({us} AS BIGINT) +"
            f" {RELATIVE_START_US} END"
        )
    # seconds, milliseconds, microseconds; else nanoseconds
    units = ((1e11, "* 1e6"), (1e14, "* 1e3"), (1e17, ""))
    cases = " ".join(f"WHEN {plain} < {below:g} THEN {plain} {factor}" for below, factor in units)
    scaled = f"CASE {cases} ELSE {plain} / 1e3 END"
    epoch = (
        f"CASE WHEN isfinite({plain}) AND {plain} BETWEEN 0 AND 9e18 THEN CAST({scaled} AS"
        " BIGINT) END"
    )
    if value.family != "text":
        return epoch
    dates = DATES_WITH_SLASHES[day_first]
    formats = [f"{date}{clock}" for date in dates for clock in ("", " %H:%M", " %H:%M:%S")]
    slashed = (
        f"epoch_us(timezone({literal(zone)}, try_strptime({value.sql}, {list_literal(formats)})))"
        if formats
        else "NULL"
    )
    is_slashed, stated = (
        f"{value.sql} LIKE '_/%' OR {value.sql} LIKE '__/%'",
        f"epoch_us(TRY_CAST({value.sql} AS TIMESTAMPTZ))",
    )
    patient = f"CASE WHEN {is_slashed} THEN {slashed} ELSE coalesce({stated}, {epoch}) END"
    if zone != "UTC":
        return patient
    is_common = f"{value.sql} LIKE '20__-%'"  # half the cost of asking the session for its zone
    return (
        f"coalesce(CASE WHEN {is_common} THEN epoch_us(TRY_CAST({value.sql} || 'Z' AS TIMESTAMPTZ))"
        f" END, {patient})"
    )


RELATIVE_START_US = 1_704_067_200_000_000
"""Monday 2024-01-01, for records that have no calendar: what is said of weekdays is left out for
them."""
