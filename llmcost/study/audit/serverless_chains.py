"""What serverless GPUs cost, as chains: from the hours of the arrivals to seconds that are
billed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.model.serverless import billed_boots_and_cold
from llmcost.study.audit.api_chains import USD, cached, taken
from llmcost.study.audit.figure import Figure, assumed, derived, given
from llmcost.study.audit.fleet_chains import (
    boot_seconds,
    load_replicas,
    rent,
    scale,
    speeds,
    storage,
)
from llmcost.study.problem import Supply, WorkloadChoice

if TYPE_CHECKING:
    from llmcost.study.study import Study


def serverless_chains(study: Study, choice: WorkloadChoice, supply: Supply) -> dict[str, Figure]:
    """What a workload's serverless GPUs cost for a month: item -> figure."""
    load = load_replicas(study, choice, supply)
    hours = choice.load.hourly
    requests = given(
        "requests of each hour", hours["requests"].to_numpy(), "requests", choice.load.described
    )
    ratio = assumed(study, f"{choice.alternative_at}.token_ratio")
    means = {
        name: given(
            f"mean {name} of a request",
            float(hours[f"{name}_tokens"].sum() / hours["requests"].sum()),
            "tokens",
            choice.load.described,
        )
        for name in ("input", "output")
    }
    flight = given(
        "requests in flight on a full replica",
        supply.replica.concurrency_count,
        "requests",
        supply.plan.name,
    )
    service = derived(
        "seconds that a request holds a full replica",
        "s",
        "token_ratio * (input * (1 - cached) / read_speed + output / write_speed) * in_flight /"
        " throughput",
        token_ratio=ratio,
        cached=cached(study, choice, True),
        in_flight=flight,
        throughput=assumed(study, supply.throughput_path),
        **means,
        **speeds(supply),
    )
    known, offer = supply.offer.idle_timeout_seconds, supply.offer
    default = "hidden_costs.serverless_idle_timeout_seconds"
    idle = (
        assumed(study, default)
        if known is None
        else given(
            "idle timeout", known, "s", f"{offer.row}; {offer.source}", offer.date, offer.confidence
        )
    )
    warm = given(
        "replicas that never sleep", supply.warm_count, "replicas", "client.yaml: own_capacity"
    )
    billed = derived(
        "mean replicas billed",
        "replicas",
        "billed_boots_and_cold(load, requests / 3600, service, idle, boot, warm, scale * (1 +"
        " headroom), taken)[0]",
        (billed_boots_and_cold,),
        load=load,
        requests=requests,
        service=service,
        idle=idle,
        boot=boot_seconds(study, supply),
        warm=warm,
        headroom=assumed(study, f"{choice.at}.load.headroom_fraction"),
        scale=scale(study, choice, supply, load),
        taken=taken(study, choice),
    )
    hourly = rent(study, supply, offer)
    return {
        "Serverless GPUs": derived(
            "billed by the second",
            USD,
            "replicas * usd_per_hour * 730",
            replicas=billed,
            usd_per_hour=hourly,
        ),
        "Storage of weights": storage(study, supply),
    }
