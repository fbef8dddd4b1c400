"""The SQL for warehouses: in DuckDB it makes the same hours of every kind's sample, and every
dialect reads it."""

from functools import cache
from pathlib import Path

import duckdb
import pytest
import sqlglot
from usage_logs import LOGS, assert_same, parquet_log

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import usage_format, usage_formats, usage_table
from llmcost.inputs.usage.warehouse import warehouse_sql

DIALECTS = [
    "spark",
    "bigquery",
    "snowflake",
    "postgres",
    "redshift",
    "clickhouse",
    "databricks",
    "athena",
    "trino",
    "duckdb",
    "tsql",
]
SAMPLES = Path(__file__).parents[2] / "shared" / "samples"


@cache
def made(name, dialect="duckdb"):
    """The query of a kind, None where it has no form in a warehouse."""
    try:
        return warehouse_sql(usage_format(name), dialect, "log")
    except InputError:
        return None


WITH_FORM = [name for name in usage_formats() if made(name)]


@cache
def samples():
    """Kind -> its sample."""
    return {usage_table([file]).kind.name: file for file in sorted(SAMPLES.iterdir())}


def asked(sql):
    """Column -> type, as the query's header says."""
    lines = [line.removeprefix("--   ") for line in sql.splitlines() if line.startswith("--   ")]
    return dict(line.rsplit(": ", 1) for line in lines)


@pytest.mark.parametrize("name", LOGS)
def test_result_in_duckdb_is_that_of_the_log(name, tmp_path):
    parquet_log(name, tmp_path / "log.parquet")
    sql = made(name)
    with duckdb.connect() as connection:
        connection.execute(
            f"SET TimeZone = 'UTC'; CREATE VIEW log AS SELECT * FROM '{tmp_path / 'log.parquet'}'"
        )
        connection.execute(f"COPY ({sql}) TO '{tmp_path / 'hours.csv'}'")
    there = usage_table([tmp_path / "hours.csv"])
    assert there.kind.name == "llmcost_hourly" and there.rows_count("rejected") > 0
    assert_same(there, usage_table([tmp_path / "log.parquet"]))


@pytest.mark.parametrize("name", WITH_FORM)
def test_result_in_duckdb_is_that_of_the_sample(name, tmp_path):
    """A table of the sample with natural types; a column that the sample lacks is empty."""
    if not SAMPLES.exists():
        pytest.skip("needs the folder shared/samples beside the checkout")
    if name not in samples():
        pytest.skip("there is no sample of this kind")
    sample = samples()[name]
    sql = made(name)
    with duckdb.connect() as connection:
        reader = "read_csv" if sample.suffix == ".csv" else "read_json"
        connection.execute(
            f"SET TimeZone = 'UTC'; CREATE TABLE raw AS SELECT * FROM {reader}('{sample}')"
        )
        there = {row[0]: row[1] for row in connection.execute("DESCRIBE raw").fetchall()}
        columns = [
            f'{natural(column, what, there)} AS "{column}"' for column, what in asked(sql).items()
        ]
        connection.execute(
            f"CREATE VIEW log AS SELECT {', '.join(columns)} FROM raw; COPY ({sql}) TO"
            f" '{tmp_path / 'hours.csv'}'"
        )
    assert_same(usage_table([tmp_path / "hours.csv"]), usage_table([sample]))


def natural(column, what, there):
    """A column of a sample as the type that the query asks for."""
    if column == "start_time" and "start_time_unix_nano" in there:
        return "make_timestamp(start_time_unix_nano::BIGINT // 1000)"
    if column not in there:
        return (
            "NULL::VARCHAR"
            if "text" in what
            else "NULL::TIMESTAMP"
            if "TIMESTAMP" in what
            else "NULL::BIGINT"
        )
    if "JSON" in what:
        return f'to_json("{column}")::VARCHAR'
    if "TIMESTAMP" in what and there[column] in ("BIGINT", "DOUBLE"):
        return f'make_timestamp("{column}"::BIGINT * 1000000)'
    types = {
        "TIMESTAMP": "TIMESTAMP",
        "whole number": "BIGINT",
        "number": "DOUBLE",
        "text": "VARCHAR",
    }
    return f'"{column}"::{next(kind for word, kind in types.items() if word in what)}'


@pytest.mark.parametrize("name", WITH_FORM)
def test_query_asks_only_for_functions_that_can_be_translated(name):
    tree = sqlglot.parse_one(made(name), "duckdb")
    assert [function.name for function in tree.find_all(sqlglot.exp.Anonymous)] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_reads_back_its_own_query(dialect):
    queries = [made(name, dialect) for name in WITH_FORM if made(name, dialect)]
    assert len(queries) >= len(WITH_FORM) - 1, (
        "all kinds but one at most have a query in each dialect"
    )
    for query in queries:
        tree = sqlglot.parse_one(query, dialect)
        assert tree.selects[0].alias_or_name == "hour" and tree.selects[-1].name == "outcome"


@pytest.mark.parametrize(
    ("name", "dialect", "table", "said"),
    [
        ("litellm_spend_logs", "sparc", "", "spark"),
        ("vllm_prometheus", "spark", "", "counters"),
        ("openai_usage_api", "spark", "", "JSON pages"),
        ("mooncake", "spark", "", "calendar"),
        ("litellm_spend_logs", "spark", "a b; drop table c", "name of a table"),
    ],
)
def test_what_cannot_be_is_refused(name, dialect, table, said):
    with pytest.raises(InputError, match=said):
        warehouse_sql(usage_format(name), dialect, table)
