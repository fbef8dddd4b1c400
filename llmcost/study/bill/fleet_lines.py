"""What GPUs of one's own choosing cost around the clock: whole replicas, bought or rented, and what
comes with them whatever the volume."""

from dataclasses import dataclass

from llmcost.model import HOURS_PER_MONTH, MONTHS_PER_YEAR, SECONDS_PER_HOUR
from llmcost.model.autoscale import cheapest_mix
from llmcost.model.fleet import replicas_for_peak, whole_machines
from llmcost.model.overhead import (
    amortised_usd_per_month,
    capital_usd_per_month,
    energy_usd_per_month,
    engineers_usd_per_month,
    refreshes_usd_per_month,
)
from llmcost.model.serverless import cold_start_seconds
from llmcost.study.assumptions import Values
from llmcost.study.bill.options import Lines, Number
from llmcost.study.market.gpu_offers import GpuOffer
from llmcost.study.problem import (
    Supply,
    WorkloadChoice,
    load_scale,
)

AT_MARKET_RATES = ("on_demand", "spot")
"""Terms whose price may move while one rents."""


@dataclass(frozen=True)
class Fleet:
    """The replicas of rented or owned GPUs that serve a workload without an API: numbers, or arrays
    of draws.

    peak_replicas      up in the busiest hour, spares included
    standing_replicas  of them paid around the clock
    hourly_replicas    mean billed by the hour, start-ups included; 0 where nothing can be given
                       back
    """

    peak_replicas: Number
    standing_replicas: Number
    hourly_replicas: Number

    @property
    def paid_replicas(self) -> Number:
        """Mean replicas paid for: what served work is divided by for the delivered utilization."""
        return self.standing_replicas + self.hourly_replicas


def fleet(choice: WorkloadChoice, supply: Supply, values: Values, spare_count: int) -> Fleet:
    """The fleet of one workload: whole replicas for the busiest hour with headroom, and spares,
    filled up to whole machines.

    Where one replica fills its machines and can be given back by the hour, each slice of a rented
    fleet is had the cheaper way: standing, or by the hour with its starts. The first replica and
    the spares stand. Leaves out an hour that turns out busier than planned.
    """
    spares, scale = spares_of(supply.offer, choice, spare_count), load_scale(choice, supply, values)
    headroom = values[f"{choice.at}.load.headroom_fraction"]
    needed = replicas_for_peak(supply.curve.peak * scale, headroom)
    count = whole_machines(needed + spares, supply.plan.gpus_count, supply.offer.gpus_count)
    if not gives_back(supply):
        return Fleet(count, count, 0.0)
    lines = replica_lines(supply, values)
    usd_per_hour = (lines["GPU rent"] + lines.get("Spot restarts", 0.0)) / HOURS_PER_MONTH
    start_hours = start_seconds(supply, values) / SECONDS_PER_HOUR
    by_the_hour = rent_usd_per_hour(supply, supply.by_the_hour, values)
    standing, hourly = cheapest_mix(
        supply.levels, needed, usd_per_hour, by_the_hour, start_hours, scale * (1 + headroom)
    )
    return Fleet(count, standing + spares, hourly)


def gives_back(supply: Supply) -> bool:
    """Whether slices of a rented fleet may be had by the hour: somebody lets single replicas so,
    and no machine is shared."""
    rented = supply.offer.term not in ("owned", "serverless")
    return rented and supply.by_the_hour is not None and supply.fills_machines


def spares_of(offer: GpuOffer, choice: WorkloadChoice, spare_count: int) -> int:
    """Spares of a fleet: the client's, and one at least where a replica may be taken away and the
    work cannot wait."""
    return max(spare_count, 1) if offer.term == "spot" and not choice.can_wait else spare_count


def fleet_lines(choice: WorkloadChoice, supply: Supply, values: Values, spare_count: int) -> Lines:
    """What a workload's fleet costs for a month, by line."""
    return lines_of_fleet(fleet(choice, supply, values, spare_count), supply, values)


def lines_of_fleet(up: Fleet, supply: Supply, values: Values) -> Lines:
    """What a fleet costs for a month, by line. Weights are stored for every replica, given back or
    not."""
    lines = {
        item: usd * up.standing_replicas for item, usd in replica_lines(supply, values).items()
    }
    if gives_back(supply):
        by_the_hour = rent_usd_per_hour(supply, supply.by_the_hour, values)
        lines["GPU rent by the hour"] = by_the_hour * HOURS_PER_MONTH * up.hourly_replicas
        lines["Storage of weights"] = storage_usd_per_month(supply, values) * up.peak_replicas
    return lines


def fleet_usd_per_month(
    choice: WorkloadChoice, supply: Supply, values: Values, spare_count: int
) -> float:
    """What a workload's fleet costs for a month at single values."""
    return float(sum(fleet_lines(choice, supply, values, spare_count).values()))


def replica_lines(supply: Supply, values: Values) -> Lines:
    """What one standing replica costs for a month, by line: rent, or capital, energy, space and
    maintenance."""
    if supply.offer.term == "owned":
        return {
            item: supply.plan.gpus_count * usd
            for item, usd in owned_gpu_lines(supply, values).items()
        }
    rent = rent_usd_per_hour(supply, supply.offer, values) * HOURS_PER_MONTH
    lines = {"GPU rent": rent, "Storage of weights": storage_usd_per_month(supply, values)}
    if supply.offer.term == "spot":
        hours = (
            values["hidden_costs.spot_interruptions_per_month"]
            * start_seconds(supply, values)
            / SECONDS_PER_HOUR
        )
        lines["Spot restarts"] = rent / HOURS_PER_MONTH * hours
    return lines


def rent_usd_per_hour(supply: Supply, offer: GpuOffer | None, values: Values) -> Number:
    """One replica's GPUs for an hour at an offer's price, over the horizon."""
    assert offer is not None
    path = values["hidden_costs.gpu_rent_path_multiplier"] if offer.term in AT_MARKET_RATES else 1.0
    return supply.plan.gpus_count * offer.hourly_usd * path


def start_seconds(supply: Supply, values: Values) -> Number:
    """Seconds from the order of a machine until its replica serves: the machine's boot, and the
    weights into its memory."""
    return values["hidden_costs.machine_boot_seconds"] + load_seconds(supply, values)


def load_seconds(supply: Supply, values: Values) -> Number:
    """Seconds to bring the plan's weights into GPU memory."""
    return cold_start_seconds(
        supply.replica.weights_gb, values["hidden_costs.weights_load_gb_per_second"]
    )


def replica_usd_per_month(supply: Supply, values: Values) -> float:
    """What one standing replica costs for a month at typical values."""
    return float(sum(replica_lines(supply, values).values()))


def storage_usd_per_month(supply: Supply, values: Values) -> Number:
    """One copy of the weights on a rented volume."""
    return supply.replica.weights_gb * values["hidden_costs.storage_usd_per_gb_month"]


def owned_gpu_lines(supply: Supply, values: Values) -> Lines:
    """What one bought GPU costs for a month."""
    at = f"gpu_purchase.{supply.offer.gpu_id}"
    watts = values[f"gpu_hardware.{supply.offer.gpu_id}.power_watts"]
    return card_lines(values[f"{at}.purchase_usd"], values[f"{at}.resale_fraction"], watts, values)


def card_lines(
    purchase_usd: Number, resale_fraction: Number, power_watts: Number, values: Values
) -> Lines:
    """What one card costs for a month that was bought at this price. Power is the provisioned share
    of its server; the server is a share of the price.
    """
    capex = purchase_usd * (1 + values["hidden_costs.owned_server_overhead_fraction"])
    life, discount = (
        values["hidden_costs.owned_life_months"],
        values["hidden_costs.discount_fraction_per_year"],
    )
    load, pue, price_kwh = (
        values[f"hidden_costs.{i}"]
        for i in ("load_power_fraction", "pue_ratio", "electricity_usd_per_kwh")
    )
    return {
        "GPU capital": capital_usd_per_month(capex, capex * resale_fraction, life, discount),
        "Energy": energy_usd_per_month(power_watts, load, pue, price_kwh),
        "Colocation": power_watts / 1e3 * values["hidden_costs.colocation_usd_per_kw_month"],
        "Maintenance": capex
        * values["hidden_costs.maintenance_fraction_per_year"]
        / MONTHS_PER_YEAR,
    }


def engineers_fte(way: str, values: Values) -> Number:
    """Full-time equivalents of engineers for rented, owned or serverless GPUs (`way`)."""
    return values["people.engineer_fte" if way == "rented" else f"people.engineer_fte_{way}"]


def fixed_lines(way: str, values: Values, horizon_months: int) -> Lines:
    """What running a model oneself adds whatever the volume: people, on-call, refreshes,
    observability, egress, set-up and the way out.

    way  rented | owned | serverless: how the GPUs are had, which decides how much of an engineer
         they take
    """
    salary = values["people.engineer_usd_per_year"]
    lines = {
        "Engineers": engineers_usd_per_month(engineers_fte(way, values), salary),
        "On-call": values["hidden_costs.on_call_usd_per_month"],
        "Model refreshes": refreshes_usd_per_month(
            values["hidden_costs.refreshes_per_year"], values["hidden_costs.refresh_usd"]
        ),
        "Observability": values["hidden_costs.observability_usd_per_month"],
        "Set-up, spread over the horizon": amortised_usd_per_month(
            values["one_off.setup_usd"], horizon_months
        ),
        "Exit, spread over the horizon": amortised_usd_per_month(
            values["one_off.exit_usd"], horizon_months
        ),
    }
    return (
        lines
        if way == "owned"
        else {**lines, "Egress": values["hidden_costs.egress_usd_per_month"]}
    )
