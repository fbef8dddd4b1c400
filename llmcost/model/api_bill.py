"""The bill of a per-token API."""

from llmcost.model.types import TokenPrices


def blended_input_usd_per_mtok(prices: TokenPrices, cached_input_fraction):
    """USD per million input tokens of which a share is read from a prompt cache: (1 - h) p_in + h p_cached."""
    return (1 - cached_input_fraction) * prices.input_usd_per_mtok + cached_input_fraction * prices.cached_input_usd_per_mtok


def api_usd_per_month(
    prices: TokenPrices,
    input_mtok_per_month,
    output_mtok_per_month,
    cached_input_fraction=0.0,
    batched_fraction=0.0,
):
    """USD per month that an API bills for these tokens.

        bill = (1 - b) * (fresh + cached + output) + b * (batch * (fresh + output) + batch_cached * cached)

    with fresh, cached and output each tokens times price.

    input_mtok_per_month, output_mtok_per_month  million tokens a month, >= 0; output includes reasoning tokens
    cached_input_fraction   share of input tokens read from a prompt cache, 0 to 1
    batched_fraction        share of the work sent as batches, 0 to 1
    Numbers or arrays; they broadcast. Leaves out cache writes, long-context tiers,
    billed retries, commitments and taxes.

    >>> api_usd_per_month(TokenPrices(2.50, 1.25, 10.00), 900, 150)
    3750.0
    """
    cached = input_mtok_per_month * cached_input_fraction * prices.cached_input_usd_per_mtok
    fresh = input_mtok_per_month * (1 - cached_input_fraction) * prices.input_usd_per_mtok
    output = output_mtok_per_month * prices.output_usd_per_mtok
    of_cached = prices.batch_multiplier if prices.batch_cached_multiplier is None else prices.batch_cached_multiplier
    discount = (1 - prices.batch_multiplier) * (fresh + output) + (1 - of_cached) * cached
    return fresh + cached + output - batched_fraction * discount
