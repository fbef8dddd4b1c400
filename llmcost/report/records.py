"""What we wrote, read again, typed and bounded: a report's record and the account of a run.

Such a file may be cut off, changed by hand, of another version or of another program. Whatever is
wrong with it is one InputError of one line, so that it costs its own client and nobody else.
"""

import datetime as dt
import errno
import json
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from llmcost.inputs.errors import InputError
from llmcost.report.spreadsheets import FIRST_DAY, LONGEST_COUNT
from llmcost.study.results import SCHEMA_VERSION

LARGEST_RESULTS_BYTES = 16 * 2**20
"""Hundreds of times a large report's; read, JSON takes up to twenty times as much memory."""
LARGEST_MANIFEST_BYTES = 64 * 2**20
LARGEST_USD = 1e15
MOST_OPTIONS_COUNT, MOST_LINES_COUNT, MOST_ROWS_COUNT = 100, 1_000, 100_000
CURE = "Make the report again, or move its folder away if it is not a report"


def _day(value: Any) -> dt.date:
    try:
        day = dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("is not a day of the calendar") from None
    if day.isoformat() != value:
        raise ValueError("is not a day written as 2026-11-15")
    return day


def _day_if_any(value: Any) -> dt.date | None:
    return None if value in (None, "") else _day(value)


Text = Annotated[str, Field(max_length=LONGEST_COUNT)]
LongText = Annotated[str, Field(max_length=LARGEST_MANIFEST_BYTES)]
"""As long as its file: a limit is also what makes pydantic refuse half a character."""
Count = Annotated[int, Field(ge=0)]
Measured = Annotated[float, Field(ge=0)]
Usd = Annotated[float, Field(ge=-LARGEST_USD, le=LARGEST_USD)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Day = Annotated[dt.date, BeforeValidator(_day), Field(ge=FIRST_DAY)]
Version = Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
"""A literal would take true for 1."""


class Kept(BaseModel):
    """A part of a file of ours: types strict, numbers finite; keys nobody reads are left out."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, allow_inf_nan=False)


class Line(Kept):
    """One line of an option's bill."""

    item: Text
    usd_per_month: Usd


class Total(Kept):
    """An option's bill in USD a month: typical, and the band of eight draws of ten if any."""

    p10: Usd | None
    typical: Usd
    p90: Usd | None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        ends = [end for end in (self.p10, self.p90) if end is not None]
        if len(ends) == 1 or ends != sorted(ends):
            raise ValueError("has a band without two rising ends")
        return self


class Option(Kept):
    """One way to serve the work, with its bill; without a price, with the reason."""

    id: Text
    label: Text
    status: Text
    reason: Text | None
    lines: list[Line] = Field(max_length=MOST_LINES_COUNT)
    total_usd_per_month: Total | None
    versus_today_usd_per_month: Usd | None
    probability_cheapest_fraction: Fraction | None


class Confidence(Kept):
    """How sure the advice is."""

    level: Text


class Verdict(Kept):
    """The advice."""

    answer: Text
    option: Text
    sentence: Text
    weakest_assumption: Text
    confidence: Confidence
    banners: list[Text] | None = Field(None, max_length=MOST_ROWS_COUNT)
    since_last_time: Text | None = None


class CatalogRow(Kept):
    """The day of a price behind the answer; None where it has no day."""

    date: Annotated[dt.date | None, BeforeValidator(_day_if_any)] = None


class Record(Kept):
    """What the book, the freshness and the line on what changed take of results.json."""

    schema_version: Version
    slug: Text
    name: Text
    as_of_date: Day
    horizon_months: Annotated[int, Field(ge=1)]
    files_read: list[Text] = Field(max_length=MOST_ROWS_COUNT)
    fingerprint: Text
    verdict: Verdict
    options: list[Option] = Field(max_length=MOST_OPTIONS_COUNT)
    catalog_rows_used: list[CatalogRow] = Field(max_length=MOST_ROWS_COUNT)

    @property
    def by_id(self) -> dict[str, Option]:
        """Id -> option, every option."""
        return {option.id: option for option in self.options}

    @property
    def totals(self) -> dict[str, Total]:
        """Id -> bill of the options that have a price; the advised one is among them."""
        bills = {option.id: option.total_usd_per_month for option in self.options}
        return {name: total for name, total in bills.items() if total}

    @property
    def advised(self) -> Option:
        """The option that is advised."""
        return self.by_id[self.verdict.option]

    @property
    def advised_total(self) -> Total:
        """The bill of the option that is advised."""
        return self.totals[self.verdict.option]

    @model_validator(mode="after")
    def _of_one_piece(self) -> Self:
        if len(self.by_id) < len(self.options):
            raise ValueError("has two options with one id")
        if self.verdict.option not in self.totals:
            raise ValueError("advises an option that it has no bill for")
        return self


class Outcome(Kept):
    """What became of one client in a run."""

    client: Text
    state: Text
    code: Text
    problem: LongText
    seconds: Measured | None
    peak_memory_gb: Measured | None
    warnings: list[LongText]


class Run(Kept):
    """The account of a run."""

    schema_version: Version
    counts: dict[Text, Count]
    clients: list[Outcome]


Model = TypeVar("Model", bound=Kept)


def read_record(folder: Path) -> Record:
    """The record of the report in a folder. Raises InputError for whatever is wrong with it."""
    return record_of(_document(folder / "results.json", LARGEST_RESULTS_BYTES))


def record_of(results: Any) -> Record:
    """The record in the object of a results.json. Raises InputError for whatever is wrong."""
    return _checked(Record, results, "results.json")


def read_run(path: Path) -> Run:
    """The account of a run. Raises InputError for whatever is wrong with its manifest.json."""
    return _checked(Run, _document(path, LARGEST_MANIFEST_BYTES), path.name)


def beginning(path: Path, most_bytes: int) -> bytes:
    """The first bytes of a file, at most so many. Raises OSError if it is none: a pipe has no
    end."""
    if not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    with path.open("rb") as file:
        return file.read(most_bytes)


def _document(path: Path, largest_bytes: int) -> Any:
    """What a JSON file holds. Raises InputError where it is too large, cut off, or not JSON."""
    try:
        data = beginning(path, largest_bytes + 1)
    except OSError as error:
        raise InputError(path.name, "", f"cannot be read ({error.strerror})", CURE) from None
    if len(data) > largest_bytes:
        raise InputError(path.name, "", f"is larger than {largest_bytes // 2**20} MiB", CURE)
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_distinct)
    except UnicodeDecodeError:
        raise InputError(path.name, "", "is not UTF-8 text", CURE) from None
    except (ValueError, RecursionError):
        raise InputError(path.name, "", "is not whole JSON as a report keeps it", CURE) from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


PROBLEMS = {
    "missing": "is missing",
    "model_type": "is not a mapping of keys to values",
    "dict_type": "is not a mapping of keys to values",
    "list_type": "is not a list",
    "string_type": "is not text",
    "string_unicode": "holds half a character",
    "string_too_long": "is longer than any text of a report",
    "too_long": "has more items than a report",
    "float_type": "is not a number",
    "finite_number": "is not a finite number",
    "int_type": "is not a whole number",
    "greater_than_equal": "is less than it can be",
    "less_than_equal": "is more than it can be",
}
"""Pydantic's name of a mistake -> ours."""


def _checked(model: type[Model], document: Any, file: str) -> Model:
    """The document as a model. Raises InputError with the first place that is wrong."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        said = first["msg"].removeprefix("Value error, ")
        field = ".".join(map(str, first["loc"]))
        raise InputError(file, field, PROBLEMS.get(first["type"], said), CURE) from None
