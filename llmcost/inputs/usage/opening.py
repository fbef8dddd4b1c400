"""What a file of an export is: its kind, its fields, its encoding. No value leaves DuckDB here."""

import codecs
import csv
import io
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage.files import (
    EXPORT_AGAIN,
    Column,
    UsageFile,
    document_sql,
    lines_of,
    pointer_step,
    readable,
)
from llmcost.inputs.usage.packed import PlainFile
from llmcost.inputs.usage.sql import Database, literal

PROMETHEUS = re.compile(r"^(# (HELP|TYPE) |[a-zA-Z_:][\w:]*(\{.*\})?\s+[-+.\deEInfNa]+(\s+\d+)?$)")
LARGEST_DOCUMENT_BYTES = 1 << 30
SNIFFED_ROWS = 1000
MOST_FIELDS, MOST_SPARE_CELLS = 2_000, 50
"""Columns of a table, or paths in JSON; nameless columns on the right that are read along instead
of cut off."""
LONGEST_HEADER_LETTERS = 1_000_000
MOST_ROWS = 2_000_000_000
"""Of Parquet, where a few bytes may stand for any number of rows."""
DELIMITERS = ",;\t|"
GLANCE_BYTES = 16
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def opened(database: Database, file: PlainFile) -> UsageFile:
    """What a plain file is, text that is not UTF-8 as a copy in UTF-8.

    Raises InputError when it is empty, cut off, of no known kind, or has no field at all or more
    than a table has.
    """
    with file.place.open("rb") as stream:
        start = stream.read(GLANCE_BYTES)
    if start.startswith(b"PAR1"):
        return _parquet_file(database, file)
    if b"\0" in start and not start.startswith(UTF16):
        problem = "is no text: it may be UTF-16 without its mark, a spreadsheet or a picture"
        raise InputError(file.name, "", problem, "Save it as CSV in UTF-8")
    try:
        return _text_file(database, file)
    except UnicodeDecodeError:
        encoding = _recode(file.place)
        return replace(_text_file(database, file), encoding=encoding)


def _parquet_file(database: Database, file: PlainFile) -> UsageFile:
    place = literal(file.place)
    [(rows_count,)] = _rows(
        database, file, f"SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata({place})"
    )
    if rows_count > MOST_ROWS:
        cure = "Use `llmcost usage FORMAT --sql DIALECT` where the log lives"
        raise InputError(file.name, "", f"has more than {MOST_ROWS:,} rows", cure)
    described = _rows(database, file, f"DESCRIBE SELECT * FROM read_parquet({place})")
    _check_fields(file, len(described))
    columns = {
        str(row[0]): Column(f"c{number}", str(row[1])) for number, row in enumerate(described)
    }
    return UsageFile(file.name, "parquet", file.place, columns)


def _check_fields(file: PlainFile, fields_count: int) -> None:
    if fields_count > MOST_FIELDS:
        problem = f"has {fields_count:,} columns; {MOST_FIELDS:,} are the most"
        raise InputError(
            file.name, "", problem, "Export only the columns with times, models and tokens"
        )


def _recode(place: Path) -> str:
    """Make the file plain UTF-8; returns what it was read as: what its byte order mark says, else
    what Windows writes."""
    marks = {
        codecs.BOM_UTF8: "utf-8-sig",
        codecs.BOM_UTF16_LE: "utf-16",
        codecs.BOM_UTF16_BE: "utf-16",
    }
    recoded = place.with_suffix(".recoded")
    with place.open("rb") as source, recoded.open("w", encoding="utf-8", newline="") as sink:
        start = source.read(3)
        source.seek(0)
        encoding = next((name for mark, name in marks.items() if start.startswith(mark)), "cp1252")
        text = io.TextIOWrapper(source, encoding, errors="replace", newline="")
        while piece := text.read(1 << 20):
            sink.write(piece)
    recoded.replace(place)  # the link goes, the client's own file stays
    return encoding


def _text_file(database: Database, file: PlainFile) -> UsageFile:
    """A file of text. Raises UnicodeDecodeError when it is not UTF-8, or begins with a mark that a
    reader of JSON trips over."""
    lines = lines_of(file.place)
    glance = (
        f"SELECT left(ltrim(line), 200), json_valid(line) FROM {lines} WHERE trim(line) <> ''"
        " LIMIT 3"
    )
    head = _rows(database, file, glance)
    if not head:
        raise InputError(
            file.name, "", "holds no row", "Export it again with a header line and data rows"
        )
    first, is_json = head[0][0].lstrip("\ufeff \t"), head[0][1]
    if first.startswith(("{", "[")):
        return _json_file(database, file, "json_lines" if is_json and first[0] == "{" else "json")
    if all(PROMETHEUS.match(line) for line, _ in head):
        columns = {
            name: Column(name) for name in ("metric", "labels", "model_name", "value", "time")
        }
        return UsageFile(file.name, "prometheus", file.place, columns)
    return _csv_file(file, _beginning(file))


def _beginning(file: PlainFile) -> str:
    """The first letters of a text: its header is in them. A name in quotes may hold the end of a
    line."""
    with file.place.open(encoding="utf-8-sig", newline="") as source:
        return source.read(LONGEST_HEADER_LETTERS)


def _csv_file(file: PlainFile, beginning: str) -> UsageFile:
    """A CSV by its header. Nameless columns on its right are left out.

    Its delimiter splits the header into as many cells as the first row, and of several into most.
    """
    headers = {delimiter: _header(beginning, delimiter) for delimiter in DELIMITERS}
    delimiter = max(headers, key=lambda each: (headers[each].is_like_row, len(headers[each].cells)))
    cells, lines_count = headers[delimiter].cells, headers[delimiter].lines_count
    if not cells:
        raise InputError(file.name, "", "has a first line that is no header", EXPORT_AGAIN)
    named_count = max((number for number, cell in enumerate(cells, 1) if cell), default=1)
    _check_fields(file, named_count)
    if len(cells) - named_count > MOST_SPARE_CELLS:
        _cut_spare_cells(file.place, delimiter * (len(cells) - named_count))
        cells = cells[:named_count]
    if lines_count > 1:
        _put_on_one_line(file.place, lines_count, delimiter * (len(cells) - 1))
    columns = {
        name: Column(f"c{number}") for number, name in enumerate(_told_apart(cells[:named_count]))
    }
    return UsageFile(
        file.name, "csv", file.place, columns, delimiter=delimiter, cells_count=len(cells)
    )


@dataclass(frozen=True)
class Header:
    """The first row of a CSV that is not empty, split by one delimiter.

    lines_count  on which line it ends
    is_like_row  whether the row after it has as many cells, more than one
    """

    cells: tuple[str, ...] = ()
    lines_count: int = 0
    is_like_row: bool = False


def _header(beginning: str, delimiter: str) -> Header:
    """The header by this delimiter; empty where it leaves a cell of more than a hundred thousand
    letters."""
    rows = csv.reader(io.StringIO(beginning, newline=""), delimiter=delimiter)
    found = Header()
    try:
        for row in rows:
            if found.cells:
                return replace(found, is_like_row=len(row) == len(found.cells) > 1)
            if any(cell.strip() for cell in row):
                found = Header(tuple(cell.strip() for cell in row), rows.line_num)
    except csv.Error:
        return Header() if not found.cells else found
    return found


def _put_on_one_line(place: Path, lines_count: int, header: str) -> None:
    """Put one line in the place of the first ones: DuckDB loses its way in a header of several."""
    whole = place.with_suffix(".whole")
    with (
        place.open(encoding="utf-8", newline="") as source,
        whole.open("w", encoding="utf-8", newline="") as sink,
    ):
        last = [next(source) for _ in range(lines_count)][-1]
        sink.write(header + last[len(last.rstrip("\r\n")) :])
        shutil.copyfileobj(source, sink)
    whole.replace(place)


def _told_apart(cells: Sequence[str]) -> list[str]:
    """The names of a header; one that is empty or comes again, in small letters or capitals, is
    told apart by _."""
    names: dict[str, str] = {}
    last: dict[str, str] = {}
    for cell in cells:
        name = last.get(cell.lower(), cell or "_")
        while name.lower() in names:
            name += "_"
        names[name.lower()] = last[cell.lower()] = name
    return list(names.values())


def _cut_spare_cells(place: Path, spare: str) -> None:
    """Take the empty cells on the right out of every line; a line with something in them stays, and
    will be no row."""
    cut = place.with_suffix(".cut")
    with (
        place.open(encoding="utf-8", newline="") as source,
        cut.open("w", encoding="utf-8", newline="") as sink,
    ):
        for line in source:
            text = line.rstrip("\r\n")
            sink.write(text.removesuffix(spare) + line[len(text) :])
    cut.replace(place)


def _json_file(database: Database, file: PlainFile, written_in: str) -> UsageFile:
    """A file of JSON with every path in its first rows; values stay in DuckDB."""
    if written_in == "json":
        if file.place.stat().st_size > LARGEST_DOCUMENT_BYTES:
            cure = "Export it as JSON lines, or in several files"
            raise InputError(file.name, "", "is one JSON document of more than 1 GiB", cure)
        with file.place.open("rb") as stream:
            if stream.read(3) == codecs.BOM_UTF8:
                raise UnicodeDecodeError("utf-8", b"", 0, 1, "byte order mark")
    found = UsageFile(file.name, written_in, file.place, {})
    first = f"SELECT {document_sql(written_in)} AS j FROM {found.relation} LIMIT {SNIFFED_ROWS}"
    structure = _rows(
        database, file, f"SELECT json_group_structure(j) FROM ({first}) WHERE j IS NOT NULL"
    )[0][0]
    paths = dict(_paths(json.loads(structure), "", "")) if structure else {}
    if not paths:
        raise InputError(file.name, "", "is JSON without any field", EXPORT_AGAIN)
    return replace(found, columns={path: Column(paths[path]) for path in sorted(paths)})


def _paths(structure: object, at: str, pointer: str) -> Iterator[tuple[str, str]]:
    """(path, JSON pointer) of each field; the items of an array stand under [], and under their
    number as far as that can be known."""
    if isinstance(structure, dict):
        for key, inner in structure.items():
            yield from _paths(
                inner, f"{at}/{key}" if at else str(key), f"{pointer}/{pointer_step(key)}"
            )
    elif isinstance(structure, list) and structure:
        for step in ("[]", "0", "1"):
            yield from _paths(structure[0], f"{at}/{step}", f"{pointer}/{step}")
    if at:
        yield at, pointer


def _rows(database: Database, file: PlainFile, query: str) -> list[tuple]:
    """Rows of a query over one file; what DuckDB cannot read becomes an InputError, wrong encodings
    a UnicodeDecodeError."""
    try:
        return database.rows(query)
    except duckdb.Error as error:
        raise readable(error, file.name) from None
