"""What an API bills for the work, part by part: as it is used today, tuned, what stays there, and
the open model at its host.

A line of an option is the sum of its parts, so there is one formula for both.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from llmcost.inputs.api_prices import Offer
from llmcost.model.types import TokenPrices
from llmcost.study.assumptions import Values
from llmcost.study.bill.options import Number
from llmcost.study.formulas import api_charges
from llmcost.study.graph import Assumed, Given, Node, Part, Same, Scope, Told, summed
from llmcost.study.problem import WorkloadChoice
from llmcost.study.scopes import TUNED, is_nothing, price_facts, purchase_scope, scope_of

AnyPart = Part[..., Any]
Parts = dict[AnyPart, Node]
"""Part of a bill -> its node, in the order of an invoice."""
TOKENS: tuple[AnyPart, ...] = (
    api_charges.fresh_input,
    api_charges.read_input,
    api_charges.written_input,
    api_charges.output,
    api_charges.reasoning,
)
"""Parts that are tokens times list price; every other part changes their sum."""
TIERS: dict[AnyPart, str] = {
    api_charges.batch: "batch",
    api_charges.flex: "flex",
    api_charges.priority: "priority",
}
"""Part of a tier -> its name in a price list."""
ALL = Told(1.0, "ratio", "definition", "all of the work")


def summed_parts(name: str, parts: Parts) -> Node:
    """The node that adds parts up."""
    return summed(name, {part.name: node for part, node in parts.items()})


def listed_parts(
    workload: Scope,
    choice: WorkloadChoice,
    offer: Offer,
    tuned: Collection[str] = (),
    bought: Given = ALL,
    tokens_ratio: Given | None = None,
) -> Parts:
    """The work at list prices, by part; what nobody uses has no part.

    tuned         shares that stand as tuning leaves them
    bought        share of the work's tokens that is bought, in the offer's own tokens
    tokens_ratio  its tokens per token of today's
    """
    scope = purchase_scope(workload, choice, offer, bought, tuned, tokens_ratio)
    return parts_of(scope, offer.prices)


def parts_of(scope: Scope, prices: TokenPrices) -> Parts:
    """What the scope of a purchase buys at list prices, by part."""
    parts: Parts = {part: scope.node(part.name) for part in TOKENS}
    if prices.long_context_ratios is not None:
        parts[api_charges.long_context] = scope.node(api_charges.long_context.name)
    for part, tier in TIERS.items():
        if tier in prices.tier_ratios:
            parts[part] = scope.node(part.name)
    parts = {part: node for part, node in parts.items() if not is_nothing(node.value)}
    if not is_nothing(scope("billed_retries_fraction")):
        listed = summed_parts("listed_usd_per_month", parts)
        parts[api_charges.billed_retries] = scope.apply(
            api_charges.billed_retries, listed_usd_per_month=listed
        )
    return parts


def listed_usd_per_month(
    prices: TokenPrices,
    input_mtok_per_month: Number,
    output_mtok_per_month: Number,
    cached_input_fraction: Number = 0.0,
    batched_fraction: Number = 0.0,
    **more: Number,
) -> Number:
    """What these tokens cost at a price list, in USD per month. Numbers or arrays; they broadcast.

    more  by name: cache_write_input_fraction, reasoning_mtok_per_month, long_context_fraction,
          flex_fraction, priority_fraction, billed_retries_fraction; 0 unless given

    >>> from llmcost.model.types import TokenPrices
    >>> prices = TokenPrices(2.50, 1.25, 10.00, tier_ratios={"batch": (0.5,) * 4})
    >>> [float(listed_usd_per_month(prices, 900, 150, *shares)) for shares in ((), (0.4, 0.1))]
    [3750.0, 3135.0]
    """
    volumes = (input_mtok_per_month, output_mtok_per_month)
    usd = listed_usd_by_part(prices, *volumes, cached_input_fraction, batched_fraction, **more)
    return sum(usd.values(), 0.0)


def listed_usd_by_part(
    prices: TokenPrices,
    input_mtok_per_month: Number,
    output_mtok_per_month: Number,
    cached_input_fraction: Number = 0.0,
    batched_fraction: Number = 0.0,
    **more: Number,
) -> dict[str, Number]:
    """`listed_usd_per_month` by the label of each part; what nobody uses has no part."""
    given = {
        "bought_input_mtok_per_month": input_mtok_per_month,
        "bought_output_mtok_per_month": output_mtok_per_month,
        "read_fraction": cached_input_fraction,
        "batch_share_fraction": batched_fraction,
        "cache_write_input_fraction": 0.0,
        "bought_reasoning_mtok_per_month": 0.0,
        "long_context_fraction": 0.0,
        "wanted_flex_fraction": 0.0,
        "wanted_priority_fraction": 0.0,
        "billed_retries_fraction": 0.0,
    }
    asked = {ASKED_AS.get(name, name): value for name, value in more.items()}
    if not asked.keys() <= given.keys():
        raise TypeError(f"a purchase knows no {', '.join(sorted(asked.keys() - given.keys()))}")
    given |= asked
    told: dict[str, Given] = {name: Told(value, "", "given") for name, value in given.items()}
    parts = parts_of(Scope({}, price_facts(prices, "given") | told), prices)
    return {part.label: node.value for part, node in parts.items()}


ASKED_AS = {
    "reasoning_mtok_per_month": "bought_reasoning_mtok_per_month",
    "flex_fraction": "wanted_flex_fraction",
    "priority_fraction": "wanted_priority_fraction",
}
"""What a purchase is asked for -> the quantity of the formulas."""


def today_parts(
    workload: Scope,
    choice: WorkloadChoice,
    invoice_multiplier: Number,
    tuned: Collection[str] = (),
    bought: Given = ALL,
) -> Parts:
    """The bill of today's model by part; empty where nothing answers today.

    tuned   shares that stand as tuning leaves them
    bought  share of the work that is still sent there; a commitment binds whatever is sent
    """
    if choice.today is None:
        return {}
    parts = listed_parts(workload, choice, choice.today, tuned, bought)
    if choice.workload.today and choice.workload.today.commitment:
        usage = summed_parts("usage_usd_per_month", parts)
        committed = workload.inside(_commitment(f"{choice.at}.today.commitment"))
        parts[api_charges.commitment_change] = committed.apply(
            api_charges.commitment_change, usage_usd_per_month=usage
        )
    if np.any(invoice_multiplier != 1):
        about = "client.yaml: invoice"
        over = Told(invoice_multiplier, "ratio", about, "invoice over what list prices explain")
        billed = workload.inside({"invoice_multiplier": over})
        explained = summed_parts("explained_usd_per_month", parts)
        parts[api_charges.invoice_change] = billed.apply(
            api_charges.invoice_change, explained_usd_per_month=explained
        )
    return parts


def _commitment(at: str) -> Mapping[str, Given]:
    return {
        "commitment_usd_per_month": Assumed(f"{at}.usd_per_month"),
        "commitment_discount_fraction": Assumed(f"{at}.discount_fraction"),
        "commitment_bound_fraction": Assumed(f"{at}.bound_fraction"),
    }


def staying_parts(workload: Scope, choice: WorkloadChoice, invoice_multiplier: Number) -> Parts:
    """What does not pass the evaluation: it stays on today's model, tuned, and under what was
    promised for it."""
    stays = Same("staying_fraction")
    return today_parts(workload, choice, invoice_multiplier, TUNED, stays)


def offered_parts(workload: Scope, choice: WorkloadChoice, offer: Offer) -> Parts:
    """The moved work at a host's list prices, by part."""
    ratio = Assumed(f"{choice.alternative_at}.token_ratio")
    return listed_parts(workload, choice, offer, TUNED, Same("moved_ratio"), ratio)


def open_parts(workload: Scope, choice: WorkloadChoice) -> Parts:
    """The moved work at the cheapest eligible host of the open model, by part."""
    assert choice.host is not None
    parts = offered_parts(workload, choice, choice.host.offer)
    usage = summed_parts("usage_usd_per_month", parts)
    parts[api_charges.price_path_change] = workload.apply(
        api_charges.price_path_change, usage_usd_per_month=usage
    )
    return parts


def open_bill(workload: Scope, choice: WorkloadChoice) -> Node:
    """The moved work at the cheapest eligible host of the open model."""
    assert choice.host is not None
    offer = choice.host.offer
    name = f"{offer.model_id} at {offer.provider}, {choice.workload.id}"
    return summed_parts(name, open_parts(workload, choice))


def offered_usd_per_month(choice: WorkloadChoice, values: Values, offer: Offer) -> Number:
    """The moved work at a host's list prices."""
    return usd_of(offered_parts(scope_of(choice, values), choice, offer))


def open_api_usd_per_month(choice: WorkloadChoice, values: Values) -> Number:
    """The moved work at the cheapest eligible host of the open model."""
    return usd_of(open_parts(scope_of(choice, values), choice))


def tuned_usd_per_month(
    choice: WorkloadChoice, values: Values, invoice_multiplier: Number
) -> Number:
    """All of the work on today's model, tuned; 0 where nothing answers today."""
    return usd_of(today_parts(scope_of(choice, values), choice, invoice_multiplier, TUNED))


def usd_of(parts: Parts) -> Number:
    """What parts come to, in USD per month."""
    return sum(node.value for node in parts.values())
