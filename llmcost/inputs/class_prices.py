"""What a model of a usage export costs per class of tokens, in any hour and tier: for pricing what
was really used.

Prices are arrays in the order of `llmcost.model.bill_steps.CLASSES`: fresh input, cache read, cache
write, output, USD per Mtok. Order of trust as everywhere: the client's quote from its day on, our
dated rows, the genai-prices list.
"""

import bisect
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from llmcost.inputs.catalog import aliases, table
from llmcost.inputs.client import Quote
from llmcost.inputs.data_cache import data_cached
from llmcost.inputs.price_list import (
    STANDARD,
    class_ratios,
    list_provider,
    listed_usd_per_mtok,
    nearest_names,
    price_list,
    tier_ratios,
    tier_since,
)
from llmcost.inputs.quotes import read_quotes

LONGEST_COMPARED_NAME = 100
Dated = tuple[tuple[dt.date, np.ndarray], ...]
"""(day from which it holds, prices), oldest first."""


@dataclass(frozen=True)
class Unpriced:
    """A model that nothing prices, and why. Never 0 USD.

    priced_names  what the price lists that could have it know instead
    """

    name: str
    reason: str
    priced_names: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def nearest(self) -> tuple[str, ...]:
        """At most three priced names that look like this one. Looking takes time: an export may
        have thousands of names."""
        return _near(self.name[:LONGEST_COMPARED_NAME], list(self.priced_names))


@dataclass(frozen=True, eq=False)
class ModelPrices:
    """One model at one host.

    listed   the model in the genai-prices list, or None; `tiers_listed` is False where another
             provider's price stands in for it
    dated    tier -> our dated rows
    quoted   prices from a day on that scale the rest, or None
    """

    provider: str
    model_id: str
    row: str
    listed: Any = None
    tiers_listed: bool = True
    dated: Mapping[str, Dated] | None = None
    quoted: tuple[dt.date, Quote] | None = None

    @property
    def by_hour(self) -> bool:
        """Whether the price depends on the hour of the day."""
        prices = self.listed.prices if self.listed else []
        return isinstance(prices, list) and any(hasattr(p.constraint, "start_time") for p in prices)

    def at(self, moment: dt.datetime, tier: str = STANDARD) -> np.ndarray:
        """USD per Mtok of the four classes; NaN where there is no price by the token.

        A tier without a listed price costs what standard costs. A tier's ratio to standard that is
        known only from a later day on holds before it too: lists learn of discounts long after
        providers give them (`tier_since` tells).
        """
        since = self.tier_since(tier)
        prices = self._standard(moment)
        if since is None:
            return prices
        known = max(moment, dt.datetime.combine(since, dt.time(), tzinfo=dt.UTC))
        return prices * self._tier_ratio(known, tier)

    def tier_since(self, tier: str) -> dt.date | None:
        """The day from which a price of the tier is known; None for standard and for a tier that
        nothing prices."""
        if self.dated and tier in self.dated and tier != STANDARD:
            return self.dated[tier][0][0]
        return tier_since(self.listed, tier) if self.listed and self.tiers_listed else None

    def _tier_ratio(self, moment: dt.datetime, tier: str) -> np.ndarray:
        if self.dated and tier in self.dated:
            return row_ratios(_in_force(self.dated[tier], moment.date()), self._unquoted(moment))
        ratios = tier_ratios(self.listed, moment, tier)
        assert ratios is not None, "the list knows the tier since some day"
        return ratios

    def _standard(self, moment: dt.datetime) -> np.ndarray:
        prices = self._unquoted(moment)
        if self.quoted is None or moment.date() < self.quoted[0]:
            return prices
        quote = self.quoted[1]
        fresh, read, write, _ = (quote.input_usd_per_mtok or np.nan) * class_ratios(
            prices, np.full(4, prices[0])
        )
        return np.array(
            [
                fresh,
                quote.cached_input_usd_per_mtok or read,
                write,
                quote.output_usd_per_mtok or np.nan,
            ]
        )

    def _unquoted(self, moment: dt.datetime) -> np.ndarray:
        """Our row in force, else the list's price, else our earliest row: nothing older is
        known."""
        rows = (self.dated or {}).get(STANDARD, ())
        if rows and (rows[0][0] <= moment.date() or self.listed is None):
            return as_fresh_where_blank(_in_force(rows, moment.date()))
        return listed_usd_per_mtok(self.listed, moment) if self.listed else np.full(4, np.nan)


def model_prices(
    name: str, provider: str, as_of: dt.date, quotes: Sequence[Quote] = ()
) -> ModelPrices | Unpriced:
    """The prices of a model as an export names it. No match is guessed.

    provider  as the format or the export says it, "" when unknown: then a prefix ("openai/gpt-4.1")
              or the maker whose list claims the name tells
    A name counts as known when the alias table, the provider's own matching rules or its display
    name say so.
    """
    if not name:
        return Unpriced(name, "the export names no model")
    host, said = _seller(name, provider)
    model_id = aliases("model").get(said.lower(), said)
    rows = _dated_rows(host, model_id)
    found, own = _in_list(host, said, model_id)
    if not rows and (
        found is None or np.isnan(listed_usd_per_mtok(found, _noon(as_of))[[0, 3]]).all()
    ):
        quoted = None if found else _quote(host, model_id, as_of, quotes)
        return (
            ModelPrices(host, model_id, quoted[1].row, quoted=quoted)
            if quoted
            else _unpriced(name, host, found)
        )
    row = f"api_prices/{host}//{model_id}" if rows else f"genai-prices/{own}/{found.id}"
    quoted = _quote(host, model_id if rows else found.id, as_of, quotes) or _quote(
        host, said, as_of, quotes
    )
    return ModelPrices(
        host,
        model_id if rows else found.id,
        quoted[1].row if quoted else row,
        found,
        own == host,
        rows,
        quoted,
    )


def _unpriced(name: str, host: str, found: Any) -> Unpriced:
    if found is not None:
        return Unpriced(name, f"{host} has no price by the token for it")
    provider, every = list_provider(host), price_list().providers
    sellers = [
        p
        for p in every
        if provider is None or p is provider or p.id in (provider.fallback_model_providers or ())
    ]
    names = _models_of(tuple(p.id for p in sellers))
    if provider:
        return Unpriced(name, f"{host}'s price list does not know it", names)
    reason = (
        f"there is no price list of {host}"
        if host
        else "the export names no provider and no list claims the name"
    )
    return Unpriced(name, reason, names)


@cache
def _models_of(provider_ids: tuple[str, ...]) -> tuple[str, ...]:
    sellers = [p for p in price_list().providers if p.id in provider_ids]
    return tuple(dict.fromkeys(model.id for seller in sellers for model in seller.models))


def _near(name: str, known: list[str]) -> tuple[str, ...]:
    """Names inside this one, longest first ("gpt4o-prod": gpt-4o), then names that look like it."""
    letters = {model: re.sub(r"[^a-z0-9]", "", model.lower()) for model in [name, *known]}
    inside = [
        model for model in known if len(letters[model]) > 3 and letters[model] in letters[name]
    ]
    found = [*sorted(inside, key=len, reverse=True), *nearest_names(name.lower(), known)]
    once: dict[str, str] = {}
    for model in found:
        once.setdefault(model.lower(), model)
    return tuple(once.values())[:3]


def _seller(name: str, provider: str) -> tuple[str, str]:
    """(whose price list, the model's name there)."""
    hosts = aliases("provider")
    prefix, _, rest = name.partition("/")
    before = hosts.get(prefix.lower(), prefix.lower())
    if provider:
        host = hosts.get(provider.lower(), provider.lower())
        return host, rest if rest and before == host else name
    if rest:
        return (
            (before, rest)
            if list_provider(before) or (table("api_prices")["provider"] == before).any()
            else ("", name)
        )
    maker = next(
        (
            p
            for p in price_list().providers
            if p.model_match and p.model_match.is_match(name.lower())
        ),
        None,
    )
    return maker.id if maker else "", name


def _in_list(host: str, said: str, model_id: str) -> tuple[Any, str]:
    """(the model in the host's list, whose entry it is): a host that sells others' models may lean
    on their maker's entry."""
    provider = list_provider(host)
    if provider is None:
        return None, host
    every = price_list().providers
    named = [m for m in provider.models if m.name and m.name.lower() == said.lower()]
    found = next(
        filter(None, (provider.find_model(n, all_providers=every) for n in (said, model_id))), None
    )
    found = found or (named[0] if len(named) == 1 else None)
    owners = [p.id for p in every if any(m is found for m in p.models)]
    return found, host if host in owners or not owners else owners[0]


def _dated_rows(host: str, model_id: str) -> Mapping[str, Dated]:
    """Our rows of a model at a host, of every date, by tier."""
    return _rows_of_all_models().get((host, model_id), {})


@data_cached
def _rows_of_all_models() -> dict[tuple[str, str], dict[str, Dated]]:
    """(host, model) -> tier -> our rows."""
    found: dict[tuple[str, str], dict[str, Dated]] = {}
    rows = table("api_prices").sort_values("effective_from", kind="stable")
    for row in rows.itertuples():
        tiers = found.setdefault((row.provider, row.model_id), {})
        dated = dt.date.fromisoformat(row.effective_from), row_usd_per_mtok(row)
        tiers[row.tier] = (*tiers.get(row.tier, ()), dated)
    return found


def row_usd_per_mtok(row: Any) -> np.ndarray:
    """USD per Mtok by class of one of our rows; NaN where the row says nothing."""
    classes = (
        row.input_usd_per_mtok,
        row.cached_input_usd_per_mtok,
        row.cache_write_usd_per_mtok,
        row.output_usd_per_mtok,
    )
    return np.array(classes, dtype=float)


def as_fresh_where_blank(prices: np.ndarray) -> np.ndarray:
    """Prices by class; a class without one costs what fresh input costs."""
    return np.where(np.isnan(prices), prices[0], prices)


def row_ratios(of_tier: np.ndarray, standard: np.ndarray) -> np.ndarray:
    """What each class pays of its standard price in a tier of ours; a class that the tier's row
    leaves blank pays as fresh input does."""
    ratios = class_ratios(of_tier, standard)
    return np.where(np.isnan(of_tier), ratios[0], ratios)


def _quote(
    host: str, model_id: str, as_of: dt.date, quotes: Sequence[Quote]
) -> tuple[dt.date, Quote] | None:
    """The client's last quote for a model; the study's own day already counts on it."""
    found = [
        read.quote
        for read in read_quotes(quotes)
        if read.table == "api_prices" and read.key == (host, model_id)
    ]
    return (min(found[-1].quoted_date, as_of), found[-1]) if found else None


def _in_force(rows: Dated, day: dt.date) -> np.ndarray:
    """The latest row on or before the day, else the earliest one."""
    return rows[max(0, bisect.bisect_right([start for start, _ in rows], day) - 1)][1]


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
