"""What GPUs billed by the second cost: awake, idling to their timeout, and booting."""

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.serverless import billed_boots_and_cold
from llmcost.model.throughput import request_seconds
from llmcost.study.assumptions import Values
from llmcost.study.bill.fleet_lines import load_seconds
from llmcost.study.bill.options import Number
from llmcost.study.problem import (
    Supply,
    WorkloadChoice,
    cached_fraction,
    load_scale,
    taken_fraction,
    volume_knob,
)


def serverless_usd_per_month(choice: WorkloadChoice, supply: Supply, values: Values) -> Number:
    """The moved work on GPUs billed by the second, hour by hour: awake, idling to its timeout,
    booting, or kept warm."""
    billed, _, _ = billed_and_cold(choice, supply, values)
    price = supply.offer.hourly_usd * values["hidden_costs.gpu_rent_path_multiplier"]
    return billed * supply.plan.gpus_count * price * HOURS_PER_MONTH


def billed_and_cold(
    choice: WorkloadChoice, supply: Supply, values: Values
) -> tuple[Number, Number, Number]:
    """(mean billed replicas, boots per hour, share of the requests that wait for a boot) of the
    moved work, hour by hour.

    Bursts inside the hour wake replicas here as they ask a fleet for headroom: the load is the
    hour's with the same headroom.
    """
    headroom = values[f"{choice.at}.load.headroom_fraction"]
    return billed_boots_and_cold(
        supply.load_replicas,
        choice.load.hourly["requests"].to_numpy() / SECONDS_PER_HOUR,
        mean_service_seconds(choice, supply, values),
        idle_timeout_seconds(supply, values),
        load_seconds(supply, values),
        supply.warm_count,
        load_scale(choice, supply, values) * (1 + headroom),
        taken_fraction(choice, values) * volume_knob(choice, values),
    )


def idle_timeout_seconds(supply: Supply, values: Values) -> Number:
    """Seconds that a serverless replica stays billed without a request: the provider's own, else
    the catalog's band."""
    known = supply.offer.idle_timeout_seconds
    return values["hidden_costs.serverless_idle_timeout_seconds"] if known is None else known


def mean_service_seconds(choice: WorkloadChoice, supply: Supply, values: Values) -> Number:
    """Seconds that one mean request holds a replica that is full: its share of the work, times
    those in flight beside it.

    Not its tokens times the time between them: measured ones leave out the reading of the prompt,
    or are a percentile.
    """
    requests, ratio = (
        choice.load.hourly["requests"].sum(),
        values[f"{choice.alternative_at}.token_ratio"],
    )
    into, out = (
        choice.load.hourly[name].sum() / requests * ratio
        for name in ("input_tokens", "output_tokens")
    )
    alone = request_seconds(supply.replica, into * (1 - cached_fraction(choice.at, values)), out)
    return alone * supply.replica.concurrency_count / values[supply.throughput_path]
