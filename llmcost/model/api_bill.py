"""The bill of a per-token API, part by part as an invoice has them."""

import numpy as np

from llmcost.model.types import ClassRatios, TokenPrices

TOKEN_PARTS = (
    "input, fresh",
    "input, read from the cache",
    "input, written to the cache",
    "output",
    "hidden reasoning",
)
"""Parts of a bill that are tokens times list price; every other part changes their sum."""
CLASS_OF_PART = (0, 1, 2, 3, 3)
"""Which class's price and ratio each token part has: reasoning is billed as output."""


def blended_input_usd_per_mtok(prices: TokenPrices, cached_input_fraction):
    """USD per million input tokens of which a share is read from a prompt cache: (1 - h) p_in + h
    p_cached."""
    return (
        1 - cached_input_fraction
    ) * prices.input_usd_per_mtok + cached_input_fraction * prices.cached_input_usd_per_mtok


def api_bill_parts(
    prices: TokenPrices,
    input_mtok_per_month,
    output_mtok_per_month,
    cached_input_fraction=0.0,
    batched_fraction=0.0,
    *,
    cache_write_input_fraction=0.0,
    reasoning_mtok_per_month=0.0,
    long_context_fraction=0.0,
    flex_fraction=0.0,
    priority_fraction=0.0,
    billed_retries_fraction=0.0,
):
    """USD per month that an API bills for these tokens, by part; the parts add up to the bill, and
    what is not used has none.

        list  = I (1 - h - w) p_in + h I p_cached + w I p_write + (O + reasoning) p_out
        bill  = list * long-context ratio * tier ratio * (1 + billed retries),  ratios by class and
              by share of the work

    input_mtok_per_month, output_mtok_per_month  million tokens a month, >= 0; output without
                                                 reasoning that is given apart
    cached_input_fraction        h: share of input read from a prompt cache, 0 to 1
    cache_write_input_fraction   w: share of input written to it, at most what is not read
    reasoning_mtok_per_month     hidden reasoning, billed as output
    long_context_fraction        share of the tokens in requests above the host's long-context
                                 threshold
    batched_fraction, flex_fraction, priority_fraction  shares of the work in each tier; the later
                                                        give way above 1; the rest is standard
    billed_retries_fraction      requests billed once more, over all requests
    Numbers or arrays; they broadcast. Leaves out commitments (`committed_usd_per_month`) and taxes.

    >>> parts = api_bill_parts(TokenPrices(2.50, 1.25, 10.00, tier_ratios={"batch": (0.5,) * 4}), 900, 150, 0.4, 0.1)
    >>> [(part, round(float(usd), 2)) for part, usd in parts.items()]
    [('input, fresh', 1350.0), ('input, read from the cache', 450.0), ('output', 1500.0), ('batch',
    -165.0)]
    """
    written = (
        np.minimum(cache_write_input_fraction, 1 - cached_input_fraction)
        if _used(cache_write_input_fraction)
        else 0.0
    )
    shares = (1 - cached_input_fraction - written, cached_input_fraction, written)
    mtok = (
        *(input_mtok_per_month * share if _used(share) else 0.0 for share in shares),
        output_mtok_per_month,
        reasoning_mtok_per_month,
    )
    usd = [tokens * prices.by_class[k] for tokens, k in zip(mtok, CLASS_OF_PART, strict=True)]
    parts = {part: amount for part, amount in zip(TOKEN_PARTS, usd, strict=True) if _used(amount)}
    if prices.long_context_ratios is not None and _used(long_context_fraction):
        ratios = [1 + long_context_fraction * (ratio - 1) for ratio in prices.long_context_ratios]
        longer = [
            amount * ratios[k] if _used(amount) else amount
            for amount, k in zip(usd, CLASS_OF_PART, strict=True)
        ]
        parts["long context"] = sum(longer) - sum(usd)
        usd = longer
    flex = np.minimum(flex_fraction, 1 - batched_fraction) if _used(flex_fraction) else 0.0
    priority = (
        np.minimum(priority_fraction, 1 - batched_fraction - flex)
        if _used(priority_fraction)
        else 0.0
    )
    for tier, share in (("batch", batched_fraction), ("flex", flex), ("priority", priority)):
        if tier in prices.tier_ratios and _used(share):
            parts[tier] = share * _change(usd, prices.tier_ratios[tier])
    if _used(billed_retries_fraction):
        parts["billed retries"] = billed_retries_fraction * sum(parts.values())
    return parts


def _used(share) -> bool:
    """Whether a share or amount is anything but a plain zero: what nobody uses has no part, and
    costs no time over many draws."""
    return np.ndim(share) > 0 or bool(share != 0)


def _change(usd, ratios: ClassRatios):
    """What a tier adds to these amounts by class, or takes off."""
    return sum(
        amount * (ratios[k] - 1)
        for amount, k in zip(usd, CLASS_OF_PART, strict=True)
        if _used(amount) and ratios[k] != 1
    )


def api_usd_per_month(prices: TokenPrices, *tokens, **how):
    """USD per month that an API bills: the sum of `api_bill_parts`, which says what it takes.

    >>> float(api_usd_per_month(TokenPrices(2.50, 1.25, 10.00), 900, 150))
    3750.0
    """
    return sum(api_bill_parts(prices, *tokens, **how).values(), 0.0)


def committed_usd_per_month(
    usage_usd_per_month, commitment_usd_per_month, discount_fraction=0.0, bound_fraction=1.0
):
    """USD per month paid under a commitment to spend: what is committed, or the discounted usage if
    that is more.

        under it = max(commitment, (1 - d) usage);   paid = bound * under it + (1 - bound) *
                                                     min(under it, usage)

    usage_usd_per_month       the bill at list price
    commitment_usd_per_month  what is paid at least, used or not
    discount_fraction         d: what the commitment takes off the list price
    bound_fraction            share of the months in which the commitment binds; after its end it is
                              renewed only where that pays
    Numbers or arrays; they broadcast.

    >>> float(committed_usd_per_month(12_000, 8_000, 0.1)), float(committed_usd_per_month(2_000, 8_000, 0.1))
    (10800.0, 8000.0)
    """
    under = np.maximum(commitment_usd_per_month, (1 - discount_fraction) * usage_usd_per_month)
    return bound_fraction * under + (1 - bound_fraction) * np.minimum(under, usage_usd_per_month)
