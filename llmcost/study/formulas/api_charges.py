"""What an API bills, part by part as an invoice has them.

    list  = I (1 - h - w) p_in + h I p_cached + w I p_write + (O + reasoning) p_out
    bill  = list * long-context ratio * tier ratio * (1 + billed retries)

Ratios are by class of tokens and by share of the work.
"""

import numpy as np

from llmcost.model.api_bill import committed_usd_per_month
from llmcost.model.types import Number
from llmcost.study.graph import Group, line, part, quantity


@quantity("fraction")
def written_fraction(cache_write_input_fraction: Number, read_fraction: Number) -> Number:
    """Share of the input written to the cache, at most what is not read from it."""
    return np.minimum(cache_write_input_fraction, 1 - read_fraction)


@quantity("fraction")
def whole_long_context_fraction(
    mean_input_tokens: Number, tokens_ratio: Number, long_context_tokens: Number
) -> Number:
    """All of the tokens where the mean request is a long one, else none."""
    its_tokens = mean_input_tokens * tokens_ratio
    return np.where(its_tokens > long_context_tokens, 1.0, 0.0)


@quantity("Mtok/month")
def bought_input_mtok_per_month(
    input_mtok_per_month: Number, volume_ratio: Number, bought_ratio: Number
) -> Number:
    """Input tokens that are bought here, billed retries apart."""
    whole_mtok = input_mtok_per_month * volume_ratio
    return whole_mtok * bought_ratio


@quantity("Mtok/month")
def bought_output_mtok_per_month(
    output_mtok_per_month: Number, volume_ratio: Number, bought_ratio: Number
) -> Number:
    """Output tokens that are bought here, hidden reasoning and billed retries apart."""
    whole_mtok = output_mtok_per_month * volume_ratio
    return whole_mtok * bought_ratio


@quantity("Mtok/month")
def bought_reasoning_mtok_per_month(
    reasoning_mtok_per_month: Number, volume_ratio: Number, bought_ratio: Number
) -> Number:
    """Tokens of hidden reasoning that are bought here."""
    whole_mtok = reasoning_mtok_per_month * volume_ratio
    return whole_mtok * bought_ratio


@part("input, fresh")
def fresh_input(
    bought_input_mtok_per_month: Number,
    read_fraction: Number,
    written_fraction: Number,
    input_usd_per_mtok: Number,
) -> Number:
    """Input that the model reads anew."""
    fresh_fraction = 1 - read_fraction - written_fraction
    fresh_mtok = bought_input_mtok_per_month * fresh_fraction
    return fresh_mtok * input_usd_per_mtok


@part("input, read from the cache")
def read_input(
    bought_input_mtok_per_month: Number, read_fraction: Number, cached_input_usd_per_mtok: Number
) -> Number:
    """Input that the prompt cache holds already."""
    read_mtok = bought_input_mtok_per_month * read_fraction
    return read_mtok * cached_input_usd_per_mtok


@part("input, written to the cache")
def written_input(
    bought_input_mtok_per_month: Number, written_fraction: Number, cache_write_usd_per_mtok: Number
) -> Number:
    """Input that is written to the prompt cache, where a write has its own price."""
    written_mtok = bought_input_mtok_per_month * written_fraction
    return written_mtok * cache_write_usd_per_mtok


@part("output")
def output(bought_output_mtok_per_month: Number, output_usd_per_mtok: Number) -> Number:
    """What the model writes for the caller."""
    return bought_output_mtok_per_month * output_usd_per_mtok


@part("hidden reasoning")
def reasoning(bought_reasoning_mtok_per_month: Number, output_usd_per_mtok: Number) -> Number:
    """Tokens that the model writes for itself, billed as output."""
    return bought_reasoning_mtok_per_month * output_usd_per_mtok


@quantity("USD/month")
def billed_fresh_input(
    fresh_input: Number, long_context_fraction: Number, long_input_ratio: Number
) -> Number:
    """Fresh input, long requests at their price."""
    dearer_ratio = 1 + long_context_fraction * (long_input_ratio - 1)
    return fresh_input * dearer_ratio


@quantity("USD/month")
def billed_read_input(
    read_input: Number, long_context_fraction: Number, long_cached_input_ratio: Number
) -> Number:
    """Input from the cache, long requests at their price."""
    dearer_ratio = 1 + long_context_fraction * (long_cached_input_ratio - 1)
    return read_input * dearer_ratio


@quantity("USD/month")
def billed_written_input(
    written_input: Number, long_context_fraction: Number, long_cache_write_ratio: Number
) -> Number:
    """Input written to the cache, long requests at their price."""
    dearer_ratio = 1 + long_context_fraction * (long_cache_write_ratio - 1)
    return written_input * dearer_ratio


@quantity("USD/month")
def billed_output(
    output: Number, reasoning: Number, long_context_fraction: Number, long_output_ratio: Number
) -> Number:
    """Output and hidden reasoning, long requests at their price."""
    listed_usd = output + reasoning
    dearer_ratio = 1 + long_context_fraction * (long_output_ratio - 1)
    return listed_usd * dearer_ratio


@quantity("USD/month")
def standard_usd_per_month(
    billed_fresh_input: Number,
    billed_read_input: Number,
    billed_written_input: Number,
    billed_output: Number,
) -> Number:
    """All tokens in the standard tier, long requests at their price."""
    into_usd = billed_fresh_input + billed_read_input + billed_written_input
    return into_usd + billed_output


@part("long context")
def long_context(
    standard_usd_per_month: Number,
    fresh_input: Number,
    read_input: Number,
    written_input: Number,
    output: Number,
    reasoning: Number,
) -> Number:
    """What the tokens of long requests cost more than listed."""
    read_usd = fresh_input + read_input + written_input
    made_usd = output + reasoning
    return standard_usd_per_month - read_usd - made_usd


@quantity("fraction")
def flex_share_fraction(wanted_flex_fraction: Number, batch_share_fraction: Number) -> Number:
    """Share of the work in the flex tier, at most what batches leave."""
    return np.minimum(wanted_flex_fraction, 1 - batch_share_fraction)


@quantity("fraction")
def priority_share_fraction(
    wanted_priority_fraction: Number, batch_share_fraction: Number, flex_share_fraction: Number
) -> Number:
    """Share of the work in the priority tier, at most what the other tiers leave."""
    left_fraction = 1 - batch_share_fraction - flex_share_fraction
    return np.minimum(wanted_priority_fraction, left_fraction)


def tier_change(
    share_fraction: Number,
    standard_usd_per_month: Number,
    fresh_usd: Number,
    read_usd: Number,
    written_usd: Number,
    output_usd: Number,
    input_ratio: Number,
    cached_input_ratio: Number,
    cache_write_ratio: Number,
    output_ratio: Number,
) -> Number:
    """What a tier adds to the price of its share of the work, or takes off."""
    in_the_tier = (
        fresh_usd * input_ratio
        + read_usd * cached_input_ratio
        + written_usd * cache_write_ratio
        + output_usd * output_ratio
    )
    return share_fraction * (in_the_tier - standard_usd_per_month)


@part("batch")
def batch(
    batch_share_fraction: Number,
    standard_usd_per_month: Number,
    billed_fresh_input: Number,
    billed_read_input: Number,
    billed_written_input: Number,
    billed_output: Number,
    batch_input_ratio: Number,
    batch_cached_input_ratio: Number,
    batch_cache_write_ratio: Number,
    batch_output_ratio: Number,
) -> Number:
    """What batches take off the price."""
    return tier_change(
        batch_share_fraction,
        standard_usd_per_month,
        billed_fresh_input,
        billed_read_input,
        billed_written_input,
        billed_output,
        batch_input_ratio,
        batch_cached_input_ratio,
        batch_cache_write_ratio,
        batch_output_ratio,
    )


@part("flex")
def flex(
    flex_share_fraction: Number,
    standard_usd_per_month: Number,
    billed_fresh_input: Number,
    billed_read_input: Number,
    billed_written_input: Number,
    billed_output: Number,
    flex_input_ratio: Number,
    flex_cached_input_ratio: Number,
    flex_cache_write_ratio: Number,
    flex_output_ratio: Number,
) -> Number:
    """What the flex tier takes off the price."""
    return tier_change(
        flex_share_fraction,
        standard_usd_per_month,
        billed_fresh_input,
        billed_read_input,
        billed_written_input,
        billed_output,
        flex_input_ratio,
        flex_cached_input_ratio,
        flex_cache_write_ratio,
        flex_output_ratio,
    )


@part("priority")
def priority(
    priority_share_fraction: Number,
    standard_usd_per_month: Number,
    billed_fresh_input: Number,
    billed_read_input: Number,
    billed_written_input: Number,
    billed_output: Number,
    priority_input_ratio: Number,
    priority_cached_input_ratio: Number,
    priority_cache_write_ratio: Number,
    priority_output_ratio: Number,
) -> Number:
    """What the priority tier adds to the price."""
    return tier_change(
        priority_share_fraction,
        standard_usd_per_month,
        billed_fresh_input,
        billed_read_input,
        billed_written_input,
        billed_output,
        priority_input_ratio,
        priority_cached_input_ratio,
        priority_cache_write_ratio,
        priority_output_ratio,
    )


@part("billed retries")
def billed_retries(billed_retries_fraction: Number, listed_usd_per_month: Number) -> Number:
    """Requests that are billed once more."""
    return billed_retries_fraction * listed_usd_per_month


@part("commitment and its discount")
def commitment_change(
    usage_usd_per_month: Number,
    commitment_usd_per_month: Number,
    commitment_discount_fraction: Number,
    commitment_bound_fraction: Number,
) -> Number:
    """What a commitment to spend adds to the bill at list prices, or takes off."""
    paid_usd = committed_usd_per_month(
        usage_usd_per_month,
        commitment_usd_per_month,
        commitment_discount_fraction,
        commitment_bound_fraction,
    )
    return paid_usd - usage_usd_per_month


@part("invoice over list prices")
def invoice_change(invoice_multiplier: Number, explained_usd_per_month: Number) -> Number:
    """What the invoice says beyond the bill that list prices explain."""
    return (invoice_multiplier - 1) * explained_usd_per_month


@part("price over the horizon")
def price_path_change(api_price_path_multiplier: Number, usage_usd_per_month: Number) -> Number:
    """What the price of the open model changes on average over the horizon."""
    return (api_price_path_multiplier - 1) * usage_usd_per_month


@line("API, today's model", Group.API)
def todays_model(parts_usd_per_month: Number) -> Number:
    """What today's model bills: the sum of its parts."""
    return parts_usd_per_month


@line("API, open model", Group.API)
def open_model(parts_usd_per_month: Number) -> Number:
    """What the host of the open model bills: the sum of its parts."""
    return parts_usd_per_month
