"""What the first page says beside the bills: ranges, prices per token, cash, present value."""

import numpy as np

from llmcost.model.fleet import delivered_utilization
from llmcost.model.horizon import payback_months, present_value_usd
from llmcost.model.types import Array, Number
from llmcost.study.graph import quantity


@quantity("USD/month")
def difference_usd_per_month(usd_per_month: Number, other_usd_per_month: Number) -> Number:
    """What one costs beyond another."""
    return usd_per_month - other_usd_per_month


@quantity("USD/month")
def p10(draws: Array) -> Number:
    """It costs more in nine draws of ten."""
    return np.quantile(draws, 0.1)


@quantity("USD/month")
def p90(draws: Array) -> Number:
    """It costs less in nine draws of ten."""
    return np.quantile(draws, 0.9)


@quantity("USD/Mtok")
def full_usd_per_mtok(
    replica_usd_per_month: Number, mean_hour_replicas: Number, moved_mtok_per_month: Number
) -> Number:
    """A million tokens on a replica that is always full."""
    return replica_usd_per_month * mean_hour_replicas / moved_mtok_per_month


@quantity("USD/Mtok")
def loaded_usd_per_mtok(fleet_usd_per_month: Number, moved_mtok_per_month: Number) -> Number:
    """A million tokens on the fleet at this load, with its idle hours and spares."""
    return fleet_usd_per_month / moved_mtok_per_month


@quantity("USD/Mtok")
def peopled_usd_per_mtok(
    fleet_usd_per_month: Number,
    fixed_usd_per_month: Number,
    workloads_count: Number,
    moved_mtok_per_month: Number,
) -> Number:
    """A million tokens with everything that hosting adds, the workload's share of it."""
    fixed_share_usd = fixed_usd_per_month / workloads_count
    return (fleet_usd_per_month + fixed_share_usd) / moved_mtok_per_month


@quantity("USD/Mtok")
def open_api_usd_per_mtok(open_api_usd_per_month: Number, moved_mtok_per_month: Number) -> Number:
    """A million tokens of the open model by API."""
    return open_api_usd_per_month / moved_mtok_per_month


@quantity("USD/Mtok")
def tuned_usd_per_mtok(tuned_usd_per_month: Number, asked_mtok_per_month: Number) -> Number:
    """A million tokens of today's model, tuned."""
    return tuned_usd_per_month / asked_mtok_per_month


@quantity("fraction")
def utilization_fraction(mean_hour_replicas: Number, paid_replicas: Number) -> Number:
    """Delivered utilization: tokens served over tokens that the replicas paid for could serve."""
    return delivered_utilization(mean_hour_replicas, paid_replicas)


@quantity("USD")
def first_month_usd(usd_by_month: Array) -> Number:
    """What is paid in the first month."""
    return float(usd_by_month[0])


@quantity("USD")
def cash_by_month(
    once_usd_by_month: Array,
    bought_usd_by_month: Array,
    running_usd_by_month: Array,
    leaving_usd_by_month: Array,
    sold_usd_by_month: Array,
) -> Array:
    """Money out in each month."""
    paid_usd = once_usd_by_month + bought_usd_by_month + running_usd_by_month
    return paid_usd + leaving_usd_by_month - sold_usd_by_month


@quantity("USD")
def year_1_usd(cash_by_month: Array, first_year_months: int) -> Number:
    """Cash of the first year."""
    return float(np.sum(cash_by_month[:first_year_months]))


@quantity("USD")
def npv_usd(
    once_usd_by_month: Array,
    bought_usd_by_month: Array,
    running_usd_by_month: Array,
    leaving_usd_by_month: Array,
    sold_usd_by_month: Array,
    book_usd_at_the_end: Number,
    discount_fraction_per_year: Number,
) -> Number:
    """Today's value of everything paid over the contract, hardware back at its book value."""
    starts_usd = once_usd_by_month + bought_usd_by_month
    ends_usd = running_usd_by_month + leaving_usd_by_month - sold_usd_by_month
    last_usd = ends_usd[-1] - book_usd_at_the_end
    ends_usd = np.append(ends_usd[:-1], last_usd)
    return present_value_usd(starts_usd, ends_usd, discount_fraction_per_year)


@quantity("months")
def payback(cash_by_month: Array, todays_cash_by_month: Array) -> int | None:
    """The month in which the advice has paid for itself against staying as today."""
    return payback_months(np.cumsum(todays_cash_by_month - cash_by_month))


@quantity("USD")
def saved_in_year_1_usd(todays_year_1_usd: Number, year_1_usd: Number) -> Number:
    """Cash of the first year that the advice saves against today."""
    return todays_year_1_usd - year_1_usd


@quantity("USD")
def usd_per_unit(
    usd_per_month: Number, requests_per_month: Number, requests_of_one_unit: Number
) -> Number:
    """The bill for one unit of work."""
    return usd_per_month / (requests_per_month / requests_of_one_unit)
