"""What an API bills, as chains: tokens times list price, class by class, and what tiers, retries
and contracts change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmcost.inputs.api_prices import Offer
from llmcost.model.api_bill import committed_usd_per_month
from llmcost.study.audit.figure import Figure, assumed, derived, given, summed
from llmcost.study.bill.api_lines import WAYS
from llmcost.study.loads.load import REASONING, RETRIES
from llmcost.study.problem import LEAST_TAKEN, WorkloadChoice, long_context_fraction

if TYPE_CHECKING:
    from llmcost.study.study import Study

USD = "USD/month"
CLASSES = ("fresh", "read", "written", "output", "reasoning")
CLASS_INDEX = (0, 1, 2, 3, 3)


def certain_or_assumed(study: Study, path: str, name: str) -> Figure:
    """An assumption that a bill reads, or its zero where none does."""
    return (
        assumed(study, path)
        if path in study.inputs
        else given(name, float(study.values.get(path, 0.0)), "fraction", path)
    )


def taken(study: Study, choice: WorkloadChoice) -> Figure:
    """Share of the work that the open model takes over."""
    if not choice.today:
        return given("share of the work that is moved", 1.0, "fraction", "nothing answers it today")
    passing = assumed(study, f"{choice.alternative_at}.passing_fraction")
    return derived(
        "share of the work that is moved",
        "fraction",
        f"maximum(passing, {LEAST_TAKEN})",
        passing=passing,
    )


def moved_factor(study: Study, choice: WorkloadChoice) -> Figure:
    """Tokens of the open model for each token of today's whole work."""
    ratio = assumed(study, f"{choice.alternative_at}.token_ratio")
    return derived(
        "its tokens per token of today",
        "ratio",
        "taken * token_ratio",
        taken=taken(study, choice),
        token_ratio=ratio,
    )


def cached(study: Study, choice: WorkloadChoice, tuned: bool) -> Figure:
    """Share of the input that is read from a cache, today or once prompts are arranged for it."""
    today = assumed(study, f"{choice.at}.cached_input_fraction")
    path = f"{choice.at}.cacheable_input_fraction"
    if not tuned or path not in study.inputs:
        return today
    return derived(
        "share of input read from a cache",
        "fraction",
        "maximum(cacheable, today)",
        cacheable=assumed(study, path),
        today=today,
    )


def _tier_share(study: Study, choice: WorkloadChoice, share: str, tuned: bool) -> Figure:
    """Share of the work in a tier, today or once what may wait is sent there."""
    today = certain_or_assumed(study, f"{choice.at}.{share}", f"{WAYS[share]} tier today")
    wanted = {"batched_fraction": "batchable_fraction", "flex_fraction": "flexible_fraction"}.get(
        share
    )
    if not tuned:
        return today
    if wanted is None:
        return (
            today
            if choice.workload.latency
            else given("priority tier, dropped", 0.0, "fraction", "no latency is promised")
        )
    could = certain_or_assumed(
        study, f"{choice.at}.{wanted}", f"share that may go to {WAYS[share]}"
    )
    return derived(
        f"share of the work in {WAYS[share]}",
        "fraction",
        "maximum(could, today)",
        could=could,
        today=today,
    )


def api_parts(
    study: Study, choice: WorkloadChoice, offer: Offer, factor: Figure, ratio: float, tuned: bool
) -> dict[str, Figure]:
    """The bill of `factor` of the work's tokens at an offer's list prices, by part: symbol ->
    figure."""
    at, prices = f"{choice.at}.load", offer.prices
    source = (
        offer.row + (f"; {offer.source}" if offer.source not in offer.row else ""),
        offer.date,
        offer.confidence,
    )
    names = ("input", "cached input", "written input", "output")
    price = [
        given(f"{n} of {offer.model_id} at {offer.provider}", p, "USD/Mtok", *source)
        for n, p in zip(names, prices.by_class, strict=True)
    ]
    volume = {name: assumed(study, f"{at}.{name}_mtok_per_month") for name in ("input", "output")}
    read = cached(study, choice, tuned)
    wanted = certain_or_assumed(
        study, f"{choice.at}.cache_write_input_fraction", "share of input written to a cache"
    )
    if prices.cache_write_usd_per_mtok is None:
        wanted = given(
            "share of input written to a cache at a price of its own",
            0.0,
            "fraction",
            "a write costs what fresh input costs",
        )
    written = derived(
        "share of input written to a cache",
        "fraction",
        "minimum(written, 1 - cached)",
        written=wanted,
        cached=read,
    )
    into = {"mtok": volume["input"], "factor": factor}
    parts = {
        "fresh": derived(
            "fresh input",
            USD,
            "mtok * factor * (1 - cached - written) * price",
            **into,
            cached=read,
            written=written,
            price=price[0],
        ),
        "read": derived(
            "input from the cache",
            USD,
            "mtok * factor * cached * price",
            **into,
            cached=read,
            price=price[1],
        ),
        "written": derived(
            "input written to the cache",
            USD,
            "mtok * factor * written * price",
            **into,
            written=written,
            price=price[2],
        ),
        "output": derived(
            "output",
            USD,
            "mtok * factor * price",
            mtok=volume["output"],
            factor=factor,
            price=price[3],
        ),
    }
    if f"{at}.{REASONING}" in study.inputs:
        hidden = assumed(study, f"{at}.{REASONING}")
        parts["reasoning"] = derived(
            "hidden reasoning",
            USD,
            "mtok * factor * price",
            mtok=hidden,
            factor=factor,
            price=price[3],
        )
    if prices.long_context_ratios is not None:
        share = given(
            "share in long requests",
            float(np.asarray(long_context_fraction(choice, study.values, prices, ratio))),
            "fraction",
            choice.at,
        )
        parts["long_context"] = _change(
            "long context", share, parts, prices.long_context_ratios, source
        )
    return _with_tiers(study, choice, offer, parts, source, tuned)


def _with_tiers(
    study: Study,
    choice: WorkloadChoice,
    offer: Offer,
    parts: dict[str, Figure],
    source: tuple,
    tuned: bool,
) -> dict[str, Figure]:
    """The parts with what tiers and billed retries change; a tier pays its ratio of the price of
    each class, long context included."""
    tokens = {name: parts[name] for name in CLASSES if name in parts}
    longer, long_ratios = parts.get("long_context"), offer.prices.long_context_ratios
    amounts = tokens
    if longer is not None and long_ratios is not None:
        grown = {}
        for name, k in zip(CLASSES, CLASS_INDEX, strict=True):
            if name in tokens:
                long_ratio = given(
                    f"long-context price over list, {name}", long_ratios[k], "ratio", *source
                )
                grown[name] = derived(
                    f"{name}, long context in it",
                    USD,
                    "usd * (1 + share * (ratio - 1))",
                    usd=tokens[name],
                    share=longer.parts["share"],
                    ratio=long_ratio,
                )
        amounts = grown
    left = given("all of the work", 1.0, "fraction", "definition")
    for share_name, tier in WAYS.items():
        if not tier or tier not in offer.prices.tier_ratios:
            continue
        share = _tier_share(study, choice, share_name, tuned)
        share = derived(
            f"share in {tier}", "fraction", "minimum(share, left)", share=share, left=left
        )
        left = derived("what other tiers leave", "fraction", "left - share", left=left, share=share)
        parts[tier] = _change(
            f"{tier} tier", share, amounts, offer.prices.tier_ratios[tier], source
        )
    retries = assumed(study, f"{choice.at}.load.{RETRIES}")
    if retries.value:
        parts["retries"] = derived(
            "billed retries", USD, f"retries * ({' + '.join(parts)})", retries=retries, **parts
        )
    return parts


def _change(
    name: str, share: Figure, amounts: dict[str, Figure], ratios: tuple, source: tuple
) -> Figure:
    """What a tier adds to amounts by class, or takes off."""
    of_price = {
        f"{kind}_ratio": given(f"{name}: price over list, {kind}", ratios[k], "ratio", *source)
        for kind, k in zip(CLASSES, CLASS_INDEX, strict=True)
        if kind in amounts
    }
    kinds = [kind for kind in CLASSES if kind in amounts]
    formula = "share * (" + " + ".join(f"{kind} * ({kind}_ratio - 1)" for kind in kinds) + ")"
    return derived(
        name, USD, formula, share=share, **{kind: amounts[kind] for kind in kinds}, **of_price
    )


def today_bill(
    study: Study, choice: WorkloadChoice, tuned: bool, staying: Figure | None = None
) -> Figure:
    """The line of today's model for one workload: as it is used, tuned, or what stays there."""
    assert choice.today is not None
    factor = staying or given("all of the work", 1.0, "fraction", "definition")
    parts = api_parts(study, choice, choice.today, factor, 1.0, tuned)
    if choice.workload.today and choice.workload.today.commitment:
        usage = summed("at list prices", USD, parts)
        terms = {
            name: assumed(study, f"{choice.at}.today.commitment.{name}")
            for name in ("usd_per_month", "discount_fraction", "bound_fraction")
        }
        formula = (
            "committed_usd_per_month(usage, usd_per_month, discount_fraction, bound_fraction) -"
            " usage"
        )
        parts["commitment"] = derived(
            "commitment and its discount",
            USD,
            formula,
            (committed_usd_per_month,),
            usage=usage,
            **terms,
        )
    if study.invoice_multiplier != 1:
        over = given(
            "invoice over what list prices explain",
            study.invoice_multiplier,
            "ratio",
            "client.yaml: invoice",
        )
        parts["invoice"] = derived(
            "invoice over list prices",
            USD,
            f"(multiplier - 1) * ({' + '.join(parts)})",
            multiplier=over,
            **parts,
        )
    return summed(
        f"{choice.today.model_id} at {choice.today.provider}, {choice.workload.id}", USD, parts
    )


def staying_bill(study: Study, choice: WorkloadChoice) -> Figure:
    """What does not pass the evaluation and stays on today's model, tuned."""
    passing = assumed(study, f"{choice.alternative_at}.passing_fraction")
    return today_bill(
        study, choice, True, derived("share that stays", "fraction", "1 - passing", passing=passing)
    )


def open_bill(study: Study, choice: WorkloadChoice) -> Figure:
    """The moved work of one workload at the cheapest eligible host of the open model."""
    assert choice.host is not None
    ratio = float(study.values[f"{choice.alternative_at}.token_ratio"])
    offer = choice.host.offer
    listed = summed(
        "at list prices",
        USD,
        api_parts(study, choice, offer, moved_factor(study, choice), ratio, True),
    )
    path = assumed(study, "hidden_costs.api_price_path_multiplier")
    return derived(
        f"{offer.model_id} at {offer.provider}, {choice.workload.id}",
        USD,
        "listed * price_path",
        listed=listed,
        price_path=path,
    )
