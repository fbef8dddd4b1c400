"""Rent a GPU month after month at a price that moves, or buy it and sell it at the end: which was
cheaper after how long."""

import numpy as np

from llmcost.model.overhead import monthly_rate_fraction


def rented_usd(rent_usd_per_month, discount_fraction_per_year=0.0):
    """Present USD of having rented for 1, 2, ... months: the sum of each month's rent, paid at its
    end and discounted.

    rent_usd_per_month  array (..., months): a path, one price for each month

    >>> rented_usd([100, 50, 80]).tolist()
    [100.0, 150.0, 230.0]
    """
    rent = np.asarray(rent_usd_per_month, dtype=float)
    return np.cumsum(rent * _discounts(rent.shape[-1], discount_fraction_per_year), axis=-1)


def bought_usd(
    capex_usd, residual_usd, upkeep_usd_per_month, months_count, discount_fraction_per_year=0.0
):
    """Present USD of having bought and sold again after 1, 2, ... months: price and upkeep, less
    what it then sells for.

        bought(n) = capex + upkeep for n months - residual / (1 + i)^n

    capex_usd             price delivered and installed, > 0
    residual_usd          what it sells for, as at the end of its life; a sale in its first months
                          may bring more
    upkeep_usd_per_month  energy, space, maintenance

    >>> bought_usd(1_000, 250, 10, 2).tolist()
    [760.0, 770.0]
    """
    discounts = _discounts(months_count, discount_fraction_per_year)
    return capex_usd + np.cumsum(upkeep_usd_per_month * discounts) - residual_usd * discounts


def buying_pays_from_month(renting_usd, buying_usd):
    """First month from which having bought stays cheaper to the end of both paths; None where it is
    dearer at the end.

    >>> buying_pays_from_month([100, 200, 300], [150, 190, 230]), buying_pays_from_month([100, 150], [150, 190])
    (2, None)
    """
    dearer = np.flatnonzero(np.asarray(buying_usd) >= np.asarray(renting_usd))
    if dearer.size and dearer[-1] == len(buying_usd) - 1:
        return None
    return int(dearer[-1]) + 2 if dearer.size else 1


def rent_path(at_months, rent_multiplier, months_count):
    """Rent over the first month's, month by month: straight lines between points, flat after the
    last. The first point is month 0.

    >>> rent_path([0, 2, 4], [1.0, 0.5, 1.0], 6).tolist()
    [1.0, 0.75, 0.5, 0.75, 1.0, 1.0]
    """
    return np.interp(np.arange(months_count), at_months, rent_multiplier)


def _discounts(months_count, discount_fraction_per_year):
    """What a dollar at the end of each month is worth today."""
    return (1 + monthly_rate_fraction(discount_fraction_per_year)) ** -np.arange(
        1.0, months_count + 1
    )
