"""Serverless GPUs: what is billed, what is cold, when they win."""

import numpy as np

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, day_read
from llmcost.claims.facts import A100, LLAMA
from llmcost.claims.findings import Check, Finding, same, shown
from llmcost.inputs import catalog
from llmcost.inputs.load_shapes import load_shape
from llmcost.model import fleet, serverless, throughput
from llmcost.study.wording import number, percent

LONE_PER_SECOND = 0.01
"""One request in a hundred seconds: quiet, yet not asleep."""


def timeouts() -> np.ndarray:
    """Idle timeouts of the dated rows, in seconds."""
    return (
        catalog.in_force("serverless_gpu", day_read())["idle_timeout_seconds"].dropna().to_numpy()
    )


def price_ratios() -> np.ndarray:
    """Serverless over on-demand price of the same card at RunPod, dated rows in force."""
    rows = catalog.in_force("serverless_gpu", day_read())
    rows = rows[rows["provider"] == "runpod"].set_index("gpu_id")["gpu_usd_per_hour"]
    rented = {gpu_id: facts.rents((gpu_id,), day_read(), "runpod") for gpu_id in rows.index}
    return np.array(
        [price / rented[gpu_id].min() for gpu_id, price in rows.items() if len(rented[gpu_id])]
    )


def service_seconds() -> float:
    """Seconds that one chat alone holds an A100 with a 70B model."""
    return facts.shape()[1] / facts.output_rate(A100, LLAMA, "fp4", facts.shape(), 1)


def by_the_second(claim: Claim) -> Finding:
    """Billed share with no request, and with one in a hundred seconds."""
    none = serverless.awake_fraction(0.0, service_seconds(), timeouts().max())
    quiet = serverless.awake_fraction(LONE_PER_SECOND, service_seconds(), timeouts())
    reason = (
        f"no request, no bill; but one in 100 s bills {percent(quiet.min())} to"
        f" {percent(quiet.max())} of the hours, by timeout"
    )
    return shown(none == 0, none, "share billed", reason)


def by_the_millisecond(claim: Claim) -> Finding:
    """Milliseconds billed after a lone request."""
    return same(
        claim,
        1e3 * timeouts(),
        "ms",
        "billed after the last request by the dated rows: nothing runs, and it is paid",
    )


def break_even_awake(claim: Claim) -> Finding:
    """Awake share up to which serverless costs less than always-on."""
    found = 1 / price_ratios()
    return shown(
        found.max() < 1,
        found,
        "share awake",
        "cheaper than always-on up to this share of awake hours, card by card at RunPod",
    )


def cold_start(claim: Claim) -> Finding:
    """Seconds to load a 70B model, 4 bits on a fast disk to BF16 on a slow one."""
    weights = [
        throughput.weights_gb(facts.model(LLAMA), precision) for precision in ("fp4", "bf16")
    ]
    speeds = facts.hidden("weights_load_gb_per_second")[[2, 0]]
    found = np.asarray(serverless.cold_start_seconds(np.array(weights), speeds))
    return shown(
        found.min() > 1,
        found,
        "s",
        "4 bits from a fast disk, to BF16 from a slow one; the container's start comes on top",
    )


def warm_worker(claim: Claim) -> Finding:
    """Serverless over on-demand price of the same card."""
    found = price_ratios()
    return same(
        claim,
        found,
        "x",
        f"a warm worker pays the serverless rate: median {number(np.median(found))} over"
        f" {len(found)} cards at RunPod",
    )


def steady_on_serverless(claim: Claim) -> Finding:
    """Cost of a busy replica that never sleeps, over the same card rented."""
    awake = serverless.awake_fraction(1.0, service_seconds(), timeouts().max())
    found = price_ratios() * awake
    return shown(
        bool(np.median(found) > 1),
        found,
        "x",
        "a worker that never sleeps over a rented card; one that sleeps starts cold",
    )


def eats_cold_start(claim: Claim) -> Finding:
    """Share of requests that start cold at one in a hundred seconds."""
    found = 1 - serverless.awake_fraction(LONE_PER_SECOND, service_seconds(), timeouts())
    return shown(
        found.max() > 0,
        found,
        "share cold",
        "of requests, one in 100 s, by timeout; 'per millisecond' is another matter",
    )


def spiky(claim: Claim) -> Finding:
    """Serverless over an always-on fleet for the peak, on a bursty client's load of one replica in
    the mean."""
    hours = load_shape("servegen_tenant_118")["output_ratio"].to_numpy()
    seconds = float(throughput.request_seconds(_replica(), *facts.shape()))
    boot = serverless.cold_start_seconds(
        throughput.weights_gb(facts.model(LLAMA), "fp4"),
        facts.hidden("weights_load_gb_per_second")[1],
    )
    billed, _, _ = serverless.billed_boots_and_cold(
        hours, hours / seconds, seconds, timeouts().min(), boot
    )
    always_on = float(fleet.replicas_for_peak(hours.max(), 0.0))
    ratio = float(billed) * price_ratios().max() / always_on
    reason = (
        f"{number(float(billed))} replicas billed at the dearest ratio, against {number(always_on)}"
        " always on for the same peak"
    )
    return shown(ratio < 1, ratio, "x", reason)


def _replica():
    """A full A100 with a 70B model at 4 bits, on chats."""
    return throughput.roofline_replica(
        facts.gpu(A100), 1, facts.model(LLAMA), "fp4", *facts.shape()
    )


CHECKS: dict[tuple[str, ...], Check] = {
    ("A0-016",): by_the_second,
    ("A0-017",): break_even_awake,
    ("A2-043",): by_the_millisecond,
    ("A2-045",): cold_start,
    ("A2-046",): warm_worker,
    ("A2-047",): steady_on_serverless,
    ("A2-049",): eats_cold_start,
    ("A2-054",): spiky,
}
