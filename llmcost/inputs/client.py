"""What a client file may say: every key with its type and its bounds."""

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator


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


def _within(lowest: float, highest: float):
    def check(band: Band) -> Band:
        if band.low < lowest or band.high > highest:
            raise ValueError(f"must lie between {lowest:g} and {highest:g}" if highest < float("inf") else f"must be at least {lowest:g}")
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
Amount = Annotated[Band, BeforeValidator(_band), AfterValidator(_within(0, float("inf"))), NUMBER_OR_BAND]
Growth = Annotated[Band, BeforeValidator(_band), AfterValidator(_within(-0.5, 1)), NUMBER_OR_BAND]
Ratio = Annotated[Band, BeforeValidator(_band), AfterValidator(_within(0.05, 20)), NUMBER_OR_BAND]
CERTAINLY_ZERO = Band(low=0, typical=0, high=0)
Word = Annotated[str, Field(min_length=1, max_length=200)]


def _day(value: Any) -> Any:
    """A day may be written as text too, as a what-if in JSON does."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[dt.date, BeforeValidator(_day)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")]


class Part(BaseModel):
    """A mapping of the client file: unknown keys refused, types strict, NaN and infinity refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Usage(Part):
    """A usage export beside the client file: its name, which rows count, and what its columns are called."""

    file: Word
    only: dict[Literal["model"], str] = {}
    mapping: dict[Literal["time", "model", "requests", "input_tokens", "cached_input_tokens", "output_tokens"], str] = {}


class Load(Part):
    """Either a usage export, or monthly totals and the name of a measured shape; without one, a shape for a client of this size."""

    usage: Usage | None = None
    input_mtok_per_month: Amount | None = None
    output_mtok_per_month: Amount | None = None
    requests_per_month: Annotated[float, Field(gt=0)] | None = None
    shape: Slug | None = None
    headroom_fraction: Amount | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        totals = {name: getattr(self, name) for name in ("input_mtok_per_month", "output_mtok_per_month", "requests_per_month", "shape")}
        if self.usage and any(value is not None for value in totals.values()):
            raise ValueError("give either usage or totals with a shape, not both")
        missing = [name for name, value in totals.items() if value is None and name != "shape"]
        if not self.usage and missing:
            raise ValueError(f"{', '.join(missing)} missing (or give usage with a file)")
        return self


class Today(Part):
    """The host and the model that answer these requests now."""

    provider: Word
    model_id: Word


class Alternative(Part):
    """An open model that could answer them, and how much of the work passes the client's own evaluation."""

    model_id: Word
    passing_fraction: Fraction
    evidence: Literal["measured", "reported", "guess"]
    token_ratio: Ratio | None = None


class Latency(Part):
    """The latency promise: metric, percentile and limit."""

    metric: Literal["itl"]
    percentile: Annotated[float, Field(ge=1, le=99.9)] = 50
    limit_seconds: Annotated[float, Field(gt=0, le=10)]


class Gates(Part):
    """Rules that no price can outweigh, and the evidence for them."""

    third_party_api_allowed: bool = True
    regions: list[Literal["us", "eu", "uk", "apac"]] = []
    air_gapped: bool = False
    fine_tuned_weights: bool = False
    evidence: str = ""


class Workload(Part):
    """One slice of the client's load with its models and rules."""

    id: Slug
    load: Load
    growth_fraction_per_month: Growth = CERTAINLY_ZERO
    cached_input_fraction: Fraction | None = None
    cacheable_input_fraction: Fraction | None = None
    batchable_fraction: Fraction = CERTAINLY_ZERO
    today: Today | None = None
    alternatives: list[Alternative] = Field(min_length=1, max_length=12)
    latency: Latency | None = None
    gates: Gates = Gates()


Term = Literal["on_demand", "committed_12_months", "committed_36_months", "owned"]


class OwnCapacity(Part):
    """Which GPUs and terms the client considers, and how many spare replicas it keeps."""

    gpus: Literal["cheapest_that_fit"] | list[str] = "cheapest_that_fit"
    terms: list[Term] = ["on_demand", "committed_12_months", "committed_36_months", "owned"]
    spare_replicas_count: Annotated[int, Field(ge=0, le=20)] = 1


class People(Part):
    """Shares and cost of engineers."""

    engineer_fte: Amount | None = None
    engineer_usd_per_year: Amount | None = None
    api_fte: Amount | None = None


class OneOff(Part):
    """What is paid once."""

    migration_usd: Amount | None = None
    setup_usd: Amount | None = None


class UnitOfWork(Part):
    """What the client counts, in requests."""

    name: Word
    requests_count: Annotated[float, Field(gt=0)]


class Quote(Part):
    """What was really offered for a catalog row; it beats the catalog."""

    row: Word
    gpu_usd_per_hour: Annotated[float, Field(gt=0)] | None = None
    input_usd_per_mtok: Annotated[float, Field(gt=0)] | None = None
    cached_input_usd_per_mtok: Annotated[float, Field(gt=0)] | None = None
    output_usd_per_mtok: Annotated[float, Field(gt=0)] | None = None
    value: Amount | None = None
    said_by: Word
    quoted_date: Day


class Invoice(Part):
    """What was really paid for the model of today."""

    usd_per_month: Annotated[float, Field(gt=0)]


class Brand(Part):
    """Whose name and colour the report carries."""

    prepared_by: Annotated[str, Field(max_length=200)] = ""
    brand_name: Annotated[str, Field(max_length=200)] = ""
    brand_colour: Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""


class Client(Part):
    """The whole client file."""

    schema_version: Literal[1]
    name: Word
    as_of_date: Day
    horizon_months: Annotated[int, Field(ge=1, le=120)] = 36
    workloads: list[Workload] = Field(min_length=1, max_length=20)
    own_capacity: OwnCapacity = OwnCapacity()
    people: People = People()
    one_off: OneOff = OneOff()
    unit_of_work: UnitOfWork | None = None
    quotes: list[Quote] = []
    invoice: Invoice | None = None
    report: Brand = Brand()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [workload.id for workload in self.workloads]
        if len(set(ids)) < len(ids):
            raise ValueError("two workloads have the same id")
        late = [quote.row for quote in self.quotes if quote.quoted_date > self.as_of_date]
        if late:
            raise ValueError(f"the quote for {late[0]} is younger than as_of_date")
        rules = {(w.gates.third_party_api_allowed, w.gates.air_gapped, w.gates.fine_tuned_weights, w.today is None) for w in self.workloads}
        if len(rules) > 1:
            raise ValueError("workloads with different rules about APIs, own weights or a model of today need a client file each")
        return self


def client_schema() -> dict[str, Any]:
    """JSON schema of the client file, so that editors complete and check it while it is written."""
    return Client.model_json_schema()
