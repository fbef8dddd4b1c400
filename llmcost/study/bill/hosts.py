"""Which API host may serve this client: cheapest eligible, where unknown means "ask" and never "pass"."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.client import Workload
from llmcost.model.api_bill import api_usd_per_month

UK_REGIONS = ("uk", "eu-west-2", "europe-west2")
PREFIXES = {"us": ("us",), "eu": ("eu", "france", "sweden", "germany", "netherlands"), "apac": ("ap-", "apac", "asia")}


@dataclass(frozen=True)
class JudgedOffer:
    """An offer with its monthly bill for a workload and whether it may be used: ok, ask or failed, and why."""

    offer: Offer
    usd_per_month: float
    status: str
    reason: str


@dataclass(frozen=True)
class RequestShape:
    """What a host must take: mean tokens of one request in the open model's tokens, and requests a minute in the busiest hour."""

    request_tokens: float
    peak_requests_per_minute: float


def coarse_region(place: str) -> str:
    """us, eu, uk or apac for a cloud's own region name; the name itself where it is none of them.

    >>> coarse_region("europe-west4"), coarse_region("eu-west-2"), coarse_region("us-east-1")
    ('eu', 'uk', 'us')
    """
    if place.startswith(UK_REGIONS):
        return "uk"
    return next((name for name, prefixes in PREFIXES.items() if place.startswith(prefixes)), place)


def region_status(wanted: Sequence[str], known: tuple[str, ...]) -> tuple[str, str]:
    """ok, ask or failed for a client that needs one of the `wanted` regions.

    >>> region_status(["eu"], ("us-east-1", "europe-west1")), region_status(["eu"], ()), region_status(["eu"], ("us",))
    (('ok', ''), ('ask', 'region not stated'), ('failed', 'not in eu'))
    """
    if not wanted:
        return "ok", ""
    if not known:
        return "ask", "region not stated"
    inside = any(want in (place, coarse_region(place)) for place in known for want in wanted)
    return ("ok", "") if inside else ("failed", f"not in {', '.join(wanted)}")


def judged_offers(offers: list[Offer], workload: Workload, bill: dict[str, float], shape: RequestShape) -> list[JudgedOffer]:
    """Every offer of one open model, cheapest first, with its eligibility for this workload.

    bill  the arguments of `api_usd_per_month` besides the prices
    """
    judged = [JudgedOffer(offer, float(api_usd_per_month(offer.prices, **bill)), *_status(offer, workload, shape)) for offer in offers]
    return sorted(judged, key=lambda j: (j.usd_per_month, j.offer.provider, j.offer.host_model))


def may_leave(workload: Workload) -> bool:
    """Whether the client's rules let its data go to somebody else's API at all."""
    return workload.gates.third_party_api_allowed and not workload.gates.air_gapped


def cheapest_eligible(judged: list[JudgedOffer]) -> JudgedOffer | None:
    """The cheapest that is ok; where none is, the cheapest that must be asked; else None."""
    for status in ("ok", "ask"):
        for one in judged:
            if one.status == status:
                return one
    return None


def _status(offer: Offer, workload: Workload, shape: RequestShape) -> tuple[str, str]:
    gates = workload.gates
    if not may_leave(workload):
        return "failed", "data may not leave"
    if gates.fine_tuned_weights:
        return "failed", "own weights are not sold by the token"
    if offer.superseded:
        return "failed", "another list; our dated row for this host is used"
    if offer.kind == "aggregator":
        return "failed", "passes requests on to other hosts"
    if offer.context_tokens and shape.request_tokens > offer.context_tokens:
        return "failed", f"context of {offer.context_tokens:,.0f} tokens is too short"
    if offer.requests_per_minute_count and shape.peak_requests_per_minute > offer.requests_per_minute_count:
        return "failed", f"{offer.requests_per_minute_count:,.0f} requests a minute are below the peak"
    return region_status(gates.regions, offer.regions)
