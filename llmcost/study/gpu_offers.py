"""What a GPU costs by each way to get it: rented by term, serverless, or bought. Cheapest eligible, with the reason for the rest."""

from dataclasses import dataclass

import pandas as pd

from llmcost.inputs.catalog import in_force, known_id
from llmcost.inputs.client import Band, Client, Workload
from llmcost.inputs.quotes import read_quotes
from llmcost.study.hosts import region_status

WORKSTATION_CARDS = ("rtx-3090-24gb", "rtx-4090", "rtx-5090")
"""Cards whose driver licence excludes data centres."""


@dataclass(frozen=True)
class GpuOffer:
    """One way to get one GPU.

    term        on_demand | committed_12_months | committed_36_months | owned | serverless
    gpus_count  GPUs that come together; a replica must use a whole number of them
    price       USD per GPU-hour; for a bought GPU its purchase price in USD, with the range
    resale_fraction  share of the purchase price left at the end, bought GPUs only
    """

    gpu_id: str
    term: str
    provider: str
    region: str
    gpus_count: int
    price: Band
    resale_fraction: Band | None
    row: str
    source: str
    date: str
    confidence: str
    status: str
    reason: str


def gpu_offers(client: Client, workload: Workload) -> list[GpuOffer]:
    """Every dated offer for the GPUs that the client considers, with its eligibility for this workload."""
    offers = [*_rental(client, workload), *_serverless(client, workload), *_purchase(client)]
    wanted = client.own_capacity.gpus
    if wanted == "cheapest_that_fit":
        return offers
    known = list(in_force("gpu_hardware", client.as_of_date)["gpu_id"])
    ids = {known_id("gpu", name, known, "client.yaml", "own_capacity.gpus") for name in wanted}
    return [offer for offer in offers if offer.gpu_id in ids]


def _rental(client: Client, workload: Workload) -> list[GpuOffer]:
    regions = in_force("gpu_providers", client.as_of_date).set_index("provider")["regions"].to_dict()
    quoted = _quoted_rentals(client, workload)
    offers = list(quoted.values())
    for row in in_force("gpu_rental", client.as_of_date).itertuples():
        if row.term == "spot" or (row.market == "cloud" and (row.provider, row.region, row.gpu_id, row.term) in quoted):
            continue
        known = (row.region,) if row.region else tuple(filter(None, str(regions.get(row.provider, "")).split(";")))
        status, reason = _doubted(row.confidence, *_rental_status(client, workload, row.market, row.term, known))
        offers.append(
            GpuOffer(
                row.gpu_id,
                row.term,
                row.provider,
                row.region,
                int(row.gpus_count),
                _certain(row.gpu_usd_per_hour),
                None,
                row.row,
                row.source,
                row.effective_from,
                row.confidence,
                status,
                reason,
            )  # fmt: skip
        )
    return offers


def _quoted_rentals(client: Client, workload: Workload) -> dict[tuple[str, ...], GpuOffer]:
    """Rentals that were really offered to the client, by provider, region, GPU and term; they stand in for the catalog's rows."""
    gpu_ids = list(in_force("gpu_hardware", client.as_of_date)["gpu_id"])
    found: dict[tuple[str, ...], GpuOffer] = {}
    for read in read_quotes(client.quotes):
        if read.table != "gpu_rental" or read.quote.gpu_usd_per_hour is None:
            continue
        provider, region, named, term = read.key
        gpu_id = known_id("gpu", named, gpu_ids, "client.yaml", f"quotes.{read.quote.row}")
        status, reason = _rental_status(client, workload, "cloud", term, (region,) if region else ())
        said = (read.quote.row, read.quote.said_by, read.quote.quoted_date.isoformat(), "reported", status, reason)
        price = _certain(read.quote.gpu_usd_per_hour)
        found[(provider, region, gpu_id, term)] = GpuOffer(gpu_id, term, provider, region, 1, price, None, *said)
    return found


def _rental_status(client: Client, workload: Workload, market: str, term: str, regions: tuple[str, ...]) -> tuple[str, str]:
    if workload.gates.air_gapped:
        return "failed", "air gap: no rented GPU"
    if market != "cloud":
        return "failed", f"{market} offer: no agreement with the host"
    if term not in client.own_capacity.terms:
        return "failed", "term not considered by the client"
    return region_status(workload.gates.regions, regions)


def _doubted(confidence: str, status: str, reason: str) -> tuple[str, str]:
    """A price that is a guess has to be asked for before it can be counted on."""
    return ("ask", "the price is a guess: ask for a quote") if status == "ok" and confidence == "guess" else (status, reason)


def _serverless(client: Client, workload: Workload) -> list[GpuOffer]:
    regions = in_force("gpu_providers", client.as_of_date).set_index("provider")["regions"].to_dict()
    offers = []
    for row in in_force("serverless_gpu", client.as_of_date).itertuples():
        known = (row.region,) if row.region else tuple(filter(None, str(regions.get(row.provider, "")).split(";")))
        status, reason = ("failed", "air gap: no rented GPU") if workload.gates.air_gapped else region_status(workload.gates.regions, known)
        status, reason = _doubted(row.confidence, status, reason)
        offers.append(
            GpuOffer(
                row.gpu_id,
                "serverless",
                row.provider,
                row.region,
                1,
                _certain(row.gpu_usd_per_hour),
                None,
                row.row,
                row.source,
                row.effective_from,
                row.confidence,
                status,
                reason,
            )  # fmt: skip
        )
    return offers


def _purchase(client: Client) -> list[GpuOffer]:
    return [
        GpuOffer(
            row.gpu_id,
            "owned",
            row.condition,
            "",
            1,
            Band(low=row.purchase_low_usd, typical=row.purchase_typical_usd, high=row.purchase_high_usd),
            Band(low=row.resale_low_fraction, typical=row.resale_typical_fraction, high=row.resale_high_fraction),
            row.row,
            row.source,
            row.effective_from,
            row.confidence,
            *_doubted(row.confidence, *_purchase_status(client, row.gpu_id)),
        )
        for row in in_force("gpu_purchase", client.as_of_date).itertuples()
        if pd.notna(row.purchase_typical_usd)
    ]


def _purchase_status(client: Client, gpu_id: str) -> tuple[str, str]:
    if "owned" not in client.own_capacity.terms:
        return "failed", "term not considered by the client"
    if gpu_id in WORKSTATION_CARDS:
        return "ask", "the driver's licence keeps this card out of data centres: ask where it will stand"
    return "ok", ""


def _certain(price: float) -> Band:
    return Band(low=float(price), typical=float(price), high=float(price))
