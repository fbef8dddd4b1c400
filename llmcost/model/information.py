"""What a wrong choice costs, and what it would be worth to know before choosing: regret and the
value of information.

All of it from one table of bills: a row for each draw of the uncertain inputs, a column for each
option.
"""

import math

import numpy as np
from numpy.polynomial.legendre import legvander

from llmcost.model.types import Array, Flags, Numbers, as_array

FOLDS = 5
"""Smooth curves are judged on the fifth of the draws that they were not fitted to."""
DEGREE = 5
"""Degree of the polynomial in an input's rank."""
CHANCE_DEVIATIONS = 2.0
"""A value within so many standard errors of nothing counts as nothing."""


def regret_usd(option_usd: Numbers) -> Array:
    """What each option costs more than the cheapest one of its draw, same shape, >= 0.

    option_usd  bills, (draws, options)

    >>> regret_usd([[10.0, 12.0], [15.0, 12.0]]).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    bills = as_array(option_usd)
    lowest = bills.min(axis=1, keepdims=True)
    regret: Array = bills - lowest
    return regret


def perfect_information_usd(option_usd: Numbers) -> float:
    """What it is worth to know every input before choosing (EVPI), >= 0.

        value = lowest mean bill - mean of the lowest bills

    It is the mean regret of the option with the lowest mean bill. Nobody should pay more than this
    for any study.

    option_usd  bills, (draws, options)

    >>> float(perfect_information_usd([[10.0, 12.0], [15.0, 12.0]]))
    1.0
    """
    regret = regret_usd(option_usd)
    mean_regret = regret.mean(axis=0)
    return float(mean_regret.min())


def input_information_usd(option_usd: Numbers, uniform_fraction: Numbers) -> Array:
    """What it is worth to know one input before choosing (EVPPI), for many inputs at once, >= 0.

        value = min over options of E[bill] - E[min over options of E[bill | input]]

    E[bill | input] is smoothed by a polynomial in the input's rank among the draws. The smooth
    curves only choose the option; the choice is then paid in draws that the curves were not fitted
    to. Chance cannot flatter it: an input that tells nothing has the value 0. The usual estimate,
    the mean of the lowest smooth curve, is always above 0. This one errs to the low side, by what
    the curve cannot follow.

    option_usd        bills, (draws, options)
    uniform_fraction  the uniform numbers behind the draws of each input, (inputs, draws): only
                      their order counts

    Source: Strong, Oakley and Brennan (2014), Estimating multiparameter partial expected value of
    perfect information from a probabilistic sensitivity analysis sample; the judging on other draws
    is cross-validation.

    >>> known = np.arange(1_000) / 1_000
    >>> bills = np.column_stack([np.full(1_000, 0.5), known])
    >>> round(float(input_information_usd(bills, [known])[0]), 3)
    0.125
    """
    bills = as_array(option_usd)
    draws_count = len(bills)
    input_rising = np.argsort(uniform_fraction, axis=1, kind="stable")
    by_rank = bills[input_rising]  # (inputs, draws, options)
    curves = _rank_polynomials(draws_count)
    fold_of_rank = np.arange(draws_count) % FOLDS
    paid = np.empty(input_rising.shape)
    for fold in range(FOLDS):
        judged = fold_of_rank == fold
        paid[:, judged] = _paid_by_the_curve(by_rank, curves, judged)

    mean_bills = bills.mean(axis=0)
    chosen_blindly = mean_bills.argmin()
    saved = by_rank[..., chosen_blindly] - paid
    value = saved.mean(axis=1)
    standard_error = saved.std(axis=1) / math.sqrt(draws_count)
    chance = CHANCE_DEVIATIONS * standard_error
    beyond_chance = value > chance
    return np.where(beyond_chance, value, 0.0)


def _rank_polynomials(draws_count: int) -> Array:
    """Legendre polynomials of the ranks, which run from -1 to 1: (draws, degrees)."""
    ranks = np.linspace(-1, 1, draws_count)
    curves = legvander(ranks, DEGREE)
    return as_array(curves)


def _paid_by_the_curve(by_rank: Array, curves: Array, judged: Flags) -> Array:
    """What the judged draws pay for the option that the curve through the others chooses."""
    fitted = ~judged
    fit = np.linalg.pinv(curves[fitted])
    fitted_bills = by_rank[:, fitted]
    coefficients = fit @ fitted_bills
    smooth_bills = curves[judged] @ coefficients
    chosen = np.argmin(smooth_bills, axis=2, keepdims=True)
    bills = by_rank[:, judged]
    paid = np.take_along_axis(bills, chosen, axis=2)
    return np.squeeze(paid, axis=2)
