"""What a commitment to spend makes of an API bill."""

import numpy as np

from llmcost.model.types import Number


def committed_usd_per_month(
    usage_usd_per_month: Number,
    commitment_usd_per_month: Number,
    discount_fraction: Number = 0.0,
    bound_fraction: Number = 1.0,
) -> Number:
    """USD per month paid under a commitment to spend.

    That is what is committed, or the discounted usage if that is more. After its end a commitment
    is renewed only where it pays.

        under it = max(commitment, (1 - d) usage)
        paid     = bound * under it + (1 - bound) * min(under it, usage)

    usage_usd_per_month       the bill at list price
    commitment_usd_per_month  what is paid at least, used or not
    discount_fraction         d: what the commitment takes off the list price
    bound_fraction            share of the months in which the commitment binds
    Numbers or arrays; they broadcast.

    >>> float(committed_usd_per_month(12_000, 8_000, 0.1))
    10800.0
    >>> float(committed_usd_per_month(2_000, 8_000, 0.1))
    8000.0
    """
    paid_fraction = 1 - discount_fraction
    discounted = paid_fraction * usage_usd_per_month
    bound = np.maximum(commitment_usd_per_month, discounted)
    free = np.minimum(bound, usage_usd_per_month)
    free_fraction = 1 - bound_fraction
    while_bound = bound_fraction * bound
    while_free = free_fraction * free
    return while_bound + while_free
