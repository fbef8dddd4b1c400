"""What happens inside the busiest hour: its minutes, where an export is fine enough to show
them."""

import math
from collections.abc import Iterable

import pandas as pd

from llmcost.inputs.usage.account import TOKENS
from llmcost.inputs.usage.judge import MINUTE_US, spans_sql
from llmcost.inputs.usage.naming import model_sql
from llmcost.inputs.usage.normalise import Read
from llmcost.inputs.usage.outcomes import COUNTING
from llmcost.inputs.usage.sql import Database, literal

MINUTED_MODELS = 20
"""Of so many models, those with most tokens, the busiest hour is looked at by the minute."""


def framed(database: Database, query: str) -> pd.DataFrame:
    """The answer of a query."""
    answer = database.query(query)
    return pd.DataFrame(
        answer.fetchall(), columns=[column[0] for column in answer.description or []]
    )


def busiest_minutes(
    database: Database, read: Read, source: str, judged: str, hourly: pd.DataFrame
) -> pd.DataFrame:
    """model, span, tokens: the minutes of each model's busiest hour.

    A file with native times is asked once more for those hours alone, which is cheaper than minutes
    of all; others have theirs in `spans`.
    """
    sized = hourly.assign(tokens=hourly[TOKENS].sum(axis=1)).dropna(subset="hour")
    if sized.empty:
        return pd.DataFrame()
    by_hour = sized.groupby(["model", "hour"], as_index=False)["tokens"].sum()
    sums = by_hour.groupby("model")["tokens"].sum()
    # 5,000 names must not make a query of 5,000 terms
    by_hour = by_hour[by_hour["model"].isin(sums.nlargest(MINUTED_MODELS).index)]
    busiest = by_hour.loc[by_hour.groupby("model")["tokens"].idxmax()]
    starts = {row.model: row.hour.value // 60_000_000_000 for row in busiest.itertuples()}
    wanted = " OR ".join(
        f"(model = {literal(model)} AND span BETWEEN {start} AND {start + 59})"
        for model, start in starts.items()
    )
    minutes = "spans"
    if read.has_native_time:
        within = f"SELECT * FROM ({judged}) WHERE {_within(read, starts.values())}"
        minutes = f"({spans_sql(read, within, f'us // {MINUTE_US}')})"
    counting = ", ".join(map(str, COUNTING))
    tokens = f"""SELECT {model_sql(read)} AS model, span,
        uncached + cache_read + cache_write + whole_output AS tokens
        FROM {minutes} WHERE outcome IN ({counting})"""
    query = f"""{source if read.has_native_time else ""} SELECT model, span,
        CAST(sum(tokens) AS DOUBLE) AS tokens FROM ({tokens}) WHERE {wanted} GROUP BY 1, 2"""
    return framed(database, query)


def step_minutes(minutes: pd.DataFrame) -> int:
    """How many minutes one row stands for, of the minutes that there are: 5 for buckets or readings
    every five minutes."""
    return (
        math.gcd(60, *(int(span) for span in minutes["span"] - minutes["span"].min()))
        if len(minutes)
        else 60
    )


def minute_bursts(minutes: pd.DataFrame) -> dict[str, float]:
    """Model -> tokens of the busiest minute of its busiest hour over that hour's mean minute."""
    sums = minutes.groupby("model")["tokens"].agg(["max", "sum"])
    return {
        str(model): float(row["max"] / row["sum"] * 60)
        for model, row in sums.iterrows()
        if row["sum"] > 0
    }


def _within(read: Read, start_minutes: Iterable[int]) -> str:
    """Whether a native time lies in one of these hours, or within a day of them where it is of
    another zone."""
    margin = 0 if read.zone == "UTC" else 1440
    kind = "TIMESTAMPTZ" if read.value(str(read.kind.time.field)).family == "zoned" else "TIMESTAMP"
    bounds = [
        (
            pd.Timestamp(60 * (start - margin), unit="s"),
            pd.Timestamp(60 * (start + 60 + margin), unit="s"),
        )
        for start in start_minutes
    ]
    hours = [
        f"moment >= {kind} {literal(first)} AND moment < {kind} {literal(end)}"
        for first, end in sorted(set(bounds))
    ]
    return f"({' OR '.join(hours)})"
