"""The SQL that gives rows of any export our own columns: one query for every kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llmcost.inputs.usage.fields import MISSING, Value, number_sql, time_us_sql, was_grouped_sql
from llmcost.inputs.usage.formats import SUM, Fields, Measures, UsageFormat, terms
from llmcost.inputs.usage.sql import literal

COUNTS = ("input", "output", "cache_read", "cache_write", "reasoning")
NATIVE = ("time", "zoned")
FULLEST_FIRST = (
    "row_number() OVER (PARTITION BY request_id ORDER BY CASE WHEN failed THEN 1 ELSE 0 END,"
    " coalesce(input, 0) + coalesce(output, 0) DESC)"
)
"""Of rows with one request id, which counts: one that did not fail, and of those the one with most
tokens."""


@dataclass(frozen=True)
class Read:
    """The query of one kind of file, ready to be put after `WITH source AS (...)`.

    values  field -> its column in the source
    names   of the measures that the file has, when it has one row per measure
    zone    of its times
    again   whether some request ids stand in the file more than once
    files_count   of how many files it is made
    in_warehouse  whether it runs where the log lives: times stay timestamps, and only what every
                  dialect of SQL has is asked for
    """

    kind: UsageFormat
    values: Mapping[str, Value]
    zone: str
    names: tuple[str, ...] = ()
    again: bool = False
    files_count: int = 1
    in_warehouse: bool = False

    def value(self, field: str) -> Value:
        """The column of a field; missing where the kind or the file has none."""
        return self.values.get(field, MISSING) if field else MISSING

    def has(self, fields: Fields) -> bool:
        """Whether the file has this field, or one of several."""
        return any(self.value(term).family != "missing" for term in terms(fields))

    @property
    def has_measures(self) -> bool:
        """Whether the file has one row per measure, and no row with all counts."""
        return self.kind.measures is not None

    @property
    def counts(self) -> list[Value]:
        """The columns of all token counts and of the requests; of a cost export, the amounts."""
        fields = [
            field
            for count in (*COUNTS, "total")
            for field in terms(getattr(self.kind.tokens, count))
        ]
        fields += [self.kind.measures.of] if self.kind.measures else []
        fields += (
            terms(self.kind.cost.field) if self.kind.cost and self.kind.grain == "cost" else []
        )
        return [
            self.value(field)
            for field in dict.fromkeys([*fields, self.kind.requests])
            if self.has(field)
        ]

    @property
    def texts(self) -> list[Value]:
        """Those of them that are written as text."""
        return [value for value in self.counts if value.family == "text"]

    @property
    def is_loose(self) -> bool:
        """Whether a count may hold something else than whole numbers."""
        return any(value.family != "whole" for value in self.counts)

    @property
    def has_clock(self) -> bool:
        """Whether its times may be of a zone whose clock skips and repeats hours."""
        return self.zone != "UTC" and not self.kind.time.relative

    @property
    def has_native_time(self) -> bool:
        """Whether the file keeps statistics of its times: an hour is then found without reading the
        rest, unless a request comes twice."""
        return (
            not self.again
            and self.kind.grain != "counter"
            and isinstance(self.kind.time.field, str)
            and self.value(self.kind.time.field).family in NATIVE
        )

    @property
    def naming(self) -> list[str]:
        """The columns that model and tier are made from. They are named once a group, not once a
        row."""
        fields = [*terms(self.kind.model), self.kind.tier, self.kind.batch]
        return list(dict.fromkeys(self.value(field).sql for field in fields if self.has(field)))

    @property
    def grain(self) -> str:
        """The kind's grain; a table in the kit's own words that counts no requests has one row for
        each."""
        return (
            "request"
            if self.kind.name == "plain" and not self.has(self.kind.requests)
            else self.kind.grain
        )


def normalised_sql(read: Read, source: str = "source") -> str:
    """SELECT of the rows of `source`, a name or a query in brackets, with our own columns.

    us, end_us, file, requests, input, output, cache_read, cache_write, reasoning, total, cost_usd,
    n (rows that it stands for), and what the judgement needs: broken, kept, failed, grouped
    (thousands separators), unreadable, given (an outcome). The columns that model and tier are made
    from stay as they are, and so does a native time, as `moment`.
    """
    read, source = _numbers_cast(read, source)
    kind, columns = read.kind, {}
    columns["us"] = (
        "at_us"
        if kind.grain == "counter"
        else _first(read, kind.time.field, lambda v: _time(read, v))
    )
    columns["end_us"] = _time(read, read.value(kind.time.end))
    columns |= {count: f"{_count(read, getattr(kind.tokens, count))}" for count in COUNTS}
    columns["total"] = _count(read, kind.tokens.total)
    columns["requests"] = _requests(read)
    if kind.measures:
        columns |= _measured(read, kind.measures)
    columns["cost_usd"], columns["foreign_money"] = _cost(read)
    stands_for = number_sql(read.value(kind.rows))
    columns["n"] = (
        f"CASE WHEN {stands_for} BETWEEN 1 AND 1e13 THEN {stands_for} ELSE 1 END"
        if read.has(kind.rows)
        else "1"
    )
    columns["kept"] = (
        " AND ".join(_matches(read, field, values) for field, values in kind.keep.items()) or "true"
    )
    columns["failed"] = (
        " OR ".join(_matches(read, field, values) for field, values in kind.failed.items())
        or "false"
    )
    columns["grouped"] = _odd(read, [was_grouped_sql(v) for v in read.texts])
    columns["unreadable"] = _odd(
        read, [f"({was_grouped_sql(v)} AND {number_sql(v)} IS NULL)" for v in read.texts]
    )
    columns["given"] = number_sql(read.value(kind.outcome)) if read.has(kind.outcome) else "NULL"
    said = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    return f"SELECT {', '.join([said, *read.naming])}, file, broken{_extra(read)} FROM {source}"


def _odd(read: Read, tests: Sequence[str]) -> str:
    """Whether a test of texts holds, tried only on rows where one of them is no plain number: CASE
    skips the others, OR does not."""
    odd = " OR ".join(f"{v.as_number} IS NULL" for v in read.texts)
    return f"CASE WHEN {odd} THEN {' OR '.join(tests)} ELSE false END" if tests else "false"


def _numbers_cast(read: Read, source: str) -> tuple[Read, str]:
    """The source with every count that is text tried as a number, once."""
    cast = {v.sql: replace(v, cast=f"{v.sql}_number") for v in read.texts}
    if not cast:
        return read, source
    tried = ", ".join(f"{v.as_number} AS {cast[v.sql].cast}" for v in read.texts)
    return (
        replace(read, values={f: cast.get(v.sql, v) for f, v in read.values.items()}),
        f"(SELECT *, {tried} FROM {source})",
    )


def _extra(read: Read) -> str:
    """Columns that only some kinds need: who a request is, what a counter did, whether the clock
    has this local time once."""
    kind = read.kind
    who = f", {read.value(kind.request_id).sql} AS request_id" if read.has(kind.request_id) else ""
    who += ", rise, reading" if kind.grain == "counter" else ""
    who += (
        f", {read.value(str(kind.time.field)).sql} AS moment"
        if read.has_native_time and not read.in_warehouse
        else ""
    )
    return who + (f", {_clock(read)} AS clock" if read.has_clock else "")


def _time(read: Read, value: Value) -> str:
    if read.in_warehouse:
        return value.sql
    return time_us_sql(value, read.zone, read.kind.time.relative, read.kind.time.day_first)


def _clock(read: Read) -> str:
    """skipped | twice | once: what the zone's clock makes of a time without a zone of its own."""
    value = read.value(terms(read.kind.time.field)[0])
    local = f"TRY_CAST({value.sql} AS TIMESTAMP)" if value.family in ("text", "time") else "NULL"
    zoned = f"timezone({literal(read.zone)}, {local})"
    own_zone = (
        rf"regexp_matches({value.sql}, '(Z|UTC|[+-]\d\d:?(\d\d)?)$')"
        if value.family == "text"
        else "false"
    )
    twice = " OR ".join(
        f"timezone({literal(read.zone)}, {zoned} {sign} INTERVAL {minutes} MINUTE) = {local}"
        for sign in "+-"
        for minutes in (30, 60)
    )
    return (
        f"CASE WHEN {own_zone} OR {local} IS NULL THEN 'once' WHEN timezone({literal(read.zone)},"
        f" {zoned}) <> {local} THEN 'skipped' WHEN {twice} THEN 'twice' ELSE 'once' END"
    )


def _first(read: Read, fields: Fields, sql) -> str:
    found = [sql(read.value(field)) for field in terms(fields) if read.has(field)]
    if len(found) > 1:
        return f"coalesce({', '.join(found)})"
    return found[0] if found else "NULL::BIGINT"


def _count(read: Read, fields: Fields) -> str:
    """A token count: the largest of its names, each name one field or a sum; NULL where none is
    filled."""
    found = []
    for entry in [fields] if isinstance(fields, str) else fields:
        numbers = [number_sql(read.value(field)) for field in entry.split(SUM) if read.has(field)]
        found += [_sum(numbers)] if len(numbers) > 1 else numbers
    if len(found) < 2:
        return found[0] if found else "NULL"
    # some dialects' greatest() is NULL where one of its arguments is
    turned = [[*found[start:], *found[:start]] for start in range(len(found))]
    filled = ", ".join(f"coalesce({', '.join(numbers)})" for numbers in turned)
    return f"greatest({filled})"


def _sum(numbers: Sequence[str]) -> str:
    """The sum of what is filled; NULL where nothing is."""
    summed = " + ".join(f"coalesce({number}, 0)" for number in numbers)
    return f"CASE WHEN coalesce({', '.join(numbers)}) IS NOT NULL THEN {summed} END"


def _requests(read: Read) -> str:
    if read.has(read.kind.requests):
        return number_sql(read.value(read.kind.requests))
    return "1" if read.grain == "request" else "NULL"


def counted_sql(read: Read, source: str) -> str:
    """Readings of counters with what each rose since the one before it, which is when the rise
    began. Without times: the count itself.

    Adds to `source`: value, at_us, rise, reading (first | rise | reset | whole).
    """
    measures = read.kind.measures
    assert measures is not None
    number = number_sql(read.value(measures.of))
    at = _first(read, read.kind.time.field, lambda v: _time(read, v))
    series = f"{read.value(measures.by).sql}, {read.value(read.kind.series).sql}"
    values = f"""SELECT *, CASE WHEN isfinite({number}) THEN {number} END AS value, {at} AS at_us
        FROM ({source})"""
    pairs = f"""SELECT *, lag(value IGNORE NULLS) OVER readings AS before,
        lag(CASE WHEN value IS NOT NULL THEN at_us END IGNORE NULLS) OVER readings AS before_us
        FROM ({values}) WINDOW readings AS (PARTITION BY {series} ORDER BY at_us)"""
    return f"""SELECT * REPLACE (coalesce(before_us, at_us) AS at_us),
        CASE WHEN at_us IS NULL OR value < before THEN value
            ELSE value - coalesce(before, value) END AS rise,
        CASE WHEN at_us IS NULL THEN 'whole' WHEN before_us IS NULL THEN 'first'
            WHEN value < before THEN 'reset' ELSE 'rise' END AS reading
        FROM ({pairs})"""


def _measured(read: Read, measures: Measures) -> dict[str, str]:
    """The counts of an export with one row per measure: the value where the row is of that measure,
    else nothing."""
    by, amount = f"lower({read.value(measures.by).sql})", number_sql(read.value(measures.of))
    if read.kind.grain == "counter":
        amount = "rise"
    if measures.unit:
        unit = f"lower(trim({read.value(measures.unit).sql}))"
        cases = (f"WHEN {unit} = {literal(u)} THEN {k}" for u, k in measures.units.items())
        amount = f"({amount}) * CASE {' '.join(cases)} END"
    found: dict[str, str] = {}
    earlier: list[str] = []
    for count in ("cache_read", "cache_write", "output", "input", "requests"):
        names = [n.lower() for n in _names_there(getattr(measures, count), read.names)]
        like = " OR ".join(f"{by} {'LIKE' if '%' in n else '='} {literal(n)}" for n in names)
        if like:
            alone = "".join(f" AND NOT ({other})" for other in earlier)
            found[count] = f"CASE WHEN ({like}){alone} THEN {amount} END"
            earlier.append(like)
    return found | ({} if "requests" in found else {"requests": "NULL"})


def _names_there(names: list[str], there: tuple[str, ...]) -> list[str]:
    """Patterns all count; of plain names, which are other names of one thing, the first that the
    file has."""
    plain = [n for n in names if "%" not in n and n.lower() in there]
    return [n for n in names if "%" in n] + plain[:1]


def _cost(read: Read) -> tuple[str, str]:
    """(USD, whether the row has money of another currency)."""
    cost = read.kind.cost
    if cost is None or not read.has(cost.field):
        return "NULL", "false"
    amount = number_sql(read.value(terms(cost.field)[0]))
    scale = "/ 100" if cost.unit == "cents" else ""
    usd = f"CASE WHEN abs({amount}) < 1e300 THEN {amount} {scale} END"  # finite in every dialect
    if not read.has(cost.currency):
        return usd, "false"
    ours = f"lower(trim(coalesce({read.value(cost.currency).sql}, ''))) IN ('usd', '')"
    return f"CASE WHEN {ours} THEN {usd} END", f"(NOT {ours} AND {usd} IS NOT NULL)"


def _matches(read: Read, field: str, values: Sequence[str | int]) -> str:
    value = read.value(field)
    if value.family == "missing":
        return "false" if field in read.kind.failed else "true"
    return f"({' OR '.join(f'coalesce({_meets(value, wanted)}, false)' for wanted in values)})"


def _meets(value: Value, wanted: str | int) -> str:
    if isinstance(wanted, int):
        return f"{number_sql(value)} >= {wanted}"
    return f"{value.sql}::VARCHAR {'LIKE' if '%' in wanted else '='} {literal(wanted)}"
