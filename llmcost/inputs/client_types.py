"""The types that a client file is made of: numbers with their range, words, days, and mappings that
refuse unknown keys."""

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)


class Band(BaseModel):
    """A number with its range: P10, mode, P90. A certain one has all three equal."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
    low: float
    typical: float
    high: float

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.low <= self.typical <= self.high:
            raise ValueError("low <= typical <= high does not hold")
        return self


def _band(value: Any) -> Any:
    certain = isinstance(value, int | float) and not isinstance(value, bool)
    return {"low": value, "typical": value, "high": value} if certain else value


LARGEST = 1e15
"""Of any number: a million times what the largest clients use, and small enough that sums and
products stay numbers."""


def _within(lowest: float, highest: float):
    def check(band: Band) -> Band:
        if band.low < lowest and highest == LARGEST:
            raise ValueError(f"must be at least {lowest:g}")
        if band.low < lowest or band.high > highest:
            raise ValueError(f"must lie between {lowest:g} and {highest:g}")
        return band

    return check


NUMBER_OR_BAND = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number"},
            {
                "type": "object",
                "properties": {name: {"type": "number"} for name in ("low", "typical", "high")},
                "required": ["low", "typical", "high"],
                "additionalProperties": False,
            },
        ]
    }
)
"""What an editor should offer: a number, or its range."""
Fraction = Annotated[Band, BeforeValidator(_band), AfterValidator(_within(0, 1)), NUMBER_OR_BAND]
Amount = Annotated[
    Band, BeforeValidator(_band), AfterValidator(_within(0, LARGEST)), NUMBER_OR_BAND
]
Growth = Annotated[Band, BeforeValidator(_band), AfterValidator(_within(-0.5, 1)), NUMBER_OR_BAND]
Ratio = Annotated[Band, BeforeValidator(_band), AfterValidator(_within(0.05, 20)), NUMBER_OR_BAND]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
CERTAINLY_ZERO = Band(low=0, typical=0, high=0)
Word = Annotated[str, Field(min_length=1, max_length=200)]


def _day(value: Any) -> Any:
    """A day may be written as text too, as a what-if in JSON does."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
Day = Annotated[dt.date, BeforeValidator(_day), Field(ge=FIRST_DAY, le=LAST_DAY)]


def _version(value: Any) -> Any:
    """True is 1 to Python, and no version."""
    if type(value) is not int or value != 1:
        raise ValueError("must be 1: this version of the kit reads version 1")
    return value


Version = Annotated[Literal[1], BeforeValidator(_version)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")]


class Part(BaseModel):
    """A mapping of the client file: unknown keys refused, types strict, NaN and infinity
    refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
