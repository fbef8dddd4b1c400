"""Where formulas find their inputs: scopes of a client, a workload, a purchase, a supply."""

import datetime as dt
from collections.abc import Collection, Mapping

import numpy as np

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.client import Client
from llmcost.model import HOURS_PER_MONTH, TOKENS_PER_MTOK
from llmcost.model.types import TokenPrices
from llmcost.study.assumptions import Assumption, Values
from llmcost.study.graph import Assumed, Given, Same, Scope, Told
from llmcost.study.lines import gives_back
from llmcost.study.loads.load import REASONING
from llmcost.study.market.gpu_offers import GpuOffer
from llmcost.study.market.hosts import RequestShape
from llmcost.study.problem import VOLUME, Supply, WorkloadChoice

AT_MARKET_RATES = ("on_demand", "spot", "serverless")
"""Terms whose price may move while one rents."""
CLIENT_PREFIXES = ("hidden_costs.", "people.", "one_off.")
CLASSES = ("input", "cached_input", "cache_write", "output")
"""Classes of tokens, in the order of `TokenPrices.by_class`."""
TIERS = {"batch": "batched_fraction", "flex": "flex_fraction", "priority": "priority_fraction"}
"""Tier -> the share of the work that is sent in it."""
TUNED = ("cached_input_fraction", *TIERS.values())
"""Shares that tuning moves."""
NOT_GIVEN = Told(0.0, "fraction", "client.yaml gives none")


def client_scope(
    values: Values,
    horizon_months: int = 0,
    assumptions: Mapping[str, Assumption] | None = None,
    from_hours: bool = False,
) -> Scope:
    """What all workloads share: people, hidden costs, one-offs, the horizon.

    assumptions  who says so, where the bill is to be explained
    from_hours   whether to work the load out from its hours again: at typical values only, for
                 which the hours were made
    """
    horizon = Told(horizon_months, "months", "client.yaml: horizon_months", "horizon")
    return Scope(
        values, {"horizon_months": horizon}, CLIENT_PREFIXES, None, assumptions, from_hours
    )


def way_scope(client: Scope, way: str) -> Scope:
    """What rented, owned or serverless GPUs (`way`) take of an engineer."""
    path = "people.engineer_fte" if way == "rented" else f"people.engineer_fte_{way}"
    return client.inside({"engineer_fte": Assumed(path)})


def workload_scope(client: Scope, choice: WorkloadChoice) -> Scope:
    """A workload's volumes, shares, and the quality of its open model."""
    values, at = client.values, choice.at
    told: dict[str, Given] = {"volume_ratio": _volume_ratio(values, at)}
    if not choice.today:
        told["taken_fraction"] = Told(1.0, "fraction", "nothing answers today")
    if f"{at}.cacheable_input_fraction" not in values:
        told["cacheable_input_fraction"] = Same("cached_input_fraction")
    if f"{at}.flexible_fraction" not in values:
        told["flexible_fraction"] = NOT_GIVEN
    if f"{at}.load.{REASONING}" not in values:
        told[REASONING] = Told(0.0, "Mtok/month", "client.yaml gives none", "hidden reasoning")
    return client.inside(told, (f"{at}.load.", f"{at}.", f"{choice.alternative_at}."))


def scope_of(choice: WorkloadChoice, values: Values) -> Scope:
    """A workload's scope at these values."""
    return workload_scope(client_scope(values), choice)


def _volume_ratio(values: Values, at: str) -> Told:
    ratio = values.get(VOLUME, 1.0) * values.get(f"{at}.{VOLUME}", 1.0)
    return Told(ratio, "ratio", "the client's own volume is 1")


def purchase_scope(
    workload: Scope,
    choice: WorkloadChoice,
    offer: Offer,
    bought: Given,
    tuned: Collection[str] = (),
    tokens_ratio: Given | None = None,
) -> Scope:
    """Tokens bought at an offer.

    bought        share of the work's tokens that is bought, in the offer's own tokens
    tuned         which shares stand as tuning leaves them; the others stand as today
    tokens_ratio  its tokens per token of today's; 1 unless given
    """
    told: dict[str, Given] = {"bought_ratio": bought}
    told |= _prices(offer)
    told["read_fraction"] = _share("cached_input_fraction", "tuned_cached_fraction", tuned)
    told |= _tiers(choice, offer.prices, tuned)
    told |= _long_context(workload, choice, offer.prices, tokens_ratio)
    if offer.prices.cache_write_usd_per_mtok is None:
        about = "a write costs what fresh input costs"
        told["written_fraction"] = Told(0.0, "fraction", about)
    return workload.inside(told)


def _prices(offer: Offer) -> dict[str, Given]:
    source = offer.row + (f"; {offer.source}" if offer.source not in offer.row else "")
    said = (source, offer.date, offer.confidence)
    return price_facts(offer.prices, f"of {offer.model_id} at {offer.provider}", said)


def price_facts(
    prices: TokenPrices, whose: str, said: tuple[str, str, str] = ("given", "", "")
) -> dict[str, Given]:
    """What a purchase is told of a price list.

    whose  words behind the name of each price
    said   who says so: source, date, confidence
    """
    source, *about = said
    told: dict[str, Given] = {}
    for kind, usd in zip(CLASSES, prices.by_class, strict=True):
        name = f"{kind.replace('_', ' ')} {whose}"
        told[f"{kind}_usd_per_mtok"] = Told(usd, "USD/Mtok", source, name, *about)
    long_ratios = prices.long_context_ratios
    if long_ratios is None:
        long_ratios = (1.0, 1.0, 1.0, 1.0)
    for tier, ratios in {**prices.tier_ratios, "long": long_ratios}.items():
        for kind, ratio in zip(CLASSES, ratios, strict=True):
            name = f"{tier}: price over list, {kind.replace('_', ' ')}"
            told[f"{tier}_{kind}_ratio"] = Told(ratio, "ratio", source, name, *about)
    return told


def _share(today: str, then: str, tuned: Collection[str]) -> Given:
    return Same(then if today in tuned else today)


def _tiers(choice: WorkloadChoice, prices: TokenPrices, tuned: Collection[str]) -> dict[str, Given]:
    """The shares of the tiers. A tier without a price changes nothing, so its share is not asked.

    Tuning drops the priority tier, unless the client has a latency to promise.
    """
    told: dict[str, Given] = {
        "batch_share_fraction": _share("batched_fraction", "tuned_batched_fraction", tuned),
        "wanted_flex_fraction": _share("flex_fraction", "tuned_flex_fraction", tuned),
        "wanted_priority_fraction": Same("priority_fraction"),
    }
    if "priority_fraction" in tuned and not choice.workload.latency:
        dropped = Told(0.0, "fraction", "no latency is promised", "priority tier, dropped")
        told["wanted_priority_fraction"] = dropped
    asked = {"batch": "batch_share_fraction"}
    asked |= {tier: f"{tier}_share_fraction" for tier in ("flex", "priority")}
    for tier, share in asked.items():
        if tier not in prices.tier_ratios:
            told[share] = Told(0.0, "fraction", f"no price of its own for {tier}")
    return told


def _long_context(
    workload: Scope, choice: WorkloadChoice, prices: TokenPrices, tokens_ratio: Given | None
) -> dict[str, Given]:
    """Share of the tokens in long requests: as stated, else all or nothing by the mean request."""
    if prices.long_context_tokens is None:
        none = Told(0.0, "fraction", "no price of its own for long requests")
        return {"long_context_fraction": none}
    if f"{choice.at}.long_context_fraction" in workload.values:
        return {"long_context_fraction": Assumed(f"{choice.at}.long_context_fraction")}
    threshold = Told(prices.long_context_tokens, "tokens", "the host's price list")
    return {
        "long_context_fraction": Same("whole_long_context_fraction"),
        "long_context_tokens": threshold,
        "tokens_ratio": tokens_ratio or Told(1.0, "ratio", "today's own tokens"),
        "mean_input_tokens": _mean_tokens(choice, "input"),
    }


def _mean_tokens(choice: WorkloadChoice, kind: str) -> Told:
    hours = choice.load.hourly
    mean_tokens = hours[f"{kind}_tokens"].sum() / hours["requests"].sum()
    return Told(mean_tokens, "tokens", choice.load.described, f"mean {kind} of a request")


def supply_scope(
    around: Scope, supply: Supply, choice: WorkloadChoice | None = None, spare_count: int = 0
) -> Scope:
    """GPUs that serve a workload, or (without `choice`) one replica of them that stands."""
    plan, replica, offer = supply.plan, supply.replica, supply.offer
    rows = plan.sources[:3] or (f"gpu_hardware/{plan.gpu_id}", f"models/{plan.model_id}")
    speed = f"{plan.name}: {plan.origin} by llmcost.model.throughput from {', '.join(rows)}"
    weights = f"{plan.model_id} in {plan.precision}"
    told: dict[str, Given] = {
        "read_tokens_per_second": Told(replica.input_tokens_per_second, "tokens/s", speed),
        "write_tokens_per_second": Told(replica.output_tokens_per_second, "tokens/s", speed),
        "weights_gb": Told(replica.weights_gb, "GB", weights),
        "replica_gpus_count": Told(plan.gpus_count, "GPUs", plan.name, "GPUs of a replica"),
        "machine_gpus_count": Told(offer.gpus_count, "GPUs", offer.row, "GPUs of a machine"),
        "throughput_multiplier": Assumed(supply.throughput_path),
    }
    if offer.term == "owned":
        told |= _bought(offer)
    else:
        told |= _rented(supply)
    if supply.by_the_hour is not None:
        told["by_the_hour_gpu_usd_per_hour"] = _hourly(supply.by_the_hour)
        told["by_the_hour_path_multiplier"] = _price_path(supply.by_the_hour)
    if choice is None:
        one = Told(1.0, "replicas", "definition", "one replica")
        return around.inside(told | {"standing_replicas": one, "stored_replicas": one})
    told |= _hours(around, supply, choice)
    told |= serverless_facts(supply, choice) if offer.term == "serverless" else _fleet(supply)
    spares = spares_of(offer, choice, spare_count)
    told["spare_count"] = Told(spares, "replicas", "client.yaml: own_capacity", "spare replicas")
    return around.inside(told)


def spares_of(offer: GpuOffer, choice: WorkloadChoice, spare_count: int) -> int:
    """Spares of a fleet: the client's; one at least where spot replicas serve work that cannot
    wait."""
    if offer.term == "spot" and not choice.can_wait:
        return max(spare_count, 1)
    return spare_count


def _bought(offer: GpuOffer) -> dict[str, Given]:
    bought = f"gpu_purchase.{offer.gpu_id}"
    return {
        "purchase_usd": Assumed(f"{bought}.purchase_usd"),
        "resale_fraction": Assumed(f"{bought}.resale_fraction"),
        "power_watts": Assumed(f"gpu_hardware.{offer.gpu_id}.power_watts"),
    }


def _rented(supply: Supply) -> dict[str, Given]:
    told: dict[str, Given] = {
        "gpu_usd_per_hour": _hourly(supply.offer),
        "rent_path_multiplier": _price_path(supply.offer),
    }
    if supply.offer.term != "spot":
        never = Told(0.0, "USD/hour", "only spot replicas are taken away")
        told["restarts_usd_per_hour"] = never
    return told


def _hourly(offer: GpuOffer) -> Told:
    name = f"{offer.gpu_id} at {offer.provider}, {offer.term}"
    source = f"{offer.row}; {offer.source}"
    return Told(offer.hourly_usd, "USD/hour", source, name, offer.date, offer.confidence)


def _price_path(offer: GpuOffer) -> Given:
    if offer.term in AT_MARKET_RATES:
        return Assumed("hidden_costs.gpu_rent_path_multiplier")
    return Told(1.0, "multiplier", "the price is agreed for the term")


def _hours(around: Scope, supply: Supply, choice: WorkloadChoice) -> dict[str, Given]:
    """The load of each hour at typical values: as it was made, or from the hours to explain it."""
    about = choice.load.described
    if not around.from_hours:
        return {
            "load_replicas_by_hour": Told(supply.load_replicas, "replicas", about),
            "load_curve": Told(supply.curve, "replicas", about),
            "load_levels": Told(supply.levels, "replicas", about),
        }
    return {
        f"{kind}_tokens_by_hour": Told(
            choice.load.hourly[f"{kind}_tokens"].to_numpy(), "tokens", about, f"{kind} of each hour"
        )
        for kind in ("input", "output")
    }


def _fleet(supply: Supply) -> dict[str, Given]:
    stored: dict[str, Given] = {"stored_replicas": Same("fleet_replicas")}
    if gives_back(supply):
        standing, hourly = Same("mixed_standing_replicas"), Same("mixed_hourly_replicas")
        return stored | {"standing_replicas": standing, "hourly_replicas": hourly}
    none = Told(0.0, "replicas", "nothing can be given back by the hour")
    return stored | {"standing_replicas": Same("fleet_replicas"), "hourly_replicas": none}


def serverless_facts(supply: Supply, choice: WorkloadChoice) -> dict[str, Given]:
    """What a supply is told that is billed by the second."""
    offer, about = supply.offer, choice.load.described
    in_flight = supply.replica.concurrency_count
    requests = choice.load.hourly["requests"].to_numpy()
    told: dict[str, Given] = {
        "in_flight_count": Told(in_flight, "requests", supply.plan.name),
        "requests_by_hour": Told(requests, "requests", about, "requests of each hour"),
        "mean_input_tokens": _mean_tokens(choice, "input"),
        "mean_output_tokens": _mean_tokens(choice, "output"),
        "warm_count": Told(supply.warm_count, "replicas", "client.yaml: own_capacity"),
        "idle_timeout_seconds": Same("serverless_idle_timeout_seconds"),
        "stored_replicas": Told(1.0, "replicas", "definition", "one copy of the weights"),
    }
    if offer.idle_timeout_seconds is not None:
        said = (f"{offer.row}; {offer.source}", "idle timeout", offer.date, offer.confidence)
        told["idle_timeout_seconds"] = Told(offer.idle_timeout_seconds, "s", *said)
    return told


def is_nothing(value: float | np.ndarray) -> bool:
    """Whether a value is a plain zero: what nobody uses has no part, and costs no time in draws."""
    return np.ndim(value) == 0 and bool(value == 0)


def request_shape(
    client: Client, choice: WorkloadChoice, values: Values, tokens_ratio: float, taken: float
) -> RequestShape:
    """The requests as a host would see them, and how long it must serve them.

    tokens_ratio, taken  the host's model's tokens per token of today's; share of the work that it
                         gets
    """
    asked = float(scope_of(choice, values)("asked_mtok_per_month"))
    tokens = asked * tokens_ratio * TOKENS_PER_MTOK / choice.load.asked_requests_per_month
    peak = float(choice.load.hourly["requests"].max()) / 60 * taken
    until = client.as_of_date + dt.timedelta(hours=client.horizon_months * HOURS_PER_MONTH)
    return RequestShape(tokens, peak, client.as_of_date.isoformat(), until.isoformat())
