"""Rented and owned GPUs: whole replicas for the busiest hour, and what a replica costs."""

from collections.abc import Sequence

from llmcost.model import HOURS_PER_MONTH, MONTHS_PER_YEAR, SECONDS_PER_HOUR
from llmcost.model.autoscale import LoadLevels, cheapest_mix
from llmcost.model.fleet import replicas_for_peak, whole_machines
from llmcost.model.overhead import capital_usd_per_month, energy_usd_per_month
from llmcost.model.serverless import cold_start_seconds
from llmcost.model.types import Number
from llmcost.study.graph import Group, Timing, line, quantity, replica_line

WATTS_PER_KW = 1000.0


@quantity("replicas")
def needed_replicas(
    peak_hour_replicas: Number, load_scale_ratio: Number, headroom_fraction: Number
) -> Number:
    """Whole replicas that carry the busiest hour with headroom; one at least."""
    return replicas_for_peak(peak_hour_replicas * load_scale_ratio, headroom_fraction)


@quantity("replicas")
def fleet_replicas(
    needed_replicas: Number,
    spare_count: Number,
    replica_gpus_count: Number,
    machine_gpus_count: Number,
) -> Number:
    """Replicas that are up in the busiest hour: spares in them, filled up to whole machines."""
    wanted_replicas = needed_replicas + spare_count
    return whole_machines(wanted_replicas, replica_gpus_count, machine_gpus_count)


@quantity("s")
def load_seconds(weights_gb: Number, weights_load_gb_per_second: Number) -> Number:
    """Seconds to bring the weights into GPU memory."""
    return cold_start_seconds(weights_gb, weights_load_gb_per_second)


@quantity("s")
def start_seconds(machine_boot_seconds: Number, load_seconds: Number) -> Number:
    """Seconds from the order of a machine until its replica serves."""
    return machine_boot_seconds + load_seconds


@quantity("USD/hour")
def rent_usd_per_hour(
    replica_gpus_count: Number, gpu_usd_per_hour: Number, rent_path_multiplier: Number
) -> Number:
    """The GPUs of a replica that stands, for an hour, over the horizon."""
    today_usd = replica_gpus_count * gpu_usd_per_hour
    return today_usd * rent_path_multiplier


@quantity("USD/hour")
def by_the_hour_usd_per_hour(
    replica_gpus_count: Number,
    by_the_hour_gpu_usd_per_hour: Number,
    by_the_hour_path_multiplier: Number,
) -> Number:
    """The GPUs of a replica that can be given back, for an hour, over the horizon."""
    today_usd = replica_gpus_count * by_the_hour_gpu_usd_per_hour
    return today_usd * by_the_hour_path_multiplier


@quantity("USD/hour")
def restarts_usd_per_hour(
    rent_usd_per_hour: Number, spot_interruptions_per_month: Number, start_seconds: Number
) -> Number:
    """Starts of a spot replica that was taken away, billed; 0 for other terms."""
    restart_hours = spot_interruptions_per_month * start_seconds / SECONDS_PER_HOUR
    restarts_usd_per_month = rent_usd_per_hour * restart_hours
    return restarts_usd_per_month / HOURS_PER_MONTH


@quantity("(replicas, replicas)")
def standing_and_hourly_replicas(
    load_levels: LoadLevels | Sequence[LoadLevels],
    needed_replicas: Number,
    rent_usd_per_hour: Number,
    restarts_usd_per_hour: Number,
    by_the_hour_usd_per_hour: Number,
    start_seconds: Number,
    headroom_scale_ratio: Number,
) -> tuple[Number, Number]:
    """Replicas that stand, and the mean of those by the hour: each slice is rented the cheaper way.

    The first replica stands. Leaves out an hour that turns out busier than planned.
    """
    return cheapest_mix(
        load_levels,
        needed_replicas,
        rent_usd_per_hour + restarts_usd_per_hour,
        by_the_hour_usd_per_hour,
        start_seconds / SECONDS_PER_HOUR,
        headroom_scale_ratio,
    )


@quantity("replicas")
def mixed_standing_replicas(
    standing_and_hourly_replicas: tuple[Number, Number], spare_count: Number
) -> Number:
    """Replicas paid around the clock where others are given back: spares in them."""
    return standing_and_hourly_replicas[0] + spare_count


@quantity("replicas")
def mixed_hourly_replicas(standing_and_hourly_replicas: tuple[Number, Number]) -> Number:
    """Mean replicas billed by the hour, their starts in them."""
    return standing_and_hourly_replicas[1]


@quantity("replicas")
def paid_replicas(standing_replicas: Number, hourly_replicas: Number) -> Number:
    """Mean replicas paid for: what served work is divided by for the delivered utilization."""
    return standing_replicas + hourly_replicas


@quantity("GPUs")
def standing_gpus(standing_replicas: Number, replica_gpus_count: Number) -> Number:
    """GPUs paid around the clock."""
    return standing_replicas * replica_gpus_count


@quantity("USD")
def card_usd(purchase_usd: Number, owned_server_overhead_fraction: Number) -> Number:
    """The price of a bought GPU with its share of the server."""
    return purchase_usd * (1 + owned_server_overhead_fraction)


@quantity("USD")
def card_resale_usd(card_usd: Number, resale_fraction: Number) -> Number:
    """What a bought GPU sells for at the end of its life."""
    return card_usd * resale_fraction


@replica_line("GPU rent", Group.GPUS, ("rented",))
def gpu_rent(standing_replicas: Number, rent_usd_per_hour: Number) -> Number:
    """Rent of the replicas that stand."""
    return standing_replicas * rent_usd_per_hour * HOURS_PER_MONTH


@replica_line("Storage of weights", Group.TOOLS, ("rented", "serverless"))
def storage_of_weights(
    stored_replicas: Number, weights_gb: Number, storage_usd_per_gb_month: Number
) -> Number:
    """A copy of the weights for each replica."""
    stored_gb = stored_replicas * weights_gb
    return stored_gb * storage_usd_per_gb_month


@line("GPU rent by the hour", Group.GPUS)
def gpu_rent_by_the_hour(hourly_replicas: Number, by_the_hour_usd_per_hour: Number) -> Number:
    """Rent of the replicas that are given back when they are idle, their starts in it."""
    return hourly_replicas * by_the_hour_usd_per_hour * HOURS_PER_MONTH


@replica_line("Spot restarts", Group.GPUS, ("spot",))
def spot_restarts(standing_replicas: Number, restarts_usd_per_hour: Number) -> Number:
    """Starts of spot replicas that were taken away."""
    return standing_replicas * restarts_usd_per_hour * HOURS_PER_MONTH


@replica_line("GPU capital", Group.GPUS, ("owned",), Timing.HARDWARE)
def gpu_capital(
    standing_gpus: Number,
    card_usd: Number,
    card_resale_usd: Number,
    owned_life_months: Number,
    discount_fraction_per_year: Number,
) -> Number:
    """What pays for bought GPUs and their interest, and gets the resale back at the end."""
    return standing_gpus * capital_usd_per_month(
        card_usd, card_resale_usd, owned_life_months, discount_fraction_per_year
    )


@replica_line("Energy", Group.POWER, ("owned",))
def energy(
    standing_gpus: Number,
    power_watts: Number,
    load_power_fraction: Number,
    pue_ratio: Number,
    electricity_usd_per_kwh: Number,
) -> Number:
    """Electricity of the servers and of the building."""
    return standing_gpus * energy_usd_per_month(
        power_watts, load_power_fraction, pue_ratio, electricity_usd_per_kwh
    )


@replica_line("Colocation", Group.POWER, ("owned",))
def colocation(
    standing_gpus: Number, power_watts: Number, colocation_usd_per_kw_month: Number
) -> Number:
    """Space and cooling, by the kW."""
    provisioned_kw = standing_gpus * power_watts / WATTS_PER_KW
    return provisioned_kw * colocation_usd_per_kw_month


@replica_line("Maintenance", Group.POWER, ("owned",))
def maintenance(
    standing_gpus: Number, card_usd: Number, maintenance_fraction_per_year: Number
) -> Number:
    """Upkeep of bought GPUs, a share of their price."""
    cards_usd = standing_gpus * card_usd
    return cards_usd * maintenance_fraction_per_year / MONTHS_PER_YEAR
