"""What one replica can deliver: a roofline with fitted constants, gated by memory and by latency.

Fitted on public TensorRT-LLM tables. How far it is from every other public row, and where it must
not be used, is what the command `llmcost accuracy` prints; measured rows and a band correct it in
the study.
"""

import numpy as np

from llmcost.model.goodput import safe_index
from llmcost.model.types import (
    KV_BYTES,
    WEIGHT_BYTES,
    Gpu,
    ModelShape,
    Replica,
    Request,
    ServingCurve,
)

MFU_PREFILL = 0.80
MFU_DECODE = 0.55
BANDWIDTH_SHARE = 0.79
STEP_OVERHEAD_SECONDS = 1.1e-3
ALLREDUCE_SECONDS = 38e-6
LINK_SHARE = 0.38
SEQUENCE_OVERHEAD_SECONDS = 3.2e-6
RUNTIME_GB = 3.0
KV_SHARE = 0.95
MAX_CONCURRENCY = 2048


class DoesNotFit(ValueError):
    """The weights and one request's KV cache need more memory than the GPUs have."""


def weights_gb(model: ModelShape, precision: str) -> float:
    """Memory of the weights in GB: every parameter, active or not."""
    return model.parameters_count * WEIGHT_BYTES[precision] / 1e9


def kv_bytes_per_token(model: ModelShape, precision: str) -> float:
    """Bytes of KV cache that one token of context holds: 2 * layers * kv_heads * head_dim *
    bytes."""
    return (
        2 * model.layers_count * model.kv_heads_count * model.head_dim_count * KV_BYTES[precision]
    )


def peak_tflops(gpu: Gpu, precision: str) -> float:
    """Dense TFLOP/s for weights of this precision; a GPU without such units computes them in
    BF16."""
    return gpu.tflops.get(precision) or gpu.tflops["bf16"]


def fitting_concurrency(
    gpu: Gpu, gpus_count: int, model: ModelShape, precision: str, request_tokens: float
) -> int:
    """Requests whose KV cache fits beside the weights; raises DoesNotFit when none does.

        room = 0.95 * (gpus * (memory - 3 GB) - weights);   concurrency = floor(room /
        (kv_bytes_per_token * request_tokens))

    request_tokens  input + output tokens held at the end of a request, > 0
    """
    room_gb = KV_SHARE * (gpus_count * (gpu.memory_gb - RUNTIME_GB) - weights_gb(model, precision))
    count = int(room_gb * 1e9 // (kv_bytes_per_token(model, precision) * request_tokens))
    if room_gb <= 0 or count < 1:
        raise DoesNotFit(
            f"{weights_gb(model, precision):.0f} GB of weights do not fit {gpus_count} x"
            f" {gpu.memory_gb:.0f} GB with room to answer"
        )
    return min(count, MAX_CONCURRENCY)


def allreduce_seconds(
    gpu: Gpu, gpus_count: int, model: ModelShape, tokens: np.ndarray | float
) -> np.ndarray | float:
    """Seconds to move `tokens` tokens' activations between tensor-parallel GPUs; 0 on one GPU."""
    if gpus_count == 1:
        return 0.0
    bytes_per_token = (
        4 * model.layers_count * model.hidden_size_count * 2 * (gpus_count - 1) / gpus_count
    )
    return tokens * bytes_per_token / (gpu.link_gb_per_second * 1e9 * LINK_SHARE)


def prefill_seconds(
    gpu: Gpu, gpus_count: int, model: ModelShape, precision: str, input_tokens: float
) -> float:
    """Seconds of the whole replica to read one prompt: compute-bound, linear in parameters plus
    attention's square."""
    flops = (
        2 * model.active_parameters_count * input_tokens
        + 2 * model.layers_count * model.hidden_size_count * input_tokens**2
    )
    compute = flops / (gpus_count * peak_tflops(gpu, precision) * 1e12 * MFU_PREFILL)
    return float(compute + allreduce_seconds(gpu, gpus_count, model, input_tokens))


def step_seconds(
    gpu: Gpu,
    gpus_count: int,
    model: ModelShape,
    precision: str,
    context_tokens: float,
    concurrency_count: np.ndarray,
) -> np.ndarray:
    """Seconds of one decode step, in which each of `concurrency_count` requests gains one token
    (array, same shape).

    The larger of reading the weights and computing, then reading the KV cache, then overheads;
    roughly a + b N. Each request of a mixture-of-experts model picks its own share `active` of the
    weights, so a step reads 1 - (1 - active)^N of them: that halves the model's error on the
    measured gpt-oss-120b rows against reading all of them always.
    """
    n = np.asarray(concurrency_count, dtype=float)
    bandwidth = gpus_count * gpu.memory_bandwidth_gb_per_second * 1e9 * BANDWIDTH_SHARE
    read_share = 1 - (1 - model.active_parameters_count / model.parameters_count) ** n
    read = weights_gb(model, precision) * 1e9 * read_share / bandwidth
    compute = (
        2
        * model.active_parameters_count
        * n
        / (gpus_count * peak_tflops(gpu, precision) * 1e12 * MFU_DECODE)
    )
    cache = n * kv_bytes_per_token(model, precision) * context_tokens / bandwidth
    link = allreduce_seconds(gpu, gpus_count, model, n) + (
        2 * model.layers_count * ALLREDUCE_SECONDS if gpus_count > 1 else 0.0
    )
    return (
        np.maximum(read, compute)
        + cache
        + STEP_OVERHEAD_SECONDS
        + n * SEQUENCE_OVERHEAD_SECONDS
        + link
    )


def roofline_curve(
    gpu: Gpu,
    gpus_count: int,
    model: ModelShape,
    precision: str,
    input_tokens: float,
    output_tokens: float,
    concurrency_count: np.ndarray,
    cached_input_tokens: float = 0.0,
) -> ServingCurve:
    """What one replica delivers at each of `concurrency_count` (array, rising), whether or not so
    many fit its memory.

        itl(N) = N * prefill / output_tokens + step(N);   X(N) = N / itl(N)
        ttft(N) = prefill + step(N) + wait;   wait = busy / (1 - busy) * prefill / 2,   busy = (N -
                                              1) * prefill / (output_tokens * itl(N))

    A new request waits for the prompts of the other N - 1 as in a queue with one server and fixed
    service time (M/D/1). Leaves out waiting for a free place among the N, the server's own
    handling, percentiles and speculative decoding: the time to the first token is a lower bound,
    several times shorter than what public online runs measured.
    """
    n = np.asarray(concurrency_count, dtype=float)
    prefill = prefill_seconds(gpu, gpus_count, model, precision, input_tokens)
    step = step_seconds(
        gpu, gpus_count, model, precision, input_tokens + cached_input_tokens + output_tokens / 2, n
    )
    itl = n * prefill / output_tokens + step
    busy = (n - 1) * prefill / (output_tokens * itl)
    return ServingCurve(n, n / itl, itl, prefill + step + busy / (1 - busy) * prefill / 2)


def roofline_replica(
    gpu: Gpu,
    gpus_count: int,
    model: ModelShape,
    precision: str,
    input_tokens: float,
    output_tokens: float,
    itl_limit_seconds: float | None = None,
    concurrency_count: int | None = None,
    cached_input_tokens: float = 0.0,
) -> Replica:
    """One replica at the largest concurrency that fits memory and keeps the inter-token latency.

        itl(N) = N / X(N) = N * prefill / output_tokens + step(N);   N = max{N <= fitting: itl(N) <=
        limit}

    input_tokens, output_tokens  mean tokens of a request, > 0 (prefix-cache hits already taken off
                                 the input)
    cached_input_tokens          prefix-cache hits: they cost no prefill, and fill memory and
                                 attention like any other
    itl_limit_seconds            mean seconds between output tokens, or None when nothing is
                                 promised
    concurrency_count            a concurrency to hold to instead of searching for the best, or None
    Raises DoesNotFit or TooSlow. Leaves out queueing, percentiles and speculative decoding.
    """
    fits = fitting_concurrency(
        gpu, gpus_count, model, precision, input_tokens + cached_input_tokens + output_tokens
    )
    n = (
        np.arange(1, fits + 1)
        if concurrency_count is None
        else np.array([min(concurrency_count, fits)])
    )
    curve = roofline_curve(
        gpu, gpus_count, model, precision, input_tokens, output_tokens, n, cached_input_tokens
    )
    best = safe_index(curve, itl_limit_seconds)
    request = Request(input_tokens, output_tokens, cached_input_tokens)
    found = (
        int(n[best]),
        float(curve.output_tokens_per_second[best]),
        float(curve.itl_seconds[best]),
    )
    return delivering_replica(gpu, gpus_count, model, precision, request, *found)


def delivering_replica(
    gpu: Gpu,
    gpus_count: int,
    model: ModelShape,
    precision: str,
    request: Request,
    concurrency_count: int,
    output_tokens_per_second: float,
    itl_seconds: float,
) -> Replica:
    """The replica that delivers this many output tokens/s of such requests, its time shared by
    reading and writing as modelled.

    scale = (concurrency / X) / itl(concurrency);   input speed = input_tokens / prefill / scale;
                                                    output speed = N / step / scale
    """
    prefill = prefill_seconds(gpu, gpus_count, model, precision, request.input_tokens)
    context_tokens = request.input_tokens + request.cached_input_tokens + request.output_tokens / 2
    step = float(
        step_seconds(
            gpu, gpus_count, model, precision, context_tokens, np.array([concurrency_count])
        )[0]
    )
    modelled = concurrency_count * prefill / request.output_tokens + step
    scale = concurrency_count / output_tokens_per_second / modelled
    return Replica(
        gpu_id=gpu.gpu_id,
        gpus_count=gpus_count,
        precision=precision,
        concurrency_count=concurrency_count,
        input_tokens_per_second=request.input_tokens / prefill / scale,
        output_tokens_per_second=concurrency_count / step / scale,
        itl_seconds=itl_seconds,
        weights_gb=weights_gb(model, precision),
    )


def request_seconds(replica: Replica, input_tokens, output_tokens):
    """Replica-seconds that requests of these tokens ask for: input / prefill speed + output /
    decode speed. Broadcasts.

    >>> from llmcost.model.types import Replica
    >>> r = Replica("gpu", 1, "fp8", 64, 20_000.0, 2_000.0, 0.03, 70.0)
    >>> request_seconds(r, 4_000, 1_000)
    0.7
    """
    return (
        input_tokens / replica.input_tokens_per_second
        + output_tokens / replica.output_tokens_per_second
    )


def output_tokens_per_second(replica: Replica, input_tokens, output_tokens):
    """Output tokens/s of a replica kept full with requests of this shape: output /
    request_seconds."""
    return output_tokens / request_seconds(replica, input_tokens, output_tokens)


def compute_roof_tokens_per_second(
    gpu: Gpu, gpus_count: int, model: ModelShape, precision: str
) -> float:
    """Tokens/s that no engine can pass: FLOP/s divided by 2 FLOP per active parameter and token."""
    return gpus_count * peak_tflops(gpu, precision) * 1e12 / (2 * model.active_parameters_count)
