"""What a client file may say of own serving: GPUs, terms, spares, and benchmark files of its
own."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from llmcost.inputs.client_types import Part, Word


def _listed(value: Any) -> Any:
    """One thing may stand without its list."""
    return value if isinstance(value, list) else [value]


class Measured(Part):
    """Benchmark files in the client's folder, and what they were measured on where the files do not
    say it.

    cached_input_fraction  share of the input that the benchmark's prompts found in the prefix cache
    """

    files: Annotated[
        list[Word],
        Field(min_length=1, max_length=50),
        BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    ]
    model_id: Word | None = None
    gpu_id: Word | None = None
    gpus_count: Annotated[int, Field(ge=1, le=64)] | None = None
    precision: Literal["bf16", "fp8", "fp4"] | None = None
    engine: Word | None = None
    cached_input_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0


def _files(value: Any) -> Any:
    """A name or pattern alone stands for files that say themselves what they were measured on."""
    return [{"files": each} if isinstance(each, str) else each for each in _listed(value)]


Term = Literal["on_demand", "spot", "committed_12_months", "committed_36_months", "owned"]
MeasuredFiles = Annotated[
    list[Measured],
    BeforeValidator(_files, json_schema_input_type=str | Measured | list[str | Measured]),
]


class OwnCapacity(Part):
    """Which GPUs and terms the client considers, how many spare replicas it keeps, and what it
    measured itself.

    terms  spot is left out unless it is listed: its price is of one moment, and a service that may
           lose its GPUs at any other is not the same service
    warm_replicas_count  serverless replicas that never sleep, so that the first requests of a quiet
                         hour do not wait for a boot
    """

    gpus: Literal["cheapest_that_fit"] | list[str] = "cheapest_that_fit"
    terms: list[Term] = ["on_demand", "committed_12_months", "committed_36_months", "owned"]
    spare_replicas_count: Annotated[int, Field(ge=0, le=20)] = 1
    warm_replicas_count: Annotated[int, Field(ge=0, le=20)] = 0
    measured: MeasuredFiles = []
