"""What each host asks for a model on a day: the client's quotes, then our dated rows, then the genai-prices list."""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd

from llmcost.inputs.catalog import aliases, in_force, sidecar
from llmcost.inputs.client import Quote, Today
from llmcost.inputs.errors import InputError
from llmcost.inputs.price_list import BATCH, SOURCE, base_usd_per_mtok, list_provider, nearest_names, price_list, price_starts
from llmcost.inputs.quotes import read_quotes
from llmcost.model.types import TokenPrices

EXCLUDED_ENDINGS = (":free", ":extended", ":beta")


@dataclass(frozen=True)
class Offer:
    """One model at one host: its price, where the price comes from, and the facts that decide whether a client may use it.

    Facts that nobody states are None or empty: unknown, which means "ask".
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
    superseded: bool = False


def open_model_offers(model_id: str, as_of: dt.date, quotes: list[Quote]) -> list[Offer]:
    """Every host's offer of an open model in force on `as_of`, cheapest input first. Where our dated rows know a host, the list's
    offers of it stay in sight as superseded."""
    ours = _our_rows(model_id, as_of)
    hosts = {offer.provider for offer in ours}
    listed = [replace(offer, superseded=offer.provider in hosts) for offer in _listed(model_id, as_of)]
    ours = [_with_batch(offer, listed) for offer in ours]
    live = [_with_facts(offer, as_of) for offer in [*ours, *listed] if not _deprecated(offer, as_of)]
    return sorted(
        _quoted(live, model_id, quotes), key=lambda o: (o.prices.input_usd_per_mtok, o.prices.output_usd_per_mtok, o.provider, o.host_model)
    )


def _with_batch(offer: Offer, listed: list[Offer]) -> Offer:
    """Our row with the batch discount that the list knows of the same host, where our rows have none."""
    if offer.prices.batch_multiplier < 1:
        return offer
    same = [o.prices for o in listed if o.provider == offer.provider and o.prices.batch_multiplier < 1]
    if not same:
        return offer
    ratios = {name: getattr(same[0], name) for name in ("batch_multiplier", "batch_cached_multiplier")}
    return replace(offer, prices=replace(offer.prices, **ratios))


def todays_offer(today: Today, as_of: dt.date, quotes: list[Quote], field: str) -> Offer:
    """The price of the model that answers now. Raises InputError when there is none: an unpriced model is never 0 USD."""
    host = aliases("provider").get(today.provider.lower(), today.provider.lower())
    model_id = aliases("model").get(today.model_id.lower(), today.model_id)
    open_model = [o for o in open_model_offers(model_id, as_of, quotes) if o.provider == host and not o.superseded]
    if open_model:
        return open_model[0]
    provider = list_provider(host)
    if provider is None:
        near = _nearest(host, [p.id for p in price_list().providers])
        raise InputError("client.yaml", f"{field}.provider", f"{today.provider!r} has no price list here", near)
    found = provider.find_model(model_id)
    offer = _from_list(host, found, model_id, as_of) if found else None
    if offer is None:
        cure = f"{_nearest(model_id, [m.id for m in provider.models])}; or add a quote for api_prices/{host}/{model_id}"
        raise InputError("client.yaml", f"{field}.model_id", f"{today.provider} has no price by the token for {today.model_id!r}", cure)
    return _with_facts(_quoted([offer], model_id, quotes)[0], as_of)


def _nearest(name: str, known: list[str]) -> str:
    return f"Nearest: {', '.join(nearest_names(name, known)) or 'none'}"


def _listed(model_id: str, as_of: dt.date) -> list[Offer]:
    """Offers of the genai-prices list whose names the alias table maps to this model."""
    names = aliases("model")
    found = [
        _from_list(provider.id, model, model_id, as_of)
        for provider in price_list().providers
        for model in provider.models
        if not model.id.endswith(EXCLUDED_ENDINGS) and not model.deprecated and names.get(model.id.lower(), model.id.lower()) == model_id
    ]
    return [offer for offer in found if offer is not None]


def _from_list(provider: str, model: Any, model_id: str, as_of: dt.date) -> Offer | None:
    moment = dt.datetime.combine(as_of, dt.time(12), tzinfo=dt.UTC)
    prices = model.get_prices(moment)
    usd_in, usd_out = base_usd_per_mtok(prices.input_mtok), base_usd_per_mtok(prices.output_mtok)
    if not usd_in or not usd_out:
        return None
    usd_cached, batch = base_usd_per_mtok(prices.cache_read_mtok) or usd_in, model.get_prices(moment, BATCH)
    batch_ratios = (
        (base_usd_per_mtok(batch.input_mtok) or usd_in) / usd_in,
        (base_usd_per_mtok(batch.cache_read_mtok) or usd_cached) / usd_cached,
    )
    return Offer(
        provider=provider,
        model_id=model_id,
        host_model=model.id,
        prices=TokenPrices(usd_in, usd_cached, usd_out, *batch_ratios),
        row=f"genai-prices/{provider}/{model.id}",
        source=SOURCE,
        date=price_starts(model, moment),
        confidence="list_price",
        context_tokens=model.context_window,
    )


def _our_rows(model_id: str, as_of: dt.date) -> list[Offer]:
    rows = in_force("api_prices", as_of)
    rows = rows[rows["model_id"] == model_id]
    batch = {(r.provider, r.region): r.input_usd_per_mtok for r in rows[rows["tier"] == "batch"].itertuples()}
    return [
        Offer(
            provider=row.provider,
            model_id=model_id,
            host_model=f"{row.model_id} {row.region}".strip(),
            prices=TokenPrices(
                row.input_usd_per_mtok,
                row.cached_input_usd_per_mtok if pd.notna(row.cached_input_usd_per_mtok) else row.input_usd_per_mtok,
                row.output_usd_per_mtok,
                batch.get((row.provider, row.region), row.input_usd_per_mtok) / row.input_usd_per_mtok,
            ),
            row=row.row,
            source=row.source,
            date=row.effective_from,
            confidence=row.confidence,
            regions=(row.region,) if row.region else (),
        )
        for row in rows[rows["tier"] == "standard"].itertuples()
    ]


@cache
def _facts(name: str, as_of: dt.date) -> dict[tuple[str, ...], dict[str, Any]]:
    """Key without its date -> the row's cells that are not empty."""
    key = [column for column in sidecar(name)["key"] if column != "effective_from"]
    rows = in_force(name, as_of).to_dict(orient="records")
    return {tuple(row[k] for k in key): {k: v for k, v in row.items() if v == v and v != ""} for row in rows}


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
    )


def _deprecated(offer: Offer, as_of: dt.date) -> bool:
    gone = _facts("api_hosts", as_of).get((offer.provider, offer.model_id), {}).get("deprecated_from_date", "")
    return bool(gone) and str(gone) <= as_of.isoformat()


def _quoted(offers: list[Offer], model_id: str, quotes: list[Quote]) -> list[Offer]:
    """The offers with the client's quotes put over the list prices; a host that no list knows joins them."""
    for read in read_quotes(quotes):
        if read.table != "api_prices" or read.key[1] != model_id:
            continue
        quote, provider = read.quote, read.key[0]
        usd_in, usd_out = quote.input_usd_per_mtok or 0.0, quote.output_usd_per_mtok or 0.0
        listed = next((o for o in offers if o.provider == provider and not o.superseded), None)
        like = listed.prices if listed else TokenPrices(usd_in, usd_in, usd_out)
        cached = quote.cached_input_usd_per_mtok or usd_in * like.cached_input_usd_per_mtok / like.input_usd_per_mtok
        prices = replace(like, input_usd_per_mtok=usd_in, cached_input_usd_per_mtok=cached, output_usd_per_mtok=usd_out)
        known = listed or Offer(provider, model_id, model_id, prices, quote.row, quote.said_by, "", "reported")
        said = replace(known, prices=prices, row=quote.row, source=quote.said_by, date=quote.quoted_date.isoformat(), confidence="reported")
        offers = [said, *(replace(o, superseded=True) if o.provider == provider else o for o in offers if o is not listed)]
    return offers
