"""What an API bills for the work, part by part: as it is used today, tuned, what stays there, and
the open model at its host.

A line of an option is the sum of its parts, so there is one formula for both.
"""

from collections.abc import Callable, Mapping

import numpy as np

from llmcost.model.api_bill import api_bill_parts, committed_usd_per_month
from llmcost.model.overhead import engineers_usd_per_month
from llmcost.model.types import TokenPrices
from llmcost.study.assumptions import Values
from llmcost.study.bill.options import Lines, Number
from llmcost.study.loads.load import RETRIES
from llmcost.study.problem import (
    WorkloadChoice,
    batched_fraction,
    cached_fraction,
    long_context_fraction,
    moved_ratio,
    stated_volumes,
    written_fraction,
)

TODAY, OPEN = "API, today's model", "API, open model"
"""The two lines that an API has on a bill."""
Ways = Mapping[str, Number]
"""How the same tokens are bought: shares read from the cache and sent in each tier."""
WAYS = {
    "cached_input_fraction": "",
    "batched_fraction": "batch",
    "flex_fraction": "flex",
    "priority_fraction": "priority",
}
"""Share -> its tier; a share of a tier that a list does not price changes nothing and is not asked
for."""
WaysOf = Callable[[WorkloadChoice, Values, TokenPrices], Ways]


def api_people(values: Values) -> Number:
    """USD a month of the people that even an API needs."""
    return engineers_usd_per_month(values["people.api_fte"], values["people.engineer_usd_per_year"])


def ways_today(choice: WorkloadChoice, values: Values, prices: TokenPrices) -> Ways:
    """The shares of today's bill."""
    return {
        share: values[f"{choice.at}.{share}"]
        for share, tier in WAYS.items()
        if not tier or tier in prices.tier_ratios
    }


def ways_tuned(choice: WorkloadChoice, values: Values, prices: TokenPrices) -> Ways:
    """The shares once prompts are arranged for the cache and all goes to the cheapest tier that it
    may wait for.

    Priority is dropped, unless the client has a latency to promise: then it may be what keeps it.
    """
    ways = {
        **ways_today(choice, values, prices),
        "cached_input_fraction": cached_fraction(choice.at, values),
    }
    if "batched_fraction" in ways:
        ways["batched_fraction"] = batched_fraction(choice.at, values)
    if "flex_fraction" in ways:
        ways["flex_fraction"] = np.maximum(
            values.get(f"{choice.at}.flexible_fraction", 0.0), ways["flex_fraction"]
        )
    if not choice.workload.latency:
        ways.pop("priority_fraction", None)
    return ways


def today_parts(
    choice: WorkloadChoice,
    values: Values,
    ways: WaysOf,
    invoice_multiplier: Number,
    staying: Number = 1.0,
) -> Lines:
    """The bill of today's model by part, USD per month; empty where nothing answers today.

    staying  share of the work that is still sent there; a commitment binds whatever is sent
    """
    if choice.today is None:
        return {}
    parts = priced_parts(choice, values, choice.today.prices, ways, staying)
    at = f"{choice.at}.today.commitment"
    if choice.workload.today and choice.workload.today.commitment:
        terms = (
            values[f"{at}.{name}"]
            for name in ("usd_per_month", "discount_fraction", "bound_fraction")
        )
        usage = sum(parts.values())
        parts["commitment and its discount"] = committed_usd_per_month(usage, *terms) - usage
    if np.any(invoice_multiplier != 1):
        parts["invoice over list prices"] = (invoice_multiplier - 1) * sum(parts.values())
    return parts


def open_parts(choice: WorkloadChoice, values: Values) -> Lines:
    """The moved work at the cheapest eligible host of the open model, by part, USD per month."""
    assert choice.host is not None
    ratio = values[f"{choice.alternative_at}.token_ratio"]
    parts = priced_parts(
        choice, values, choice.host.offer.prices, ways_tuned, moved_ratio(choice, values), ratio
    )
    parts["price over the horizon"] = (values["hidden_costs.api_price_path_multiplier"] - 1) * sum(
        parts.values()
    )
    return parts


def offered_usd_per_month(choice: WorkloadChoice, values: Values, prices: TokenPrices) -> Number:
    """The moved work at a host's list prices."""
    ratio = values[f"{choice.alternative_at}.token_ratio"]
    return sum(
        priced_parts(
            choice, values, prices, ways_tuned, moved_ratio(choice, values), ratio
        ).values()
    )


def priced_parts(
    choice: WorkloadChoice,
    values: Values,
    prices: TokenPrices,
    ways: WaysOf,
    factor: Number = 1.0,
    ratio: Number = 1.0,
) -> Lines:
    """The work, or `factor` of its tokens, at list prices, by part.

    ways   `ways_today`, `ways_tuned`, or anything between
    ratio  the model's tokens per token of today's: a request is as many times longer
    """
    into, out, reasoning = stated_volumes(choice, values)
    parts = api_bill_parts(
        prices,
        into,
        out,
        **ways(choice, values, prices),
        cache_write_input_fraction=written_fraction(choice, values, prices),
        reasoning_mtok_per_month=reasoning,
        long_context_fraction=long_context_fraction(choice, values, prices, ratio),
        billed_retries_fraction=values[f"{choice.at}.load.{RETRIES}"],
    )
    return {part: usd * factor for part, usd in parts.items()}


def today_lines(choice: WorkloadChoice, values: Values, invoice_multiplier: float) -> Lines:
    """Today's model as it is used now."""
    return _line(today_parts(choice, values, ways_today, invoice_multiplier))


def tuned_lines(choice: WorkloadChoice, values: Values, invoice_multiplier: float) -> Lines:
    """The same model with prompts arranged for the cache and what may wait in the cheaper tiers."""
    return _line(today_parts(choice, values, ways_tuned, invoice_multiplier))


def rest_parts(choice: WorkloadChoice, values: Values, invoice_multiplier: float) -> Lines:
    """What does not pass the evaluation, by part: it stays on today's model, tuned, and under what
    was promised for it."""
    if choice.today is None:
        return {}
    staying = 1 - values[f"{choice.alternative_at}.passing_fraction"]
    return today_parts(choice, values, ways_tuned, invoice_multiplier, staying)


def rest_lines(choice: WorkloadChoice, values: Values, invoice_multiplier: float) -> Lines:
    """What does not pass the evaluation: it stays on today's model, tuned."""
    return _line(rest_parts(choice, values, invoice_multiplier))


def _line(parts: Lines) -> Lines:
    return {TODAY: sum(parts.values())} if parts else {}


def open_api_usd_per_month(choice: WorkloadChoice, values: Values) -> Number:
    """The moved work at the cheapest eligible host of the open model."""
    return sum(open_parts(choice, values).values())
