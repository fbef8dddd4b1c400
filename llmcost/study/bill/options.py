"""Each option's bill, line by line. The same arithmetic serves one set of values and 100,000 draws of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.api_bill import api_usd_per_month
from llmcost.model.fleet import replicas_for_peak, whole_machines
from llmcost.model.overhead import (
    amortised_usd_per_month,
    capital_usd_per_month,
    energy_usd_per_month,
    engineers_usd_per_month,
    refreshes_usd_per_month,
)
from llmcost.model.serverless import billed_replicas_and_boots, cold_start_seconds
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.model.throughput import request_seconds
from llmcost.study.assumptions import Values
from llmcost.study.problem import (
    VOLUME,
    Supply,
    WorkloadChoice,
    batched_fraction,
    cached_fraction,
    load_scale,
    moved_volumes,
    taken_fraction,
    volumes,
)

Number = Any
"""A float, or an array of draws."""
Lines = dict[str, Number]
"""Item -> USD per month."""

LABELS = {
    "today": "Today",
    "tuned": "Same model, tuned",
    "open_api": "Open model by API",
    "serverless": "Serverless GPUs",
    "rented": "Rented GPUs",
    "owned": "Owned GPUs",
    "hybrid": "Hybrid, exact split",
}
OWN = ("serverless", "rented", "owned")
"""Options that serve all the moved work on GPUs of one's own choosing."""
HOSTED = (*OWN, "hybrid")
"""Options that run the model oneself, in whole or in part."""


def api_people(values: Values) -> Number:
    """USD a month of the people that even an API needs."""
    return engineers_usd_per_month(values["people.api_fte"], values["people.engineer_usd_per_year"])


def today_lines(choice: WorkloadChoice, values: Values, invoice_multiplier: float) -> Lines:
    """Today's model as it is used now."""
    if choice.today is None:
        return {}
    into, out = volumes(choice, values)
    cached, batched = values[f"{choice.at}.cached_input_fraction"], values[f"{choice.at}.batched_fraction"]
    return {"API, today's model": invoice_multiplier * api_usd_per_month(choice.today.prices, into, out, cached, batched)}


def tuned_lines(choice: WorkloadChoice, values: Values, invoice_multiplier: float) -> Lines:
    """The same model with prompts arranged for the cache and deferrable work sent in batches."""
    if choice.today is None:
        return {}
    into, out = volumes(choice, values)
    batched = batched_fraction(choice.at, values)
    bill = api_usd_per_month(choice.today.prices, into, out, cached_fraction(choice.at, values), batched)
    return {"API, today's model": invoice_multiplier * bill}


def rest_lines(choice: WorkloadChoice, values: Values, invoice_multiplier: float) -> Lines:
    """What does not pass the evaluation: it stays on today's model, tuned."""
    if choice.today is None:
        return {}
    staying = 1 - values[f"{choice.alternative_at}.passing_fraction"]
    return {item: staying * usd for item, usd in tuned_lines(choice, values, invoice_multiplier).items()}


def open_api_usd_per_month(choice: WorkloadChoice, values: Values) -> Number:
    """The moved work at the cheapest eligible host of the open model."""
    assert choice.host is not None
    into, out = moved_volumes(choice, values)
    batched = batched_fraction(choice.at, values)
    bill = api_usd_per_month(choice.host.offer.prices, into, out, cached_fraction(choice.at, values), batched)
    return bill * values["hidden_costs.api_price_path_multiplier"]


def fleet_count(choice: WorkloadChoice, supply: Supply, values: Values, spare_count: int) -> Number:
    """Whole replicas for the peak hour with headroom, and spares, filled up to whole machines."""
    peak = supply.curve.peak * load_scale(choice, supply, values)
    needed = replicas_for_peak(peak, values[f"{choice.at}.load.headroom_fraction"], spare_count=spare_count)
    return whole_machines(needed, supply.plan.gpus_count, supply.offer.gpus_count)


def replica_lines(supply: Supply, values: Values) -> Lines:
    """What one replica costs for a month, by line: rent, or capital, energy, space and maintenance."""
    gpus = supply.plan.gpus_count
    if supply.offer.term == "owned":
        return {item: gpus * usd for item, usd in owned_gpu_lines(supply, values).items()}
    path = values["hidden_costs.gpu_rent_path_multiplier"] if supply.offer.term == "on_demand" else 1.0
    return {
        "GPU rent": gpus * supply.offer.hourly_usd * HOURS_PER_MONTH * path,
        "Storage of weights": storage_usd_per_month(supply, values),
    }


def replica_usd_per_month(supply: Supply, values: Values) -> float:
    """What one replica costs for a month at typical values."""
    return float(sum(replica_lines(supply, values).values()))


def storage_usd_per_month(supply: Supply, values: Values) -> Number:
    """One copy of the weights on a rented volume."""
    return supply.replica.weights_gb * values["hidden_costs.storage_usd_per_gb_month"]


def owned_gpu_lines(supply: Supply, values: Values) -> Lines:
    """What one bought GPU costs for a month. Power is the provisioned share of its server; the server is a share of the price."""
    price = values[f"gpu_purchase.{supply.offer.gpu_id}.purchase_usd"]
    capex = price * (1 + values["hidden_costs.owned_server_overhead_fraction"])
    residual = capex * values[f"gpu_purchase.{supply.offer.gpu_id}.resale_fraction"]
    watts = values[f"gpu_hardware.{supply.offer.gpu_id}.power_watts"]
    life, discount = values["hidden_costs.owned_life_months"], values["hidden_costs.discount_fraction_per_year"]
    load, pue, price_kwh = (values[f"hidden_costs.{i}"] for i in ("load_power_fraction", "pue_ratio", "electricity_usd_per_kwh"))
    return {
        "GPU capital": capital_usd_per_month(capex, residual, life, discount),
        "Energy": energy_usd_per_month(watts, load, pue, price_kwh),
        "Colocation": watts / 1e3 * values["hidden_costs.colocation_usd_per_kw_month"],
        "Maintenance": capex * values["hidden_costs.maintenance_fraction_per_year"] / 12,
    }


def fixed_lines(way: str, values: Values, horizon_months: int) -> Lines:
    """What running a model oneself adds whatever the volume: people, on-call, refreshes, observability, egress, set-up.

    way  rented | owned | serverless: how the GPUs are had, which decides how much of an engineer they take
    """
    fte = values["people.engineer_fte" if way == "rented" else f"people.engineer_fte_{way}"]
    lines = {
        "Engineers": engineers_usd_per_month(fte, values["people.engineer_usd_per_year"]),
        "On-call": values["hidden_costs.on_call_usd_per_month"],
        "Model refreshes": refreshes_usd_per_month(values["hidden_costs.refreshes_per_year"], values["hidden_costs.refresh_usd"]),
        "Observability": values["hidden_costs.observability_usd_per_month"],
        "Set-up, spread over the horizon": amortised_usd_per_month(values["one_off.setup_usd"], horizon_months),
    }
    return lines if way == "owned" else {**lines, "Egress": values["hidden_costs.egress_usd_per_month"]}


def serverless_usd_per_month(choice: WorkloadChoice, supply: Supply, values: Values) -> Number:
    """The moved work on GPUs billed by the second, hour by hour: awake, idling to its timeout, and booting."""
    scale = np.asarray(load_scale(choice, supply, values))[..., None]
    hourly = choice.load.hourly["requests"].to_numpy() / SECONDS_PER_HOUR
    rate = hourly * np.asarray(taken_fraction(choice, values) * values.get(VOLUME, 1.0))[..., None]
    service = np.asarray(mean_service_seconds(choice, supply, values))[..., None]
    boot = cold_start_seconds(supply.replica.weights_gb, np.asarray(values["hidden_costs.weights_load_gb_per_second"])[..., None])
    idle = np.asarray(idle_timeout_seconds(supply, values))[..., None]
    billed, _ = billed_replicas_and_boots(supply.load_replicas * scale, rate, service, idle, boot)
    price = supply.offer.hourly_usd * values["hidden_costs.gpu_rent_path_multiplier"]
    return billed * supply.plan.gpus_count * price * HOURS_PER_MONTH


def idle_timeout_seconds(supply: Supply, values: Values) -> Number:
    """Seconds that a serverless replica stays billed without a request: the provider's own, else the catalog's band."""
    known = supply.offer.idle_timeout_seconds
    return values["hidden_costs.serverless_idle_timeout_seconds"] if known is None else known


def mean_service_seconds(choice: WorkloadChoice, supply: Supply, values: Values) -> Number:
    """Seconds that one mean request holds a replica that is full: its share of the work, times those in flight beside it.

    Not its tokens times the time between them: measured ones leave out the reading of the prompt, or are a percentile.
    """
    requests, ratio = choice.load.hourly["requests"].sum(), values[f"{choice.alternative_at}.token_ratio"]
    into, out = (choice.load.hourly[name].sum() / requests * ratio for name in ("input_tokens", "output_tokens"))
    alone = request_seconds(supply.replica, into * (1 - cached_fraction(choice.at, values)), out)
    return alone * supply.replica.concurrency_count / values[supply.throughput_path]


def hybrid_parts(choice: WorkloadChoice, values: Values) -> tuple[Number, Lines, Number, Number]:
    """(owned slices, their lines, API bill of the overflow, saving against all-API) of the exact split, before fixed costs."""
    supply = choice.supplies["hybrid"]
    lines = replica_lines(supply, values)
    own_usd_per_hour = sum(lines.values()) / HOURS_PER_MONTH
    all_api = open_api_usd_per_month(choice, values)
    scale = load_scale(choice, supply, values)
    api_usd_per_hour = all_api / (supply.curve.mean * scale * HOURS_PER_MONTH)
    count = owned_slices(supply.curve, own_usd_per_hour, api_usd_per_hour, scale)
    own, overflow = split_usd_per_month(supply.curve, count, own_usd_per_hour, api_usd_per_hour, scale)
    return count, {item: usd * count for item, usd in lines.items()}, overflow, all_api - own - overflow


def added(total: Lines, more: Mapping[str, Number]) -> None:
    """Add lines into a running bill, item by item."""
    for item, usd in more.items():
        total[item] = total.get(item, 0.0) + usd
