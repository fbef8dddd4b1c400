"""What a GPU costs by each way to get it: rented by term, serverless, or bought. Cheapest eligible,
with the reason for the rest."""

import math
from dataclasses import dataclass, replace
from typing import Any

from llmcost.inputs.catalog import gpu, in_force, known_id, row_by_name, rows
from llmcost.inputs.client import Client, Quote, Workload
from llmcost.inputs.client_types import Band
from llmcost.inputs.quotes import ReadQuote, read_quotes
from llmcost.study.market.hosts import region_status

COMMITTED_MONTHS = {"committed_12_months": 12, "committed_36_months": 36}


@dataclass(frozen=True)
class GpuOffer:
    """One way to get one GPU.

    term              on_demand | spot | committed_12_months | committed_36_months | owned |
                      serverless
    gpus_count        GPUs that come together: a machine, or the board that they are soldered to
    gpu_usd_per_hour  price of a rented or serverless GPU; None for a bought one
    idle_timeout_seconds  how long a serverless GPU of this provider stays billed without a request,
                          where that is known
    purchase_usd, resale_fraction  price of a bought GPU, and the share of it left at the end; None
                                   for a rented one
    """

    gpu_id: str
    term: str
    provider: str
    region: str
    gpus_count: int
    row: str
    source: str
    date: str
    confidence: str
    status: str
    reason: str
    gpu_usd_per_hour: float | None = None
    idle_timeout_seconds: float | None = None
    purchase_usd: Band | None = None
    resale_fraction: Band | None = None

    @property
    def questions_count(self) -> int:
        """How many things have to be asked before the offer can be counted on."""
        return self.reason.count(QUESTIONS) + 1 if self.status == "ask" else 0

    @property
    def listed_usd(self) -> float:
        """The price as listed, to compare offers of one term: USD per GPU-hour, or USD per GPU for
        a bought one."""
        return self.purchase_usd.typical if self.purchase_usd else self.hourly_usd

    @property
    def hourly_usd(self) -> float:
        """USD per GPU-hour of an offer that is billed by the hour."""
        assert self.gpu_usd_per_hour is not None, f"{self.row} is bought, not rented"
        return self.gpu_usd_per_hour

    def filled_by(self, replica_gpus_count: int) -> bool:
        """Whether a replica of so many GPUs uses up whole machines, so that a slice of the load can
        be had alone."""
        return replica_gpus_count % self.gpus_count == 0


QUESTIONS = "; "
"""Between the things that have to be asked about one offer."""
PRICE_IS_A_GUESS = "the price is a guess: ask for a quote"
NOT_CONSIDERED = "term not considered by the client"
MAY_BE_TAKEN_AWAY = (
    "spot: may be taken away at any time, and neither can the work wait nor does an API stand"
    " behind it"
)


def gpu_offers(client: Client, workload: Workload) -> list[GpuOffer]:
    """Every dated offer for the GPUs that the client considers, with its eligibility for this
    workload."""
    ids = considered_gpus(client)
    return [
        o
        for o in (*_rental(client, workload), *_serverless(client, workload), *_purchase(client))
        if o.gpu_id in ids
    ]


def considered_gpus(client: Client) -> list[str]:
    """Ids of the GPUs that the client considers, in the catalog's order; raises InputError for one
    that the catalog does not know."""
    known, wanted = (
        list(in_force("gpu_hardware", client.as_of_date)["gpu_id"]),
        client.own_capacity.gpus,
    )
    if wanted == "cheapest_that_fit":
        return known
    ids = {known_id("gpu", name, known, "client.yaml", "own_capacity.gpus") for name in wanted}
    return [gpu_id for gpu_id in known if gpu_id in ids]


def _rental(client: Client, workload: Workload) -> list[GpuOffer]:
    quoted = _quoted_rentals(client, workload)
    offers = list(quoted.values())
    for row in rows("gpu_rental", client.as_of_date):
        if row.market == "cloud" and (row.provider, row.region, row.gpu_id, row.term) in quoted:
            continue
        judged = _rental_status(client, workload, row.market, row.term, _regions(client, row))
        offers.append(
            _listed(row, row.term, row.provider, judged, int(row.gpus_count), row.gpu_usd_per_hour)
        )
    return offers


def _regions(client: Client, row: Any) -> tuple[str, ...]:
    """Where a row's GPUs stand: its own region, else those of its provider, else nothing known."""
    if row.region:
        return (row.region,)
    provider = row_by_name("gpu_providers", client.as_of_date).get(
        f"gpu_providers/{row.provider}", {}
    )
    return tuple(filter(None, str(provider.get("regions", "")).split(";")))


def _listed(
    row: Any,
    term: str,
    provider: str,
    judged: tuple[str, str],
    gpus_count: int,
    gpu_usd_per_hour: float | None,
) -> GpuOffer:
    """A catalog row as an offer; a price that is a guess has to be asked for before it can be
    counted on."""
    if judged[0] in ("ok", "ask") and row.confidence == "guess":
        judged = ("ask", QUESTIONS.join(filter(None, (judged[1], PRICE_IS_A_GUESS))))
    said = (row.row, row.source, row.effective_from, row.confidence, *judged)
    return GpuOffer(
        row.gpu_id, term, provider, getattr(row, "region", ""), gpus_count, *said, gpu_usd_per_hour
    )


def _quoted_rentals(client: Client, workload: Workload) -> dict[tuple[str, ...], GpuOffer]:
    """Rentals that were really offered to the client, by provider, region, GPU and term; they stand
    in for the catalog's rows."""
    found: dict[tuple[str, ...], GpuOffer] = {}
    for read in _quotes(client, "gpu_rental"):
        provider, region, named, term = read.key
        gpu_id = _gpu_id(client, named, read.quote)
        judged = _rental_status(client, workload, "cloud", term, (region,) if region else ())
        found[(provider, region, gpu_id, term)] = _said(
            read.quote, gpu_id, term, provider, region, judged
        )
    return found


def _quotes(client: Client, table: str) -> list[ReadQuote]:
    return [read for read in read_quotes(client.quotes) if read.table == table]


def _gpu_id(client: Client, named: str, quote: Quote) -> str:
    gpu_ids = list(in_force("gpu_hardware", client.as_of_date)["gpu_id"])
    return known_id("gpu", named, gpu_ids, "client.yaml", f"quotes.{quote.row}")


def _said(
    quote: Quote, gpu_id: str, term: str, provider: str, region: str, judged: tuple[str, str]
) -> GpuOffer:
    """A quote as an offer."""
    said = (quote.row, quote.said_by, quote.quoted_date.isoformat(), "reported", *judged)
    return GpuOffer(gpu_id, term, provider, region, 1, *said, quote.gpu_usd_per_hour)


def _rental_status(
    client: Client, workload: Workload, market: str, term: str, regions: tuple[str, ...]
) -> tuple[str, str]:
    if workload.gates.air_gapped:
        return "failed", "air gap: no rented GPU"
    if market != "cloud":
        return "failed", f"{market} offer: no agreement with the host"
    if term not in client.own_capacity.terms:
        return "failed", NOT_CONSIDERED
    if client.horizon_months < COMMITTED_MONTHS.get(term, 0):
        return "failed", "the commitment is longer than the horizon"
    return region_status(workload.gates.regions, regions)


def _serverless(client: Client, workload: Workload) -> list[GpuOffer]:
    def judged(regions: tuple[str, ...]) -> tuple[str, str]:
        return (
            ("failed", "air gap: no rented GPU")
            if workload.gates.air_gapped
            else region_status(workload.gates.regions, regions)
        )

    offers = {}
    for row in rows("serverless_gpu", client.as_of_date):
        offer = _listed(
            row, "serverless", row.provider, judged(_regions(client, row)), 1, row.gpu_usd_per_hour
        )
        timeout = None if math.isnan(row.idle_timeout_seconds) else float(row.idle_timeout_seconds)
        offers[(row.provider, row.region, row.gpu_id)] = replace(
            offer, idle_timeout_seconds=timeout
        )
    for read in _quotes(client, "serverless_gpu"):
        provider, region, named = read.key
        gpu_id = _gpu_id(client, named, read.quote)
        offers[(provider, region, gpu_id)] = _said(
            read.quote, gpu_id, "serverless", provider, region, judged((region,) if region else ())
        )
    return list(offers.values())


def _purchase(client: Client) -> list[GpuOffer]:
    quoted = {
        (_gpu_id(client, read.key[0], read.quote), read.key[1]): read.quote
        for read in _quotes(client, "gpu_purchase")
    }
    offers = []
    for row in rows("gpu_purchase", client.as_of_date):
        price = Band(
            low=row.purchase_low_usd, typical=row.purchase_typical_usd, high=row.purchase_high_usd
        )
        resale = Band(
            low=row.resale_low_fraction,
            typical=row.resale_typical_fraction,
            high=row.resale_high_fraction,
        )
        status = _purchase_status(client, row.gpu_id)
        offer = _listed(row, "owned", row.condition, status, int(row.gpus_count), None)
        quote = quoted.get((row.gpu_id, row.condition))
        if quote:
            said = _said(quote, row.gpu_id, "owned", row.condition, "", status)
            offer = replace(said, gpus_count=offer.gpus_count)
            price = price if quote.value is None else quote.value
        offers.append(replace(offer, purchase_usd=price, resale_fraction=resale))
    return offers


def _purchase_status(client: Client, gpu_id: str) -> tuple[str, str]:
    if "owned" not in client.own_capacity.terms:
        return "failed", NOT_CONSIDERED
    if gpu(gpu_id, client.as_of_date).data_centre_allowed:
        return "ok", ""
    return (
        "ask",
        "the driver's licence keeps this card out of data centres: ask where it will stand",
    )
