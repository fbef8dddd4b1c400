"""The bill of a per-token API, part by part as an invoice has them."""

from collections.abc import Sequence

import numpy as np

from llmcost.model.types import ClassRatios, Number, TokenPrices, as_array

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


def blended_input_usd_per_mtok(prices: TokenPrices, cached_input_fraction: Number) -> Number:
    """USD per million input tokens of which a prompt cache holds the share h.

    blended = (1 - h) p_in + h p_cached
    """
    fresh_fraction = 1 - cached_input_fraction
    fresh_usd = fresh_fraction * prices.input_usd_per_mtok
    cached_usd = cached_input_fraction * prices.cached_input_usd_per_mtok
    return fresh_usd + cached_usd


def api_bill_parts(  # reason: an argument for each thing that an invoice bills apart
    prices: TokenPrices,
    input_mtok_per_month: Number,
    output_mtok_per_month: Number,
    cached_input_fraction: Number = 0.0,
    batched_fraction: Number = 0.0,
    *,
    cache_write_input_fraction: Number = 0.0,
    reasoning_mtok_per_month: Number = 0.0,
    long_context_fraction: Number = 0.0,
    flex_fraction: Number = 0.0,
    priority_fraction: Number = 0.0,
    billed_retries_fraction: Number = 0.0,
) -> dict[str, Number]:
    """USD per month that an API bills for these tokens, by part. The parts add up to the bill.

        list  = I (1 - h - w) p_in + h I p_cached + w I p_write + (O + reasoning) p_out
        bill  = list * long-context ratio * tier ratio * (1 + billed retries)

    The ratios differ by class of tokens, and hold for their share of the work. A part that nobody
    uses is not in the result.

    input_mtok_per_month         I: million input tokens a month, >= 0
    output_mtok_per_month        O: million output tokens a month, without the reasoning below
    cached_input_fraction        h: share of input read from a prompt cache, 0 to 1
    cache_write_input_fraction   w: share of input written to it, at most what is not read
    reasoning_mtok_per_month     hidden reasoning, which is billed as output
    long_context_fraction        share of the tokens in requests above the host's threshold
    batched_fraction             share of the work in the batch tier
    flex_fraction                share in the flex tier, at most what is not batched
    priority_fraction            share in the priority tier, at most what is in neither of the two
    billed_retries_fraction      requests billed once more, over all requests
    Numbers or arrays; they broadcast. Leaves out commitments (`committed_usd_per_month`) and taxes.

    >>> prices = TokenPrices(2.50, 1.25, 10.00, tier_ratios={"batch": (0.5,) * 4})
    >>> for part, usd in api_bill_parts(prices, 900, 150, 0.4, 0.1).items():
    ...     print(part, round(float(usd), 2))
    input, fresh 1350.0
    input, read from the cache 450.0
    output 1500.0
    batch -165.0
    """
    not_cached = 1 - cached_input_fraction
    written_fraction = _share_left(cache_write_input_fraction, not_cached)
    fresh_fraction = not_cached - written_fraction
    mtok = (
        _times(fresh_fraction, input_mtok_per_month),
        _times(cached_input_fraction, input_mtok_per_month),
        _times(written_fraction, input_mtok_per_month),
        output_mtok_per_month,
        reasoning_mtok_per_month,
    )
    usd = _times_by_class(mtok, prices.by_class)
    parts = _used_parts(usd)

    if prices.long_context_ratios is not None and _used(long_context_fraction):
        dearer_by = as_array(prices.long_context_ratios) - 1
        ratios = [1 + long_context_fraction * each for each in dearer_by]
        shorter_usd = sum(usd)
        usd = _times_by_class(usd, ratios)
        parts["long context"] = sum(usd) - shorter_usd

    not_batched = 1 - batched_fraction
    flex = _share_left(flex_fraction, not_batched)
    priority = _share_left(priority_fraction, not_batched - flex)
    tiers = {"batch": batched_fraction, "flex": flex, "priority": priority}
    for tier, share in tiers.items():
        if tier in prices.tier_ratios and _used(share):
            parts[tier] = share * _change_usd(usd, prices.tier_ratios[tier])

    if _used(billed_retries_fraction):
        billed_once = sum(parts.values())
        parts["billed retries"] = billed_retries_fraction * billed_once
    return parts


def _used(share: Number) -> bool:
    """Whether a share or amount is anything but a plain zero.

    What nobody uses has no part, and costs no time over many draws.
    """
    is_array = np.ndim(share) > 0
    return is_array or bool(share != 0)


def _share_left(share: Number, left: Number) -> Number:
    """The share, or what is left where that is less."""
    return np.minimum(share, left) if _used(share) else 0.0


def _times(share: Number, whole: Number) -> Number:
    """The product; 0 where the first factor is a plain zero, whatever the second one is."""
    return share * whole if _used(share) else 0.0


def _times_by_class(amounts: Sequence[Number], by_class: Sequence[Number]) -> list[Number]:
    """Each token part's amount times what its class of tokens costs."""
    pairs = zip(amounts, CLASS_OF_PART, strict=True)
    return [_times(amount, by_class[token_class]) for amount, token_class in pairs]


def _used_parts(usd: Sequence[Number]) -> dict[str, Number]:
    """The token parts of the bill that are used at all."""
    pairs = zip(TOKEN_PARTS, usd, strict=True)
    return {part: amount for part, amount in pairs if _used(amount)}


def _change_usd(usd: Sequence[Number], ratios: ClassRatios) -> Number:
    """What a tier adds to the amounts of the token parts, or takes off."""
    change: Number = 0.0
    for amount, token_class in zip(usd, CLASS_OF_PART, strict=True):
        dearer_by = ratios[token_class] - 1
        if dearer_by and _used(amount):
            change = change + amount * dearer_by
    return change


def api_usd_per_month(prices: TokenPrices, *tokens: Number, **how: Number) -> Number:
    """USD per month that an API bills: the sum of `api_bill_parts`, which says what it takes.

    >>> float(api_usd_per_month(TokenPrices(2.50, 1.25, 10.00), 900, 150))
    3750.0
    """
    parts = api_bill_parts(prices, *tokens, **how)
    usd_per_month = sum(parts.values(), 0.0)
    return usd_per_month


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
