"""How fast a series grows when its weekdays differ and a few of its days are odd."""

import math

import numpy as np

from llmcost.model.types import Array, Numbers, Positions, as_array

P10_TO_P90_DEVIATIONS = 1.2815515655446004
"""Standard deviations from the middle of a normal distribution to its 10th and 90th percentile."""


def seasonal_slope_per_day(
    daily_count: Numbers, period_count: int = 7
) -> tuple[float, float, float]:
    """(low, middle, high) growth per day of a daily series as a share of itself.

    These are P10, median and P90 of Sen's seasonal slope. Every pair of days that are whole periods
    apart gives one slope of the logarithm. Their median is the growth. Ranks of the sorted slopes
    are its range, from the variance of Kendall's score. Days of nothing have no logarithm and are
    left out.

        slope(i, j) = ln(y_j / y_i) / (j - i)
        variance    = sum over seasons of n (n - 1) (2 n + 5) / 18

    daily_count   1-D array, one value per day, >= 0
    period_count  days of a season; days are compared with the same weekday only

    Source: Hirsch, Slack and Smith (1982), Techniques of trend analysis for monthly water quality
    data; Gilbert (1987), chapter 17. Raises ValueError when no two days can be compared.

    >>> low, middle, high = seasonal_slope_per_day([100 * 1.01**day for day in range(28)])
    >>> round(float(np.expm1(middle)), 4)
    0.01
    """
    values = as_array(daily_count)
    slopes_by_season = []
    variance = 0.0
    for season in range(period_count):
        days = np.arange(season, values.size, period_count)
        some_use = values[days] > 0
        days = days[some_use]
        season_slopes = _pair_slopes(days, values[days])
        slopes_by_season.append(season_slopes)
        variance += _score_variance(days.size)
    slopes = np.sort(np.concatenate(slopes_by_season))
    if slopes.size == 0:
        raise ValueError("no two days of the series are a whole period apart")

    deviation = math.sqrt(variance)
    spread = P10_TO_P90_DEVIATIONS * deviation
    low_rank = (slopes.size - spread) / 2 - 1
    high_rank = (slopes.size + spread) / 2
    ranks = np.arange(slopes.size)
    low = np.interp(low_rank, ranks, slopes)
    middle = np.median(slopes)
    high = np.interp(high_rank, ranks, slopes)
    return float(low), float(middle), float(high)


def _pair_slopes(days: Positions, values: Array) -> Array:
    """The slope of the logarithm between any two days of a season."""
    earlier, later = np.triu_indices(days.size, k=1)
    last_value = values[later]
    first_value = values[earlier]
    rise = np.log(last_value / first_value)
    days_apart = days[later] - days[earlier]
    slopes: Array = rise / days_apart
    return slopes


def _score_variance(days_count: int) -> float:
    """Variance of Kendall's score over the days of one season."""
    n = days_count
    ordered_pairs = n * (n - 1)
    weight = 2 * n + 5
    return ordered_pairs * weight / 18
