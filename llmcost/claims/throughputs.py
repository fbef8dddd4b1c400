"""Gates before any dollar: does it fit, can it compute so fast, how fast is it."""

import numpy as np
import pandas as pd

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, day_read, said
from llmcost.claims.facts import A100, H100, L40S, LLAMA, QWEN
from llmcost.claims.findings import (
    NO_INPUTS,
    NO_ROW,
    Check,
    Finding,
    reachable,
    same,
    shown,
    unchecked,
)
from llmcost.model import TOKENS_PER_MTOK, fleet, throughput
from llmcost.model.types import WEIGHT_BYTES
from llmcost.study.wording import number, percent

SECONDS_PER_DAY = 86_400
WRITING = (1.0, 1_000.0)
"""A request that hardly reads: the kindest to output tokens per second."""


def fits(gpu_id: str, model_id: str, precision: str) -> bool:
    """Whether a chat with the model fits one GPU."""
    try:
        return (
            throughput.fitting_concurrency(
                facts.gpu(gpu_id), 1, facts.model(model_id), precision, sum(facts.shape())
            )
            >= 1
        )
    except throughput.DoesNotFit:
        return False


def smallest_precision(gpu_id: str, model_id: str) -> list[str]:
    """Weight precisions at which the model fits one GPU, widest first."""
    return [precision for precision in WEIGHT_BYTES if fits(gpu_id, model_id, precision)]


def roof(gpu_id: str, model_id: str, precision: str) -> float:
    """Tokens/s that no engine passes on one GPU."""
    return throughput.compute_roof_tokens_per_second(
        facts.gpu(gpu_id), 1, facts.model(model_id), precision
    )


def batched_70b(claim: Claim) -> Finding:
    """Output speed of a 70B model on one A100, from a chat to pure writing."""
    bf16 = throughput.weights_gb(facts.model(LLAMA), "bf16")
    found = [facts.output_rate(A100, LLAMA, "fp4", request) for request in (facts.shape(), WRITING)]
    top = roof(A100, LLAMA, "fp4")
    reason = (
        f"BF16 needs {number(bf16)} GB and does not fit; at 4 bits a chat gets {number(found[0])},"
        f" pure writing {number(found[1])}, "
    )
    holds = fits(A100, LLAMA, "fp4") and said(claim.claim_id)[-1] <= top
    return same(claim, found, "tok/s", f"{reason}and no engine passes {number(top)}", holds=holds)


def lone_70b(claim: Claim) -> Finding:
    """Output speed of one request alone."""
    found = facts.output_rate(A100, LLAMA, "fp4", WRITING, 1)
    eight = facts.output_rate(A100, LLAMA, "fp8", WRITING, 1)
    return same(claim, found, "tok/s", f"at 4 bits; at 8 bits {number(eight)}")


def batching(claim: Claim) -> Finding:
    """A full batch over one request."""
    ratio = facts.output_rate(A100, LLAMA, "fp4", WRITING) / facts.output_rate(
        A100, LLAMA, "fp4", WRITING, 1
    )
    return shown(ratio > 2, ratio, "x", "a full batch over one request at a time")


def under_the_roof(gpu_id: str, precision: str) -> Check:
    """A check that a 14B model's claimed speed is one that this GPU can compute."""

    def check(claim: Claim) -> Finding:
        top, request = roof(gpu_id, QWEN, precision), facts.shape()
        real = facts.total_rate(gpu_id, QWEN, precision, request)
        times = float(said(claim.claim_id)[0]) / top
        reason = (
            f"{number(times)} times the compute roof for a 14B model; a chat's tokens, read and"
            f" written, come at {number(real)}/s"
        )
        return reachable(claim, top, "tok/s", reason)

    return check


def too_big_for_24_gb(claim: Claim) -> Finding:
    """A 70B model does not fit an RTX 4090 at any precision, a 14B model does."""
    weights = throughput.weights_gb(facts.model(LLAMA), "fp4")
    holds = not smallest_precision("rtx-4090", LLAMA) and fits("rtx-4090", QWEN, "fp8")
    return shown(
        holds, weights, "GB", "the weights of a 70B model at 4 bits; a 14B model fits at 8"
    )


def small_on_24_gb(claim: Claim) -> Finding:
    """A 7B model fits an RTX 4090 in BF16, a 14B model at 8 bits."""
    holds = fits("rtx-4090", "mistral-7b", "bf16") and fits("rtx-4090", QWEN, "fp8")
    wide = "also" if fits("rtx-4090", QWEN, "bf16") else "not"
    reason = f"a program sees this much; 7B fits in BF16, 14B at 8 bits and {wide} in BF16"
    return shown(holds, facts.gpu("rtx-4090").memory_gb, "GB", reason)


def byte_per_parameter(claim: Claim) -> Finding:
    """Memory of a parameter at 8 bits."""
    shape = facts.model(QWEN)
    found = throughput.weights_gb(shape, "fp8") * 1e9 / shape.parameters_count
    return same(claim, found, "byte/param", "8 bits are a byte, whole numbers or floating")


def four_gpus(claim: Claim) -> Finding:
    """Mid-tier GPUs that a day's tokens of a small model keep busy."""
    asked = float(said("A1-004")[0]) / SECONDS_PER_DAY
    load = asked / facts.total_rate(L40S, QWEN, "fp8", facts.shape())
    needed = float(fleet.replicas_for_peak(load * facts.curve("azure_conversation_week").peak, 0.0))
    reason = f"four carry it easily: chats with a 14B model keep {percent(load)} of one L40S busy"
    return shown(needed <= said(claim.claim_id)[0], needed, "GPUs", reason)


def two_a100(claim: Claim) -> Finding:
    """A100s for the busiest hour of a month's tokens, and a spare."""
    tokens = float(said("A2-023")[0]) / TOKENS_PER_MTOK
    load = tokens / facts.mtok_per_month(facts.total_rate(A100, LLAMA, "fp4", facts.shape()))
    found = fleet.replicas_for_peak(
        load * facts.curve("azure_conversation_week").peak, 0.0, spare_count=1
    )
    return same(
        claim,
        found,
        "GPUs",
        f"{percent(load)} of one A100 in the mean: one for the peak of a chat service, and a spare",
    )


def small_against_frontier(claim: Claim) -> Finding:
    """What the ratio would mean in dollars; no shape and no measurement of that model is in the
    catalog."""
    price = facts.mixed_usd_per_mtok(facts.list_prices("openai", "gpt-4.1", day_read()))
    reason = (
        "tokens/s that an A100 of that article must make of it; the model and its measurement are"
        " in no table here"
    )
    needed = said("A4-022")[0] / (said(claim.claim_id)[0] * price) * TOKENS_PER_MTOK / 3_600
    return unchecked(NO_ROW, reason, needed, "tok/s")


def large_against_frontier(claim: Claim) -> Finding:
    """A full GPU's token of a 70B model over GPT-4.1's, chats on both sides."""
    price = facts.mixed_usd_per_mtok(facts.list_prices("openai", "gpt-4.1", day_read()))
    plans = [("A4-022", A100, "fp4"), ("A4-024", H100, "fp4"), ("A4-024", H100, "fp8")]
    found = np.array(
        [
            float(
                fleet.gpu_usd_per_mtok(
                    said(rent)[0], facts.total_rate(gpu_id, LLAMA, precision, facts.shape()), 1.0
                )
            )
            for rent, gpu_id, precision in plans
            if fits(gpu_id, LLAMA, precision)
        ]
    )
    fill = found.max() / price / said(claim.claim_id)[0]
    return same(
        claim,
        found / price,
        "x GPT-4.1",
        f"at 100 % load, as that article counts; it holds for GPUs {percent(fill)} full",
    )


def unnamed_latency(claim: Claim) -> Finding:
    """Milliseconds to read one chat's prompt, 70B on an A100 and 14B on an H100."""
    read = facts.shape()[0]
    plans = [(H100, QWEN, "fp8"), (A100, LLAMA, "fp4")]
    found = [
        1e3 * throughput.prefill_seconds(facts.gpu(g), 1, facts.model(m), p, read)
        for g, m, p in plans
    ]
    return unchecked(
        NO_INPUTS,
        "p99 of what? reading one chat's prompt alone takes this long, 14B on an H100 to 70B on an"
        " A100",
        found,
        "ms",
    )


def gates() -> pd.DataFrame:
    """Claimed speeds beside the compute roof and the modelled speed: label, low, high, roof,
    modelled, all tokens/s of one GPU."""
    plans = {
        "A2-005": (
            "one request, 70B, A100",
            A100,
            LLAMA,
            "fp4",
            facts.output_rate(A100, LLAMA, "fp4", WRITING, 1),
        ),
        "A2-004": (
            "full batch, 70B, A100",
            A100,
            LLAMA,
            "fp4",
            facts.output_rate(A100, LLAMA, "fp4", WRITING),
        ),
        "A4-021": (
            "full batch, 14B, A100",
            A100,
            QWEN,
            "bf16",
            facts.total_rate(A100, QWEN, "bf16", facts.shape()),
        ),
        "A4-023": (
            "full batch, 14B, H100",
            H100,
            QWEN,
            "fp8",
            facts.total_rate(H100, QWEN, "fp8", facts.shape()),
        ),
    }
    rows = [
        (
            f"{claim_id}: {what}",
            said(claim_id)[0],
            said(claim_id)[-1],
            roof(gpu_id, model_id, precision),
            modelled,
        )
        for claim_id, (what, gpu_id, model_id, precision, modelled) in plans.items()
    ]
    return pd.DataFrame(rows, columns=["label", "low", "high", "roof", "modelled"])


CHECKS: dict[tuple[str, ...], Check] = {
    ("A1-008", "A1-017"): four_gpus,
    ("A1-019",): byte_per_parameter,
    ("A2-004",): batched_70b,
    ("A2-005",): lone_70b,
    ("A2-006",): batching,
    ("A2-012",): too_big_for_24_gb,
    ("A2-025", "A2-057"): two_a100,
    ("A4-012",): small_on_24_gb,
    ("A4-021",): under_the_roof(A100, "bf16"),
    ("A4-023",): under_the_roof(H100, "fp8"),
    ("A4-027",): small_against_frontier,
    ("A4-028",): large_against_frontier,
    ("A4-050",): unnamed_latency,
}
