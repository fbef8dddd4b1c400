"""Questions to one own fleet: who waits at its peak, what a promise costs, what following the hours
saves, what a dashboard shows."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import in_force
from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.autoscale import ROUNDING, autoscaled
from llmcost.model.fleet import replicas_for_peak
from llmcost.model.queueing import erlang_c_fraction, mean_wait_seconds, time_busy_fraction
from llmcost.model.throughput import request_seconds
from llmcost.study.bill.fleet_lines import replica_lines, replica_usd_per_month
from llmcost.study.case import Case
from llmcost.study.choices.candidates import cheapest_candidate
from llmcost.study.fleets.utilization import OwnFleet
from llmcost.study.formulas.fleet_costs import (
    load_seconds,
    restarts_usd_per_hour,
    start_seconds,
    storage_of_weights,
)
from llmcost.study.judgement import ReasonKind, Status
from llmcost.study.lines import gives_back
from llmcost.study.loads.headroom import HOURS_PER_DAY, size_preset
from llmcost.study.market.gpu_offers import Term, gpu_offers
from llmcost.study.problem import Option, Supply, WorkloadChoice
from llmcost.study.scopes import client_scope, supply_scope
from llmcost.study.ties import cheapest

LAG_HOURS = (0.0, 5 / 60, 15 / 60, 30 / 60, 1.0)
"""From a warm pool to a machine that has to be rented, started and filled first."""
SHOWN_LAG_HOURS = LAG_HOURS[2]


class Had(StrEnum):
    """How a slice of a rented fleet is had."""

    STANDING = "standing"
    BY_THE_HOUR = "by the hour"


def promised_latency_sweep(fleet: OwnFleet, sweep: pd.DataFrame) -> pd.DataFrame:
    """What a limit on the time between tokens costs on this plan: limit_seconds, concurrency_count,
    replicas_count, usd_per_month.

    A tighter limit allows fewer requests at once, so that a replica delivers less and more of them
    are needed.

    sweep  of utilization.concurrency_sweep
    """
    count = fleet.replicas_for(fleet.supply.curve.peak / sweep["delivered_fraction"].to_numpy())
    return pd.DataFrame(
        {
            "limit_seconds": sweep["itl_seconds"],
            "concurrency_count": sweep["concurrency_count"],
            "replicas_count": count,
            "usd_per_month": count * fleet.replica_usd_per_hour * HOURS_PER_MONTH,
        }
    )


@dataclass(frozen=True)
class PeakQueue:
    """The fleet's busiest hour as a queue: a slot is one request in flight on one replica."""

    in_flight_count: float
    slots_count: int
    service_seconds: float
    safety_ratio: float


def peak_queue(fleet: OwnFleet) -> PeakQueue:
    """The busiest hour of a fleet, every replica at its full, latency-safe concurrency."""
    replica = fleet.supply.replica
    busy = float(request_seconds(replica, fleet.input_tokens, fleet.output_tokens))
    service = busy * replica.concurrency_count
    peak = float(fleet.supply.curve.peak)
    in_flight = peak * fleet.safe_share_fraction * replica.concurrency_count
    slots = fleet.replicas_count * replica.concurrency_count
    return PeakQueue(in_flight, slots, service, (slots - in_flight) / in_flight**0.5)


def waits(case: Case, fleet: OwnFleet) -> pd.DataFrame:
    """Who would wait for a slot in the busiest hour, fleet by fleet up to this one's size.

    Columns: replicas_count, slots_busy_fraction, waits_fraction, mean_wait_seconds with arrivals at
    random, bursty_wait_seconds with arrivals as irregular as nine tenths of public clients of this
    size stay below, minute_waits_fraction in the busiest minute.
    """
    queue, concurrency = peak_queue(fleet), fleet.supply.replica.concurrency_count
    irregular = size_preset("arrival_cv", case.client, fleet.choice.load).high
    least = max(1, int(queue.in_flight_count / concurrency))
    a, service = queue.in_flight_count, queue.service_seconds
    rows = [
        (
            count,
            a / slots,
            erlang_c_fraction(a, slots),
            mean_wait_seconds(a, slots, service),
            mean_wait_seconds(a, slots, service, irregular),
            erlang_c_fraction(a * (1 + fleet.headroom_fraction), slots),
        )
        for count in range(least, fleet.replicas_count + 1)
        for slots in [count * concurrency]
    ]
    names = [
        "replicas_count",
        "slots_busy_fraction",
        "waits_fraction",
        "mean_wait_seconds",
        "bursty_wait_seconds",
        "minute_waits_fraction",
    ]
    return pd.DataFrame(rows, columns=names)


def on_demand_supply(case: Case, fleet: OwnFleet) -> Supply | None:
    """The cheapest supply of this workload's model that may be given back by the hour; None where
    none is to be had."""
    tried = case.considered[fleet.choice.workload.id][0].candidates
    found = [
        c
        for c in tried
        if c.option is Option.RENTED and c.supply and c.supply.offer.term is Term.ON_DEMAND
    ]
    return cheapest_candidate(found).supply if found else None


def following(case: Case, fleet: OwnFleet, supply: Supply) -> pd.DataFrame:
    """A rented fleet that runs after the hours: lag_hours, billed_replicas, usd_per_month,
    saving_fraction, unserved_fraction.

    The saving is against the same fleet standing still; headroom and spares are kept each hour.
    Without a lag it is the fleet of the bill (`fleet_lines.fleet`), which is scheduled ahead, less
    what its starts cost and with every slice by the hour, cheaper or not.
    """
    wanted = fleet.replicas_for(supply.load_replicas, supply)
    month = replica_usd_per_month(supply, case.values)
    frame = pd.DataFrame({"lag_hours": LAG_HOURS})
    found = [autoscaled(supply.load_replicas, wanted, lag) for lag in LAG_HOURS]
    frame["billed_replicas"], frame["unserved_fraction"] = zip(*found, strict=True)
    frame["usd_per_month"] = frame["billed_replicas"] * month
    frame["saving_fraction"] = 1 - frame["billed_replicas"] / wanted.max()
    return frame


def slices(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """The slices of a rented fleet and how each is had, spares left out; empty where nothing can be
    rented.

    Columns: slice_count (1 at the bottom), hours_fraction, starts_per_month,
    standing_usd_per_month, hourly_usd_per_month (NaN where nobody lets it by the hour), had
    (a `Had`).
    """
    supply = choice.supplies.get(Option.RENTED)
    if supply is None:
        return pd.DataFrame()
    values, headroom = case.values, float(case.values[f"{choice.at}.load.headroom_fraction"])
    index = np.arange(int(replicas_for_peak(supply.curve.peak, headroom)))
    level = (index + ROUNDING) / (1 + headroom)
    hours, starts = (
        supply.load.levels.above_fraction(level),
        supply.load.levels.starts_per_hour(level),
    )
    lines = replica_lines(supply, values)
    standing = float(sum(lines.values()) - lines[storage_of_weights])
    replica, hourly = supply_scope(client_scope(values), supply), math.nan
    if gives_back(supply):
        hourly = float(replica("by_the_hour_usd_per_hour")) * HOURS_PER_MONTH
    start_hours = float(replica("start_seconds")) / SECONDS_PER_HOUR
    frame = pd.DataFrame(
        {
            "slice_count": index + 1,
            "hours_fraction": hours,
            "starts_per_month": starts * HOURS_PER_MONTH,
        }
    )
    frame["standing_usd_per_month"] = standing
    frame["hourly_usd_per_month"] = hourly * (hours + start_hours * starts)
    leave = (frame["hourly_usd_per_month"] < standing) & (index > 0)
    return frame.assign(had=np.where(leave, Had.BY_THE_HOUR, Had.STANDING))


@dataclass(frozen=True)
class SpotPrice:
    """The cheapest spot offer of one GPU beside the cheapest by the hour; an hour's restarts are
    what it bills to be replaced."""

    provider: str
    gpu_usd_per_hour: float
    restarts_usd_per_hour: float
    on_demand_usd_per_hour: float


def spot_price(case: Case, choice: WorkloadChoice, gpu_id: str) -> SpotPrice | None:
    """Spot of a GPU, interruptions priced, among offers of single replicas that only the term may
    keep from the client.

    None where the catalog has no spot or no hourly offer of it, or no plan to start again.
    """
    supply = choice.supplies.get(Option.OWNED) or next(iter(choice.supplies.values()), None)
    if supply is None:
        return None
    single = [
        offer
        for offer in gpu_offers(case.client, choice.workload)
        if offer.gpu_id == gpu_id and offer.filled_by(supply.plan.gpus_count)
    ]
    open_to = [o for o in single if o.status is not Status.FAILED or o.gate is ReasonKind.TERM]
    by_term = [[o for o in open_to if o.term is term] for term in (Term.SPOT, Term.ON_DEMAND)]
    if not all(by_term):
        return None
    spot, on_demand = (cheapest(offers, lambda o: o.hourly_usd) for offers in by_term)
    values = case.values
    start = start_seconds(
        values["hidden_costs.machine_boot_seconds"],
        load_seconds(supply.replica.weights_gb, values["hidden_costs.weights_load_gb_per_second"]),
    )
    often = values["hidden_costs.spot_interruptions_per_month"]
    restarts_usd = float(restarts_usd_per_hour(spot.hourly_usd, often, start))
    return SpotPrice(
        spot.provider,
        spot.hourly_usd,
        restarts_usd,
        on_demand.hourly_usd,
    )


def followed_hours(fleet: OwnFleet, supply: Supply, days_count: int = 7) -> pd.DataFrame:
    """The first days of a load with the fleet that follows it: day (hours since the start / 24),
    load_replicas, billed_replicas."""
    load = supply.load_replicas[: days_count * HOURS_PER_DAY]
    billed = fleet.replicas_for(load, supply)
    return pd.DataFrame(
        {
            "day": np.arange(len(load)) / HOURS_PER_DAY,
            "load_replicas": load,
            "billed_replicas": billed,
        }
    )


def busy_and_delivered(fleet: OwnFleet, sweep: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """(time_busy_fraction beside utilization_fraction of one replica as its load rises, this
    fleet's own mean time busy).

    Each hour's load, spread over all replicas, asks for some requests in flight; arrivals at random
    leave gaps only where these are few.

    sweep  of utilization.concurrency_sweep
    """
    delivered = np.concatenate([[0.0], sweep["delivered_fraction"]])
    in_flight = np.concatenate([[0.0], sweep["concurrency_count"]])

    def busy(utilization_fraction):
        return time_busy_fraction(
            np.interp(utilization_fraction * fleet.safe_share_fraction, delivered, in_flight)
        )

    share = np.linspace(0, 1, 201)
    curve = pd.DataFrame({"utilization_fraction": share, "time_busy_fraction": busy(share)})
    return curve, float(busy(fleet.supply.load_replicas / fleet.replicas_count).mean())


def measured_busy(case: Case) -> pd.DataFrame:
    """Public measurements of both: gpu_id, model_id, time_busy_fraction, utilization_fraction,
    source."""
    rows = in_force("gpu_busy", case.client.as_of_date)
    rows = rows.rename(columns={"busy_fraction": "time_busy_fraction"})
    rows = rows.assign(
        utilization_fraction=rows["output_tokens_per_second"]
        / rows["safe_output_tokens_per_second"]
    )
    return rows[["gpu_id", "model_id", "time_busy_fraction", "utilization_fraction", "source"]]
