"""What each host asks for a model on a day: the client's quotes, then our dated rows, then the
genai-prices list."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llmcost.inputs.catalog import aliases, in_force, in_force_or_first, sidecar
from llmcost.inputs.class_prices import as_fresh_where_blank, row_ratios, row_usd_per_mtok
from llmcost.inputs.client import Quote
from llmcost.inputs.data_cache import data_cached
from llmcost.inputs.errors import InputError
from llmcost.inputs.price_list import (
    SOURCE,
    STANDARD,
    class_ratios,
    list_provider,
    listed_usd_per_mtok,
    long_context_tokens,
    nearest_names,
    price_list,
    price_starts,
    tier_ratios,
)
from llmcost.inputs.quotes import read_quotes
from llmcost.inputs.today import Today
from llmcost.model.types import ClassRatios, TokenPrices

EXCLUDED_ENDINGS = (":free", ":extended", ":beta")
TIERS = ("batch", "flex", "priority")
"""Tiers beside the standard one that a bill knows."""


@dataclass(frozen=True)
class Offer:
    """One model at one host: its price, where the price comes from, and the facts that decide
    whether a client may use it.

    Facts that nobody states are None or empty: unknown, which means "ask".
    zero_retention  "yes": by default, or open to every customer; "no": by agreement at most
    ends_date       the day from which the host no longer serves it, as 2027-01-31
    """

    provider: str
    model_id: str
    host_model: str
    prices: TokenPrices
    row: str
    source: str
    date: str
    confidence: str
    kind: str = ""
    regions: tuple[str, ...] = ()
    context_tokens: float | None = None
    precision: str | None = None
    requests_per_minute_count: float | None = None
    retention_days_count: float | None = None
    zero_retention: str = ""
    ends_date: str = ""
    superseded: bool = False


def open_model_offers(model_id: str, as_of: dt.date, quotes: list[Quote]) -> list[Offer]:
    """Every host's offer of an open model in force on `as_of`, cheapest input first. Where our
    dated rows know a host, the list's offers of it stay in sight as superseded."""
    ours = _our_rows(model_id, as_of)
    hosts = {offer.provider for offer in ours}
    listed = [
        replace(offer, superseded=offer.provider in hosts) for offer in _listed(model_id, as_of)
    ]
    ours = [_with_tiers(offer, listed) for offer in ours]
    known = [_with_facts(offer, as_of) for offer in [*ours, *listed]]
    return sorted(
        _quoted(known, model_id, quotes),
        key=lambda o: (
            o.prices.input_usd_per_mtok,
            o.prices.output_usd_per_mtok,
            o.provider,
            o.host_model,
        ),
    )


def _with_tiers(offer: Offer, listed: list[Offer]) -> Offer:
    """Our row with the tiers and the long-context price that the list knows of the same host, where
    our rows have none."""
    same = next((o.prices for o in listed if o.provider == offer.provider), None)
    if same is None:
        return offer
    prices = replace(
        offer.prices,
        tier_ratios={**same.tier_ratios, **offer.prices.tier_ratios},
        long_context_ratios=same.long_context_ratios,
        long_context_tokens=same.long_context_tokens,
    )
    return replace(offer, prices=prices)


def todays_offer(today: Today, as_of: dt.date, quotes: list[Quote], field: str) -> Offer:
    """The price of the model that answers now. Raises InputError when there is none: an unpriced
    model is never 0 USD."""
    host = aliases("provider").get(today.provider.lower(), today.provider.lower())
    model_id = aliases("model").get(today.model_id.lower(), today.model_id)
    open_model = [
        o
        for o in open_model_offers(model_id, as_of, quotes)
        if o.provider == host and not o.superseded
    ]
    if open_model:
        return open_model[0]
    provider = list_provider(host)
    if provider is None:
        near = _nearest(host, [p.id for p in price_list().providers])
        raise InputError(
            "client.yaml", f"{field}.provider", f"{today.provider!r} has no price list here", near
        )
    found = provider.find_model(model_id)
    offer = _from_list(host, found, model_id, as_of) if found else None
    if offer is None:
        cure = (
            f"{_nearest(model_id, [m.id for m in provider.models])}; or add a quote for"
            f" api_prices/{host}/{model_id}"
        )
        raise InputError(
            "client.yaml",
            f"{field}.model_id",
            f"{today.provider} has no price by the token for {today.model_id!r}",
            cure,
        )
    return _with_facts(_quoted([offer], model_id, quotes)[0], as_of)


def _nearest(name: str, known: list[str]) -> str:
    return f"Nearest: {', '.join(nearest_names(name, known)) or 'none'}"


@data_cached
def _listed(model_id: str, as_of: dt.date) -> list[Offer]:
    """Offers of the genai-prices list whose names the alias table maps to this model."""
    names = aliases("model")
    found = [
        _from_list(provider.id, model, model_id, as_of)
        for provider in price_list().providers
        for model in provider.models
        if not model.id.endswith(EXCLUDED_ENDINGS)
        and not model.deprecated
        and names.get(model.id.lower(), model.id.lower()) == model_id
    ]
    return [offer for offer in found if offer is not None]


def _from_list(provider: str, model: Any, model_id: str, as_of: dt.date) -> Offer | None:
    moment = dt.datetime.combine(as_of, dt.time(12), tzinfo=dt.UTC)
    standard = listed_usd_per_mtok(model, moment)
    if not standard[0] > 0 or not standard[3] > 0:
        return None
    longer, found = (
        long_context_tokens(model, moment),
        {tier: tier_ratios(model, moment, tier) for tier in TIERS},
    )
    prices = _prices(
        standard,
        {tier: ratios for tier, ratios in found.items() if ratios is not None},
        (
            None
            if longer is None
            else class_ratios(listed_usd_per_mtok(model, moment, long_context=True), standard)
        ),
        longer,
    )
    return Offer(
        provider=provider,
        model_id=model_id,
        host_model=model.id,
        prices=prices,
        row=f"genai-prices/{provider}/{model.id}",
        source=SOURCE,
        date=price_starts(model, moment),
        confidence="list_price",
        context_tokens=model.context_window,
    )


def _prices(
    standard: np.ndarray,
    tiers: dict[str, np.ndarray],
    long_context: np.ndarray | None = None,
    tokens: float | None = None,
):
    """Token prices from arrays by class."""
    fresh, read, write, output = map(float, standard)
    ratios = {tier: _four(found) for tier, found in tiers.items()}
    return TokenPrices(
        fresh,
        read,
        output,
        None if write == fresh else write,
        ratios,
        None if long_context is None else _four(long_context),
        tokens,
    )


def _four(ratios: np.ndarray) -> ClassRatios:
    fresh, read, write, output = map(float, ratios)
    return fresh, read, write, output


@data_cached
def _our_rows(model_id: str, as_of: dt.date) -> list[Offer]:
    rows = in_force("api_prices", as_of)
    rows = rows[rows["model_id"] == model_id]
    found = {(r.provider, r.region, r.tier): row_usd_per_mtok(r) for r in rows.itertuples()}
    return [
        Offer(
            provider=row.provider,
            model_id=model_id,
            host_model=f"{row.model_id} {row.region}".strip(),
            prices=_row_prices(
                {
                    tier: prices
                    for (*where, tier), prices in found.items()
                    if where == [row.provider, row.region]
                }
            ),
            row=row.row,
            source=row.source,
            date=row.effective_from,
            confidence=row.confidence,
            regions=(row.region,) if row.region else (),
        )
        for row in rows[rows["tier"] == STANDARD].itertuples()
    ]


def _row_prices(by_tier: dict[str, np.ndarray]) -> TokenPrices:
    standard = as_fresh_where_blank(by_tier[STANDARD])
    return _prices(
        standard, {tier: row_ratios(by_tier[tier], standard) for tier in TIERS if tier in by_tier}
    )


@data_cached
def _facts(name: str, as_of: dt.date) -> dict[tuple[str, ...], dict[str, Any]]:
    """Key without its date -> the row's cells that are not empty."""
    key = [column for column in sidecar(name)["key"] if column != "effective_from"]
    rows = in_force_or_first(name, as_of).to_dict(orient="records")
    return {
        tuple(row[k] for k in key): {k: v for k, v in row.items() if v == v and v != ""}
        for row in rows
    }


def _with_facts(offer: Offer, as_of: dt.date) -> Offer:
    """The offer with what the host tables know of it."""
    provider = _facts("api_providers", as_of).get((offer.provider,), {})
    host = _facts("api_hosts", as_of).get((offer.provider, offer.model_id), {})
    return replace(
        offer,
        kind=str(provider.get("kind", "")),
        regions=offer.regions or tuple(filter(None, str(provider.get("regions", "")).split(";"))),
        context_tokens=host.get("context_tokens", offer.context_tokens),
        precision=host.get("precision"),
        requests_per_minute_count=host.get("requests_per_minute_count"),
        retention_days_count=provider.get("retention_days_count"),
        zero_retention=str(provider.get("zero_retention", "")),
        ends_date=str(host.get("deprecated_from_date", "")),
    )


def _quoted(offers: list[Offer], model_id: str, quotes: list[Quote]) -> list[Offer]:
    """The offers with the client's quotes put over the list prices; a host that no list knows joins
    them."""
    for read in read_quotes(quotes):
        if read.table != "api_prices" or read.key[1] != model_id:
            continue
        quote, provider = read.quote, read.key[0]
        usd_in, usd_out = quote.input_usd_per_mtok or 0.0, quote.output_usd_per_mtok or 0.0
        listed = next((o for o in offers if o.provider == provider and not o.superseded), None)
        like = listed.prices if listed else TokenPrices(usd_in, usd_in, usd_out)
        written = (
            like.cache_write_usd_per_mtok
            and usd_in * like.cache_write_usd_per_mtok / like.input_usd_per_mtok
        )
        cached = (
            quote.cached_input_usd_per_mtok
            or usd_in * like.cached_input_usd_per_mtok / like.input_usd_per_mtok
        )
        prices = replace(
            like,
            input_usd_per_mtok=usd_in,
            cached_input_usd_per_mtok=cached,
            output_usd_per_mtok=usd_out,
            cache_write_usd_per_mtok=written,
        )
        known = listed or Offer(
            provider, model_id, model_id, prices, quote.row, quote.said_by, "", "reported"
        )
        said = replace(
            known,
            prices=prices,
            row=quote.row,
            source=quote.said_by,
            date=quote.quoted_date.isoformat(),
            confidence="reported",
        )
        offers = [
            said,
            *(
                replace(o, superseded=True) if o.provider == provider else o
                for o in offers
                if o is not listed
            ),
        ]
    return offers
