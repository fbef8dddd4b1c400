"""Rent a GPU month after month at a price that moves, or buy it and sell it at the end: which was
cheaper after how long."""

import numpy as np

from llmcost.model.overhead import monthly_rate_fraction
from llmcost.model.types import Array, Numbers, as_array


def rented_usd(rent_usd_per_month: Numbers, discount_fraction_per_year: float = 0.0) -> Array:
    """Present USD of having rented for 1, 2, ... months: the sum of the rents so far.

    Each rent is paid at its month's end and discounted.

    rent_usd_per_month  array (..., months): a path, one price for each month

    >>> rented_usd([100, 50, 80]).tolist()
    [100.0, 150.0, 230.0]
    """
    rent = as_array(rent_usd_per_month)
    *_, months_count = rent.shape
    discounts = _discounts(months_count, discount_fraction_per_year)
    present_usd = rent * discounts
    return np.cumsum(present_usd, axis=-1)


def bought_usd(
    capex_usd: float,
    residual_usd: float,
    upkeep_usd_per_month: float,
    months_count: int,
    discount_fraction_per_year: float = 0.0,
) -> Array:
    """Present USD of having bought and sold again after 1, 2, ... months.

    That is price and upkeep, less what the hardware then sells for:

        bought(n) = capex + upkeep for n months - residual / (1 + i)^n

    capex_usd             price delivered and installed, > 0
    residual_usd          what it sells for, as at the end of its life; a sale in its first months
                          may bring more
    upkeep_usd_per_month  energy, space, maintenance

    >>> bought_usd(1_000, 250, 10, 2).tolist()
    [760.0, 770.0]
    """
    discounts = _discounts(months_count, discount_fraction_per_year)
    upkeep_by_month = upkeep_usd_per_month * discounts
    upkeep = np.cumsum(upkeep_by_month)
    sale = residual_usd * discounts
    return capex_usd + upkeep - sale


def buying_pays_from_month(renting_usd: Numbers, buying_usd: Numbers) -> int | None:
    """First month from which having bought stays cheaper to the end of both paths.

    None where it is dearer at the end.

    >>> buying_pays_from_month([100, 200, 300], [150, 190, 230])
    2
    >>> buying_pays_from_month([100, 150], [150, 190])
    """
    buying = as_array(buying_usd)
    dearer = np.flatnonzero(buying >= as_array(renting_usd))
    if dearer.size == 0:
        return 1
    last_dearer = int(dearer[-1])
    if last_dearer == buying.size - 1:
        return None
    return last_dearer + 2


def rent_path(at_months: Numbers, rent_multiplier: Numbers, months_count: int) -> Array:
    """Rent over the first month's, month by month: straight lines between points.

    The first point is month 0. The path is flat after the last one.

    >>> rent_path([0, 2, 4], [1.0, 0.5, 1.0], 6).tolist()
    [1.0, 0.75, 0.5, 0.75, 1.0, 1.0]
    """
    months = np.arange(months_count)
    points = as_array(at_months)
    rents = as_array(rent_multiplier)
    return np.interp(months, points, rents)


def _discounts(months_count: int, discount_fraction_per_year: float) -> Array:
    """What a dollar at the end of each month is worth today."""
    growth = 1 + monthly_rate_fraction(discount_fraction_per_year)
    months = 1.0 + np.arange(months_count)
    discounts: Array = growth**-months
    return discounts
