"""The exact split between own replicas and an API."""

import numpy as np

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.hourly_split import HourlySplit
from llmcost.model.types import Flags, Number
from llmcost.study.graph import quantity
from llmcost.study.ties import TIE_RATIO, beyond

YesOrNo = bool | Flags
"""A truth value, or an array of them for draws."""


@quantity("USD/hour")
def reserved_usd_per_hour(replica_usd_per_month: Number) -> Number:
    """A replica of one's own for an hour, busy or idle."""
    return replica_usd_per_month / HOURS_PER_MONTH


@quantity("USD")
def start_usd(by_the_hour_usd_per_hour: Number, start_seconds: Number) -> Number:
    """A start of a replica by the hour: it is billed from its order on."""
    return by_the_hour_usd_per_hour * start_seconds / SECONDS_PER_HOUR


@quantity("USD/hour")
def copy_usd_per_hour(weights_gb: Number, storage_usd_per_gb_month: Number) -> Number:
    """A copy of the weights kept ready for an hour."""
    return weights_gb * storage_usd_per_gb_month / HOURS_PER_MONTH


@quantity("USD/hour")
def full_hour_api_usd(
    open_api_usd_per_month: Number, mean_hour_replicas: Number, load_scale_ratio: Number
) -> Number:
    """What the API bills for the work of a full replica in an hour."""
    replica_hours = mean_hour_replicas * load_scale_ratio * HOURS_PER_MONTH
    return open_api_usd_per_month / replica_hours


@quantity("replicas")
def reserved_replicas(exact_split: HourlySplit) -> Number:
    """Replicas around the clock."""
    return exact_split.owned_count


@quantity("replicas")
def ever_hourly_replicas(exact_split: HourlySplit) -> Number:
    """Replicas above them that are ever run by the hour."""
    return exact_split.on_demand_count


@quantity("replicas")
def copied_replicas(reserved_replicas: Number, ever_hourly_replicas: Number) -> Number:
    """Replicas for each of which a copy of the weights is stored."""
    return reserved_replicas + ever_hourly_replicas


@quantity("USD/month")
def split_rent_by_the_hour(exact_split: HourlySplit) -> Number:
    """Rent of the replicas by the hour, their starts in it."""
    return exact_split.on_demand_usd_per_hour * HOURS_PER_MONTH


@quantity("USD/month")
def overflow(exact_split: HourlySplit) -> Number:
    """What is left to the API."""
    return exact_split.api_usd_per_hour * HOURS_PER_MONTH


@quantity("USD/month")
def split_saving(
    all_api_usd_per_month: Number, overflow_usd_per_month: Number, own_usd_per_month: Number
) -> Number:
    """What the split saves against sending to the API all that may go there."""
    split_usd = overflow_usd_per_month + own_usd_per_month
    return beyond(all_api_usd_per_month, split_usd)


@quantity("yes or no")
def pays_for_its_people(
    savings_usd_per_month: Number, fixed_usd_per_month: Number, all_api_usd_per_month: Number
) -> YesOrNo:
    """Whether the splits save more than own serving costs whatever the volume.

    A saving that is only rounding is none.
    """
    left_usd = savings_usd_per_month - fixed_usd_per_month
    return left_usd > TIE_RATIO * all_api_usd_per_month


@quantity("yes or no")
def own_replicas_run(pays_for_its_people: YesOrNo, some_may_not_leave: YesOrNo) -> YesOrNo:
    """Whether the hybrid has replicas of its own; else the API takes all."""
    return np.logical_or(pays_for_its_people, some_may_not_leave)


@quantity("USD/month")
def if_own_replicas_run(own_replicas_run: YesOrNo, line_usd_per_month: Number) -> Number:
    """A line of the hybrid's own replicas, where there are any."""
    return np.where(own_replicas_run, line_usd_per_month, 0.0)


@quantity("USD/month")
def left_to_the_api(
    own_replicas_run: YesOrNo, overflow_usd_per_month: Number, all_api_usd_per_month: Number
) -> Number:
    """The overflow, or all that may go there."""
    return np.where(own_replicas_run, overflow_usd_per_month, all_api_usd_per_month)


@quantity("USD/month")
def owned_or_rented(
    is_bought: YesOrNo, owned_usd_per_month: Number, rented_usd_per_month: Number
) -> Number:
    """A line of bought GPUs where some are bought, else that of rented ones."""
    return np.where(is_bought, owned_usd_per_month, rented_usd_per_month)
