"""What a client file may say: every key with its type and its bounds."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from llmcost.inputs.client_types import (
    CERTAINLY_ZERO,
    Amount,
    Day,
    Fraction,
    Growth,
    Part,
    Positive,
    Ratio,
    Slug,
    Version,
    Word,
)
from llmcost.inputs.own_capacity import OwnCapacity
from llmcost.inputs.people_costs import OneOff, People
from llmcost.inputs.today import Today


class Mapping(Part):
    """What the columns of an export that no block describes are called, each by its own name in the
    export."""

    time: Word
    input_tokens: Word
    output_tokens: Word
    model: str = ""
    requests: str = ""
    cached_input_tokens: str = ""
    cache_write_tokens: str = ""
    reasoning_tokens: str = ""
    cost_usd: str = ""
    request_id: str = ""
    tier: str = ""
    input_holds_cached: bool = True
    day_first: bool | None = None


class Usage(Part):
    """A usage export beside the client file, and which of its rows count.

    file       one name, several, or a pattern: usage/*.csv
    mapping    its columns, where the export is of no kind that is known
    time_zone  of times that carry none: Europe/Berlin
    requests_per_month  for exports that count no requests
    within_day_shape    the load shape that spreads an export of days over their hours
    """

    file: Word | list[Word]
    only: dict[Literal["model"], str | list[str]] = {}
    mapping: Mapping | None = None
    time_zone: str = ""
    requests_per_month: Positive | None = None
    within_day_shape: Slug = "azure_conversation_week"


class Load(Part):
    """Either a usage export, or monthly totals and the name of a measured shape; without one, a
    shape for a client of this size.

    reasoning_mtok_per_month  hidden reasoning beside the output, billed as output; in an export it
                              is output already
    billed_retries_fraction   requests made and billed once more, over those that count
    """

    usage: Usage | None = None
    input_mtok_per_month: Amount | None = None
    output_mtok_per_month: Amount | None = None
    reasoning_mtok_per_month: Amount | None = None
    requests_per_month: Positive | None = None
    shape: Slug | None = None
    billed_retries_fraction: Fraction | None = None
    headroom_fraction: Amount | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        totals = {
            name: getattr(self, name)
            for name in (
                "input_mtok_per_month",
                "output_mtok_per_month",
                "requests_per_month",
                "shape",
            )
        }
        if self.usage and any(
            value is not None for value in (*totals.values(), self.reasoning_mtok_per_month)
        ):
            raise ValueError("give either usage or totals with a shape, not both")
        missing = [name for name, value in totals.items() if value is None and name != "shape"]
        if not self.usage and missing:
            raise ValueError(f"{', '.join(missing)} missing (or give usage with a file)")
        return self


class Alternative(Part):
    """An open model that could answer them, and how much of the work passes the client's own
    evaluation."""

    model_id: Word
    passing_fraction: Fraction
    evidence: Literal["measured", "reported", "guess"]
    token_ratio: Ratio | None = None


def _percentile(value: Any) -> Any:
    """The word mean stands for no percentile."""
    return None if value == "mean" else value


OneOfHundred = Annotated[float, Field(ge=1, le=99.9)]
Percentile = Annotated[
    OneOfHundred | None,
    BeforeValidator(_percentile, json_schema_input_type=OneOfHundred | Literal["mean"]),
]


class Latency(Part):
    """The latency promise: metric (time between tokens or to the first one), percentile (None: the
    mean) and limit."""

    metric: Literal["itl", "ttft"]
    percentile: Percentile = 50
    limit_seconds: Annotated[float, Field(gt=0, le=10)]

    @property
    def itl_limit_seconds(self) -> float | None:
        """Seconds promised between tokens, None where something else is promised."""
        return self.limit_seconds if self.metric == "itl" else None


class Gates(Part):
    """Rules that no price can outweigh, and the evidence for them.

    zero_retention    no host may keep prompts
    lowest_precision  the open model may be served in this precision or a finer one, by a host or on
                      own GPUs
    """

    third_party_api_allowed: bool = True
    regions: list[Literal["us", "eu", "uk", "apac"]] = []
    air_gapped: bool = False
    fine_tuned_weights: bool = False
    zero_retention: bool = False
    lowest_precision: Literal["bf16", "fp8", "fp4"] | None = None
    evidence: str = ""


class Workload(Part):
    """One slice of the client's load with its models and rules.

    Shares of the input: read from a prompt cache and written to it today; cacheable: read, were
    prompts arranged for it. Shares of the work in today's tiers: batched, flex, priority; what may
    wait: batchable for a day, flexible for minutes.
    long_context_fraction  share of the tokens in requests above a price list's long-context
                           threshold; what is left out is 0, or 1 where the mean request is above it
    """

    id: Slug
    load: Load
    growth_fraction_per_month: Growth = CERTAINLY_ZERO
    cached_input_fraction: Fraction | None = None
    cache_write_input_fraction: Fraction | None = None
    cacheable_input_fraction: Fraction | None = None
    batched_fraction: Fraction | None = None
    batchable_fraction: Fraction = CERTAINLY_ZERO
    flex_fraction: Fraction | None = None
    flexible_fraction: Fraction | None = None
    priority_fraction: Fraction | None = None
    long_context_fraction: Fraction | None = None
    today: Today | None = None
    alternatives: list[Alternative] = Field(min_length=1, max_length=12)
    latency: Latency | None = None
    gates: Gates = Gates()

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        input_shares = (self.cached_input_fraction, self.cache_write_input_fraction)
        tiers = (self.batched_fraction, self.flex_fraction, self.priority_fraction)
        for shares, what in (
            (input_shares, "cached and cache-write shares"),
            (tiers, "batched, flex and priority shares"),
        ):
            if sum(share.typical for share in shares if share) > 1:
                raise ValueError(f"the {what} add up to more than 1")
        return self


class UnitOfWork(Part):
    """What the client counts, in requests."""

    name: Word
    requests_count: Positive


class Quote(Part):
    """What was really offered for a catalog row; it beats the catalog."""

    row: Word
    gpu_usd_per_hour: Positive | None = None
    input_usd_per_mtok: Positive | None = None
    cached_input_usd_per_mtok: Positive | None = None
    output_usd_per_mtok: Positive | None = None
    value: Amount | None = None
    said_by: Word
    quoted_date: Day


class Invoice(Part):
    """What was really paid for the model of today: an amount, or a cost export beside the client
    file."""

    usd_per_month: Positive | None = None
    file: Word | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.usd_per_month is None) == (self.file is None):
            raise ValueError("give either usd_per_month or the file of a cost export")
        return self


class Brand(Part):
    """Whose name and colour the report carries."""

    prepared_by: Annotated[str, Field(max_length=200)] = ""
    brand_name: Annotated[str, Field(max_length=200)] = ""
    brand_colour: Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""


MOST_TIMES_GROWN = 1e7
"""Half as much again each month for three years is less; every replica that growth asks for is
worked out."""


class Client(Part):
    """The whole client file."""

    schema_version: Version
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

    @property
    def files_named(self) -> list[str]:
        """Names and patterns of the files beside client.yaml that an answer is read from,
        sorted."""
        exports = [workload.load.usage.file for workload in self.workloads if workload.load.usage]
        names = {name for file in exports for name in ([file] if isinstance(file, str) else file)}
        names |= {name for measured in self.own_capacity.measured for name in measured.files}
        if self.invoice and self.invoice.file:
            names.add(self.invoice.file)
        return sorted(names)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [workload.id for workload in self.workloads]
        if len(set(ids)) < len(ids):
            raise ValueError("two workloads have the same id")
        late = [quote.row for quote in self.quotes if quote.quoted_date > self.as_of_date]
        if late:
            raise ValueError(f"the quote for {late[0]} is younger than as_of_date")
        if len({workload.gates.fine_tuned_weights for workload in self.workloads}) > 1:
            raise ValueError(
                "workloads with and without weights of their own need a client file each"
            )
        for workload in self.workloads:
            times = (1 + workload.growth_fraction_per_month.high) ** self.horizon_months
            if times > MOST_TIMES_GROWN:
                raise ValueError(
                    f"{workload.id} may grow to {times:.3g} times its volume within horizon_months"
                )
        return self


def client_schema() -> dict[str, Any]:
    """JSON schema of the client file, so that editors complete and check it while it is written."""
    return Client.model_json_schema()
