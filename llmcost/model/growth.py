"""How fast a series grows when its weekdays differ and a few of its days are odd."""

import numpy as np

P10_TO_P90_DEVIATIONS = 1.2815515655446004
"""Standard deviations from the middle of a normal distribution to its 10th and 90th percentile."""


def seasonal_slope_per_day(daily_count, period_count=7):
    """(low, middle, high) growth per day of a daily series as a share of itself: P10, median and
    P90 of Sen's seasonal slope.

    Every pair of days that are whole periods apart gives one slope of the logarithm; their median
    is the growth, and ranks of the sorted slopes its range, from the variance of Kendall's score.
    Days of nothing have no logarithm and are left out.

        slope(i, j) = ln(y_j / y_i) / (j - i);   variance = sum over seasons of n (n - 1) (2 n + 5)
                                                 / 18

    daily_count   1-D array, one value per day, >= 0
    period_count  days of a season; days are compared with the same weekday only

    Source: Hirsch, Slack and Smith (1982), Techniques of trend analysis for monthly water quality
    data; Gilbert (1987), chapter 17. Raises ValueError when no two days can be compared.

    >>> low, middle, high = seasonal_slope_per_day([100 * 1.01**day for day in range(28)])
    >>> round(float(np.expm1(middle)), 4)
    0.01
    """
    values = np.asarray(daily_count, dtype=float)
    per_season, variance = [], 0.0
    for season in range(period_count):
        days = np.arange(season, values.size, period_count)
        days = days[values[days] > 0]
        i, j = np.triu_indices(days.size, k=1)
        per_season.append(np.log(values[days[j]] / values[days[i]]) / (days[j] - days[i]))
        variance += days.size * (days.size - 1) * (2 * days.size + 5) / 18
    slopes = np.sort(np.concatenate(per_season))
    if slopes.size == 0:
        raise ValueError("no two days of the series are a whole period apart")
    spread = P10_TO_P90_DEVIATIONS * np.sqrt(variance)
    ranks = np.clip(
        [(slopes.size - spread) / 2 - 1, (slopes.size + spread) / 2], 0, slopes.size - 1
    )
    low, high = np.interp(ranks, np.arange(slopes.size), slopes)
    return float(low), float(np.median(slopes)), float(high)
