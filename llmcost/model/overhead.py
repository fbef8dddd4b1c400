"""The lines around the GPU: people, owned hardware, energy, and what is paid once."""

import numpy as np

from llmcost.model import HOURS_PER_MONTH, MONTHS_PER_YEAR
from llmcost.model.types import Array, Number, as_array


def monthly_rate_fraction(discount_fraction_per_year: Number) -> Array:
    """The monthly rate that compounds to the yearly one: (1 + r)^(1/12) - 1. 0 stays 0."""
    yearly_growth = 1 + as_array(discount_fraction_per_year)
    month = 1 / MONTHS_PER_YEAR
    monthly_growth = yearly_growth**month
    return monthly_growth - 1


def capital_usd_per_month(
    capex_usd: Number,
    residual_usd: Number,
    life_months: Number,
    discount_fraction_per_year: Number,
) -> Array:
    """USD per month that pays for hardware and its interest (capital recovery).

    The residual comes back at the end.

        capital = (capex - residual / (1 + i)^n) * i / (1 - (1 + i)^-n)
        without interest: (capex - residual) / n

    capex_usd     price of hardware, delivered and installed, >= 0
    residual_usd  what it sells for after life_months, >= 0
    life_months   n, > 0

    >>> round(float(capital_usd_per_month(36_000, 0, 36, 0.0)), 2)
    1000.0
    """
    loss = capex_usd - residual_usd
    without_interest = loss / life_months

    rate = monthly_rate_fraction(discount_fraction_per_year)
    no_interest = rate == 0
    safe_rate = np.where(no_interest, 1.0, rate)
    life = as_array(life_months)
    safe_growth = 1 + safe_rate
    end_discount = safe_growth**-life
    interest_paid = 1 - end_discount
    annuity = safe_rate / interest_paid
    end_growth = (1 + rate) ** life
    residual_value = residual_usd / end_growth
    to_pay = capex_usd - residual_value
    with_interest = to_pay * annuity
    return np.where(no_interest, without_interest, with_interest)


def energy_usd_per_month(
    power_watts: Number,
    load_power_fraction: Number,
    pue_ratio: Number,
    electricity_usd_per_kwh: Number,
) -> Number:
    """USD per month of electricity: W / 1000 * share drawn * PUE * 730 h * price.

    >>> round(energy_usd_per_month(450, 1.0, 1.0, 0.20), 1)
    65.7
    """
    server_kilowatts = power_watts / 1e3 * load_power_fraction
    building_kilowatts = server_kilowatts * pue_ratio
    kwh_per_month = building_kilowatts * HOURS_PER_MONTH
    return kwh_per_month * electricity_usd_per_kwh


def implied_multiplier(total_usd_per_month: Number, gpu_usd_per_month: Number) -> Number:
    """What the rule of thumb "3 to 5 times the GPU" looks like here: total / GPU line.

    It is an output, never an input.
    """
    return total_usd_per_month / gpu_usd_per_month
