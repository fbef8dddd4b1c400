"""A contract month by month: paths of volume and price, hardware bought as it is needed, present
value, payback, exit."""

import numpy as np

from llmcost.model.overhead import monthly_rate_fraction
from llmcost.model.types import Array, Flags, HardwareCash, Number, Numbers, as_array

HALVINGS = 60
"""Steps of the bisection for a price path: far beyond the precision of a float."""
ROUNDING = 1e-9
"""What is the same to this share is the same."""


def growth_path_multiplier(growth_fraction_per_month: Number, horizon_months: int) -> Array:
    """Volume of each month over that of the first: (1 + growth)^(month - 1).

    The months are the last axis.

    >>> growth_path_multiplier(0.1, 3).round(4).tolist()
    [1.0, 1.1, 1.21]
    """
    growth = 1 + as_array(growth_fraction_per_month)
    months_before = np.arange(horizon_months)
    path: Array = np.power.outer(growth, months_before)
    return path


def price_change_fraction_per_month(mean_multiplier: Number, horizon_months: int) -> Array:
    """The steady change a month with which a price that starts at 1 has this mean over the horizon.

        mean_multiplier = mean over months t = 1..n of (1 + change)^(t - 1/2)

    mean_multiplier  mean price over the horizon over the price in force, > 0; broadcasts

    >>> round(float(price_change_fraction_per_month(0.85, 36)), 5)
    -0.00924
    """
    mean = as_array(mean_multiplier)
    middle_months = np.arange(horizon_months) + 0.5
    # The first half month alone moves less than the mean does, so the rate ends below 2 log(mean).
    near = np.zeros(mean.shape)
    far = 2 * np.log(mean)
    direction = np.sign(far)
    for _ in range(HALVINGS):
        rate = (near + far) / 2
        exponents = np.multiply.outer(rate, middle_months)
        prices = np.exp(exponents)
        excess = prices.mean(axis=-1) - mean
        overshoot = excess * direction
        beyond = overshoot > 0
        near = np.where(beyond, near, rate)
        far = np.where(beyond, rate, far)
    rate = (near + far) / 2
    change: Array = np.expm1(rate)
    return change


def price_path_multiplier(mean_multiplier: Number, horizon_months: int) -> Array:
    """Price of each month over the price in force: a steady change from 1 with this mean.

    The months are the last axis.

    >>> price_path_multiplier(1.0, 3).tolist()
    [1.0, 1.0, 1.0]
    >>> round(float(price_path_multiplier(0.85, 36).mean()), 9)
    0.85
    """
    change = price_change_fraction_per_month(mean_multiplier, horizon_months)
    steady = 1 + change
    middle_months = np.arange(horizon_months) + 0.5
    path: Array = np.power.outer(steady, middle_months)
    return path


def bill_never_grows(
    growth_fraction_per_month: Number, price_change_fraction_per_month: Number
) -> Flags:
    """Whether a bill per use stays at or below its first month's. Then no growth makes it cross.

        (1 + growth) (1 + price change) <= 1

    >>> bool(bill_never_grows(0.02, -0.03)), bool(bill_never_grows(0.02, -0.01))
    (True, False)
    """
    volume = 1 + as_array(growth_fraction_per_month)
    price = 1 + as_array(price_change_fraction_per_month)
    bill = volume * price
    return bill <= 1


def present_value_usd(
    at_start_usd: Numbers, at_end_usd: Numbers, discount_fraction_per_year: Number
) -> Array:
    """Today's value of payments at the start and at the end of each month (last axis), in USD.

        value = sum over months t of start_t / (1 + i)^(t - 1) + end_t / (1 + i)^t
        i     = (1 + r)^(1/12) - 1

    At a rate of 0 it is the sum of the payments.

    >>> round(float(present_value_usd([1_000, 0], [0, 1_020.1], 1.01**12 - 1)), 6)
    2000.0
    >>> float(present_value_usd([0, 0], [5, 5], 0))
    10.0
    """
    starts = as_array(at_start_usd)
    ends = as_array(at_end_usd)
    starts, ends = np.broadcast_arrays(starts, ends)
    *_, months_count = starts.shape
    months_before = np.arange(months_count)
    months_with = months_before + 1
    growth = 1 + monthly_rate_fraction(discount_fraction_per_year)
    start_growth = np.power.outer(growth, months_before)
    end_growth = np.power.outer(growth, months_with)
    start_values = starts / start_growth
    end_values = ends / end_growth
    value: Array = np.sum(start_values + end_values, axis=-1)
    return value


def hardware_cash(
    needed_usd: Numbers, resale_fraction: Number, life_months: Number
) -> HardwareCash:
    """Purchases and sales of hardware that must be worth `needed_usd` in each month (last axis).

    What is missing is bought at the start of a month. Each purchase is sold for its resale share at
    the end of its life, and replaced if it is still needed. Until then its book value falls in a
    straight line from its price to that share.

    needed_usd       purchase price of what must stand there, by month, >= 0
    resale_fraction  share of the price that is left at the end of the life; broadcasts over all but
                     the months
    life_months      > 0; a life that ends inside a month lasts to its end

    >>> hardware_cash([100.0, 100.0, 300.0], 0.25, 2).bought_usd.tolist()
    [100.0, 0.0, 300.0]
    """
    needed = as_array(needed_usd)
    *draws, months_count = needed.shape
    resale_share = np.broadcast_to(as_array(resale_fraction), draws)
    life = np.broadcast_to(as_array(life_months), draws)
    life = np.expand_dims(life, -1)
    lasts_months = np.ceil(life - ROUNDING)
    loss_share = np.expand_dims(1 - resale_share, -1)

    bought = np.zeros(needed.shape)
    sold, book, resale = [], [], []
    for month in range(months_count):
        purchases = bought[..., : month + 1]
        age_at_start = month - np.arange(month + 1)
        age_at_end = age_at_start + 1

        alive = age_at_start < lasts_months
        held = np.sum(purchases * alive, axis=-1)
        missing = needed[..., month] - held
        bought[..., month] = np.maximum(missing, 0.0)

        standing = purchases * alive
        staying = standing * (age_at_end < lasts_months)
        leaving = standing - staying
        life_share = np.minimum(age_at_end / life, 1.0)
        value_share = 1 - loss_share * life_share
        values = staying * value_share
        sold.append(resale_share * leaving.sum(axis=-1))
        book.append(values.sum(axis=-1))
        resale.append(resale_share * staying.sum(axis=-1))
    return HardwareCash(
        bought,
        np.stack(sold, axis=-1),
        np.stack(book, axis=-1),
        np.stack(resale, axis=-1),
    )


def payback_months(saved_usd: Numbers) -> int | None:
    """The month from whose end on the savings to date have paid for the move.

    They never fall behind again. None where they do not pay for it.

    saved_usd  1-D array, all that was saved up to the end of each month, less all that was spent

    >>> payback_months([-8.0, -1.0, 6.0]), payback_months([-8.0, 1.0, -2.0]), payback_months([3.0])
    (3, None, 1)
    """
    saved = as_array(saved_usd)
    behind = np.flatnonzero(saved < 0)
    if behind.size == 0:
        return 1
    last_behind = int(behind[-1]) + 1
    if last_behind == saved.size:
        return None
    return last_behind + 1


def crossing_months(bill_usd: Numbers, other_usd: Numbers) -> int | None:
    """The first month in which `other_usd` is below `bill_usd`; None where it never is.

    >>> crossing_months([5.0, 5.0, 5.0], [6.0, 5.0, 4.0]), crossing_months([5.0], [6.0])
    (3, None)
    """
    bill = as_array(bill_usd)
    other = as_array(other_usd)
    clearly_below = bill * (1 - ROUNDING)
    below = np.flatnonzero(other < clearly_below)
    if below.size == 0:
        return None
    return int(below[0]) + 1


def committed_months_left(after_months: int, term_months: int) -> int:
    """Months still to be paid of a commitment that is renewed whenever it ends.

    On the day of renewal there are none.

    >>> committed_months_left(1, 12), committed_months_left(12, 12), committed_months_left(13, 12)
    (11, 0, 11)
    """
    return -after_months % term_months
