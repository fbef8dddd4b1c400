"""The exact split between own replicas and an API."""

import numpy as np

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.study.graph import quantity
from llmcost.study.ties import TIE_RATIO, beyond


@quantity("USD/hour")
def reserved_usd_per_hour(replica_usd_per_month):
    """A replica of one's own for an hour, busy or idle."""
    return replica_usd_per_month / HOURS_PER_MONTH


@quantity("USD")
def start_usd(by_the_hour_usd_per_hour, start_seconds):
    """A start of a replica by the hour: it is billed from its order on."""
    return by_the_hour_usd_per_hour * start_seconds / SECONDS_PER_HOUR


@quantity("USD/hour")
def copy_usd_per_hour(weights_gb, storage_usd_per_gb_month):
    """A copy of the weights kept ready for an hour."""
    return weights_gb * storage_usd_per_gb_month / HOURS_PER_MONTH


@quantity("USD/hour")
def full_hour_api_usd(open_api_usd_per_month, mean_hour_replicas, load_scale_ratio):
    """What the API bills for the work of a full replica in an hour."""
    replica_hours = mean_hour_replicas * load_scale_ratio * HOURS_PER_MONTH
    return open_api_usd_per_month / replica_hours


@quantity("replicas")
def reserved_replicas(exact_split):
    """Replicas around the clock."""
    return exact_split.owned_count


@quantity("replicas")
def ever_hourly_replicas(exact_split):
    """Replicas above them that are ever run by the hour."""
    return exact_split.on_demand_count


@quantity("replicas")
def copied_replicas(reserved_replicas, ever_hourly_replicas):
    """Replicas for each of which a copy of the weights is stored."""
    return reserved_replicas + ever_hourly_replicas


@quantity("USD/month")
def split_rent_by_the_hour(exact_split):
    """Rent of the replicas by the hour, their starts in it."""
    return exact_split.on_demand_usd_per_hour * HOURS_PER_MONTH


@quantity("USD/month")
def overflow(exact_split):
    """What is left to the API."""
    return exact_split.api_usd_per_hour * HOURS_PER_MONTH


@quantity("USD/month")
def split_saving(all_api_usd_per_month, overflow_usd_per_month, own_usd_per_month):
    """What the split saves against sending to the API all that may go there."""
    return beyond(all_api_usd_per_month, overflow_usd_per_month + own_usd_per_month)


@quantity("yes or no")
def pays_for_its_people(savings_usd_per_month, fixed_usd_per_month, all_api_usd_per_month):
    """Whether the splits save more than own serving costs whatever the volume.

    A saving that is only rounding is none.
    """
    return savings_usd_per_month - fixed_usd_per_month > TIE_RATIO * all_api_usd_per_month


@quantity("yes or no")
def own_replicas_run(pays_for_its_people, some_may_not_leave):
    """Whether the hybrid has replicas of its own; else the API takes all."""
    return np.logical_or(pays_for_its_people, some_may_not_leave)


@quantity("USD/month")
def if_own_replicas_run(own_replicas_run, line_usd_per_month):
    """A line of the hybrid's own replicas, where there are any."""
    return np.where(own_replicas_run, line_usd_per_month, 0.0)


@quantity("USD/month")
def left_to_the_api(own_replicas_run, overflow_usd_per_month, all_api_usd_per_month):
    """The overflow, or all that may go there."""
    return np.where(own_replicas_run, overflow_usd_per_month, all_api_usd_per_month)


@quantity("USD/month")
def owned_or_rented(is_bought, owned_usd_per_month, rented_usd_per_month):
    """A line of bought GPUs where some are bought, else that of rented ones."""
    return np.where(is_bought, owned_usd_per_month, rented_usd_per_month)
