"""Every serving plan at every way to get its GPUs, priced for one workload and one open model; the cheapest make the options."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from llmcost.inputs.catalog import in_force
from llmcost.inputs.client import Alternative, Client, Workload
from llmcost.model import HOURS_PER_MONTH
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.throughput import request_seconds
from llmcost.model.types import WEIGHT_BYTES, Measurement, Request
from llmcost.study.assumptions import Assumption, Values
from llmcost.study.bill.api_lines import open_api_usd_per_month
from llmcost.study.bill.fleet_lines import fleet, fleet_usd_per_month, replica_usd_per_month, storage_usd_per_month
from llmcost.study.bill.hosts import may_leave
from llmcost.study.bill.hybrid_lines import pool_bills
from llmcost.study.bill.serverless_lines import serverless_usd_per_month
from llmcost.study.capacity.capacity import BANDS, ServingPlan, serving_plans
from llmcost.study.capacity.gpu_offers import MAY_BE_TAKEN_AWAY, PRICE_IS_A_GUESS, GpuOffer, considered_gpus
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.problem import Supply, WorkloadChoice, cached_fraction, taken_fraction


@dataclass(frozen=True)
class Candidate:
    """A plan at an offer for one option, with the bill of its GPUs (of a hybrid
    with the API's overflow), or the reason why it is out (of every option where `option` is empty).

    replicas_count, paid_replicas  up in the busiest hour, and the mean of those paid for
    gate          context | memory | compute | latency | price | rule | evidence: what it fails or must be asked about, "" where nothing
    margin_ratio  of a hybrid: fill of the first slice over the fill that it needs; above 1 it is worth owning
    """

    option: str
    plan: ServingPlan
    offer: GpuOffer | None
    supply: Supply | None
    replicas_count: float | None
    paid_replicas: float | None
    usd_per_month: float | None
    status: str
    reason: str
    gate: str = ""
    margin_ratio: float = 0.0

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Sorts what is certain before what must be asked, then by bill; of equal bills the split nearest to owning something."""
        return self.status == "ask", round(self.usd_per_month or 0.0, 2), -self.margin_ratio


def supply_assumptions(supply: Supply, client: Client) -> list[Assumption]:
    """What a supply adds to the assumptions: how far its throughput may be off and, for bought GPUs, price, resale and power."""
    plan, offer, band = supply.plan, supply.offer, BANDS[supply.plan.origin]
    source = "; ".join(plan.sources) if plan.sources else "roofline of llmcost.model.throughput"
    confidence = {"client": "measured", "measured": "measured", "interpolated": "reported", "roofline": "guess"}[plan.origin]
    day, said_by = client.as_of_date.isoformat(), "client" if plan.own and plan.origin != "roofline" else "default"
    found = [Assumption(supply.throughput_path, 1 / band, 1.0, band, "multiplier", said_by, source, day, confidence)]
    if offer.purchase_usd and offer.resale_fraction:
        tail = ("catalog", offer.source, offer.date, offer.confidence)
        price, resale = offer.purchase_usd, offer.resale_fraction
        hardware = in_force("gpu_hardware", client.as_of_date).set_index("gpu_id").loc[offer.gpu_id]
        watts = float(hardware["provisioned_power_watts"])
        about = ("catalog", str(hardware["source"]), str(hardware["effective_from"]), str(hardware["confidence"]))
        at = f"gpu_purchase.{offer.gpu_id}"
        found += [
            Assumption(f"{at}.purchase_usd", price.low, price.typical, price.high, "USD", *tail),
            Assumption(f"{at}.resale_fraction", resale.low, resale.typical, resale.high, "fraction", *tail, 1.0),
            Assumption(f"gpu_hardware.{offer.gpu_id}.power_watts", watts, watts, watts, "W", *about),
        ]
    return found


def workload_plans(
    client: Client, workload: Workload, load: WorkloadLoad, alternative: Alternative, values: Values, own: Sequence[Measurement]
) -> list[ServingPlan]:
    """Every plan for one open model at this workload's mean request; `own` are the client's measurements."""
    ratio = float(values[f"workloads.{workload.id}.alternatives.{alternative.model_id}.token_ratio"])
    fresh = 1 - float(cached_fraction(f"workloads.{workload.id}", values))
    requests = load.hourly["requests"].sum()
    into, out = (load.hourly[c].sum() / requests * ratio for c in ("input_tokens", "output_tokens"))
    request = promised(Request(max(into * fresh, 1.0), max(out, 1.0), into * (1 - fresh)), workload)
    return serving_plans(alternative.model_id, considered_gpus(client), client.as_of_date, request, own)


def promised(request: Request, workload: Workload) -> Request:
    """The request with the workload's latency promise."""
    latency = workload.latency
    if latency is None:
        return request
    limit = {f"{latency.metric}_limit_seconds": latency.limit_seconds}
    return replace(request, **limit, limit_percentile=latency.percentile)


def make_supply(plan: ServingPlan, offer: GpuOffer, by_the_hour: GpuOffer | None, choice: WorkloadChoice, values: Values) -> Supply:
    """The plan at the offer, and at the one by the hour, with the workload's hours as load in its replicas (typical values)."""
    assert plan.replica is not None
    factor = float(taken_fraction(choice, values)) * float(values[f"{choice.alternative_at}.token_ratio"])
    fresh = factor * (1 - float(cached_fraction(choice.at, values)))
    hourly = choice.load.hourly
    seconds = request_seconds(plan.replica, hourly["input_tokens"].to_numpy() * fresh, hourly["output_tokens"].to_numpy() * factor)
    load = seconds / 3600 / float(values["hidden_costs.safe_share_fraction"])
    return Supply(plan, offer, LoadDurationCurve(load), load, by_the_hour)


def candidates(
    client: Client, choice: WorkloadChoice, plans: Iterable[ServingPlan], offers: Iterable[GpuOffer], values: Values
) -> list[Candidate]:
    """All candidates for one open model, cheapest first within each option, infeasible ones with their reason."""
    by_gpu: dict[str, list[GpuOffer]] = {}
    for offer in offers:
        by_gpu.setdefault(offer.gpu_id, []).append(offer)
    found: list[Candidate] = []
    for plan in plans:
        if plan.replica is None:
            found.append(Candidate("", plan, None, None, None, None, None, plan.status, plan.reason, plan.gate))
            continue
        if (lowest := choice.workload.gates.lowest_precision) and WEIGHT_BYTES[plan.precision] < WEIGHT_BYTES[lowest]:
            reason = f"{plan.precision.upper()} is coarser than the {lowest.upper()} that is asked for"
            found.append(Candidate("", plan, None, None, None, None, None, "gated", reason, "rule"))
            continue
        if plan.gpu_id not in by_gpu:
            found.append(Candidate("", plan, None, None, None, None, None, "infeasible", "nobody in the catalog offers this GPU", "price"))
            continue
        worth = _worth_pricing(plan, by_gpu[plan.gpu_id])
        found += [c for offer in worth for c in _priced(client, choice, plan, offer, _by_the_hour(plan, offer, worth), values)]
    return sorted(found, key=lambda c: (c.option, c.status != "ok", c.usd_per_month or 0.0, c.plan.name))


def cheapest_supplies(found: Iterable[Candidate]) -> Mapping[str, Supply]:
    """For each option the supply of its cheapest candidate; what is certain beats what must be asked."""
    best: dict[str, Candidate] = {}
    for candidate in found:
        if candidate.supply is None or candidate.status not in ("ok", "ask"):
            continue
        known = best.get(candidate.option)
        if known is None or candidate.rank < known.rank:
            best[candidate.option] = candidate
    return {option: candidate.supply for option, candidate in best.items() if candidate.supply}


def _worth_pricing(plan: ServingPlan, offers: Iterable[GpuOffer]) -> list[GpuOffer]:
    """Of each term, and of machines that a replica fills or shares, the cheapest offer that may be used, else the cheapest refused."""
    best: dict[tuple[str, bool], GpuOffer] = {}
    order = {"ok": 0, "ask": 1, "failed": 2}
    for offer in offers:
        key = offer.term, offer.filled_by(plan.gpus_count)
        known = best.get(key)
        if known is None or (order[offer.status], offer.listed_usd) < (order[known.status], known.listed_usd):
            best[key] = offer
    return list(best.values())


def _by_the_hour(plan: ServingPlan, offer: GpuOffer, offers: Iterable[GpuOffer]) -> GpuOffer | None:
    """The on-demand offer of single replicas that goes with an offer: it asks no more questions than the offer itself does."""
    allowed = {"ok": ("ok",), "ask": ("ok", "ask")}.get(offer.status, ())
    found = [other for other in offers if other.term == "on_demand" and other.filled_by(plan.gpus_count) and other.status in allowed]
    return min(found, key=lambda other: other.hourly_usd, default=None)


def _priced(
    client: Client, choice: WorkloadChoice, plan: ServingPlan, offer: GpuOffer, by_the_hour: GpuOffer | None, values: Values
) -> list[Candidate]:
    option = offer.term if offer.term in ("owned", "serverless") else "rented"
    if offer.status == "failed":
        return [Candidate(option, plan, offer, None, None, None, None, "gated", offer.reason, "rule")]
    warm = client.own_capacity.warm_replicas_count if option == "serverless" else 0
    supply = replace(make_supply(plan, offer, by_the_hour, choice, values), warm_count=warm)
    at = {**values, **{a.path: a.typical for a in supply_assumptions(supply, client)}}
    judged = (offer.status, offer.reason, {"": "", PRICE_IS_A_GUESS: "price"}.get(offer.reason, "rule"))
    status, reason, gate = (plan.status, plan.reason, plan.gate) if plan.status == "ask" else judged
    if option == "serverless":
        awake = float(serverless_usd_per_month(choice, supply, at))
        count, usd = awake / HOURS_PER_MONTH / offer.hourly_usd / plan.gpus_count, awake + float(storage_usd_per_month(supply, at))
        return [Candidate(option, plan, offer, supply, count, count, usd, status, reason, gate)]
    spares = client.own_capacity.spare_replicas_count
    up, usd = fleet(choice, supply, at, spares), fleet_usd_per_month(choice, supply, at, spares)
    certain = offer.term != "spot" or choice.can_wait or status != "ok"
    alone = (status, reason, gate) if certain else ("ask", MAY_BE_TAKEN_AWAY, "rule")
    found = [Candidate(option, plan, offer, supply, float(up.peak_replicas), float(up.paid_replicas), usd, *alone)]
    if not may_leave(choice.workload) and any(may_leave(workload) for workload in client.workloads):
        return [*found, replace(found[0], option="hybrid")]  # its fleet is the floor on which the others are split
    if choice.host and offer.filled_by(plan.gpus_count):
        split = pool_bills([replace(choice, supplies={"hybrid": supply})], at, 0)[0]
        total, owned = float(np.sum(list(split.lines.values())) + split.api_usd_per_month), float(split.owned_count)
        api = float(open_api_usd_per_month(choice, at)) / supply.curve.mean
        margin = float(supply.curve.fill(0)) * api / replica_usd_per_month(supply, at)
        found.append(
            Candidate("hybrid", plan, offer, supply, owned, owned + float(split.on_demand_count), total, status, reason, gate, margin)
        )
    return found
