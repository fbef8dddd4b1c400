"""A usage file as DuckDB reads it: what it is written in, and which fields it has. No value leaves
DuckDB here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage.sql import literal

LONGEST_LINE_BYTES = 16_000_000
LINES = f"max_line_size = {LONGEST_LINE_BYTES}, buffer_size = {2 * LONGEST_LINE_BYTES}"
"""Without a buffer's size DuckDB takes 16 lines of the longest kind, only to look at the first
ones."""
CUT_OFF = "cannot be read: cut off, or not what its beginning says"
EXPORT_AGAIN = "Export it again as CSV, JSON lines or Parquet"


@dataclass(frozen=True)
class Column:
    """A field of a file, as SQL finds it.

    sql   the column's name in the file's relation, one of ours: c0, c1, ...; of JSON the pointer to
          it
    type  its type in DuckDB
    """

    sql: str
    type: str = "VARCHAR"


@dataclass(frozen=True)
class UsageFile:
    """One file, ready to be read.

    name        as its owner knows it
    written_in  csv | json_lines | json | parquet | prometheus
    place       where DuckDB reads it
    columns     field -> column; the fields of JSON are paths, and text
    encoding    what its text was read as
    delimiter, cells_count  of a CSV: what parts its cells, and how many a line has
    is_strict   whether reading a CSV fails where its lines end in several ways
    is_tidy     whether reading a CSV fails at the first cell or row that is none
    """

    name: str
    written_in: str
    place: Path
    columns: Mapping[str, Column]
    encoding: str = "utf-8"
    delimiter: str = ","
    cells_count: int = 0
    is_strict: bool = True
    is_tidy: bool = False

    @property
    def fields(self) -> list[str]:
        """The names of its fields, as it writes them."""
        return list(self.columns)

    @property
    def relation(self) -> str:
        """What stands after FROM."""
        if self.written_in == "csv":
            return self._csv()
        if self.written_in == "parquet":
            names = ", ".join(column.sql for column in self.columns.values())
            return f"read_parquet({literal(self.place)}) AS export_rows({names})"
        return _documents(self.place) if self.written_in == "json" else lines_of(self.place)

    def _csv(self) -> str:
        """Cells stand by their number: no name of a column ever enters SQL."""
        types = {f"c{number}": "VARCHAR" for number in range(self.cells_count)}
        types |= {column.sql: column.type for column in self.columns.values()}
        cells = ", ".join(f"{literal(cell)}: {literal(kind)}" for cell, kind in types.items())
        options = [
            f"delim = {literal(self.delimiter)}",
            "quote = '\"', escape = '\"', header = true, auto_detect = false",
            f"columns = {{{cells}}}",
            f"strict_mode = {str(self.is_strict).lower()}",
            f"store_rejects = {str(not self.is_tidy).lower()}",
            LINES,
        ]
        return f"read_csv({literal(self.place)}, {', '.join(options)})"

    def tidy(self, counts: Collection[str]) -> "UsageFile":
        """A CSV as one reads it that has no fault, its counts as numbers: reading fails at the
        first cell or row that is none.

        This takes three quarters of the time, for these cells need not be text first. Other columns
        stay text: an id may be long digits.
        """
        if self.written_in != "csv":
            return self
        columns = dict(self.columns)
        for name, column in self.columns.items():
            if name.lower() in counts:
                columns[name] = replace(column, type="DOUBLE")
        return replace(self, columns=columns, is_tidy=True)


def lines_of(place: Path) -> str:
    """The lines of a text file, one a row, in a column `line`."""
    plain = (
        "delim = '\x01', quote = '', escape = '', header = false, auto_detect = false, strict_mode"
        " = false"
    )
    return f"read_csv({literal(place)}, {plain}, columns = {{'line': 'VARCHAR'}}, {LINES})"


def _documents(place: Path) -> str:
    most = max(place.stat().st_size, 1 << 20) + 1
    return f"read_json_objects({literal(place)}, format = 'auto', maximum_object_size = {most})"


def document_sql(written_in: str) -> str:
    """A document of a JSON file's relation; NULL where a line is none."""
    return "TRY_CAST(line AS JSON)" if written_in == "json_lines" else "json"


def pointer_step(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


OURS = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.InternalException,
    duckdb.ParserException,
    duckdb.PermissionException,
)
"""Errors of a wrong query: they are ours, not the file's."""


def readable(error: duckdb.Error, name: str) -> Exception:
    """What a person should hear of an error of DuckDB. Its own text may hold values of the file and
    is not shown. A wrong query is ours."""
    text = str(error)
    if "recursion depth" in text:
        return InputError(name, "", "has JSON that is nested too deep", EXPORT_AGAIN)
    if isinstance(error, OURS):
        return error
    if "nicode" in text or "utf-8" in text.lower() or "encoding is not supported" in text:
        return UnicodeDecodeError("utf-8", b"", 0, 1, "not UTF-8")
    if "memory" in text.lower():
        cure = "Use `llmcost usage FORMAT --sql DIALECT` where the log lives"
        return InputError(name, "", "needs more memory or disk than there is", cure)
    if "maximum_object_size" in text or "max_line_size" in text or "Maximum line size" in text:
        return InputError(
            name, "", "has a row of more than 16 MB", "Export it without prompts and responses"
        )
    return InputError(name, "", CUT_OFF, EXPORT_AGAIN)
