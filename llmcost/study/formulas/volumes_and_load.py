"""From the volumes of a month to the load of a replica."""

from collections.abc import Sequence

import numpy as np

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK
from llmcost.model.autoscale import LoadLevels
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.types import Array, Number
from llmcost.study.graph import quantity

LEAST_TAKEN = 1e-6
"""A share of zero counts as one in a million, so that a price per token still exists."""


@quantity("fraction")
def taken_fraction(passing_fraction: Number) -> Number:
    """Share of the work that the open model takes over."""
    return np.maximum(passing_fraction, LEAST_TAKEN)


@quantity("fraction")
def staying_fraction(passing_fraction: Number) -> Number:
    """Share of the work that does not pass the evaluation and stays on today's model."""
    return 1 - passing_fraction


@quantity("ratio")
def moved_ratio(taken_fraction: Number, token_ratio: Number) -> Number:
    """Tokens of the open model for each token of today's whole work."""
    return taken_fraction * token_ratio


@quantity("fraction")
def tuned_cached_fraction(
    cacheable_input_fraction: Number, cached_input_fraction: Number
) -> Number:
    """Share of the input read from a cache once prompts are arranged for it.

    It is never below today's.
    """
    return np.maximum(cacheable_input_fraction, cached_input_fraction)


@quantity("fraction")
def tuned_batched_fraction(batchable_fraction: Number, batched_fraction: Number) -> Number:
    """Share of the work sent in batches once all goes there that may wait.

    It is never below today's.
    """
    return np.maximum(batchable_fraction, batched_fraction)


@quantity("fraction")
def tuned_flex_fraction(flexible_fraction: Number, flex_fraction: Number) -> Number:
    """Share of the work in the flex tier once all goes there that may wait.

    It is never below today's.
    """
    return np.maximum(flexible_fraction, flex_fraction)


@quantity("Mtok/month")
def asked_input_mtok_per_month(
    input_mtok_per_month: Number, volume_ratio: Number, billed_retries_fraction: Number
) -> Number:
    """Input tokens that a model is asked for, billed retries included."""
    sent_ratio = 1 + billed_retries_fraction
    return input_mtok_per_month * volume_ratio * sent_ratio


@quantity("Mtok/month")
def asked_output_mtok_per_month(
    output_mtok_per_month: Number,
    reasoning_mtok_per_month: Number,
    volume_ratio: Number,
    billed_retries_fraction: Number,
) -> Number:
    """Output tokens that a model is asked for, hidden reasoning and billed retries included."""
    written = output_mtok_per_month + reasoning_mtok_per_month
    sent_ratio = 1 + billed_retries_fraction
    return written * volume_ratio * sent_ratio


@quantity("Mtok/month")
def asked_mtok_per_month(
    asked_input_mtok_per_month: Number, asked_output_mtok_per_month: Number
) -> Number:
    """Tokens that a model is asked for, in tokens of today's model."""
    return asked_input_mtok_per_month + asked_output_mtok_per_month


@quantity("Mtok/month")
def moved_mtok_per_month(asked_mtok_per_month: Number, moved_ratio: Number) -> Number:
    """Tokens that the open model is asked for, in its own tokens."""
    return asked_mtok_per_month * moved_ratio


@quantity("s/month")
def replica_seconds_per_month(
    asked_input_mtok_per_month: Number,
    asked_output_mtok_per_month: Number,
    moved_ratio: Number,
    tuned_cached_fraction: Number,
    read_tokens_per_second: Number,
    write_tokens_per_second: Number,
) -> Number:
    """Seconds of a full replica that the moved work of a month takes; cached input takes none."""
    return (
        TOKENS_PER_MTOK
        * moved_ratio
        * (
            asked_input_mtok_per_month * (1 - tuned_cached_fraction) / read_tokens_per_second
            + asked_output_mtok_per_month / write_tokens_per_second
        )
    )


@quantity("replicas")
def mean_load_replicas(
    replica_seconds_per_month: Number, safe_share_fraction: Number, throughput_multiplier: Number
) -> Number:
    """Mean load: replica-seconds asked for per second, over the safe share of saturation."""
    speed = safe_share_fraction * throughput_multiplier
    replica_seconds = HOURS_PER_MONTH * SECONDS_PER_HOUR * speed
    return replica_seconds_per_month / replica_seconds


@quantity("replicas")
def load_replicas_by_hour(
    input_tokens_by_hour: Array,
    output_tokens_by_hour: Array,
    moved_ratio: Number,
    tuned_cached_fraction: Number,
    read_tokens_per_second: Number,
    write_tokens_per_second: Number,
    safe_share_fraction: Number,
) -> Array:
    """Load of each hour of the moved work, over the safe share of saturation."""
    return (
        moved_ratio
        * (
            input_tokens_by_hour * (1 - tuned_cached_fraction) / read_tokens_per_second
            + output_tokens_by_hour / write_tokens_per_second
        )
        / SECONDS_PER_HOUR
        / safe_share_fraction
    )


@quantity("replicas")
def load_curve(load_replicas_by_hour: Array) -> LoadDurationCurve:
    """The hours sorted by their load."""
    return LoadDurationCurve(load_replicas_by_hour)


@quantity("replicas")
def load_levels(load_replicas_by_hour: Array) -> LoadLevels | Sequence[LoadLevels]:
    """How long and how often the load stands above a level."""
    return LoadLevels(load_replicas_by_hour)


@quantity("replicas")
def mean_hour_replicas(load_curve: LoadDurationCurve) -> Number:
    """Mean load of the hours."""
    return load_curve.mean


@quantity("replicas")
def peak_hour_replicas(load_curve: LoadDurationCurve) -> Number:
    """Load of the busiest hour."""
    return load_curve.peak


@quantity("ratio")
def load_scale_ratio(mean_load_replicas: Number, mean_hour_replicas: Number) -> Number:
    """Load of the month over the load of the hours; 1 at the values that the hours were made of."""
    return mean_load_replicas / mean_hour_replicas


@quantity("ratio")
def headroom_scale_ratio(load_scale_ratio: Number, headroom_fraction: Number) -> Number:
    """Load of the month over that of the hours, with headroom for bursts inside the hour."""
    return load_scale_ratio * (1 + headroom_fraction)
