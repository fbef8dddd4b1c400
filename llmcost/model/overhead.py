"""The lines around the GPU: people, owned hardware, energy, and what is paid once."""

import numpy as np

from llmcost.model import HOURS_PER_MONTH, MONTHS_PER_YEAR


def engineers_usd_per_month(engineer_fte, engineer_usd_per_year):
    """USD per month of a share of an engineer. Marginal: only the time that this option adds.

    >>> engineers_usd_per_month(0.25, 145_000)
    3020.8333333333335
    """
    return engineer_fte * engineer_usd_per_year / MONTHS_PER_YEAR


def refreshes_usd_per_month(refreshes_per_year, refresh_usd):
    """USD per month of evaluating and rolling out newer models."""
    return refreshes_per_year * refresh_usd / MONTHS_PER_YEAR


def amortised_usd_per_month(once_usd, horizon_months):
    """USD per month of something paid once, spread evenly over the horizon, without interest."""
    return once_usd / horizon_months


def monthly_rate_fraction(discount_fraction_per_year):
    """The monthly rate that compounds to the yearly one: (1 + r)^(1/12) - 1. 0 stays 0."""
    return (1 + np.asarray(discount_fraction_per_year, dtype=float)) ** (1 / MONTHS_PER_YEAR) - 1


def capital_usd_per_month(capex_usd, residual_usd, life_months, discount_fraction_per_year):
    """USD per month that pays for hardware and its interest, and gets the residual back at the end
    (capital recovery).

        capital = (capex - residual / (1 + i)^n) * i / (1 - (1 + i)^-n);   without interest (capex -
        residual) / n

    capex_usd     price of hardware, delivered and installed, >= 0
    residual_usd  what it sells for after life_months, >= 0
    life_months   n, > 0

    >>> round(float(capital_usd_per_month(36_000, 0, 36, 0.0)), 2)
    1000.0
    """
    rate = monthly_rate_fraction(discount_fraction_per_year)
    safe = np.where(rate == 0, 1.0, rate)
    annuity = safe / (1 - (1 + safe) ** -np.asarray(life_months, dtype=float))
    with_interest = (capex_usd - residual_usd / (1 + rate) ** life_months) * annuity
    return np.where(rate == 0, (capex_usd - residual_usd) / life_months, with_interest)


def energy_usd_per_month(power_watts, load_power_fraction, pue_ratio, electricity_usd_per_kwh):
    """USD per month of electricity: W / 1000 * share drawn * PUE * 730 h * price.

    >>> round(energy_usd_per_month(450, 1.0, 1.0, 0.20), 1)
    65.7
    """
    return (
        power_watts
        / 1e3
        * load_power_fraction
        * pue_ratio
        * HOURS_PER_MONTH
        * electricity_usd_per_kwh
    )


def implied_multiplier(total_usd_per_month, gpu_usd_per_month):
    """What the rule of thumb "3 to 5 times the GPU" looks like here: total / GPU line. An output,
    never an input."""
    return total_usd_per_month / gpu_usd_per_month
