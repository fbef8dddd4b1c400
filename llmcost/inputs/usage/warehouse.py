"""The same aggregation as SQL for the warehouse where a log already lives; its result is a file
that the intake reads."""

import difflib
import json
import re
from dataclasses import replace

import sqlglot
from sqlglot import exp

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage.fields import Value
from llmcost.inputs.usage.formats import UsageFormat, terms
from llmcost.inputs.usage.judge import SUMMED, judged_sql, spans_sql
from llmcost.inputs.usage.naming import model_sql, tier_sql
from llmcost.inputs.usage.normalise import COUNTS, FULLEST_FIRST, Read, normalised_sql
from llmcost.inputs.usage.outcomes import COUNTING
from llmcost.inputs.usage.sql import literal


def warehouse_sql(kind: UsageFormat, dialect: str, table: str = "") -> str:
    """A query that makes the hourly table of `kind` from a table with the export's columns.

    dialect  one that sqlglot knows: spark, bigquery, snowflake, postgres, ...
    table    the table's name, with schema where it needs one; the kind's name without it

    Its header says which columns it asks for. Its result has the columns of the kind
    `llmcost_hourly`: saved as CSV or Parquet, it comes back in through `usage_table` with the same
    hours, tokens and account of the rows. Raises InputError for a dialect or table name that cannot
    be, and for exports that are no table.
    """
    _refuse(kind, dialect)
    if not re.fullmatch(r"[\w$-]+(\.[\w$-]+){0,2}", table or kind.name):
        raise InputError("--table", "", "is no name of a table", "Write it as schema.table")
    source = exp.to_table(table or kind.name).sql("duckdb", identify=True)
    columns = _columns(kind)
    read = Read(
        kind,
        {field: Value(name, family) for field, (_, family, name) in columns.items()},
        "UTC",
        in_warehouse=True,
    )
    asked = ", ".join(f"{sql} AS {name}" for sql, _, name in columns.values())
    tree = sqlglot.parse_one(_query(read, asked, source), "duckdb")
    for number, part in enumerate(tree.find_all(exp.Subquery), start=1):
        name = exp.to_identifier(f"part{number}")  # some dialects ask for one
        part.set("alias", exp.TableAlias(this=name))
    try:
        query = tree.sql(
            dialect, pretty=True, identify=True, unsupported_level=sqlglot.ErrorLevel.RAISE
        )
    except sqlglot.errors.UnsupportedError:
        raise InputError(
            kind.name,
            "",
            f"asks for more than {dialect} can do",
            "Give the file itself to `llmcost usage`",
        ) from None
    return f"{_header(kind, columns)}{query}\n"


def _refuse(kind: UsageFormat, dialect: str) -> None:
    known = sorted(name for name in sqlglot.Dialect.classes if name)
    if dialect not in known:
        near = difflib.get_close_matches(dialect.lower(), known, n=3, cutoff=0.4)
        raise InputError(
            dialect[:60],
            "",
            "is no SQL dialect",
            f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known)}",
        )
    measures = kind.measures
    names = [name for count in (*COUNTS[:4], "requests") for name in getattr(measures, count, [])]
    whys = {
        "its rows lie inside JSON pages": bool(kind.rows_in),
        "it holds readings of counters": kind.grain == "counter",
        "its times have no calendar": bool(kind.time.relative),
        "which of its measures count depends on the file": any("%" not in name for name in names),
    }
    if why := next((why for why, holds in whys.items() if holds), ""):
        raise InputError(
            kind.name,
            "",
            f"has no form in a warehouse: {why}",
            "Give the file itself to `llmcost usage`",
        )


def _columns(kind: UsageFormat) -> dict[str, tuple[str, str, str]]:
    """Field -> (SQL, family, name) of all that is read. A path is looked up in a column of JSON; of
    several times the last one is taken."""
    found = {}
    for place, (field, family) in enumerate(_families(kind).items()):
        column, _, path = field.partition("/")
        sql = exp.column(column, quoted=True).sql("duckdb")
        if path:
            steps = "".join(map(_step, path.split("/")))
            sql = f"json_extract_string({sql}, {literal('$' + steps)})"
            if family != "text":
                sql = f"CAST({sql} AS {'BIGINT' if family == 'whole' else 'DOUBLE'})"
        found[field] = (sql, family, f"f{place}")
    for other in terms(kind.time.field)[:-1]:
        del found[other]
    return found


def _families(kind: UsageFormat) -> dict[str, str]:
    """Field -> what it holds: text | number | whole | time."""
    by, currency, number = [], "", []
    if kind.measures:
        by, number = [kind.measures.by, kind.measures.unit], [kind.measures.of]
    if kind.cost:
        currency, number = kind.cost.currency, [*number, *terms(kind.cost.field)]
    named = [*terms(kind.model), kind.tier, kind.batch, kind.request_id]
    text = [*named, currency, *by, *kind.keep, *kind.failed]
    counts = [term for count in (*COUNTS, "total") for term in terms(getattr(kind.tokens, count))]
    marks = [
        field
        for field, values in (kind.keep | kind.failed).items()
        if any(isinstance(value, int) for value in values)
    ]
    whole = [*counts, kind.requests, kind.rows, kind.outcome, *marks]
    found = dict.fromkeys(text, "text") | dict.fromkeys(number, "number")
    found |= dict.fromkeys(whole, "whole") | dict.fromkeys(terms(kind.time.field), "time")
    found.pop("", None)
    return found


def _step(step: str) -> str:
    """A key as a step of a JSON path, in quotes where it is no plain word."""
    return f".{step}" if step.isidentifier() else f".{json.dumps(step, ensure_ascii=False)}"


def _query(read: Read, columns: str, source: str) -> str:
    rows = normalised_sql(read, f"(SELECT {columns}, 0 AS file, 1 = 0 AS broken FROM {source})")
    if read.has(read.kind.request_id):
        known = "request_id IS NOT NULL AND request_id <> ''"
        rows = (
            f"SELECT *, CASE WHEN {known} THEN {FULLEST_FIRST} ELSE 1 END > 1 AS again FROM"
            f" ({rows})"
        )
        read = replace(read, again=True)
    spans = spans_sql(read, judged_sql(read, rows), "date_trunc('hour', us)")
    counting = f"outcome IN ({', '.join(map(str, COUNTING))})"
    sums = ", ".join(
        f"sum(CASE WHEN {counting} THEN {sql} END) AS {name}" for name, sql in SUMMED.items()
    )
    named = f"SELECT *, {model_sql(read)} AS model, {tier_sql(read)} AS tier FROM ({spans})"
    return (
        f"SELECT span AS hour, model, tier, {sums}, sum(rows) AS rows_count, outcome FROM ({named})"
        " GROUP BY span, model, tier, outcome"
    )


def _header(kind: UsageFormat, columns: dict[str, tuple[str, str, str]]) -> str:
    """A comment: which columns of which types the query asks for, each name on one line."""
    types = {
        "time": "TIMESTAMP, in UTC",
        "whole": "whole number",
        "number": "number",
        "text": "text",
    }
    asked: dict[str, str] = {}
    for field, (_, family, _) in columns.items():
        column, _, path = field.partition("/")
        asked[column] = "JSON, as text" if path else types[family]
    lines = [
        f"{kind.title}: the hourly table of this kit (llmcost).",
        (
            "Run it with the session in UTC, save the result as CSV or Parquet, and give that file"
            " to `llmcost usage`."
        ),
        (
            "It asks for these columns, named as in the export; numbers of seconds must be made"
            " timestamps first:"
        ),
        *[f"  {' '.join(column.split())}: {what}" for column, what in asked.items()],
    ]
    return "".join(f"-- {line}\n" for line in lines)
