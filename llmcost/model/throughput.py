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
    Array,
    Gpu,
    ModelShape,
    Number,
    Numbers,
    Replica,
    Request,
    ServingCurve,
    as_array,
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
    """Bytes of KV cache that one token of context holds.

    2 * layers * kv_heads * head_dim * bytes
    """
    elements_per_layer = model.kv_heads_count * model.head_dim_count
    keys_and_values = 2 * model.layers_count * elements_per_layer
    bytes_per_element = KV_BYTES[precision]
    return keys_and_values * bytes_per_element


def peak_tflops(gpu: Gpu, precision: str) -> float:
    """Dense TFLOP/s for weights of this precision.

    A GPU without units for them computes them in BF16.
    """
    in_bf16 = gpu.tflops["bf16"]
    in_own_units = gpu.tflops.get(precision)
    return in_own_units or in_bf16


def fitting_concurrency(
    gpu: Gpu, gpus_count: int, model: ModelShape, precision: str, request_tokens: float
) -> int:
    """Requests whose KV cache fits beside the weights. Raises DoesNotFit when none does.

        room        = 0.95 * (gpus * (memory - 3 GB) - weights)
        concurrency = floor(room / (kv_bytes_per_token * request_tokens))

    request_tokens  input + output tokens held at the end of a request, > 0
    """
    weights = weights_gb(model, precision)
    usable_gb = gpus_count * (gpu.memory_gb - RUNTIME_GB)
    room_gb = KV_SHARE * (usable_gb - weights)
    room_bytes = room_gb * 1e9
    token_bytes = kv_bytes_per_token(model, precision)
    request_bytes = token_bytes * request_tokens
    count = int(room_bytes // request_bytes)
    if room_gb <= 0 or count < 1:
        raise DoesNotFit(
            f"{weights:.0f} GB of weights do not fit {gpus_count} x {gpu.memory_gb:.0f} GB"
            " with room to answer"
        )
    return min(count, MAX_CONCURRENCY)


def allreduce_seconds(gpu: Gpu, gpus_count: int, model: ModelShape, tokens: Number) -> Number:
    """Seconds to move the activations of `tokens` tokens between tensor-parallel GPUs.

    It is 0 on one GPU.
    """
    if gpus_count == 1:
        return 0.0
    elements_per_token = 4 * model.layers_count * model.hidden_size_count
    other_gpus = gpus_count - 1
    bytes_per_token = elements_per_token * 2 * other_gpus / gpus_count
    link_bytes_per_second = gpu.link_gb_per_second * 1e9 * LINK_SHARE
    moved_bytes = tokens * bytes_per_token
    return moved_bytes / link_bytes_per_second


def prefill_seconds(
    gpu: Gpu, gpus_count: int, model: ModelShape, precision: str, input_tokens: float
) -> float:
    """Seconds of the whole replica to read one prompt.

    Reading is compute-bound: linear in the parameters, plus attention's square.
    """
    linear_flops = 2 * model.active_parameters_count * input_tokens
    square_tokens = input_tokens**2
    widths = 2 * model.layers_count * model.hidden_size_count
    attention_flops = widths * square_tokens
    flops = linear_flops + attention_flops
    peak_flops_per_second = gpus_count * peak_tflops(gpu, precision) * 1e12
    flops_per_second = peak_flops_per_second * MFU_PREFILL
    compute = flops / flops_per_second
    link = allreduce_seconds(gpu, gpus_count, model, input_tokens)
    return float(compute + link)


def step_seconds(
    gpu: Gpu,
    gpus_count: int,
    model: ModelShape,
    precision: str,
    context_tokens: float,
    concurrency_count: Numbers,
) -> Array:
    """Seconds of one decode step, in which each request in flight gains one token.

        step = max(reading the weights, computing) + reading the KV cache + overheads

    That is roughly a + b N. Each request of a mixture-of-experts model picks its own share `active`
    of the weights, so a step reads 1 - (1 - active)^N of them. This halves the model's error on the
    measured gpt-oss-120b rows against reading all of them always.

    concurrency_count  N, an array; the result has its shape
    """
    n = as_array(concurrency_count)
    gb_per_second = gpus_count * gpu.memory_bandwidth_gb_per_second
    bytes_per_second = gb_per_second * 1e9 * BANDWIDTH_SHARE
    active_share = model.active_parameters_count / model.parameters_count
    unread_share = (1 - active_share) ** n
    read_share = 1 - unread_share
    weights_bytes = weights_gb(model, precision) * 1e9
    read = weights_bytes * read_share / bytes_per_second

    flops = 2 * model.active_parameters_count * n
    peak_flops_per_second = gpus_count * peak_tflops(gpu, precision) * 1e12
    flops_per_second = peak_flops_per_second * MFU_DECODE
    compute = flops / flops_per_second

    token_bytes = kv_bytes_per_token(model, precision)
    cache_bytes = n * token_bytes * context_tokens
    cache = cache_bytes / bytes_per_second
    link = allreduce_seconds(gpu, gpus_count, model, n)
    if gpus_count > 1:
        waits_count = 2 * model.layers_count
        link = link + waits_count * ALLREDUCE_SECONDS
    sequences = n * SEQUENCE_OVERHEAD_SECONDS
    slower = np.maximum(read, compute)
    work = slower + cache
    handled = work + STEP_OVERHEAD_SECONDS + sequences
    return handled + link


def roofline_curve(  # reason: a replica is a GPU, their count, a model and a precision
    gpu: Gpu,
    gpus_count: int,
    model: ModelShape,
    precision: str,
    input_tokens: float,
    output_tokens: float,
    concurrency_count: Numbers,
    cached_input_tokens: float = 0.0,
) -> ServingCurve:
    """What one replica delivers at each concurrency, whether or not so many fit its memory.

        itl(N)  = N * prefill / output_tokens + step(N);   X(N) = N / itl(N)
        ttft(N) = prefill + step(N) + wait
        wait    = busy / (1 - busy) * prefill / 2
        busy    = (N - 1) * prefill / (output_tokens * itl(N))

    A new request waits for the prompts of the other N - 1 as in a queue with one server and fixed
    service time (M/D/1). Leaves out waiting for a free place among the N, the server's own
    handling, percentiles and speculative decoding. So the time to the first token is a lower bound,
    several times shorter than what public online runs measured.

    concurrency_count  N, an array, rising
    """
    n = as_array(concurrency_count)
    prefill = prefill_seconds(gpu, gpus_count, model, precision, input_tokens)
    context_tokens = input_tokens + cached_input_tokens + output_tokens / 2
    step = step_seconds(gpu, gpus_count, model, precision, context_tokens, n)
    prefills_per_token = n * prefill / output_tokens
    itl = prefills_per_token + step
    tokens_per_second = n / itl

    other_requests = n - 1
    other_prefills = other_requests * prefill
    answer_seconds = output_tokens * itl
    busy = other_prefills / answer_seconds
    idle = 1 - busy
    prompts_ahead = busy / idle
    wait = prompts_ahead * prefill / 2
    ttft = prefill + step + wait
    return ServingCurve(n, tokens_per_second, itl, ttft)


def roofline_replica(  # reason: a replica is a GPU, their count, a model and a precision
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

        itl(N) = N / X(N) = N * prefill / output_tokens + step(N)
        N      = max{N <= fitting: itl(N) <= limit}

    input_tokens         mean tokens of a request, > 0, prefix-cache hits already taken off
    output_tokens        mean tokens of an answer, > 0
    itl_limit_seconds    mean seconds between output tokens, or None when nothing is promised
    concurrency_count    a concurrency to hold to instead of searching for the best, or None
    cached_input_tokens  prefix-cache hits: they cost no prefill, and fill memory and attention like
                         any other token
    Raises DoesNotFit or TooSlow. Leaves out queueing, percentiles and speculative decoding.
    """
    request = Request(input_tokens, output_tokens, cached_input_tokens)
    request_tokens = input_tokens + cached_input_tokens + output_tokens
    fits = fitting_concurrency(gpu, gpus_count, model, precision, request_tokens)
    if concurrency_count is None:
        n = np.arange(1, fits + 1)
    else:
        n = np.array([min(concurrency_count, fits)])
    curve = roofline_curve(
        gpu, gpus_count, model, precision, input_tokens, output_tokens, n, cached_input_tokens
    )
    best = safe_index(curve, itl_limit_seconds)
    return delivering_replica(
        gpu,
        gpus_count,
        model,
        precision,
        request,
        int(n[best]),
        float(curve.output_tokens_per_second[best]),
        float(curve.itl_seconds[best]),
    )


def delivering_replica(  # reason: a replica is a GPU, their count, a model and a precision
    gpu: Gpu,
    gpus_count: int,
    model: ModelShape,
    precision: str,
    request: Request,
    concurrency_count: int,
    output_tokens_per_second: float,
    itl_seconds: float,
) -> Replica:
    """The replica that delivers this many output tokens/s of such requests.

    It shares its time between reading and writing as modelled:

        scale        = (concurrency / X) / itl(concurrency)
        input speed  = input_tokens / prefill / scale
        output speed = N / step / scale
    """
    prefill = prefill_seconds(gpu, gpus_count, model, precision, request.input_tokens)
    prompt_tokens = request.input_tokens + request.cached_input_tokens
    context_tokens = prompt_tokens + request.output_tokens / 2
    n = np.array([concurrency_count])
    steps = step_seconds(gpu, gpus_count, model, precision, context_tokens, n)
    step = float(steps[0])
    prefills_per_token = concurrency_count * prefill / request.output_tokens
    modelled_itl = prefills_per_token + step
    itl = concurrency_count / output_tokens_per_second
    scale = itl / modelled_itl
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


def request_seconds(replica: Replica, input_tokens: Number, output_tokens: Number) -> Number:
    """Replica-seconds that requests of these tokens ask for. Broadcasts.

        input / prefill speed + output / decode speed

    >>> from llmcost.model.types import Replica
    >>> r = Replica("gpu", 1, "fp8", 64, 20_000.0, 2_000.0, 0.03, 70.0)
    >>> request_seconds(r, 4_000, 1_000)
    0.7
    """
    reading = input_tokens / replica.input_tokens_per_second
    writing = output_tokens / replica.output_tokens_per_second
    return reading + writing


def output_tokens_per_second(
    replica: Replica, input_tokens: Number, output_tokens: Number
) -> Number:
    """Output tokens/s of a replica kept full with requests of this shape.

    output / request_seconds
    """
    busy_seconds = request_seconds(replica, input_tokens, output_tokens)
    return output_tokens / busy_seconds


def compute_roof_tokens_per_second(
    gpu: Gpu, gpus_count: int, model: ModelShape, precision: str
) -> float:
    """Tokens/s that no engine can pass: FLOP/s divided by 2 FLOP per active parameter and token."""
    tflops = gpus_count * peak_tflops(gpu, precision)
    flops_per_second = tflops * 1e12
    flops_per_token = 2 * model.active_parameters_count
    return flops_per_second / flops_per_token
