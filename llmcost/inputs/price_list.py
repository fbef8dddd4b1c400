"""The genai-prices list as it came with the package: offline, dated, in USD per million tokens.

Prices by class are arrays in the order of `llmcost.model.bill_steps.CLASSES`: fresh input, cache
read, cache write, output.
"""

import datetime as dt
import difflib
from functools import cache
from typing import Any

import numpy as np
from genai_prices import __version__ as genai_prices_version, data_snapshot

STANDARD, BATCH = "standard", "batch"
SOURCE = f"genai-prices {genai_prices_version}"
PRICE_KEYS = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok")
"""The list's names of the four classes."""


@cache
def price_list() -> Any:
    """The whole list: its `.providers` have `.models`."""
    return data_snapshot.get_snapshot()


def list_provider(provider: str) -> Any | None:
    """The list's provider of that id, or None."""
    return next((p for p in price_list().providers if p.id == provider), None)


def listed_usd_per_mtok(
    model: Any, moment: dt.datetime, tier: str = STANDARD, long_context: bool = False
) -> np.ndarray:
    """The list's prices by class, NaN where there is none by the token; a cache without a price of
    its own costs what fresh input costs.

    long_context  for requests above the first threshold of a price that has several, else below it
    """
    prices = model.get_prices(moment, None if tier == STANDARD else _context(tier))
    fresh, read, write, output = (
        _usd_per_mtok(getattr(prices, key), long_context) for key in PRICE_KEYS
    )
    classes = (fresh, fresh if read is None else read, fresh if write is None else write, output)
    return np.array([np.nan if price is None else price for price in classes])


def _usd_per_mtok(price: Any, long_context: bool) -> float | None:
    """A price as a number: of a tiered one its first tier, or its base below that."""
    if price is None:
        return None
    tiers = getattr(price, "tiers", None)
    return float(tiers[0].price if tiers and long_context else getattr(price, "base", price))


def long_context_tokens(model: Any, moment: dt.datetime) -> float | None:
    """Input tokens of a request above which all its tokens have another price; None where that
    never happens."""
    prices = model.get_prices(moment)
    starts = [
        price.tiers[0].start
        for key in PRICE_KEYS
        if getattr(price := getattr(prices, key), "tiers", None)
    ]
    return float(min(starts)) if starts else None


def tier_since(model: Any, tier: str) -> dt.date | None:
    """The day from which the list knows a price of the tier; None for standard and for a tier that
    it does not know."""
    if tier == STANDARD:
        return None
    context = _context(tier).items()
    variants = [v for v in model.price_variants or () if v.when.items() <= context]
    return min(
        (getattr(v.constraint, "start_date", None) or dt.date.min for v in variants), default=None
    )


def tier_ratios(model: Any, moment: dt.datetime, tier: str) -> np.ndarray | None:
    """What each class pays of its standard price in a tier, or None where the list has no price of
    the tier.

    A ratio that is known only from a later day on holds before it too: lists learn of discounts
    long after providers give them.
    """
    since = tier_since(model, tier)
    if since is None:
        return None
    known = max(moment, dt.datetime.combine(since, dt.time(), tzinfo=dt.UTC))
    return class_ratios(listed_usd_per_mtok(model, known, tier), listed_usd_per_mtok(model, known))


def class_ratios(prices: np.ndarray, standard: np.ndarray) -> np.ndarray:
    """Prices over standard ones by class; 1 where either has no price or standard is free."""
    known = (standard > 0) & ~np.isnan(prices)
    return np.divide(prices, standard, out=np.ones(4), where=known)


def _context(tier: str) -> dict[str, str]:
    return {"processing": BATCH} if tier == BATCH else {"service_tier": tier, "speed": tier}


def price_starts(model: Any, moment: dt.datetime) -> str:
    """The day from which the price in force is known to hold, or "" where the list does not say."""
    if not isinstance(model.prices, list):
        return ""
    dates = [
        c.constraint.start_date
        for c in model.prices
        if getattr(c.constraint, "start_date", None) and c.constraint.active(moment)
    ]
    return max(dates).isoformat() if dates else ""


def nearest_names(name: str, known: list[str]) -> tuple[str, ...]:
    """At most three known names that look like this one."""
    return tuple(difflib.get_close_matches(name, known, n=3, cutoff=0.4))
