"""Which API host may serve this client: cheapest eligible, where unknown means "ask" and never
"pass"."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.catalog import table
from llmcost.inputs.client import Workload
from llmcost.model.types import WEIGHT_BYTES
from llmcost.study.ties import cheapest, cheapest_first

UK_REGIONS = ("uk", "eu-west-2", "europe-west2")
PREFIXES = {
    "us": ("us",),
    "eu": ("eu", "france", "sweden", "germany", "netherlands"),
    "apac": ("ap-", "apac", "asia"),
}


@dataclass(frozen=True)
class JudgedOffer:
    """An offer with its monthly bill for a workload and whether it may be used: ok, ask (so many
    open questions) or failed, and why."""

    offer: Offer
    usd_per_month: float
    status: str
    reason: str
    questions_count: int = 0


@dataclass(frozen=True)
class RequestShape:
    """What a host must take: mean tokens of one request in the open model's tokens, requests a
    minute in the busiest hour, and how long.

    as_of_date, until_date  the day of the prices, and the end of the horizon
    """

    request_tokens: float
    peak_requests_per_minute: float
    as_of_date: str
    until_date: str


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

    >>> [region_status(["eu"], known) for known in (("us-east-1", "europe-west1"), (), ("us",))]
    [('ok', ''), ('ask', 'region not stated'), ('failed', 'not in eu')]
    """
    if not wanted:
        return "ok", ""
    if not known:
        return "ask", "region not stated"
    inside = any(want in (place, coarse_region(place)) for place in known for want in wanted)
    return ("ok", "") if inside else ("failed", f"not in {', '.join(wanted)}")


def judged_offers(
    offers: list[Offer],
    workload: Workload,
    usd_per_month: Callable[[Offer], float],
    shape: RequestShape,
) -> list[JudgedOffer]:
    """Every offer of one open model, cheapest first, then by name, each with its eligibility.

    usd_per_month  the bill of the work at an offer
    """
    judged = [
        JudgedOffer(offer, usd_per_month(offer), *_status(offer, workload, shape))
        for offer in offers
    ]
    by_name = sorted(judged, key=lambda one: (one.offer.provider, one.offer.host_model))
    return cheapest_first(by_name, lambda one: one.usd_per_month)


def may_leave(workload: Workload) -> bool:
    """Whether the client's rules let its data go to somebody else's API at all."""
    return workload.gates.third_party_api_allowed and not workload.gates.air_gapped


def cheapest_eligible(judged: list[JudgedOffer]) -> JudgedOffer | None:
    """The cheapest of those that leave the fewest questions open; None where all are refused.

    An offer that is ok leaves none. Of equally cheap ones it is the first by name.
    """
    open_to = [one for one in judged if one.status != "failed"]
    fewest_count = min((one.questions_count for one in open_to), default=0)
    found = [one for one in open_to if one.questions_count == fewest_count]
    found.sort(key=lambda one: (one.offer.provider, one.offer.host_model))
    return cheapest(found, lambda one: one.usd_per_month) if found else None


def _status(offer: Offer, workload: Workload, shape: RequestShape) -> tuple[str, str, int]:
    """The first refusal, else all that must be asked and how much that is, else ok."""
    found = list(_objections(offer, workload, shape))
    refused = next((reason for status, reason in found if status == "failed"), None)
    if refused:
        return "failed", refused, 0
    asked = [reason for status, reason in found if status == "ask"]
    return "ask" if asked else "ok", "; ".join(asked), len(asked)


def _objections(offer: Offer, workload: Workload, shape: RequestShape) -> Iterator[tuple[str, str]]:
    """(failed or ask, why) for every rule and fact that speaks against an offer, or that nobody
    states."""
    gates = workload.gates
    if not may_leave(workload):
        yield "failed", "data may not leave"
    if gates.fine_tuned_weights:
        yield "failed", "own weights are not sold by the token"
    if offer.superseded:
        yield "failed", "another list; our dated row for this host is used"
    if offer.kind == "aggregator":
        yield "failed", "passes requests on to other hosts"
    if offer.ends_date and offer.ends_date <= shape.as_of_date:
        yield "failed", f"no longer served since {offer.ends_date}"
    elif offer.ends_date and offer.ends_date < shape.until_date:
        yield "ask", f"ends on {offer.ends_date}, inside the horizon"
    context, per_minute = offer.context_tokens, offer.requests_per_minute_count
    yield _limit(
        "context",
        shape.request_tokens,
        context,
        f"context of {context or 0:,.0f} tokens is too short",
    )
    yield _limit(
        "rate limit",
        shape.peak_requests_per_minute,
        per_minute,
        f"{per_minute or 0:,.0f} requests a minute are below the peak",
    )
    yield region_status(gates.regions, offer.regions)
    if gates.lowest_precision:
        yield precision_status(gates.lowest_precision, offer.precision)
    if gates.zero_retention and offer.zero_retention != "yes":
        yield (
            "ask",
            (
                "zero retention by agreement at most"
                if offer.zero_retention == "no"
                else "retention not stated"
            ),
        )


FACTS = {"context": "context_tokens", "rate limit": "requests_per_minute_count"}
"""What a host limits -> its column in the host table."""


def _limit(name: str, wanted: float, limit: float | None, problem: str) -> tuple[str, str]:
    """failed above a host's limit; ask where it states none and the lowest that any host states
    would be passed."""
    if limit is not None:
        return ("failed", problem) if wanted > limit else ("ok", "")
    return (
        ("ask", f"{name} not stated")
        if wanted > float(table("api_hosts")[FACTS[name]].min())
        else ("ok", "")
    )


def precision_status(lowest: str, served: str | None) -> tuple[str, str]:
    """ok, ask or failed for a client that wants a precision or a finer one.

    >>> [precision_status("fp8", served) for served in ("bf16", "fp4", None)]
    [('ok', ''), ('failed', 'served in FP4'), ('ask', 'precision not stated')]
    """
    if served is None:
        return "ask", "precision not stated"
    return (
        ("ok", "")
        if WEIGHT_BYTES[served] >= WEIGHT_BYTES[lowest]
        else ("failed", f"served in {served.upper()}")
    )
