"""What a GPU costs by each way to get it: rented by term, serverless, or bought. Cheapest eligible,
with the reason for the rest."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from llmcost.inputs.catalog import gpu, in_force, known_id, row_by_name, rows
from llmcost.inputs.client import Client, Quote, Workload
from llmcost.inputs.client_types import Band
from llmcost.inputs.quotes import ReadQuote, read_quotes
from llmcost.study.assumptions import Confidence
from llmcost.study.judgement import Judged, Reason, ReasonKind, Status, decisive
from llmcost.study.market.hosts import region_reasons


class Term(StrEnum):
    """How a GPU is paid for."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"
    COMMITTED_12_MONTHS = "committed_12_months"
    COMMITTED_36_MONTHS = "committed_36_months"
    OWNED = "owned"
    SERVERLESS = "serverless"


COMMITTED_MONTHS = {Term.COMMITTED_12_MONTHS: 12, Term.COMMITTED_36_MONTHS: 36}


@dataclass(frozen=True)
class GpuOffer(Judged):
    """One way to get one GPU, and what speaks against it.

    gpus_count        GPUs that come together: a machine, or the board that they are soldered to
    gpu_usd_per_hour  price of a rented or serverless GPU; None for a bought one
    idle_timeout_seconds  how long a serverless GPU of this provider stays billed without a request,
                          where that is known
    purchase_usd, resale_fraction  price of a bought GPU, and the share of it left at the end; None
                                   for a rented one
    """

    gpu_id: str
    term: Term
    provider: str
    region: str
    gpus_count: int
    row: str
    source: str
    date: str
    confidence: str
    reasons: tuple[Reason, ...] = ()
    gpu_usd_per_hour: float | None = None
    idle_timeout_seconds: float | None = None
    purchase_usd: Band | None = None
    resale_fraction: Band | None = None

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


AIR_GAP = Reason(Status.FAILED, ReasonKind.RULE, "air gap: no rented GPU")
NOT_CONSIDERED = Reason(Status.FAILED, ReasonKind.TERM, "term not considered by the client")
PRICE_IS_A_GUESS = Reason(Status.ASK, ReasonKind.PRICE, "the price is a guess: ask for a quote")


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
        term, regions = Term(row.term), _regions(client, row)
        reasons = _rental_reasons(client, workload, row.market, term, regions)
        offers.append(
            _listed(row, term, row.provider, reasons, int(row.gpus_count), row.gpu_usd_per_hour)
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
    term: Term,
    provider: str,
    reasons: tuple[Reason, ...],
    gpus_count: int,
    gpu_usd_per_hour: float | None,
) -> GpuOffer:
    """A catalog row as an offer; a price that is a guess has to be asked for before it can be
    counted on."""
    if row.confidence == Confidence.GUESS:
        reasons = decisive((*reasons, PRICE_IS_A_GUESS))
    said = (row.row, row.source, row.effective_from, row.confidence, reasons)
    return GpuOffer(
        row.gpu_id, term, provider, getattr(row, "region", ""), gpus_count, *said, gpu_usd_per_hour
    )


def _quoted_rentals(client: Client, workload: Workload) -> dict[tuple[str, ...], GpuOffer]:
    """Rentals that were really offered to the client, by provider, region, GPU and term; they stand
    in for the catalog's rows."""
    found: dict[tuple[str, ...], GpuOffer] = {}
    for read in _quotes(client, "gpu_rental"):
        provider, region, named, term = *read.key[:3], Term(read.key[3])
        gpu_id = _gpu_id(client, named, read.quote)
        regions = (region,) if region else ()
        reasons = _rental_reasons(client, workload, "cloud", term, regions)
        found[(provider, region, gpu_id, term)] = _said(
            read.quote, gpu_id, term, provider, region, reasons
        )
    return found


def _quotes(client: Client, table: str) -> list[ReadQuote]:
    return [read for read in read_quotes(client.quotes) if read.table == table]


def _gpu_id(client: Client, named: str, quote: Quote) -> str:
    gpu_ids = list(in_force("gpu_hardware", client.as_of_date)["gpu_id"])
    return known_id("gpu", named, gpu_ids, "client.yaml", f"quotes.{quote.row}")


def _said(
    quote: Quote,
    gpu_id: str,
    term: Term,
    provider: str,
    region: str,
    reasons: tuple[Reason, ...],
) -> GpuOffer:
    """A quote as an offer."""
    day = quote.quoted_date.isoformat()
    said = (quote.row, quote.said_by, day, Confidence.REPORTED, reasons)
    return GpuOffer(gpu_id, term, provider, region, 1, *said, quote.gpu_usd_per_hour)


def _rental_reasons(
    client: Client, workload: Workload, market: str, term: Term, regions: tuple[str, ...]
) -> tuple[Reason, ...]:
    """What speaks against a rental: the first refusal, else what its region leaves open."""
    if workload.gates.air_gapped:
        return (AIR_GAP,)
    if market != "cloud":
        words = f"{market} offer: no agreement with the host"
        return (Reason(Status.FAILED, ReasonKind.OFFER, words),)
    if term not in client.own_capacity.terms:
        return (NOT_CONSIDERED,)
    if client.horizon_months < COMMITTED_MONTHS.get(term, 0):
        words = "the commitment is longer than the horizon"
        return (Reason(Status.FAILED, ReasonKind.RULE, words),)
    return region_reasons(workload.gates.regions, regions)


def _serverless(client: Client, workload: Workload) -> list[GpuOffer]:
    def reasons(regions: tuple[str, ...]) -> tuple[Reason, ...]:
        if workload.gates.air_gapped:
            return (AIR_GAP,)
        return region_reasons(workload.gates.regions, regions)

    offers = {}
    for row in rows("serverless_gpu", client.as_of_date):
        spoken = reasons(_regions(client, row))
        offer = _listed(row, Term.SERVERLESS, row.provider, spoken, 1, row.gpu_usd_per_hour)
        timeout = None if math.isnan(row.idle_timeout_seconds) else float(row.idle_timeout_seconds)
        offers[(row.provider, row.region, row.gpu_id)] = replace(
            offer, idle_timeout_seconds=timeout
        )
    for read in _quotes(client, "serverless_gpu"):
        provider, region, named = read.key
        gpu_id = _gpu_id(client, named, read.quote)
        spoken = reasons((region,) if region else ())
        offers[(provider, region, gpu_id)] = _said(
            read.quote, gpu_id, Term.SERVERLESS, provider, region, spoken
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
        reasons = _purchase_reasons(client, row.gpu_id)
        offer = _listed(row, Term.OWNED, row.condition, reasons, int(row.gpus_count), None)
        quote = quoted.get((row.gpu_id, row.condition))
        if quote:
            said = _said(quote, row.gpu_id, Term.OWNED, row.condition, "", reasons)
            offer = replace(said, gpus_count=offer.gpus_count)
            price = price if quote.value is None else quote.value
        offers.append(replace(offer, purchase_usd=price, resale_fraction=resale))
    return offers


def _purchase_reasons(client: Client, gpu_id: str) -> tuple[Reason, ...]:
    if Term.OWNED not in client.own_capacity.terms:
        return (NOT_CONSIDERED,)
    if gpu(gpu_id, client.as_of_date).data_centre_allowed:
        return ()
    words = "the driver's licence keeps this card out of data centres: ask where it will stand"
    return (Reason(Status.ASK, ReasonKind.RULE, words),)
