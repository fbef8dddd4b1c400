"""Which API host may serve this client: cheapest eligible, where unknown means "ask" and never
"pass"."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.catalog import table
from llmcost.inputs.client import Workload
from llmcost.model.types import WEIGHT_BYTES
from llmcost.study.judgement import Judged, Reason, ReasonKind, Status, decisive
from llmcost.study.ties import cheapest, cheapest_first

UK_REGIONS = ("uk", "eu-west-2", "europe-west2")
PREFIXES = {
    "us": ("us",),
    "eu": ("eu", "france", "sweden", "germany", "netherlands"),
    "apac": ("ap-", "apac", "asia"),
}
DATA_MAY_NOT_LEAVE = Reason(Status.FAILED, ReasonKind.RULE, "data may not leave")
OWN_WEIGHTS = Reason(Status.FAILED, ReasonKind.RULE, "own weights are not sold by the token")


@dataclass(frozen=True)
class JudgedOffer(Judged):
    """An offer with its monthly bill for a workload, and what speaks against its use."""

    offer: Offer
    usd_per_month: float
    reasons: tuple[Reason, ...] = ()


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


def region_reasons(wanted: Sequence[str], known: tuple[str, ...]) -> tuple[Reason, ...]:
    """What speaks against the regions of a host, for a client that needs one of the `wanted`.

    >>> places = (("us-east-1", "europe-west1"), (), ("us",))
    >>> [[each.words for each in region_reasons(["eu"], known)] for known in places]
    [[], ['region not stated'], ['not in eu']]
    """
    if not wanted:
        return ()
    if not known:
        return (Reason(Status.ASK, ReasonKind.RULE, "region not stated"),)
    if any(want in (place, coarse_region(place)) for place in known for want in wanted):
        return ()
    return (Reason(Status.FAILED, ReasonKind.RULE, f"not in {', '.join(wanted)}"),)


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
        JudgedOffer(offer, usd_per_month(offer), decisive(_objections(offer, workload, shape)))
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
    open_to = [one for one in judged if one.status is not Status.FAILED]
    fewest_count = min((one.questions_count for one in open_to), default=0)
    found = [one for one in open_to if one.questions_count == fewest_count]
    found.sort(key=lambda one: (one.offer.provider, one.offer.host_model))
    return cheapest(found, lambda one: one.usd_per_month) if found else None


def _objections(offer: Offer, workload: Workload, shape: RequestShape) -> Iterator[Reason]:
    """Every rule and fact that speaks against an offer, or that nobody states."""
    gates = workload.gates
    yield from _refusals(offer, workload)
    yield from _end(offer, shape)
    yield from _limits(offer, shape)
    yield from region_reasons(gates.regions, offer.regions)
    if gates.lowest_precision:
        yield from precision_reasons(gates.lowest_precision, offer.precision)
    if gates.zero_retention and offer.zero_retention != "yes":
        by_agreement = offer.zero_retention == "no"
        words = "zero retention by agreement at most" if by_agreement else "retention not stated"
        yield Reason(Status.ASK, ReasonKind.RULE, words)


def _refusals(offer: Offer, workload: Workload) -> Iterator[Reason]:
    if not may_leave(workload):
        yield DATA_MAY_NOT_LEAVE
    if workload.gates.fine_tuned_weights:
        yield OWN_WEIGHTS
    if offer.superseded:
        words = "another list; our dated row for this host is used"
        yield Reason(Status.FAILED, ReasonKind.OFFER, words)
    if offer.kind == "aggregator":
        words = "passes requests on to other hosts"
        yield Reason(Status.FAILED, ReasonKind.OFFER, words)


def _end(offer: Offer, shape: RequestShape) -> Iterator[Reason]:
    """Whether the host goes on serving the model over the horizon."""
    if offer.ends_date and offer.ends_date <= shape.as_of_date:
        words = f"no longer served since {offer.ends_date}"
        yield Reason(Status.FAILED, ReasonKind.OFFER, words)
    elif offer.ends_date and offer.ends_date < shape.until_date:
        words = f"ends on {offer.ends_date}, inside the horizon"
        yield Reason(Status.ASK, ReasonKind.OFFER, words)


def _limits(offer: Offer, shape: RequestShape) -> Iterator[Reason]:
    context, per_minute = offer.context_tokens, offer.requests_per_minute_count
    if _is_above(shape.request_tokens, context, ReasonKind.CONTEXT):
        if context is None:
            yield Reason(Status.ASK, ReasonKind.CONTEXT, "context not stated")
        else:
            words = f"context of {context:,.0f} tokens is too short"
            yield Reason(Status.FAILED, ReasonKind.CONTEXT, words)
    if _is_above(shape.peak_requests_per_minute, per_minute, ReasonKind.RATE_LIMIT):
        if per_minute is None:
            yield Reason(Status.ASK, ReasonKind.RATE_LIMIT, "rate limit not stated")
        else:
            words = f"{per_minute:,.0f} requests a minute are below the peak"
            yield Reason(Status.FAILED, ReasonKind.RATE_LIMIT, words)


FACTS = {
    ReasonKind.CONTEXT: "context_tokens",
    ReasonKind.RATE_LIMIT: "requests_per_minute_count",
}
"""What a host limits -> its column in the host table."""


def _is_above(wanted: float, stated: float | None, limited: ReasonKind) -> bool:
    """Whether more is wanted than a host's limit; where it states none, than the lowest of all."""
    lowest = float(table("api_hosts")[FACTS[limited]].min())
    return wanted > (lowest if stated is None else stated)


def precision_reasons(lowest: str, served: str | None) -> tuple[Reason, ...]:
    """What speaks against a host's precision, for a client that wants this one or a finer one.

    >>> served = ("bf16", "fp4", None)
    >>> [[each.words for each in precision_reasons("fp8", one)] for one in served]
    [[], ['served in FP4'], ['precision not stated']]
    """
    if served is None:
        return (Reason(Status.ASK, ReasonKind.RULE, "precision not stated"),)
    if WEIGHT_BYTES[served] >= WEIGHT_BYTES[lowest]:
        return ()
    return (Reason(Status.FAILED, ReasonKind.RULE, f"served in {served.upper()}"),)
