"""The account of an export's rows: what became of each, where the rejected ones stand, and what
several files hold twice."""

from collections.abc import Mapping

import pandas as pd

from llmcost.inputs.usage.files import UsageFile
from llmcost.inputs.usage.judge import SUMMED
from llmcost.inputs.usage.outcomes import COUNTING, OUTCOMES, REJECTED
from llmcost.inputs.usage.sql import Database
from llmcost.model.bill_steps import CLASSES

SUMS = tuple(SUMMED)
TOKENS = list(CLASSES)
"""All tokens of a row, each once: reasoning tokens are in the output."""
EXAMPLES = 3


def without_overlaps(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Hours that two files hold with the same figures are one export twice: the fuller file of each
    such hour counts.

    Files whose shared hours differ are parts of one whole, two projects say, or two halves of an
    hour: both count.
    """
    if frame["file"].nunique() < 2:
        return frame, []
    counted = frame[frame["outcome"].isin(COUNTING)]
    counted = counted.assign(
        size=counted[TOKENS].fillna(0).sum(axis=1) + counted["cost_reported_usd"].fillna(0)
    )
    held = (
        counted.groupby(["hour", "file"])
        .agg(size=("size", "sum"), first_us=("first_us", "min"))
        .reset_index()
    )
    by_hour = held.pivot(index="hour", columns="file", values="size")
    shared = by_hour[by_hour.notna().sum(axis=1) > 1]
    if shared.empty:
        return frame, []
    again = held[held.round({"size": 6}).duplicated(["hour", "size", "first_us"])]
    if again["hour"].nunique() < 0.5 * len(shared):
        note = (
            f"{len(shared)} hours stand in several files with different figures: taken as parts of"
            " one whole and added"
        )
        return frame, [note]
    keep = shared.idxmax(axis=1)
    extra = (
        frame["hour"].isin(shared.index)
        & (frame["file"] != frame["hour"].map(keep))
        & frame["outcome"].isin(COUNTING)
    )
    frame = frame.assign(outcome=frame["outcome"].mask(extra, 14))
    return frame, [
        f"{len(shared)} hours stand in several files: the fuller file of each hour was taken"
    ]


def outcomes_frame(
    database: Database, frame: pd.DataFrame, judged: str, files: list[UsageFile]
) -> pd.DataFrame:
    """What became of the rows: kind, outcome, rows_count, examples. `frame` has the sums, `judged`
    selects the single rows."""
    counts = frame.groupby("outcome")["rows"].sum().to_dict()
    torn = _torn_lines(database, files)
    if torn:
        counts[27] = counts.get(27, 0) + sum(len(lines) for lines in torn.values())
    examples: dict[int, list[str]] = {}
    if any(code in REJECTED for code in counts):
        examples = _examples(database, judged, files, torn)
    rows = [
        (OUTCOMES[code].kind, OUTCOMES[code].text, int(count), ", ".join(examples.get(code, [])))
        for code, count in sorted(counts.items())
        if count
    ]
    return pd.DataFrame(rows, columns=["kind", "outcome", "rows_count", "examples"])


def _torn_lines(database: Database, files: list[UsageFile]) -> dict[int, list[int]]:
    """Number of the file -> lines of a CSV that are no rows of its table: too few or too many
    cells, broken quotes."""
    tables = [name for (name,) in database.rows("SELECT table_name FROM duckdb_tables()")]
    if "reject_errors" not in tables:
        return {}
    query = """SELECT DISTINCT file_path, line
        FROM reject_errors JOIN reject_scans USING (scan_id, file_id) ORDER BY 1, 2"""
    numbers = {str(file.place): number for number, file in enumerate(files)}
    found: dict[int, list[int]] = {}
    for path, line in database.rows(query):
        found.setdefault(numbers[path], []).append(int(line))
    return found


def _examples(
    database: Database, judged: str, files: list[UsageFile], torn: Mapping[int, list[int]]
) -> dict[int, list[str]]:
    """The first places of each kind of rejected row."""
    numbered = f"SELECT row_number() OVER () AS place, file, outcome FROM ({judged})"
    within = (
        "SELECT place - min(place) OVER (PARTITION BY file) + 1 AS place, file, outcome FROM"
        f" ({numbered})"
    )
    rejected = ", ".join(map(str, REJECTED))
    query = f"""SELECT outcome, file, place FROM ({within}) WHERE outcome IN ({rejected})
        QUALIFY row_number() OVER (PARTITION BY outcome ORDER BY file, place) <= {EXAMPLES}"""
    found: dict[int, list[str]] = {}
    for outcome, number, place in database.rows(query):
        file = files[number]
        found.setdefault(int(outcome), []).append(
            _place(file, int(place), torn.get(number, []), len(files) > 1)
        )
    for number, lines in torn.items():
        found.setdefault(27, []).extend(
            _place(files[number], line, [], len(files) > 1, torn=True) for line in lines[:EXAMPLES]
        )
    return found


def _place(
    file: UsageFile, row: int, torn_lines: list[int], several: bool, torn: bool = False
) -> str:
    """Where a row stands, as an editor counts lines; rows of Parquet and of JSON documents have no
    line."""
    line = row + 1 if file.written_in == "csv" and not torn else row
    for other in torn_lines:
        line += other <= line
    word = "line" if file.written_in in ("csv", "json_lines") else "row"
    return f"{file.name + ' ' if several else ''}{word} {line}"
