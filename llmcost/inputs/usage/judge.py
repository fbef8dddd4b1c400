"""The SQL that judges normalised rows and adds them up by the hour."""

from collections.abc import Iterable

from llmcost.inputs.usage.fields import FIRST_US, LAST_US
from llmcost.inputs.usage.naming import model_sql, tier_sql
from llmcost.inputs.usage.normalise import COUNTS, Read
from llmcost.inputs.usage.outcomes import COUNTING, OUTCOMES
from llmcost.inputs.usage.sql import literal

LARGEST_COUNT = 1e13
FIRST_AND_LAST = [f"CAST({literal(day)} AS TIMESTAMPTZ)" for day in ("2015-01-01", "2100-01-01")]
"""The same bounds as in microseconds, where times stay what a warehouse knows them as."""
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000


def judged_sql(read: Read, rows: str) -> str:
    """SELECT of normalised `rows` with `outcome` and the canonical counts: uncached, cache_read,
    cache_write, output, reasoning."""
    tokens = read.kind.tokens
    into, out, thought = "coalesce(input, 0)", "coalesce(output, 0)", "coalesce(reasoning, 0)"
    read_, written = "coalesce(cache_read, 0)", "coalesce(cache_write, 0)"
    cached = f"({read_} + {written})"
    input_holds = _holds(tokens.input_holds_cache, f"{into} + {out}, {into} + {out} + {thought}")
    output_holds = _holds(
        tokens.output_holds_reasoning, f"{into} + {out}, {into} + {cached} + {out}"
    )
    part = ""
    if tokens.input_holds_cache == "by_total":  # it may hold the writes alone
        totals = f"{into} + {read_} + {out}, {into} + {read_} + {out} + {thought}"
        part = f"WHEN total IN ({totals}) THEN {written}"
    fresh, whole_out = into, out
    if not read.has_measures and input_holds != "false":
        fresh = f"{into} - CASE WHEN {input_holds} THEN {cached} {part} ELSE 0 END"
    if output_holds != "true":
        whole_out = f"{out} + CASE WHEN {output_holds} THEN 0 ELSE {thought} END"
    return f"""SELECT *, {_outcome(read, fresh, whole_out)} AS outcome, {fresh} AS uncached,
        {whole_out} AS whole_output, least({thought}, {whole_out}) AS thought FROM ({rows})"""


def _holds(stated: bool | str, totals: str) -> str:
    """Whether a count holds another: as the kind states, or by which sums make the row's total; yes
    where it has none."""
    return f"coalesce(total IN ({totals}), true)" if stated == "by_total" else str(stated).lower()


Test = tuple[str, int | str, bool]
"""What a row may meet, the outcome that it then has, and whether rows of this file can meet it."""


def _outcome(read: Read, fresh: str, whole_out: str) -> str:
    """The first test that a row meets names its outcome. Tests that the file's types make needless
    are left out: they cost time.

    A row that meets none, as most do, is recognised before them: by fewer tests where counts are
    not whole by their type.
    """
    counts = _counts(read)
    tests = [
        *_tests_of_rows(read, counts),
        *_tests_of_counts(read, counts, fresh),
        *_tests_of_what_was_mended(read, counts, whole_out),
    ]
    met = [(test, code) for test, code, is_wanted in tests if is_wanted]
    cases = " ".join(f"WHEN {test} THEN {code}" for test, code in met)
    any_met = " OR ".join(f"({test})" for test, _ in met)
    most = f"WHEN ({any_met}) IS NOT TRUE THEN 0 "
    if read.in_warehouse:
        most = ""
    elif _is_loose(read) and counts and not _has_codes(read):
        most = _faultless(read, counts, fresh, whole_out)
    return f"CASE {most}{cases} ELSE 0 END"


def _counts(read: Read) -> list[str]:
    """The counts that a row of the file has."""
    if read.has_measures:
        return [*COUNTS[:4], "requests"]
    return [count for count in COUNTS if read.has(getattr(read.kind.tokens, count))]


def _is_loose(read: Read) -> bool:
    """Whether counts are tested one by one: they may be no whole numbers."""
    return (read.has_measures or read.is_loose) and not read.in_warehouse


def _has_codes(read: Read) -> bool:
    """Whether a row may be known by something else than its counts."""
    is_counter = read.kind.grain == "counter"
    return read.has_measures or is_counter or read.has(read.kind.outcome)


def _given(read: Read, codes: Iterable[int]) -> Test:
    """The outcome that the file itself states, if it is one of these."""
    listed = ", ".join(map(str, codes))
    return f"given IN ({listed})", "CAST(given AS INTEGER)", read.has(read.kind.outcome)


def _tests_of_rows(read: Read, counts: list[str]) -> list[Test]:
    """Rows that are left out whatever they count, or that have no time."""
    kind, several, is_counter = read.kind, read.has_measures, read.kind.grain == "counter"
    empty = " AND ".join([*(f"{count} IS NULL" for count in counts), "cost_usd IS NULL"])
    timed = " AND reading <> 'whole'" if is_counter else ""
    bounds = FIRST_AND_LAST if read.in_warehouse else [str(FIRST_US), str(LAST_US)]
    is_sparse = not several and kind.grain != "request"
    return [
        ("broken", 27, True),
        _given(read, (code for code in OUTCOMES if code not in COUNTING)),
        ("NOT kept", 12, bool(kind.keep)),
        (f"{empty} AND NOT unreadable AND NOT foreign_money", 12, several),
        ("reading = 'first'", 15, is_counter),
        (f"us IS NULL{timed}", 20, True),
        (f"us NOT BETWEEN {' AND '.join(bounds)}", 21, True),
        ("failed", 10, bool(kind.failed)),
        ("again", 13, read.again),
        (f"{empty} AND NOT grouped AND NOT foreign_money", 11, is_sparse),
    ]


def _tests_of_counts(read: Read, counts: list[str], fresh: str) -> list[Test]:
    """Rows whose counts cannot be."""
    several, has_counts = read.has_measures, bool(counts)
    sized = list(counts)
    if read.has(read.kind.requests) and not several:
        sized.append("requests")
    unreadable = "input IS NULL OR output IS NULL OR unreadable"
    if several or not counts:
        unreadable = "unreadable"
    broken = " OR ".join(f"{count} <> floor({count})" for count in counts if count != "requests")
    # NaN is above all numbers
    huge = " OR ".join(f"{count} >= {LARGEST_COUNT:.0f}" for count in sized)
    return [
        (unreadable, 22, bool(read.counts)),
        (" OR ".join(f"{count} < 0" for count in sized), 23, has_counts),
        (huge, 26, has_counts),
        (broken, 24, _is_loose(read) and not several and has_counts),
        (f"{fresh} < 0", 25, has_counts and not several),
    ]


def _tests_of_what_was_mended(read: Read, counts: list[str], whole_out: str) -> list[Test]:
    """Rows that count, as mended or with something said of them."""
    cost = read.kind.cost
    return [
        ("grouped", 1, bool(read.texts)),
        ("foreign_money", 6, bool(cost and cost.currency)),
        (f"coalesce(reasoning, 0) > {whole_out}", 2, "reasoning" in counts),
        ("clock = 'skipped'", 3, read.has_clock),
        ("clock = 'twice'", 4, read.has_clock),
        ("reading = 'reset'", 5, read.kind.grain == "counter"),
        _given(read, COUNTING),
    ]


def _faultless(read: Read, counts: list[str], fresh: str, whole_out: str) -> str:
    """The case of rows that no test of `_outcome` holds. What is NULL, NaN or out of bounds fails
    here, and is asked them all."""
    kind = read.kind
    told = [c if c in ("input", "output") else f"coalesce({c}, 0)" for c in counts] + [
        "coalesce(requests, 0)"
    ] * read.has(kind.requests)
    tests = [
        "NOT broken",
        f"us BETWEEN {FIRST_US} AND {LAST_US}",
        *(f"{count} >= 0" for count in told),
        f"{' + '.join(told)} < {LARGEST_COUNT:.0f}",
        *(f"{count} = floor({count})" for count in told[: len(counts)]),
        f"{fresh} >= 0",
        "NOT unreadable AND NOT grouped AND NOT foreign_money",
        *(["kept"] if kind.keep else []),
        *(["NOT failed"] if kind.failed else []),
        *(["NOT again"] if read.again else []),
        *([f"coalesce(reasoning, 0) <= {whole_out}"] if "reasoning" in counts else []),
        *(["clock = 'once'"] if read.has_clock else []),
    ]
    return f"WHEN {' AND '.join(tests)} THEN 0 "


SUMMED = {
    "requests": "requests",
    "input_uncached_tokens": "uncached",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
    "output_tokens": "whole_output",
    "reasoning_tokens": "thought",
    "cost_reported_usd": "cost_usd",
}
"""Columns of the hourly table, and what they are called in a span."""


def spans_sql(read: Read, judged: str, span: str) -> str:
    """SELECT of the sums by span of time, naming columns, file and outcome. Only counting outcomes
    carry sums that mean something.

    first_us, when the first row began, tells whether two files hold the same rows; of one file it
    is not asked.
    """
    sums = _sums(read)
    sums |= {"width_us": "NULL", "inside_hour": "NULL"}
    if read.grain in ("bucket", "cost") and not read.in_warehouse:
        sums |= {"width_us": "min(end_us - us)", "inside_hour": f"bool_or(us % {HOUR_US} <> 0)"}
    keys = [
        f"CASE WHEN outcome NOT IN (20, 21, 27) THEN {span} END AS span",
        *read.naming,
        "outcome",
    ]
    if read.files_count > 1:
        keys.append("file")
        sums["first_us"] = "min(us)"
    else:
        sums |= {"file": "0", "first_us": "NULL"}
    added = ", ".join(f"{sql} AS {name}" for name, sql in sums.items())
    numbered = ", ".join(str(number) for number in range(1, len(keys) + 1))
    return f"SELECT {', '.join(keys)}, {added} FROM ({judged}) GROUP BY {numbered}"


def _sums(read: Read) -> dict[str, str]:
    """Name -> sum of what the rows of a span hold; 0 or NULL of what the file has nothing of."""
    kind, several = read.kind, read.has_measures
    is_told = several or read.has(kind.requests)
    found = {
        "rows": "sum(n)" if read.has(kind.rows) else "count(*)",
        "requests": "sum(requests)" if is_told or read.grain != "request" else "count(*)",
        "uncached": "sum(uncached)",
        "cache_read": "0",
        "cache_write": "0",
        "whole_output": "sum(whole_output)",
        "thought": "sum(thought)" if read.has(kind.tokens.reasoning) else "0",
        "cost_usd": "sum(cost_usd)" if kind.cost and read.has(kind.cost.field) else "NULL",
    }
    for count in ("cache_read", "cache_write"):
        if several or read.has(getattr(kind.tokens, count)):
            found[count] = f"sum(coalesce({count}, 0))"
    return found


def hourly_sql(read: Read, spans: str, span_us: int) -> str:
    """SELECT of the sums by hour, model, tier, file and outcome, from those by span."""
    added = ", ".join(f"CAST(sum({sql}) AS DOUBLE) AS {name}" for name, sql in SUMMED.items())
    return f"""SELECT span // {HOUR_US // span_us} AS hour, {model_sql(read)} AS model,
        {tier_sql(read)} AS tier, file, outcome, CAST(sum(rows) AS BIGINT) AS rows, {added},
        min(width_us) AS width_us, bool_or(inside_hour) AS inside_hour, min(first_us) AS first_us
        FROM {spans} GROUP BY 1, 2, 3, 4, 5"""
