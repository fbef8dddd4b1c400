"""The numbers whose break-even is asked for, each with the two bills as a function of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llmcost.study.bill.api_lines import open_api_usd_per_month, tuned_usd_per_month
from llmcost.study.bill.bills import Decision
from llmcost.study.market.gpu_offers import GpuOffer, Term
from llmcost.study.names import plain_name
from llmcost.study.problem import VOLUME, Option, Supply
from llmcost.study.scopes import scope_of
from llmcost.study.uncertainty.bill_pairs import PREMIUM, BillPair
from llmcost.study.uncertainty.volume_break_even import Bills

POINTS = 401
PRICES = np.geomspace(1e-2, 1e2, 81)
"""Prices are looked at from a hundredth to a hundred times today's; those of GPUs from nothing
on."""
MOST_FTE = 20.0
"""More people than this nobody puts on one deployment."""
OPEN_API_PRICE = "hidden_costs.api_price_path_multiplier"
PER_MTOK = "USD/Mtok"


@dataclass(frozen=True)
class MovableNumber:
    """One number that may be turned until two bills meet, all else typical.

    now    its typical value, in `unit`
    grid   values looked at, rising
    bills  (option, yardstick) in USD a month, at an array of values
    """

    what: str
    unit: str
    now: float
    grid: np.ndarray
    bills: Bills


def movable_numbers(pair: BillPair) -> Iterator[MovableNumber]:
    """Price of the yardstick's API, price of the option's GPUs, its people, and the passing share
    of each workload."""
    yield from _api_price(pair)
    yield from _gpu_price(pair)
    is_bought = any(supply.offer.term is Term.OWNED for supply in _supplies(pair))
    way = Option.OWNED if is_bought else pair.option
    paths: dict[str, str] = {
        Option.OWNED: "people.engineer_fte_owned",
        Option.SERVERLESS: "people.engineer_fte_serverless",
    }
    path = paths.get(way, "people.engineer_fte")
    if _supplies(pair):
        yield MovableNumber(
            plain_name(path),
            "FTE",
            float(pair.values[path]),
            np.linspace(0.0, MOST_FTE, POINTS),
            _moving(pair, path),
        )
    for choice in pair.ours.choices:
        if choice.today:
            path = f"{choice.alternative_at}.passing_fraction"
            name = plain_name(path) + (
                f", {choice.workload.id}" if len(pair.ours.choices) > 1 else ""
            )
            yield MovableNumber(
                name,
                "fraction",
                float(pair.values[path]),
                np.linspace(0.0, 1.0, POINTS),
                _moving(pair, path),
            )


def _moving(pair: BillPair, path: str) -> Bills:
    return lambda points: pair.usd_per_month({path: points})


def _price(
    what: str,
    unit: str,
    now: float,
    at: Callable[[np.ndarray], BillPair],
    points: np.ndarray = PRICES,
) -> MovableNumber:
    """A price as a movable number; `at` is the pair with that price times each of some numbers."""

    def bills(prices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return at(prices / now).usd_per_month({VOLUME: np.ones(len(prices))})

    return MovableNumber(what, unit, now, now * points, bills)


def _api_price(pair: BillPair) -> Iterator[MovableNumber]:
    """Per million tokens, input and output together. What the option buys from the same API moves
    with it."""
    values, theirs = pair.values, pair.theirs
    if pair.against == Option.OPEN_API:
        mtok = sum(float(scope_of(c, values)("moved_mtok_per_month")) for c in theirs.choices)
        usd = sum(float(open_api_usd_per_month(choice, values)) for choice in theirs.choices)
        typical = float(values[OPEN_API_PRICE])
        yield _price(
            "price of the open model's API",
            PER_MTOK,
            usd / mtok,
            lambda x: replace(pair, values={**values, OPEN_API_PRICE: typical * x}),
        )
    elif pair.against in (Option.TUNED, PREMIUM):
        mtok = sum(float(scope_of(c, values)("asked_mtok_per_month")) for c in theirs.choices)
        usd = sum(
            float(tuned_usd_per_month(choice, values, theirs.invoice_multiplier))
            for choice in theirs.choices
        )
        model = "today's model" if pair.against == Option.TUNED else "the premium model"
        what = f"price of {model}"
        yield _price(what, PER_MTOK, usd / mtok, lambda x: _today_times(pair, x))


def _today_times(pair: BillPair, multipliers: np.ndarray) -> BillPair:
    """The yardstick's model at another price; where it is today's own, the option pays that for
    what stays on it."""

    def moved(side: Decision) -> Decision:
        return replace(side, invoice_multiplier=side.invoice_multiplier * multipliers)

    return replace(
        pair,
        ours=moved(pair.ours) if pair.against == Option.TUNED else pair.ours,
        theirs=moved(pair.theirs),
    )


def _gpu_price(pair: BillPair) -> Iterator[MovableNumber]:
    """Per GPU-hour, or per bought GPU; of several workloads with different GPUs as a multiple of
    today's."""
    supplies = _supplies(pair)
    if not supplies:
        return
    prices, owned = (
        {supply.offer.listed_usd for supply in supplies},
        {supply.offer.term is Term.OWNED for supply in supplies},
    )
    now, unit = 1.0, "times"
    if len(prices) == 1 and len(owned) == 1:
        now, unit = prices.pop(), "USD/GPU" if owned == {True} else "USD/GPU-hour"
    yield _price(
        "price of a GPU", unit, now, lambda x: _gpus_times(pair, x), np.append(0.0, PRICES)
    )


def _gpus_times(pair: BillPair, multipliers: np.ndarray) -> BillPair:
    """The option's GPUs at another price, rented and bought ones alike."""
    paths = {
        f"gpu_purchase.{supply.offer.gpu_id}.purchase_usd"
        for supply in _supplies(pair)
        if supply.offer.term is Term.OWNED
    }

    def dearer(offer: GpuOffer | None) -> GpuOffer | None:
        usd: Any = offer and offer.gpu_usd_per_hour and offer.gpu_usd_per_hour * multipliers
        return offer if usd is None or offer is None else replace(offer, gpu_usd_per_hour=usd)

    def moved(supply: Supply) -> Supply:
        return replace(
            supply,
            offer=dearer(supply.offer) or supply.offer,
            by_the_hour=dearer(supply.by_the_hour),
        )

    choices = [
        replace(c, supplies={**c.supplies, pair.option: moved(c.supplies[pair.option])})
        for c in pair.ours.choices
    ]
    values = {**pair.values, **{path: pair.values[path] * multipliers for path in paths}}
    return replace(pair, ours=replace(pair.ours, choices=choices), values=values)


def _supplies(pair: BillPair) -> list[Supply]:
    """The GPUs behind the option; none where it is an API."""
    return [
        choice.supplies[pair.option]
        for choice in pair.ours.choices
        if pair.option in choice.supplies
    ]
