"""Exports whose names are attacks: of columns, models, files and folders. Told right, each is the
same as a plain one."""

import csv
import gzip
import itertools
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from llmcost.inputs.client import Mapping
from llmcost.inputs.usage.formats import UsageFormat
from llmcost.inputs.usage.workload import mapped_format

HOURS_COUNT = 30
FIELDS = ("time", "model", "requests", "input_tokens", "output_tokens", "cost_usd")
CLOSERS = ['"', "'", '")', "')", '";', "';", '"]', "}", "*/", "\\'", '""', "$$", ")", ";"]
PAYLOADS = [
    "SELECT content FROM read_text('{secret}')",
    "COPY (SELECT 1) TO '{written}'",
    "COPY (SELECT 'import os') TO '{written}' (FORMAT csv, HEADER false)",
    "ATTACH '{written}' AS a",
    "INSTALL httpfs",
    "UNION ALL SELECT content FROM read_blob('{secret}')",
    "CREATE TABLE t AS SELECT * FROM glob('{folder}/*')",
    "EXPORT DATABASE '{written}'",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "CREATE PERSISTENT SECRET s (TYPE s3)",
    "FROM read_csv('{secret}')",
    "DROP TABLE spans",
]
TAILS = [" --", " /*", ""]
ATTACKS = list(itertools.product(CLOSERS, PAYLOADS, TAILS))
"""A name that ends what it may stand in, says something of its own, and takes the rest away: 588 of
them."""
LETTERS = [
    *"abz019\"';-/\\$`{}[]()*?%_,.:#&|!<>=~^+@ \n\r\t",
    *["é", "ß", "İ", "\u202e", "\ufeff", "😀"],
]
"""Of which a name may be made: quotes, ends of a statement, marks of patterns and paths,
directions, emoji."""
FOLDER_NAMES = [
    "acme*",
    "acme[12]",
    "usage[1]",
    "run?",
    "-rf",
    "a'b",
    'a"b',
    "a;b",
    "a--b",
    "$HOME",
    "{a}",
    "a\nb",
    "\u202eb",
    "😀",
    "%41",
    "~",
]


def rows_of(names: Sequence[str], model: str = "a-model") -> list[dict[str, Any]]:
    """Thirty hours of one model under these names of columns."""
    found: list[dict[str, Any]] = []
    for hour in range(HOURS_COUNT):
        stamp = pd.Timestamp("2026-10-01", tz="UTC") + pd.Timedelta(hours=hour)
        found.append(
            dict(zip(names, (stamp.isoformat(), model, 2, 1000 + hour, 100, 0.5), strict=True))
        )
    return found


def written(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """The rows as the kind of file that the path's name says."""
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(rows[0])
            writer.writerows(row.values() for row in rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        columns = {
            f"c{number}": [list(row.values())[number] for row in rows]
            for number in range(len(rows[0]))
        }
        frame = pd.DataFrame(columns)  # noqa: F841 - DuckDB finds it by its name
        quoted = [
            f'c{number} AS "{name.replace(chr(34), chr(34) * 2)}"'
            for number, name in enumerate(rows[0])
        ]
        duckdb.sql(f"SELECT {', '.join(quoted)} FROM frame").write_parquet(str(path))
    return path


def mapping_of(names: Sequence[str]) -> UsageFormat:
    """What these columns mean, as a client file says it."""
    return mapped_format(Mapping(**dict(zip(FIELDS, names, strict=True))))


def told_apart(names: Sequence[str]) -> list[str]:
    """The names, each with a beginning of its own, as a header keeps them."""
    return [f"{field} {name}".strip() for field, name in zip(FIELDS, names, strict=True)]


def packed_as(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """The rows as a file that may be packed, as the path's name says."""
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(written(path.with_name("unpacked.csv"), rows).read_bytes()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "a*[1]';--.csv", written(path.with_name("unpacked.csv"), rows).read_bytes()
            )
    else:
        written(path, rows)
    return path
