"""What each kind of usage export is: one short block in `data/usage_formats`, the same for every
reader of it."""

import difflib
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from llmcost.inputs.data_cache import data_cached
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.inputs.yaml_file import plain, read_yaml

SUM = "\x1f+\x1f"
"""Between the fields of a sum, which a block writes a + b: a client's column may well be called
so."""


def _with_sums(fields: object) -> object:
    """The entry of a block with its sums marked as such."""
    if isinstance(fields, list):
        return [_with_sums(field) for field in fields]
    return fields.replace(" + ", SUM) if isinstance(fields, str) else fields


Fields = Annotated[str | list[str], BeforeValidator(_with_sums)]
"""A field of the export, or several names of the same thing. A field is a column, or a path into
JSON: usage_details/input."""


class Part(BaseModel):
    """A mapping of a block: unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Times(Part):
    """When the row's use began.

    field          several: the first that is filled
    end            where the row's bucket ends, if the export says it
    zone           of times that carry none themselves
    relative       seconds or milliseconds since the start of the record, which has no calendar
    day_first      order of day and month in dates like 5/1/25; without it such dates are refused
    """

    field: Fields
    end: str = ""
    zone: str = "UTC"
    relative: Literal["", "s", "ms"] = ""
    day_first: bool | None = None


class Tokens(Part):
    """Token counts: one field, several names of the same count (the largest is taken), or a sum
    written a + b.

    input_holds_cache       whether `input` counts cached tokens too; by_total: whether it does
                            follows, row by row, from `total`
    output_holds_reasoning  the same for `output` and reasoning tokens
    """

    input: Fields = ""
    output: Fields = ""
    cache_read: Fields = ""
    cache_write: Fields = ""
    reasoning: Fields = ""
    total: Fields = ""
    input_holds_cache: bool | Literal["by_total"] = True
    output_holds_reasoning: bool | Literal["by_total"] = True


class Measures(Part):
    """For exports with one row per measure: which column names it, which holds its value, what each
    name means.

    unit   column with the unit of the value; units: how many single tokens each unit is

    Names are other names of one thing, and the first that the file has is taken; those with % for
    any letters count together.
    """

    by: str
    of: str
    unit: str = ""
    units: dict[str, float] = {}
    input: list[str] = []
    output: list[str] = []
    cache_read: list[str] = []
    cache_write: list[str] = []
    requests: list[str] = []


class Cost(Part):
    """What the export says that the row cost. Credits are negative."""

    field: Fields
    unit: Literal["usd", "cents"] = "usd"
    currency: str = ""


class UsageFormat(Part):
    """One kind of export.

    grain       request: a row is one request | bucket: a row sums up a span of time | counter:
                values that only rise | cost: money alone
    provider    who sold the tokens, or the field that names them
    rows_in     JSON arrays, from the outside in, whose items are the rows
    pairs       JSON array of {key, value} pairs in a row; its fields are written pairs/KEY
    recognise   fields that a file of this kind has; the kind with most of them wins
    model_until the model's name ends before this
    series      of a counter: which series the reading belongs to
    keep        field -> values: only such rows are use, the others (parents of spans, other
                services) are left out
    failed      field -> values that mark a failed request: texts with % for any letters; a number
                marks itself and all above
    more        of pages of an API: the field that says whether another page follows
    rows, outcome  of a table that was made from others: how many of their rows a row stands for,
                   and what became of them
    tier        service tier, or the kind of processing
    batch       field that is true for batch
    """

    name: str
    title: str
    source: str
    grain: Literal["request", "bucket", "counter", "cost"]
    provider: str = ""
    provider_field: str = ""
    rows_in: list[str] = []
    pairs: str = ""
    recognise: list[str] = Field(min_length=1)
    time: Times
    model: Fields = ""
    model_until: str = ""
    series: str = ""
    request_id: str = ""
    requests: str = ""
    tokens: Tokens = Tokens()
    measures: Measures | None = None
    cost: Cost | None = None
    keep: dict[str, list[str]] = {}
    failed: dict[str, list[str | int]] = {}
    tier: str = ""
    batch: str = ""
    more: str = ""
    rows: str = ""
    outcome: str = ""
    note: str = ""


@data_cached
def usage_formats() -> dict[str, UsageFormat]:
    """Every kind of export that is known, by name."""
    blocks = {
        path.stem: plain(read_yaml(path))
        for path in sorted(data_path("usage_formats").glob("*.yml"))
    }
    return {name: UsageFormat(name=name, **block) for name, block in blocks.items()}


def usage_format(name: str) -> UsageFormat:
    """The kind of export of that name. Raises InputError with the nearest names."""
    known = usage_formats()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    raise InputError(
        name[:60],
        "",
        "is no usage format",
        f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known)}",
    )


def recognised(fields: set[str]) -> UsageFormat | None:
    """The kind whose telling fields are all there; of several the one with most of them. Letter
    case does not matter."""
    there = {field.lower() for field in fields}
    fitting = [
        kind
        for kind in usage_formats().values()
        if all(has_field(field, kind, there) for field in kind.recognise)
    ]
    return max(fitting, key=lambda kind: len(kind.recognise), default=None)


def has_field(field: str, kind: UsageFormat, there: set[str]) -> bool:
    """Whether a row has the field, of the fields in lower case: under its own path, that of a row
    that it lies in, or in a JSON column."""
    return (
        any(f"{level}{field}".lower() in there for level in levels(kind))
        or field.lower().partition("/")[0] in there
    )


def levels(kind: UsageFormat) -> list[str]:
    """Where fields of a row may stand in a JSON document: beside all rows, and in each array that
    rows lie in."""
    found = [""]
    for array in kind.rows_in:
        found.append(f"{found[-1]}{array}/[]/")
    return found


def terms(fields: Fields) -> list[str]:
    """The single fields of an entry: of a list, of a sum, or the one."""
    entries = [fields] if isinstance(fields, str) else fields
    return [term for entry in entries for term in entry.split(SUM) if term]


def only_counts(kind: UsageFormat) -> set[str]:
    """Fields, in lower case, that are read as counts and as nothing else."""
    counts = [
        term
        for name in Tokens.model_fields
        if "holds" not in name
        for term in terms(getattr(kind.tokens, name))
    ]
    return {
        field.lower()
        for field in [*counts, kind.requests]
        if field not in kind.keep and field not in kind.failed
    }


def fields_read(kind: UsageFormat) -> list[str]:
    """The allow-list: every field of the export that is ever read, in a fixed order."""
    token_fields = [
        getattr(kind.tokens, name) for name in Tokens.model_fields if "holds" not in name
    ]
    measures = [kind.measures.by, kind.measures.of, kind.measures.unit] if kind.measures else []
    cost = [*terms(kind.cost.field), kind.cost.currency] if kind.cost else []
    single = [
        kind.time.end,
        kind.provider_field,
        kind.request_id,
        kind.requests,
        kind.series,
        kind.tier,
        kind.batch,
        kind.rows,
        kind.outcome,
        *kind.keep,
        *kind.failed,
    ]
    listed = [
        term for entry in (kind.time.field, kind.model, *token_fields) for term in terms(entry)
    ]
    return list(dict.fromkeys(filter(None, [*listed, *single, *measures, *cost])))
