"""What a wrong choice costs, and what it would be worth to know before choosing: regret and the
value of information.

All of it from one table of bills: a row for each draw of the uncertain inputs, a column for each
option.
"""

import numpy as np

FOLDS, DEGREE = 5, 5
"""Smoothing: a polynomial of this degree in an input's rank, judged on the fifth of the draws that
it was not fitted to."""
CHANCE_DEVIATIONS = 2.0
"""A value within so many standard errors of nothing counts as nothing."""


def regret_usd(option_usd):
    """What each option costs more than the cheapest one of its draw: bill - lowest bill, same
    shape, >= 0.

    option_usd  bills, (draws, options)

    >>> regret_usd([[10.0, 12.0], [15.0, 12.0]]).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    bills = np.asarray(option_usd, dtype=float)
    return bills - bills.min(axis=1, keepdims=True)


def perfect_information_usd(option_usd):
    """What it is worth to know every input before choosing (EVPI): lowest mean bill - mean of the
    lowest bills, >= 0.

    It is the mean regret of the option with the lowest mean bill: nobody should pay more than this
    for any study.

    option_usd  bills, (draws, options)

    >>> float(perfect_information_usd([[10.0, 12.0], [15.0, 12.0]]))
    1.0
    """
    return regret_usd(option_usd).mean(axis=0).min()


def input_information_usd(option_usd, uniform_fraction):
    """What it is worth to know one input before choosing (EVPPI), for many inputs at once, >= 0.

        value = min over options of E[bill] - E[min over options of E[bill | input]]

    E[bill | input] is smoothed: a polynomial in the input's rank among the draws. The smooth curves
    only choose the option; the choice is then paid in draws that the curves were not fitted to.
    Chance cannot flatter it: an input that tells nothing has the value 0, where the usual estimate,
    the mean of the lowest smooth curve, is always above 0. It errs to the low side, by what the
    curve cannot follow.

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
    bills = np.asarray(option_usd, dtype=float)
    count = len(bills)
    by_rank = bills[
        np.argsort(uniform_fraction, axis=1, kind="stable")
    ]  # (inputs, draws, options), the input rising
    curve = np.polynomial.legendre.legvander((2 * np.arange(count) + 1) / count - 1, DEGREE)
    paid = np.empty(by_rank.shape[:2])
    for fold in range(FOLDS):
        judged = np.arange(count) % FOLDS == fold
        fitted = np.linalg.pinv(curve[~judged]) @ by_rank[:, ~judged]
        chosen = (curve[judged] @ fitted).argmin(axis=2)
        paid[:, judged] = np.take_along_axis(by_rank[:, judged], chosen[..., None], axis=2)[..., 0]
    saved = by_rank[..., bills.mean(axis=0).argmin()] - paid
    chance = CHANCE_DEVIATIONS * saved.std(axis=1) / np.sqrt(count)
    return np.where(saved.mean(axis=1) > chance, saved.mean(axis=1), 0.0)
