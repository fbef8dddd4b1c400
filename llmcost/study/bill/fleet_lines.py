"""What GPUs of one's own choosing cost around the clock: whole replicas, bought or rented, and what comes with them whatever the volume."""

from llmcost.model import HOURS_PER_MONTH
from llmcost.model.fleet import replicas_for_peak, whole_machines
from llmcost.model.overhead import (
    amortised_usd_per_month,
    capital_usd_per_month,
    energy_usd_per_month,
    engineers_usd_per_month,
    refreshes_usd_per_month,
)
from llmcost.study.assumptions import Values
from llmcost.study.bill.options import Lines, Number
from llmcost.study.problem import (
    Supply,
    WorkloadChoice,
    load_scale,
)


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
