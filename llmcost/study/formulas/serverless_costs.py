"""GPUs billed by the second: awake, idle until they sleep, and booting."""

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.serverless import billed_boots_and_cold
from llmcost.study.graph import Group, line, quantity


@quantity("s")
def service_seconds(
    mean_input_tokens,
    mean_output_tokens,
    token_ratio,
    tuned_cached_fraction,
    read_tokens_per_second,
    write_tokens_per_second,
    in_flight_count,
    throughput_multiplier,
):
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
def requests_scale_ratio(taken_fraction, volume_ratio):
    """Requests of the moved work over the requests of the hours."""
    return taken_fraction * volume_ratio


@quantity("(replicas, boots/hour, fraction)")
def billed_boots_cold(
    load_replicas_by_hour,
    requests_by_hour,
    service_seconds,
    idle_timeout_seconds,
    load_seconds,
    warm_count,
    headroom_scale_ratio,
    requests_scale_ratio,
):
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
def billed_replicas(billed_boots_cold):
    """Mean replicas billed."""
    return billed_boots_cold[0]


@line("Serverless GPUs", Group.GPUS)
def serverless_gpus(billed_replicas, rent_usd_per_hour):
    """GPUs billed by the second while they are awake."""
    return billed_replicas * rent_usd_per_hour * HOURS_PER_MONTH
