"""What the first page says beside the bills: ranges, prices per token, cash, present value."""

import numpy as np

from llmcost.model.fleet import delivered_utilization
from llmcost.model.horizon import payback_months, present_value_usd
from llmcost.study.graph import quantity


@quantity("USD/month")
def difference_usd_per_month(usd_per_month, other_usd_per_month):
    """What one costs beyond another."""
    return usd_per_month - other_usd_per_month


@quantity("USD/month")
def p10(draws):
    """It costs more in nine draws of ten."""
    return np.quantile(draws, 0.1)


@quantity("USD/month")
def p90(draws):
    """It costs less in nine draws of ten."""
    return np.quantile(draws, 0.9)


@quantity("USD/Mtok")
def full_usd_per_mtok(replica_usd_per_month, mean_hour_replicas, moved_mtok_per_month):
    """A million tokens on a replica that is always full."""
    return replica_usd_per_month * mean_hour_replicas / moved_mtok_per_month


@quantity("USD/Mtok")
def loaded_usd_per_mtok(fleet_usd_per_month, moved_mtok_per_month):
    """A million tokens on the fleet at this load, with its idle hours and spares."""
    return fleet_usd_per_month / moved_mtok_per_month


@quantity("USD/Mtok")
def peopled_usd_per_mtok(
    fleet_usd_per_month, fixed_usd_per_month, workloads_count, moved_mtok_per_month
):
    """A million tokens with everything that hosting adds, the workload's share of it."""
    fixed_share_usd = fixed_usd_per_month / workloads_count
    return (fleet_usd_per_month + fixed_share_usd) / moved_mtok_per_month


@quantity("USD/Mtok")
def open_api_usd_per_mtok(open_api_usd_per_month, moved_mtok_per_month):
    """A million tokens of the open model by API."""
    return open_api_usd_per_month / moved_mtok_per_month


@quantity("USD/Mtok")
def tuned_usd_per_mtok(tuned_usd_per_month, asked_mtok_per_month):
    """A million tokens of today's model, tuned."""
    return tuned_usd_per_month / asked_mtok_per_month


@quantity("fraction")
def utilization_fraction(mean_hour_replicas, paid_replicas):
    """Delivered utilization: tokens served over tokens that the replicas paid for could serve."""
    return delivered_utilization(mean_hour_replicas, paid_replicas)


@quantity("USD")
def first_month_usd(usd_by_month):
    """What is paid in the first month."""
    return usd_by_month[0]


@quantity("USD")
def cash_by_month(
    once_usd_by_month,
    bought_usd_by_month,
    running_usd_by_month,
    leaving_usd_by_month,
    sold_usd_by_month,
):
    """Money out in each month."""
    paid_usd = once_usd_by_month + bought_usd_by_month + running_usd_by_month
    return paid_usd + leaving_usd_by_month - sold_usd_by_month


@quantity("USD")
def year_1_usd(cash_by_month, first_year_months):
    """Cash of the first year."""
    return np.sum(cash_by_month[:first_year_months])


@quantity("USD")
def npv_usd(
    once_usd_by_month,
    bought_usd_by_month,
    running_usd_by_month,
    leaving_usd_by_month,
    sold_usd_by_month,
    book_usd_at_the_end,
    discount_fraction_per_year,
):
    """Today's value of everything paid over the contract, hardware back at its book value."""
    starts_usd = once_usd_by_month + bought_usd_by_month
    ends_usd = running_usd_by_month + leaving_usd_by_month - sold_usd_by_month
    last_usd = ends_usd[-1] - book_usd_at_the_end
    ends_usd = np.append(ends_usd[:-1], last_usd)
    return present_value_usd(starts_usd, ends_usd, discount_fraction_per_year)


@quantity("months")
def payback(cash_by_month, todays_cash_by_month):
    """The month in which the advice has paid for itself against staying as today."""
    return payback_months(np.cumsum(todays_cash_by_month - cash_by_month))


@quantity("USD")
def saved_in_year_1_usd(todays_year_1_usd, year_1_usd):
    """Cash of the first year that the advice saves against today."""
    return todays_year_1_usd - year_1_usd


@quantity("USD")
def usd_per_unit(usd_per_month, requests_per_month, requests_of_one_unit):
    """The bill for one unit of work."""
    return usd_per_month / (requests_per_month / requests_of_one_unit)
