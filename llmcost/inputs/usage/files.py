"""A usage file as DuckDB reads it: what it is packed in, what it is written in, and which fields it has. No value leaves DuckDB here."""

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

import duckdb

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage.zips import unzipped

MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
PROMETHEUS = re.compile(r"^(# (HELP|TYPE) |[a-zA-Z_:][\w:]*(\{.*\})?\s+[-+.\deEInfNa]+(\s+\d+)?$)")
LONGEST_LINE_BYTES = 16_000_000
LINES = f"max_line_size = {LONGEST_LINE_BYTES}, buffer_size = {2 * LONGEST_LINE_BYTES}"
"""Without a buffer's size DuckDB takes 16 lines of the longest kind, only to look at the first ones."""
LARGEST_DOCUMENT_BYTES = 1 << 30
SNIFFED_ROWS = 1000
DELIMITERS = ",;\t|"
STRICT = "strict_mode = true"
CUT_OFF = "cannot be read: cut off, or not what its beginning says"
EXPORT_AGAIN = "Export it again as CSV, JSON lines or Parquet"


@dataclass(frozen=True)
class UsageFile:
    """One file, ready to be read.

    written_in  csv | json_lines | json | parquet | prometheus
    relation    what DuckDB reads it with
    fields      field -> its type in DuckDB; the fields of JSON are paths, and text
    encoding    what its text was read as
    """

    name: str
    written_in: str
    relation: str
    fields: dict[str, str]
    encoding: str = "utf-8"

    def tidy(self, counts: Collection[str]) -> "UsageFile":
        """A CSV as one reads it that has no fault, its counts as numbers: reading fails at the first cell or row that is none.

        This takes three quarters of the time, for these cells need not be text first. Other columns stay text: an id may be long digits.
        """
        types = {field: "DOUBLE" if field.lower() in counts else "VARCHAR" for field in self.fields}
        relation = self.relation.replace(_columns(self.fields), _columns(types)).replace("store_rejects = true, ", "")
        return replace(self, relation=relation, fields=types) if self.written_in == "csv" else self


def _columns(types: Mapping[str, str]) -> str:
    return "columns = {" + ", ".join(f"'{quoted(name)}': '{kind}'" for name, kind in types.items()) + "}"


def opened(connection: duckdb.DuckDBPyConnection, path: Path, scratch: Path) -> list[UsageFile]:
    """The file, or the files inside a zip. `scratch` is an empty folder for what must be unpacked or recoded.

    Raises InputError when it is empty, cut off, of no known kind, or has no field at all.
    """
    if path.stat().st_size == 0:
        raise InputError(path.name, "", "is empty", "Export it again with a header line and data rows")
    with path.open("rb") as stream:
        head = stream.read(4)
    if head[:4] in ZIP:
        if path.parent == scratch:
            raise InputError(path.name, "", "is a zip inside a zip", "Unpack it yourself and give the files")
        return [found for member, said in unzipped(path, scratch) for found in _member(connection, path, member, said, scratch)]
    if head[:4] == b"PAR1":
        relation = f"read_parquet('{quoted(path)}')"
        columns = _answer(connection, path, f"DESCRIBE SELECT * FROM {relation}")
        return [UsageFile(path.name, "parquet", relation, {str(row[0]): str(row[1]) for row in columns})]
    packed = next((name for magic, name in MAGIC.items() if head.startswith(magic)), "none")
    try:
        return [_text_file(connection, path, packed)]
    except UnicodeDecodeError:
        plain, encoding = _recoded(path, packed, scratch)
        return [replace(_text_file(connection, plain, "none"), encoding=encoding)]


def quoted(text: object) -> str:
    """Inside a SQL string."""
    return str(text).replace("'", "''")


def _member(connection: duckdb.DuckDBPyConnection, path: Path, member: Path, said: str, scratch: Path) -> list[UsageFile]:
    """A file out of a zip, under the name that it has there."""
    try:
        return [replace(found, name=f"{path.name}/{said}") for found in opened(connection, member, scratch)]
    except InputError as error:
        raise InputError(f"{path.name}/{said}", error.field, error.problem, error.cure) from None


def _unpacked(path: Path, packed: str) -> IO[bytes]:
    if packed == "zstd":
        raise InputError(path.name, "", "is packed with zstd and not UTF-8", "Unpack it and save it as UTF-8")
    return cast(IO[bytes], gzip.open(path)) if packed == "gzip" else path.open("rb")


def _start(path: Path, packed: str) -> bytes:
    """The first bytes of the text; of zstd, which only DuckDB reads here, none."""
    if packed == "zstd":
        return b""
    with _unpacked(path, packed) as stream:
        return stream.read(3)


def _recoded(path: Path, packed: str, scratch: Path) -> tuple[Path, str]:
    """(the text as plain UTF-8, what it was read as): what its byte order mark says, else what Windows writes."""
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    target = scratch / "recoded" / path.name
    target.parent.mkdir(exist_ok=True)
    try:
        start = _start(path, packed)
        encoding = next((name for mark, name in marks.items() if start.startswith(mark)), "cp1252")
        with _unpacked(path, packed) as packed_bytes, target.open("w", encoding="utf-8", newline="") as sink:
            source = io.TextIOWrapper(packed_bytes, encoding, errors="replace", newline="")
            while piece := source.read(1 << 20):
                sink.write(piece)
    except (OSError, EOFError, zlib.error):
        raise InputError(path.name, "", CUT_OFF, EXPORT_AGAIN) from None
    return target, encoding


def _text_file(connection: duckdb.DuckDBPyConnection, path: Path, packed: str) -> UsageFile:
    """A file of text. Raises UnicodeDecodeError when it is not UTF-8, or begins with a mark that a reader of JSON trips over."""
    options = f"compression = '{packed}'"
    lines = lines_relation(path, options)
    glance = f"SELECT left(ltrim(line), 200), json_valid(line) FROM {lines} WHERE trim(line) <> '' LIMIT 3"
    head = _answer(connection, path, glance)
    if not head:
        raise InputError(path.name, "", "holds no row", "Export it again with a header line and data rows")
    first, is_json = head[0][0].lstrip("\ufeff \t"), head[0][1]
    if first.startswith(("{", "[")):
        written_in, relation = ("json_lines", lines) if is_json and first[0] == "{" else ("json", _documents(path, packed))
        if written_in == "json" and _start(path, packed).startswith(codecs.BOM_UTF8):
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "byte order mark")
        return UsageFile(path.name, written_in, relation, _json_fields(connection, path, written_in, relation))
    if all(PROMETHEUS.match(line) for line, _ in head):
        fields = dict.fromkeys(("metric", "labels", "model_name", "value", "time"), "VARCHAR")
        return UsageFile(path.name, "prometheus", lines, fields)
    header = _answer(connection, path, f"SELECT line FROM {lines} WHERE trim(line) <> '' LIMIT 1")[0][0]
    try:
        delimiter, names = _header(header.lstrip("\ufeff"))
    except csv.Error:
        raise InputError(path.name, "", "has a first line that is no header", EXPORT_AGAIN) from None
    fields = dict.fromkeys(names, "VARCHAR")
    dialect = f"delim = '{delimiter}', quote = '\"', escape = '\"', header = true, auto_detect = false, {_columns(fields)}"
    strictly = f"{STRICT}, store_rejects = true, {LINES}"
    relation = f"read_csv('{quoted(path)}', {options}, {dialect}, {strictly})"
    return UsageFile(path.name, "csv", relation, fields)


def _header(line: str) -> tuple[str, list[str]]:
    """(delimiter, names) of a CSV's first line: what splits it into most cells. A name that comes twice is told apart by _."""
    cells = {delimiter: next(csv.reader([line], delimiter=delimiter)) for delimiter in DELIMITERS}
    delimiter = max(cells, key=lambda each: len(cells[each]))
    names: dict[str, str] = {}
    for cell in cells[delimiter]:
        name = cell.strip() or "_"
        while name.lower() in names:
            name += "_"
        names[name.lower()] = name
    return delimiter, list(names.values())


def loosened(file: UsageFile) -> UsageFile:
    """The same file, read although its lines end in several ways."""
    return replace(file, relation=file.relation.replace(STRICT, "strict_mode = false"))


def lines_relation(path: Path, options: str) -> str:
    """The lines of a text file, one a row, in a column `line`."""
    plain = (
        "delim = '\x01', quote = '', escape = '', header = false, auto_detect = false, strict_mode = false, columns = {'line': 'VARCHAR'}"
    )
    return f"read_csv('{quoted(path)}', {options}, {plain}, {LINES})"


def _documents(path: Path, packed: str) -> str:
    if path.stat().st_size > LARGEST_DOCUMENT_BYTES:
        raise InputError(path.name, "", "is one JSON document of more than 1 GiB", "Export it as JSON lines, or in several files")
    most = max(64 * path.stat().st_size if packed != "none" else path.stat().st_size, 1 << 20) + 1
    most = min(most, LARGEST_DOCUMENT_BYTES)
    return f"read_json_objects('{quoted(path)}', format = 'auto', compression = '{packed}', maximum_object_size = {most})"


def document_sql(written_in: str) -> str:
    """A document of a JSON file's relation; NULL where a line is none."""
    return "TRY_CAST(line AS JSON)" if written_in == "json_lines" else "json"


def _json_fields(connection: duckdb.DuckDBPyConnection, path: Path, written_in: str, relation: str) -> dict[str, str]:
    """Every path in the first rows; values stay in DuckDB."""
    first = f"SELECT {document_sql(written_in)} AS j FROM {relation} LIMIT {SNIFFED_ROWS}"
    query = f"SELECT json_group_structure(j) FROM ({first}) WHERE j IS NOT NULL"
    structure = _answer(connection, path, query)[0][0]
    paths = set(_paths(json.loads(structure), "")) if structure else set()
    if not paths:
        raise InputError(path.name, "", "is JSON without any field", EXPORT_AGAIN)
    return dict.fromkeys(sorted(paths), "VARCHAR")


def _paths(structure: object, at: str) -> Iterator[str]:
    """Paths of a structure; the items of an array stand under [], and under their number as far as that can be known."""
    if isinstance(structure, dict):
        for key, inner in structure.items():
            yield from _paths(inner, f"{at}/{key}" if at else str(key))
    elif isinstance(structure, list) and structure:
        for step in ("[]", "0", "1"):
            yield from _paths(structure[0], f"{at}/{step}")
    if at:
        yield at


def _answer(connection: duckdb.DuckDBPyConnection, path: Path, query: str) -> list[tuple]:
    """Rows of a query over one file; what DuckDB cannot read becomes an InputError, wrong encodings a UnicodeDecodeError."""
    try:
        return connection.execute(query).fetchall()
    except duckdb.Error as error:
        raise readable(error, path.name) from None


def readable(error: duckdb.Error, name: str) -> Exception:
    """What a person should hear of an error of DuckDB. Its own text may hold values of the file and is not shown. A wrong query is ours."""
    if isinstance(error, duckdb.BinderException | duckdb.ParserException | duckdb.CatalogException | duckdb.InternalException):
        return error
    text = str(error)
    if "nicode" in text or "utf-8" in text.lower() or "encoding is not supported" in text:
        return UnicodeDecodeError("utf-8", b"", 0, 1, "not UTF-8")
    if "memory" in text.lower():
        return InputError(
            name, "", "needs more memory or disk than there is", "Use `llmcost usage FORMAT --sql DIALECT` where the log lives"
        )
    if "maximum_object_size" in text or "max_line_size" in text or "Maximum line size" in text:
        return InputError(name, "", "has a row of more than 16 MB", "Export it without prompts and responses")
    return InputError(name, "", CUT_OFF, EXPORT_AGAIN)
