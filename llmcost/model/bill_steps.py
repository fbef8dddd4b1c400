"""From list prices to the bill of an export: what the cache, batches, tiers and dates each change.

Tokens and prices are arrays of shape (rows, 4) in the order of CLASSES. Output includes reasoning.
"""

from collections.abc import Sequence

import numpy as np

from llmcost.model import TOKENS_PER_MTOK
from llmcost.model.types import Array, BillSteps, Numbers, as_array

CLASSES = ("input_uncached_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")


def class_usd(tokens: Numbers, usd_per_mtok: Numbers) -> Array:
    """USD of each class of tokens: tokens times price.

    No tokens cost nothing, even where the class has no price (NaN).

    >>> class_usd([1e6, 0, 0, 2e6], [2.50, 1.25, float("nan"), 10.00]).tolist()
    [2.5, 0.0, 0.0, 20.0]
    """
    tokens = as_array(tokens)
    prices = as_array(usd_per_mtok)
    usd = tokens * prices / TOKENS_PER_MTOK
    nothing = tokens == 0
    return np.where(nothing, 0.0, usd)


def bill_steps(
    tokens: Numbers,
    list_usd_per_mtok: Numbers,
    tier_usd_per_mtok: Numbers,
    then_usd_per_mtok: Numbers,
    batched: Sequence[bool],
) -> BillSteps:
    """The way from list prices to what the rows should have cost, in USD per row.

    Each step prices the same tokens once more.

    tokens               (rows, 4), >= 0
    list_usd_per_mtok    (rows, 4): standard tier, on the day of comparison
    tier_usd_per_mtok    (rows, 4): the row's own tier, on the day of comparison
    then_usd_per_mtok    (rows, 4): the row's own tier, in the row's own hour
    batched              per row: whether its tier is a batch; what other tiers change is `tier_usd`
    A class with tokens and without a price (NaN) makes its row NaN.

    >>> half = [[1, 0.5, 1, 4]]
    >>> steps = bill_steps([[1e6, 1e6, 0, 0]], [[2, 1, 2, 8]], half, half, [True])
    >>> steps.list_usd, steps.cache_read_usd, steps.batch_usd, steps.computed_usd
    (array([4.]), array([-1.]), array([-1.5]), array([1.5]))
    """
    prices = as_array(list_usd_per_mtok)
    fresh_prices = prices[:, [0, 0, 0, 3]]
    uncached = class_usd(tokens, fresh_prices)
    standard = class_usd(tokens, prices)
    tier = class_usd(tokens, tier_usd_per_mtok).sum(axis=1)
    then = class_usd(tokens, then_usd_per_mtok).sum(axis=1)
    of_cache = standard - uncached
    of_tier = tier - standard.sum(axis=1)
    return BillSteps(
        list_usd=uncached.sum(axis=1),
        cache_read_usd=of_cache[:, 1],
        cache_write_usd=of_cache[:, 2],
        batch_usd=np.where(batched, of_tier, 0.0),
        tier_usd=np.where(batched, 0.0, of_tier),
        date_usd=then - tier,
        computed_usd=then,
    )
