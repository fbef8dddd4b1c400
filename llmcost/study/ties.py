"""Which of several ways is the cheapest, when some cost the same: never a question of the last bit
of a sum."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from llmcost.model.types import Array, Number

T = TypeVar("T")

TIE_RATIO = 1e-9
"""Share of a bill by which equal bills may differ, for their sums were made in another order."""


def beyond(one_usd: Number, other_usd: Number) -> Array:
    """What one amount is beyond another; nothing where they cost the same. Broadcasts.

    >>> float(beyond(0.3, 0.1 + 0.2)), float(beyond(3.0, 1.0))
    (0.0, 2.0)
    """
    difference: Array = np.subtract(one_usd, other_usd)
    return np.where(np.abs(difference) > TIE_RATIO * np.abs(one_usd), difference, 0.0)


def cheapest(found: Iterable[T], usd: Callable[[T], float]) -> T:
    """The first of those that cost the least (USD, or any other cost, as seconds).

    What is within a billionth of the least costs the same.

    Their order says which one is preferred, so it must not hang on what they cost. Raises
    ValueError where there is none.

    >>> cheapest(["b", "a"], {"a": 2.0, "b": 2.0 * (1 + 1e-15)}.__getitem__)
    'b'
    """
    known = [(each, float(usd(each))) for each in found]
    least = min(amount for _, amount in known)
    return next(each for each, amount in known if amount <= least + TIE_RATIO * abs(least))


def cheapest_first(found: Iterable[T], usd: Callable[[T], float]) -> list[T]:
    """All of them, cheapest first; those that cost the same stay in their order.

    >>> cheapest_first("abc", {"a": 3.0, "b": 1.0 + 1e-15, "c": 1.0}.__getitem__)
    ['b', 'c', 'a']
    """
    known = [(float(usd(each)), place, each) for place, each in enumerate(found)]
    ordered: list[T] = []
    tied: list[tuple[float, int, T]] = []
    for one in sorted(known, key=lambda one: one[:2]):
        if tied and one[0] > tied[0][0] + TIE_RATIO * abs(tied[0][0]):
            ordered += _in_their_order(tied)
            tied = []
        tied.append(one)
    return ordered + _in_their_order(tied)


def _in_their_order(tied: list[tuple[float, int, T]]) -> list[T]:
    return [each for _, _, each in sorted(tied, key=lambda one: one[1])]
