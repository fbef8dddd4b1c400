"""The genai-prices list as it came with the package: offline, dated, in USD per million tokens."""

import datetime as dt
import difflib
from functools import cache
from typing import Any

from genai_prices import __version__ as GENAI_PRICES_VERSION, data_snapshot

BATCH = {"processing": "batch"}
SOURCE = f"genai-prices {GENAI_PRICES_VERSION}"


@cache
def price_list() -> Any:
    """The whole list: its `.providers` have `.models`."""
    return data_snapshot.get_snapshot()


def list_provider(provider: str) -> Any | None:
    """The list's provider of that id, or None."""
    return next((p for p in price_list().providers if p.id == provider), None)


def base_usd_per_mtok(price: Any) -> float | None:
    """A price as a number; of tiered prices the first tier."""
    return None if price is None else float(getattr(price, "base", price))


def price_starts(model: Any, moment: dt.datetime) -> str:
    """The day from which the price in force is known to hold, or "" where the list does not say."""
    if not isinstance(model.prices, list):
        return ""
    dates = [c.constraint.start_date for c in model.prices if getattr(c.constraint, "start_date", None) and c.constraint.active(moment)]
    return max(dates).isoformat() if dates else ""


def nearest_names(name: str, known: list[str]) -> tuple[str, ...]:
    """At most three known names that look like this one."""
    return tuple(difflib.get_close_matches(name, known, n=3, cutoff=0.4))
