"""The nouns of the cost model: frozen, unit-suffixed, built by `inputs` and read by everything
above."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Positions: TypeAlias = NDArray[np.intp]
Number: TypeAlias = float | Array
"""One number, or an array of them: a formula that takes either broadcasts."""
Which: TypeAlias = Flags | Positions | slice | list[int]
"""Which entries of an array are meant."""
Numbers: TypeAlias = ArrayLike
"""Numbers in any shape: one, a list, an array."""

WEIGHT_BYTES = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5}
"""Bytes of memory per parameter at each weight precision."""
KV_BYTES = {"bf16": 2.0, "fp8": 1.0, "fp4": 1.0}
"""Bytes per element of the KV cache that goes with each weight precision."""


def as_array(numbers: ArrayLike) -> Array:
    """The number or numbers as an array of floats; such an array itself is not copied.

    >>> as_array([1, 2]).tolist(), float(as_array(3))
    ([1.0, 2.0], 3.0)
    """
    return np.asarray(numbers, dtype=float)


@dataclass(frozen=True)
class Gpu:
    """One accelerator. Memory is what the runtime sees; link is one way; TFLOP/s are dense.

    Provisioned power holds the GPU's share of its server.
    data_centre_allowed  False where the driver's licence keeps the card in workstations
    """

    gpu_id: str
    memory_gb: float
    memory_bandwidth_gb_per_second: float
    link_gb_per_second: float
    tflops: Mapping[str, float] = field(hash=False)
    provisioned_power_watts: float = 0.0
    data_centre_allowed: bool = True


@dataclass(frozen=True)
class ModelShape:
    """What serving cost needs to know of a transformer. Mixture-of-experts models read fewer
    parameters than they hold."""

    model_id: str
    parameters_count: float
    active_parameters_count: float
    layers_count: float
    hidden_size_count: float
    kv_heads_count: float
    head_dim_count: float
    native_precision: str
    context_tokens: float


@dataclass(frozen=True)
class Request:
    """A mean request as a replica sees it, and how long a token may take.

    input_tokens         to be read: those from the prefix cache are left out
    cached_input_tokens  from the prefix cache: no work to read, but memory and attention like any
                         other
    itl_limit_seconds    seconds between output tokens, None when nothing is promised
    ttft_limit_seconds   seconds to the first token, None when nothing is promised
    limit_percentile     what the limits hold for: 99 for 99 of 100, None for the mean
    """

    input_tokens: float
    output_tokens: float
    cached_input_tokens: float = 0.0
    itl_limit_seconds: float | None = None
    ttft_limit_seconds: float | None = None
    limit_percentile: float | None = None

    @property
    def whole_tokens(self) -> float:
        """Tokens that the request holds in memory at its end."""
        return self.input_tokens + self.cached_input_tokens + self.output_tokens


@dataclass(frozen=True)
class ServingCurve:
    """One replica with more and more requests in flight: arrays of one length, concurrency rising.

    output_tokens_per_second  of the whole replica, the reading of prompts included
    """

    concurrency_count: Array
    output_tokens_per_second: Array
    itl_seconds: Array
    ttft_seconds: Array


@dataclass(frozen=True)
class Measurement:
    """One measured run of a whole replica at a mean request and a concurrency: a catalog row, or
    the client's own.

    source             the catalog row, or the client's file and its place in it
    engine             what served: runs of different engines are never mixed
    input_tokens       with cached_input_tokens, those that came from the prefix cache, among them
    concurrency_count  requests in flight, None where the engine was given as many as it would take
    tpot_seconds       mean seconds between output tokens, ttft_seconds to the first; None where not
                       measured
    itl_percentiles    99 -> seconds that 99 of 100 gaps between tokens stay below; ttft_percentiles
                       likewise
    """

    source: str
    date: str
    model_id: str
    gpu_id: str
    gpus_count: int
    precision: str
    engine: str
    input_tokens: float
    output_tokens: float
    concurrency_count: float | None
    output_tokens_per_second: float
    ttft_seconds: float | None = None
    tpot_seconds: float | None = None
    itl_percentiles: Mapping[float, float] = field(default_factory=dict, hash=False)
    ttft_percentiles: Mapping[float, float] = field(default_factory=dict, hash=False)
    cached_input_tokens: float = 0.0


@dataclass(frozen=True)
class Replica:
    """One copy of a model on `gpus_count` GPUs, and what it delivers at its largest latency-safe
    concurrency.

    `input_tokens_per_second` and `output_tokens_per_second` are the speeds of prefill and of decode
    each on its own: a request keeps the replica busy for input_tokens / input speed + output_tokens
    / output speed.
    """

    gpu_id: str
    gpus_count: int
    precision: str
    concurrency_count: int
    input_tokens_per_second: float
    output_tokens_per_second: float
    itl_seconds: float
    weights_gb: float


ClassRatios = tuple[float, float, float, float]
"""What each class of tokens pays of its standard price: fresh input, cache read, cache write,
output."""


@dataclass(frozen=True)
class TokenPrices:
    """List prices of one model at one host, USD per million tokens.

    cache_write_usd_per_mtok  input that is written to the prompt cache; None where a write costs
                              what fresh input costs
    tier_ratios               batch | flex | priority -> what its tokens pay; a tier that is not
                              there costs what standard costs
    long_context_ratios       what all tokens of a request pay whose input is longer than
                              `long_context_tokens`, None where nothing changes
    """

    input_usd_per_mtok: float
    cached_input_usd_per_mtok: float
    output_usd_per_mtok: float
    cache_write_usd_per_mtok: float | None = None
    tier_ratios: Mapping[str, ClassRatios] = field(default_factory=dict, hash=False)
    long_context_ratios: ClassRatios | None = None
    long_context_tokens: float | None = None

    @property
    def by_class(self) -> tuple[float, float, float, float]:
        """USD per million tokens: fresh input, cache read, cache write, output."""
        written = self.cache_write_usd_per_mtok
        if written is None:
            written = self.input_usd_per_mtok
        return (
            self.input_usd_per_mtok,
            self.cached_input_usd_per_mtok,
            written,
            self.output_usd_per_mtok,
        )


@dataclass(frozen=True)
class BillSteps:
    """USD per row. list_usd is the bill with neither cache nor batch nor tier at one day's prices;
    the rest are changes to it.

    list_usd + cache_read_usd + cache_write_usd + batch_usd + tier_usd + date_usd = computed_usd
    """

    list_usd: Array
    cache_read_usd: Array
    cache_write_usd: Array
    batch_usd: Array
    tier_usd: Array
    date_usd: Array
    computed_usd: Array


@dataclass(frozen=True)
class HardwareCash:
    """Hardware over a contract, arrays with the months as last axis, in USD.

    bought_usd  paid at the start of the month
    sold_usd    received at the end of the month, for what reached the end of its life
    book_usd    straight-line value at the end of the month of what still stands
    resale_usd  what still stands would fetch at the end of its life: all that is counted on in a
                hurry
    """

    bought_usd: Array
    sold_usd: Array
    book_usd: Array
    resale_usd: Array
