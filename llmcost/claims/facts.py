"""What the dated catalog and the price list say of the things that the articles speak of."""

import datetime as dt

import numpy as np
import pandas as pd

from llmcost.claims.claim_table import Claim, day_read
from llmcost.inputs import catalog
from llmcost.inputs.api_prices import Offer, open_model_offers, todays_offer
from llmcost.inputs.client import Today
from llmcost.inputs.data_cache import data_cached
from llmcost.inputs.load_shapes import load_shape
from llmcost.model import (
    HOURS_PER_MONTH,
    SECONDS_PER_HOUR,
    TOKENS_PER_MTOK,
    split,
    throughput,
)
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.types import Gpu, ModelShape, TokenPrices
from llmcost.study.bill import api_lines

LLAMA, QWEN, SMALLEST = "llama-3.3-70b", "qwen3-14b", "llama-3.1-8b"
A100, H100, L40S = "a100-80gb-sxm", "h100-80gb-sxm", "l40s-48gb"
NEAREST_DAYS = 150
"""A rent this many days from the article's own day still counts as a witness."""
DAYS_PER_MONTH = HOURS_PER_MONTH / 24


def gpu(gpu_id: str) -> Gpu:
    """Hardware facts of a GPU."""
    return catalog.gpu(gpu_id, day_read())


def model(model_id: str) -> ModelShape:
    """Shape of a model."""
    return catalog.model_shape(model_id, day_read())


@data_cached
def shape(use_case: str = "chat") -> tuple[float, float]:
    """(input, output) tokens of a mean request of this use."""
    row = catalog.in_force("use_cases", day_read()).set_index("use_case").loc[use_case]
    return float(row["input_tokens"]), float(row["output_tokens"])


def shapes() -> list[tuple[float, float]]:
    """Mean requests of every use in the catalog, and one that hardly reads at all."""
    return [
        (1.0, 1_000.0),
        *(shape(name) for name in catalog.in_force("use_cases", day_read())["use_case"]),
    ]


def output_rate(
    gpu_id: str,
    model_id: str,
    precision: str,
    request: tuple[float, float],
    concurrency: int | None = None,
) -> float:
    """Modelled output tokens/s of one GPU kept full with such requests, or with so many at a
    time."""
    replica = throughput.roofline_replica(
        gpu(gpu_id), 1, model(model_id), precision, *request, concurrency_count=concurrency
    )
    return float(throughput.output_tokens_per_second(replica, *request))


def total_rate(gpu_id: str, model_id: str, precision: str, request: tuple[float, float]) -> float:
    """Modelled tokens/s, read and written, of one GPU kept full with such requests."""
    return output_rate(gpu_id, model_id, precision, request) * sum(request) / request[1]


def mtok_per_month(tokens_per_second: float) -> float:
    """Million tokens that a GPU makes in a month of full hours."""
    return tokens_per_second * SECONDS_PER_HOUR * HOURS_PER_MONTH / TOKENS_PER_MTOK


@data_cached
def list_prices(provider: str, model_id: str, day: dt.date) -> TokenPrices:
    """Prices of a closed model on a day."""
    return todays_offer(Today(provider=provider, model_id=model_id), day, [], "claims").prices


@data_cached
def offers(model_id: str, day: dt.date, hosts: tuple[str, ...] = ()) -> list[Offer]:
    """Offers of an open model on a day, from the named hosts if any; today's where the lists know
    none of that day."""
    for moment in (day, day_read()):
        found = [
            o
            for o in open_model_offers(model_id, moment, [])
            if not o.superseded and o.provider != "openrouter"
        ]
        found = [o for o in found if not hosts or any(host in o.provider for host in hosts)]
        if found:
            return found
    return []


def flat(usd_per_mtok: float) -> TokenPrices:
    """One price for every token."""
    return TokenPrices(float(usd_per_mtok), float(usd_per_mtok), float(usd_per_mtok))


def mixed_usd_per_mtok(prices: TokenPrices, request: tuple[float, float] | None = None) -> float:
    """USD per million tokens, read and written, of requests of this shape: a chat's, if none is
    given."""
    read, written = request or shape()
    return float(api_lines.listed_usd_per_month(prices, read, written)) / (read + written)


@data_cached
def rents(gpu_ids: tuple[str, ...], day: dt.date, provider: str = "") -> np.ndarray:
    """On-demand cloud prices per GPU-hour: of each provider, region and size the row nearest to the
    day, none too far from it."""
    rows = catalog.table("gpu_rental")
    rows = rows[
        rows["gpu_id"].isin(gpu_ids) & (rows["term"] == "on_demand") & (rows["market"] == "cloud")
    ]
    rows = rows[rows["provider"].str.contains(provider)]
    away = (pd.to_datetime(rows["effective_from"]) - pd.Timestamp(day)).dt.days.abs()
    near = rows[away <= NEAREST_DAYS].assign(away=away).sort_values("away")
    return (
        near.groupby(["provider", "region", "gpu_id", "gpus_count"])["gpu_usd_per_hour"]
        .first()
        .to_numpy()
    )


def runpod_rent(gpu_id: str) -> float:
    """USD per hour of a GPU at the provider that two of the articles quote, today."""
    return float(rents((gpu_id,), day_read(), "runpod")[0])


def break_even_fill(
    model_id: str,
    gpu_id: str,
    precision: str,
    prices: TokenPrices,
    request: tuple[float, float] | None = None,
) -> float:
    """u* of one rented GPU: its hour over what the API bills for the chats of a full hour, at the
    safe share of the modelled speed."""
    read, written = request or shape()
    safe_rate = hidden("safe_share_fraction")[1] * output_rate(
        gpu_id, model_id, precision, (read, written)
    )
    mtok_per_hour = safe_rate * SECONDS_PER_HOUR / TOKENS_PER_MTOK
    api_usd_per_hour = api_lines.listed_usd_per_month(
        prices, mtok_per_hour * read / written, mtok_per_hour
    )
    return float(split.break_even_fill(runpod_rent(gpu_id), api_usd_per_hour))


def cheapest(model_id: str) -> TokenPrices:
    """Today's cheapest prices of an open model, for chats."""
    return min(
        (o.prices for o in offers(model_id, day_read()) if o.kind == "host"), key=mixed_usd_per_mtok
    )


def lowest_fill(model_id: str) -> float:
    """The lowest u* of a model over GPUs and precisions, against its cheapest host: what a lucky
    fleet must reach."""
    plans = [
        (A100, "fp8"),
        (A100, "fp4"),
        (H100, "fp8"),
        (H100, "fp4"),
        (L40S, "fp8"),
        (L40S, "fp4"),
    ]
    found = []
    for gpu_id, precision in plans:
        try:
            found.append(break_even_fill(model_id, gpu_id, precision, cheapest(model_id)))
        except throughput.DoesNotFit:
            continue
    return min(found)


@data_cached
def curve(name: str, mean_replicas: float = 1.0) -> LoadDurationCurve:
    """A measured load shape as a load of so many replicas in the mean."""
    return LoadDurationCurve(load_shape(name)["output_ratio"].to_numpy() * mean_replicas)


@data_cached
def presets() -> pd.DataFrame:
    """Busiest hour over mean hour of public single clients, by their size; `fill` is what one fleet
    for the peak delivers."""
    rows = catalog.in_force("load_presets", day_read())
    rows = rows[rows["measure"] == "peak_to_mean"].sort_values("requests_per_day_least_count")
    return rows.assign(fill=1 / rows["p50_ratio"])


@data_cached
def hidden(item: str) -> np.ndarray:
    """[low, typical, high] of a hidden-cost item."""
    row = catalog.hidden_costs(day_read(), [])[item]
    return np.array([row.band.low, row.band.typical, row.band.high])


def restated(source: str, claim: Claim) -> bool:
    """Whether a catalog row comes from the very article that it should judge."""
    return claim.title in source
