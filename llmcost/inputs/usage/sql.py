"""The wall between an export's words and DuckDB: how a text enters a query, and what a query may
touch.

Two walls stand apart from one another. No text of a client enters a query but through `literal`,
and no name of a client's column or file enters one at all: columns are numbered, files have names
of ours. A query that came through nevertheless is one statement that reads or makes a table in
memory, in a database that may open the export's own files and the scratch folder, whose settings
are locked and which loads no extension.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from llmcost.inputs.errors import InputError

MEMORY_LIMIT = "1400MB"
ALLOWED = (duckdb.StatementType.SELECT, duckdb.StatementType.CREATE)
"""Kinds of statements that the intake needs: all others write, attach or set something."""


def literal(text: object) -> str:
    """A text as SQL writes it, quotes included; it stays text whatever it holds.

    >>> print(literal("O'Neill"))
    'O''Neill'
    """
    return "'" + str(text).replace("'", "''") + "'"


def list_literal(texts: Sequence[object]) -> str:
    """A list of texts as SQL writes it."""
    return f"[{', '.join(map(literal, texts))}]"


class Database:
    """A DuckDB in memory behind the second wall. `query` is the only way in."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection

    def query(self, sql: str) -> duckdb.DuckDBPyConnection:
        """The answer of one statement, to be fetched. Raises duckdb.Error; PermissionException for
        another kind."""
        if [
            statement.type in ALLOWED for statement in self._connection.extract_statements(sql)
        ] != [True]:
            raise duckdb.PermissionException("one statement that reads is allowed")
        return self._connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of the answer of one statement."""
        return self.query(sql).fetchall()


@contextmanager
def database(scratch: Path, exports: Sequence[Path], zone: str = "UTC") -> Iterator[Database]:
    """A database that can read these files and the scratch folder, and nothing else.

    scratch  a folder for what must be unpacked, and for what does not fit into memory
    exports  the client's files, links resolved
    zone     times without a zone are read in it
    Raises InputError for a time zone that does not exist, and for a scratch folder whose name
    DuckDB reads as a pattern.
    """
    if set(str(scratch)) & set("*?["):
        raise InputError(
            "TMPDIR", "", "names a folder with *, ? or [ in its name", "Set it to another folder"
        )
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET memory_limit = {literal(MEMORY_LIMIT)}")
        connection.execute(f"SET temp_directory = {literal(scratch / 'spilled')}")
        try:
            connection.execute(f"SET TimeZone = {literal(zone)}")
        except duckdb.Error:
            problem = f"there is no time zone {zone[:60]!r}"
            raise InputError(
                "client.yaml", "time_zone", problem, "Write it as Europe/Berlin"
            ) from None
        connection.execute(f"SET allowed_directories = {list_literal([scratch])}")
        connection.execute(f"SET allowed_paths = {list_literal(exports)}")
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
            connection.execute(f"SET {setting} = false")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield Database(connection)
