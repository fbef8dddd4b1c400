"""A usage export into one hourly table in UTC, read by DuckDB. Only the columns of the mapping are ever read."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from llmcost.inputs.client import Usage
from llmcost.inputs.errors import InputError

READERS = {".csv": "read_csv", ".jsonl": "read_json", ".parquet": "read_parquet"}
NEEDED = ("time", "input_tokens", "output_tokens")
OPTIONAL = ("model", "requests", "cached_input_tokens")
MIN_HOURS = 24


@dataclass(frozen=True)
class HourlyUsage:
    """hourly: one row per hour, without gaps: hour (UTC), requests, input_tokens, cached_input_tokens, output_tokens.

    rows_count = rows_used_count + rows_rejected_count; covered_fraction is the share of the period's hours that have a row.
    """

    hourly: pd.DataFrame
    rows_count: int
    rows_used_count: int
    rows_rejected_count: int
    covered_fraction: float
    models: tuple[str, ...]
    has_cached_tokens: bool


def read_usage(folder: Path, usage: Usage, field: str) -> HourlyUsage:
    """The hourly load of an export that lies in the client's folder.

    Rows without a readable time or with missing or negative token counts are rejected and counted. Input tokens include cached ones.
    Raises InputError when the file is elsewhere, of an unknown kind, lacks a mapped column, or holds no usable day.
    """
    path = _inside(folder, usage.file, f"{field}.file")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        mapping = _checked_mapping(connection, path, usage, field)
        try:
            rows = _rows(connection, path, usage, mapping)
        except duckdb.Error:
            raise InputError(
                path.name, field, "has rows that cannot be read", "Export it again as plain CSV, JSON lines or Parquet"
            ) from None
        malformed_count = _malformed_count(connection)
    used = rows[rows["hour"].notna()]
    if used.empty:
        read = int(rows["rows"].sum()) + malformed_count
        cure = "Times as 2026-10-19T14:00:00Z, counts as plain whole numbers, at least one day"
        raise InputError(path.name, field, f"holds no usable row ({read} read)", cure)
    _plausible(path, field, usage, used)
    return _hourly(path, rows, used, malformed_count, "cached_input_tokens" in mapping)


def _inside(folder: Path, name: str, field: str) -> Path:
    path, home = (folder / name), folder.resolve()
    if Path(name).is_absolute() or not path.resolve().is_relative_to(home):
        raise InputError("client.yaml", field, "lies outside the client's folder", "Put the export beside client.yaml and give its name")
    if not path.resolve().is_file():
        raise InputError("client.yaml", field, f"there is no file {name!r}", "Put the export beside client.yaml and give its name")
    if path.resolve().stat().st_size == 0:
        raise InputError(path.name, field, "is empty", "Export it again with a header line and data rows")
    if path.suffix.lower() not in READERS and not name.lower().endswith((".csv.gz", ".jsonl.gz")):
        raise InputError("client.yaml", field, f"{path.suffix or 'no ending'} is not read", "Give .csv, .jsonl (also .gz) or .parquet")
    return path.resolve()


def _source(path: Path) -> str:
    reader = READERS.get(path.suffix.lower()) or READERS[Path(path.stem).suffix.lower()]
    quoted = str(path).replace("'", "''")
    return f"{reader}('{quoted}'{', all_varchar = true, store_rejects = true' if reader == 'read_csv' else ''})"


def _checked_mapping(connection: duckdb.DuckDBPyConnection, path: Path, usage: Usage, field: str) -> dict[str, str]:
    """The client's mapping, or our own column names where they stand in the file."""
    try:
        columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {_source(path)}").fetchall()]
    except duckdb.Error:
        raise InputError(path.name, field, "cannot be read as a table", "Export it again with a header line and data rows") from None
    mapping = {str(name): column for name, column in usage.mapping.items()} or {n: n for n in (*NEEDED, *OPTIONAL) if n in columns}
    for name in NEEDED:
        if name not in mapping:
            raise InputError(
                "client.yaml", f"{field}.mapping", f"{name} is not mapped", f"Name its column; the file has: {', '.join(columns[:12])}"
            )
    for name, column in mapping.items():
        if column not in columns:
            raise InputError(
                "client.yaml", f"{field}.mapping.{name}", f"the file has no column {column!r}", f"It has: {', '.join(columns[:12])}"
            )
    return mapping


def _rows(connection: duckdb.DuckDBPyConnection, path: Path, usage: Usage, mapping: dict[str, str]) -> pd.DataFrame:
    def number(name: str, default: str) -> str:
        return f'TRY_CAST("{_quoted(mapping[name])}" AS DOUBLE)' if name in mapping else default

    model = f'CAST("{_quoted(mapping["model"])}" AS VARCHAR)' if "model" in mapping else "''"
    only = usage.only.get("model")
    query = f"""
        WITH read AS (
            SELECT date_trunc('hour', TRY_CAST("{_quoted(mapping["time"])}" AS TIMESTAMPTZ)) AS hour, {model} AS model,
                {number("requests", "1.0")} AS requests, {number("input_tokens", "NULL")} AS input_tokens,
                {number("cached_input_tokens", "0.0")} AS cached_input_tokens, {number("output_tokens", "NULL")} AS output_tokens
            FROM {_source(path)}
        ), judged AS (
            SELECT *, hour IS NOT NULL AND isfinite(requests + input_tokens + cached_input_tokens + output_tokens)
                AND least(requests, input_tokens, cached_input_tokens, output_tokens) >= 0 AS ok FROM read
            WHERE $only IS NULL OR model = $only
        )
        SELECT CASE WHEN ok THEN epoch(hour)::BIGINT END AS hour, model, count(*)::BIGINT AS rows, sum(requests) AS requests,
            sum(input_tokens) AS input_tokens, sum(cached_input_tokens) AS cached_input_tokens, sum(output_tokens) AS output_tokens
        FROM judged GROUP BY 1, 2 ORDER BY 1, 2"""
    answer = connection.execute(query, {"only": only})
    frame = pd.DataFrame(answer.fetchall(), columns=[column[0] for column in answer.description or []])
    return frame.assign(hour=pd.to_datetime(frame["hour"].astype("Int64"), unit="s", utc=True))


def _plausible(path: Path, field: str, usage: Usage, used: pd.DataFrame) -> None:
    """Refuse what would be read as a wrong load without a word: split numbers, and several models for one workload."""
    counts = used[["input_tokens", "cached_input_tokens", "output_tokens"]]
    if (counts % 1).to_numpy().any():
        raise InputError(path.name, field, "has token counts with decimals", "Take thousands separators out: 450700, not 450.700")
    models = sorted(model for model in used["model"].unique() if model)
    if len(models) > 1 and not usage.only:
        raise InputError(
            "client.yaml", f"{field}.only", f"the file holds several models: {', '.join(models[:6])}", "Choose one: only: {model: NAME}"
        )


def _malformed_count(connection: duckdb.DuckDBPyConnection) -> int:
    """Lines that are no rows of the table at all: too few or too many cells, broken quotes."""
    tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    if "reject_errors" not in tables:
        return 0
    answer = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    return int(answer[0]) if answer else 0


def _quoted(column: str) -> str:
    return column.replace('"', '""')


def _hourly(path: Path, rows: pd.DataFrame, used: pd.DataFrame, malformed_count: int, has_cached: bool) -> HourlyUsage:
    sums = ["requests", "input_tokens", "cached_input_tokens", "output_tokens"]
    by_hour = used.groupby("hour")[sums].sum()
    hours = pd.date_range(by_hour.index[0], by_hour.index[-1], freq="h")
    if len(hours) < MIN_HOURS:
        raise InputError(path.name, "", f"covers {len(hours)} hours", "Export at least one whole day; a week or two shows the shape")
    if by_hour["input_tokens"].sum() <= 0 or by_hour["output_tokens"].sum() <= 0:
        raise InputError(path.name, "", "holds no tokens", "A load of zero has no cost to compare; check the export's filter")
    hourly = by_hour.reindex(hours, fill_value=0.0).rename_axis("hour").reset_index()
    return HourlyUsage(
        hourly=hourly,
        rows_count=int(rows["rows"].sum()) + malformed_count,
        rows_used_count=int(used["rows"].sum()),
        rows_rejected_count=int(rows["rows"].sum() - used["rows"].sum()) + malformed_count,
        covered_fraction=len(by_hour) / len(hours),
        models=tuple(sorted(m for m in used["model"].unique() if m)),
        has_cached_tokens=has_cached,
    )
