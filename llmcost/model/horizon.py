"""A contract month by month: paths of volume and price, hardware bought as it is needed, present
value, payback, exit."""

import numpy as np

from llmcost.model.overhead import monthly_rate_fraction
from llmcost.model.types import HardwareCash

HALVINGS = 60
"""Steps of the bisection for a price path: far beyond the precision of a float."""


def growth_path_multiplier(growth_fraction_per_month, horizon_months):
    """Volume of each month over that of the first: (1 + growth)^(month - 1). The months are the
    last axis.

    >>> growth_path_multiplier(0.1, 3).round(4).tolist()
    [1.0, 1.1, 1.21]
    """
    return (1 + np.asarray(growth_fraction_per_month, dtype=float)[..., None]) ** np.arange(
        horizon_months
    )


def price_change_fraction_per_month(mean_multiplier, horizon_months):
    """The steady change a month with which a price that starts at 1 has this mean over the horizon.

        mean_multiplier = mean over months t = 1..n of (1 + change)^(t - 1/2)

    mean_multiplier  mean price over the horizon over the price in force, > 0; broadcasts

    >>> round(float(price_change_fraction_per_month(0.85, 36)), 5)
    -0.00924
    """
    mean, middle_months = np.asarray(mean_multiplier, dtype=float), np.arange(horizon_months) + 0.5
    unchanged, end = (
        np.zeros(mean.shape),
        2 * np.log(mean),
    )  # the first half month alone moves less than the mean does
    for _ in range(HALVINGS):
        rate = (unchanged + end) / 2
        beyond = (np.exp(rate[..., None] * middle_months).mean(axis=-1) - mean) * np.sign(end) > 0
        unchanged, end = np.where(beyond, unchanged, rate), np.where(beyond, rate, end)
    return np.expm1((unchanged + end) / 2)


def price_path_multiplier(mean_multiplier, horizon_months):
    """Price of each month over the price in force: a steady change from 1 whose mean is
    `mean_multiplier`. The months are the last axis.

    >>> price_path_multiplier(1.0, 3).tolist(), round(float(price_path_multiplier(0.85, 36).mean()), 9)
    ([1.0, 1.0, 1.0], 0.85)
    """
    change = price_change_fraction_per_month(mean_multiplier, horizon_months)
    return (1 + change[..., None]) ** (np.arange(horizon_months) + 0.5)


def bill_never_grows(growth_fraction_per_month, price_change_fraction_per_month):
    """Whether a bill per use stays at or below its first month's: (1 + growth) (1 + price change)
    <= 1. Then no growth makes it cross.

    >>> bool(bill_never_grows(0.02, -0.03)), bool(bill_never_grows(0.02, -0.01))
    (True, False)
    """
    return (1 + np.asarray(growth_fraction_per_month)) * (
        1 + np.asarray(price_change_fraction_per_month)
    ) <= 1


def present_value_usd(at_start_usd, at_end_usd, discount_fraction_per_year):
    """Today's value of payments at the start and at the end of each month (last axis), in USD; at a
    rate of 0 their sum.

        value = sum over months t of start_t / (1 + i)^(t - 1) + end_t / (1 + i)^t;   i = (1 +
        r)^(1/12) - 1

    >>> round(float(present_value_usd([1_000, 0], [0, 1_020.1], 1.01**12 - 1)), 6), float(present_value_usd([0, 0], [5, 5], 0))
    (2000.0, 10.0)
    """
    starts, ends = np.broadcast_arrays(
        np.asarray(at_start_usd, dtype=float), np.asarray(at_end_usd, dtype=float)
    )
    rate = np.asarray(monthly_rate_fraction(discount_fraction_per_year))[..., None]
    months = np.arange(starts.shape[-1])
    return (starts / (1 + rate) ** months + ends / (1 + rate) ** (months + 1)).sum(axis=-1)


def hardware_cash(needed_usd, resale_fraction, life_months):
    """Purchases and sales of hardware that must be worth `needed_usd` at its purchase price in each
    month (last axis).

    What is missing is bought at the start of a month; each purchase is sold for its resale share at
    the end of its life, and replaced if still needed. Until then its book value falls in a straight
    line from its price to that share.

    needed_usd       purchase price of what must stand there, by month, >= 0
    resale_fraction  share of the price that is left at the end of the life; broadcasts over all but
                     the months
    life_months      > 0; a life that ends inside a month lasts to its end

    >>> hardware_cash([100.0, 100.0, 300.0], 0.25, 2).bought_usd.tolist()
    [100.0, 0.0, 300.0]
    """
    needed = np.asarray(needed_usd, dtype=float)
    share, life = (
        np.broadcast_to(np.asarray(x, dtype=float), needed.shape[:-1])
        for x in (resale_fraction, life_months)
    )
    bought, sold, book, resale = (np.zeros(needed.shape) for _ in range(4))
    lasts, months = np.ceil(life - 1e-9)[..., None], np.arange(needed.shape[-1])
    for month in months:
        age = month - months[: month + 1]  # full months at the start of this one
        alive = age < lasts
        held = (bought[..., : month + 1] * alive).sum(axis=-1)
        bought[..., month] = np.maximum(needed[..., month] - held, 0.0)
        standing = bought[..., : month + 1] * alive
        left = 1 - (1 - share[..., None]) * np.minimum((age + 1) / life[..., None], 1.0)
        ending = age + 1 >= lasts
        sold[..., month] = share * (standing * ending).sum(axis=-1)
        book[..., month] = (standing * left * ~ending).sum(axis=-1)
        resale[..., month] = share * (standing * ~ending).sum(axis=-1)
    return HardwareCash(bought, sold, book, resale)


def payback_months(saved_usd):
    """The month from whose end on the savings to date have paid for the move and never fall behind
    again; None where they do not.

    saved_usd  1-D array, all that was saved up to the end of each month, less all that was spent

    >>> payback_months([-8.0, -1.0, 6.0]), payback_months([-8.0, 1.0, -2.0]), payback_months([3.0])
    (3, None, 1)
    """
    behind = np.flatnonzero(np.asarray(saved_usd, dtype=float) < 0)
    month = int(behind[-1]) + 2 if behind.size else 1
    return month if month <= len(saved_usd) else None


def crossing_months(bill_usd, other_usd):
    """The first month in which `other_usd` is below `bill_usd`; None where it never is.

    >>> crossing_months([5.0, 5.0, 5.0], [6.0, 5.0, 4.0]), crossing_months([5.0], [6.0])
    (3, None)
    """
    below = np.flatnonzero(np.asarray(other_usd) < np.asarray(bill_usd) * (1 - 1e-9))
    return int(below[0]) + 1 if below.size else None


def committed_months_left(after_months, term_months):
    """Months still to be paid of a commitment that is renewed whenever it ends, after so many
    months: none on the day of renewal.

    >>> committed_months_left(1, 12), committed_months_left(12, 12), committed_months_left(13, 12)
    (11, 0, 11)
    """
    return -after_months % term_months
