"""GPUs billed by the second: awake, idle until they sleep, and booting."""

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.serverless import billed_boots_and_cold
from llmcost.model.types import Array, Number
from llmcost.study.graph import Group, line, quantity


@quantity("s")
def service_seconds(
    mean_input_tokens: Number,
    mean_output_tokens: Number,
    token_ratio: Number,
    tuned_cached_fraction: Number,
    read_tokens_per_second: Number,
    write_tokens_per_second: Number,
    in_flight_count: Number,
    throughput_multiplier: Number,
) -> Number:
    """Seconds that one mean request holds a full replica, beside those in flight with it.

    The time between its tokens is another number: a measured one leaves out the reading of the
    prompt, or is a percentile.
    """
    return (
        token_ratio
        * (
            mean_input_tokens * (1 - tuned_cached_fraction) / read_tokens_per_second
            + mean_output_tokens / write_tokens_per_second
        )
        * in_flight_count
        / throughput_multiplier
    )


@quantity("ratio")
def requests_scale_ratio(taken_fraction: Number, volume_ratio: Number) -> Number:
    """Requests of the moved work over the requests of the hours."""
    return taken_fraction * volume_ratio


@quantity("(replicas, boots/hour, fraction)")
def billed_boots_cold(
    load_replicas_by_hour: Array,
    requests_by_hour: Array,
    service_seconds: Number,
    idle_timeout_seconds: Number,
    load_seconds: Number,
    warm_count: int,
    headroom_scale_ratio: Number,
    requests_scale_ratio: Number,
) -> tuple[Number, Number, Number]:
    """Mean replicas billed, boots an hour, and the share of requests that wait for a boot.

    Bursts inside the hour wake replicas here as they ask a fleet for headroom: the load is the
    hour's with the same headroom.
    """
    return billed_boots_and_cold(
        load_replicas_by_hour,
        requests_by_hour / SECONDS_PER_HOUR,
        service_seconds,
        idle_timeout_seconds,
        load_seconds,
        warm_count,
        headroom_scale_ratio,
        requests_scale_ratio,
    )


@quantity("replicas")
def billed_replicas(billed_boots_cold: tuple[Number, Number, Number]) -> Number:
    """Mean replicas billed."""
    return billed_boots_cold[0]


@line("Serverless GPUs", Group.GPUS)
def serverless_gpus(billed_replicas: Number, rent_usd_per_hour: Number) -> Number:
    """GPUs billed by the second while they are awake."""
    return billed_replicas * rent_usd_per_hour * HOURS_PER_MONTH
