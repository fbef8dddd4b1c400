"""The SQL that judges normalised rows and adds them up by the hour."""

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
    tokens, several = read.kind.tokens, read.kind.measures is not None
    into, read_, written = (
        "coalesce(input, 0)",
        "coalesce(cache_read, 0)",
        "coalesce(cache_write, 0)",
    )
    cached, thought, out = f"({read_} + {written})", "coalesce(reasoning, 0)", "coalesce(output, 0)"
    input_holds = _holds(tokens.input_holds_cache, f"{into} + {out}, {into} + {out} + {thought}")
    output_holds = _holds(
        tokens.output_holds_reasoning, f"{into} + {out}, {into} + {cached} + {out}"
    )
    part = (  # it holds the writes alone
        f"WHEN total IN ({into} + {read_} + {out}, {into} + {read_} + {out} + {thought}) THEN"
        f" {written}"
    )
    within = (
        f"CASE WHEN {input_holds} THEN {cached}"
        f" {part if tokens.input_holds_cache == 'by_total' else ''} ELSE 0 END"
    )
    fresh = into if several or input_holds == "false" else f"{into} - {within}"
    whole_out = (
        out
        if output_holds == "true"
        else f"{out} + CASE WHEN {output_holds} THEN 0 ELSE {thought} END"
    )
    return f"""SELECT *, {_outcome(read, fresh, whole_out)} AS outcome, {fresh} AS uncached, {whole_out} AS whole_output,
        least({thought}, {whole_out}) AS thought FROM ({rows})"""


def _holds(stated: bool | str, totals: str) -> str:
    """Whether a count holds another: as the kind states, or by which sums make the row's total; yes
    where it has none."""
    return f"coalesce(total IN ({totals}), true)" if stated == "by_total" else str(stated).lower()


def _outcome(read: Read, fresh: str, whole_out: str) -> str:
    """The first test that a row meets names its outcome. Tests that the file's types make needless
    are left out: they cost time.

    A row that meets none, as most do, is recognised before them: by fewer tests where counts are
    not whole by their type.
    """
    kind, several, counter = read.kind, read.kind.measures is not None, read.kind.grain == "counter"
    counts = (
        [*COUNTS[:4], "requests"]
        if several
        else [c for c in COUNTS if read.has(getattr(kind.tokens, c))]
    )
    sized = [*counts, "requests"] if read.has(kind.requests) and not several else counts
    loose = (several or read.is_loose) and not read.in_warehouse
    empty = " AND ".join([*(f"{c} IS NULL" for c in counts), "cost_usd IS NULL"])
    clock = read.has_clock
    cases = [
        ("broken", 27, True),
        (
            f"given IN ({', '.join(str(code) for code in OUTCOMES if code not in COUNTING)})",
            "CAST(given AS INTEGER)",
            read.has(kind.outcome),
        ),
        ("NOT kept", 12, bool(kind.keep)),
        (f"{empty} AND NOT unreadable AND NOT foreign_money", 12, several),
        ("reading = 'first'", 15, counter),
        ("us IS NULL" + (" AND reading <> 'whole'" if counter else ""), 20, True),
        (
            (
                "us NOT BETWEEN"
                f" {' AND '.join(FIRST_AND_LAST if read.in_warehouse else map(str, (FIRST_US, LAST_US)))}"
            ),
            21,
            True,
        ),
        ("failed", 10, bool(kind.failed)),
        ("again", 13, read.again),
        (
            f"{empty} AND NOT grouped AND NOT foreign_money",
            11,
            not several and kind.grain != "request",
        ),
        (
            (
                "unreadable"
                if several or not counts
                else "input IS NULL OR output IS NULL OR unreadable"
            ),
            22,
            bool(read.counts),
        ),
        (" OR ".join(f"{c} < 0" for c in sized), 23, bool(counts)),
        # NaN is above all numbers
        (" OR ".join(f"{c} >= {LARGEST_COUNT:.0f}" for c in sized), 26, bool(counts)),
        (
            " OR ".join(f"{c} <> floor({c})" for c in counts if c != "requests"),
            24,
            loose and not several and bool(counts),
        ),
        (f"{fresh} < 0", 25, bool(counts) and not several),
        ("grouped", 1, bool(read.texts)),
        ("foreign_money", 6, bool(kind.cost and kind.cost.currency)),
        (f"coalesce(reasoning, 0) > {whole_out}", 2, "reasoning" in counts),
        ("clock = 'skipped'", 3, clock),
        ("clock = 'twice'", 4, clock),
        ("reading = 'reset'", 5, counter),
        (
            f"given IN ({', '.join(map(str, COUNTING))})",
            "CAST(given AS INTEGER)",
            read.has(kind.outcome),
        ),
    ]
    met = [(test, code) for test, code, wanted in cases if wanted]
    if read.in_warehouse:
        most = ""
    elif loose and counts and not (several or counter or read.has(kind.outcome)):
        most = _faultless(read, counts, fresh, whole_out)
    else:
        most = f"WHEN ({' OR '.join(f'({test})' for test, _ in met)}) IS NOT TRUE THEN 0 "
    return (
        f"CASE {most}" + " ".join(f"WHEN {test} THEN {code}" for test, code in met) + " ELSE 0 END"
    )


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
    tokens, several = read.kind.tokens, read.kind.measures is not None
    sums = {
        "rows": "sum(n)" if read.has(read.kind.rows) else "count(*)",
        "requests": (
            "count(*)"
            if read.grain == "request" and not read.has(read.kind.requests) and not several
            else "sum(requests)"
        ),
        "uncached": "sum(uncached)",
        "cache_read": (
            "sum(coalesce(cache_read, 0))" if several or read.has(tokens.cache_read) else "0"
        ),
        "cache_write": (
            "sum(coalesce(cache_write, 0))" if several or read.has(tokens.cache_write) else "0"
        ),
        "whole_output": "sum(whole_output)",
        "thought": "sum(thought)" if read.has(tokens.reasoning) else "0",
        "cost_usd": (
            "sum(cost_usd)" if read.kind.cost and read.has(read.kind.cost.field) else "NULL"
        ),
    }
    if read.grain in ("bucket", "cost") and not read.in_warehouse:
        sums |= {"width_us": "min(end_us - us)", "inside_hour": f"bool_or(us % {HOUR_US} <> 0)"}
    else:
        sums |= {"width_us": "NULL", "inside_hour": "NULL"}
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
    return (
        f"SELECT {', '.join(keys)}, {added} FROM ({judged}) GROUP BY"
        f" {', '.join(str(i + 1) for i in range(len(keys)))}"
    )


def hourly_sql(read: Read, spans: str, span_us: int) -> str:
    """SELECT of the sums by hour, model, tier, file and outcome, from those by span."""
    added = ", ".join(f"CAST(sum({sql}) AS DOUBLE) AS {name}" for name, sql in SUMMED.items())
    return f"""SELECT span // {HOUR_US // span_us} AS hour, {model_sql(read)} AS model, {tier_sql(read)} AS tier, file, outcome,
        CAST(sum(rows) AS BIGINT) AS rows, {added}, min(width_us) AS width_us, bool_or(inside_hour) AS inside_hour,
        min(first_us) AS first_us FROM {spans} GROUP BY 1, 2, 3, 4, 5"""
