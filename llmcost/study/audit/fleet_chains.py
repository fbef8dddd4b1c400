"""What GPUs of one's own choosing cost, as chains: from the hours of the load to whole replicas and
their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.model.autoscale import LoadLevels, cheapest_mix
from llmcost.model.fleet import whole_machines
from llmcost.model.overhead import capital_usd_per_month
from llmcost.study.audit.api_chains import USD, cached, moved_factor
from llmcost.study.audit.figure import Figure, assumed, derived, given
from llmcost.study.bill.fleet_lines import AT_MARKET_RATES, gives_back, spares_of
from llmcost.study.loads.load import REASONING, RETRIES
from llmcost.study.market.gpu_offers import GpuOffer
from llmcost.study.problem import Supply, WorkloadChoice

if TYPE_CHECKING:
    from llmcost.study.study import Study


def speeds(supply: Supply) -> dict[str, Figure]:
    """Tokens per second of one full replica, reading and writing."""
    plan, replica = supply.plan, supply.replica
    rows = plan.sources[:3] or (f"gpu_hardware/{plan.gpu_id}", f"models/{plan.model_id}")
    about = f"{plan.name}: {plan.origin} by llmcost.model.throughput from {', '.join(rows)}"
    return {
        "read_speed": given(
            "input tokens/s of a full replica", replica.input_tokens_per_second, "tokens/s", about
        ),
        "write_speed": given(
            "output tokens/s of a full replica", replica.output_tokens_per_second, "tokens/s", about
        ),
    }


def load_replicas(study: Study, choice: WorkloadChoice, supply: Supply) -> Figure:
    """The moved work hour by hour in replicas, at typical values."""
    hours = choice.load.hourly
    series = {
        name: given(
            f"{name} of each hour",
            hours[f"{name}_tokens"].to_numpy(),
            "tokens",
            choice.load.described,
        )
        for name in ("input", "output")
    }
    formula = (
        "(input * factor * (1 - cached) / read_speed + output * factor / write_speed) / 3600 /"
        " safe_share"
    )
    return derived(
        "load of each hour",
        "replicas",
        formula,
        input=series["input"],
        output=series["output"],
        factor=moved_factor(study, choice),
        cached=cached(study, choice, True),
        safe_share=assumed(study, "hidden_costs.safe_share_fraction"),
        **speeds(supply),
    )


def scale(study: Study, choice: WorkloadChoice, supply: Supply, load: Figure) -> Figure:
    """The load of a month's volumes over that of the hours: 1 but for rounding, at typical
    values."""
    at = f"{choice.at}.load"
    reasoning = (
        assumed(study, f"{at}.{REASONING}")
        if f"{at}.{REASONING}" in study.inputs
        else given("hidden reasoning", 0.0, "Mtok/month", "none")
    )
    mean = derived(
        "mean load of a month",
        "replicas",
        "1e6 * factor * (1 + retries) * (input * (1 - cached) / read_speed + (output + reasoning) /"
        " write_speed) / (730 * 3600 * safe_share * throughput)",
        input=assumed(study, f"{at}.input_mtok_per_month"),
        output=assumed(study, f"{at}.output_mtok_per_month"),
        reasoning=reasoning,
        retries=assumed(study, f"{at}.{RETRIES}"),
        factor=moved_factor(study, choice),
        cached=cached(study, choice, True),
        safe_share=assumed(study, "hidden_costs.safe_share_fraction"),
        throughput=assumed(study, supply.throughput_path),
        **speeds(supply),
    )
    return derived(
        "load of the month over load of the hours",
        "ratio",
        "month / mean(hours)",
        month=mean,
        hours=load,
    )


def rent(study: Study, supply: Supply, offer: GpuOffer) -> Figure:
    """One replica's GPUs for an hour at an offer."""
    price = given(
        f"{offer.gpu_id} at {offer.provider}, {offer.term}",
        offer.hourly_usd,
        "USD/hour",
        f"{offer.row}; {offer.source}",
        offer.date,
        offer.confidence,
    )
    gpus = given("GPUs of a replica", supply.plan.gpus_count, "GPUs", supply.plan.name)
    if offer.term not in (*AT_MARKET_RATES, "serverless"):
        return derived(
            "a replica for an hour",
            "USD/hour",
            "gpus * usd_per_gpu_hour",
            gpus=gpus,
            usd_per_gpu_hour=price,
        )
    path = assumed(study, "hidden_costs.gpu_rent_path_multiplier")
    return derived(
        "a replica for an hour",
        "USD/hour",
        "gpus * usd_per_gpu_hour * rent_path",
        gpus=gpus,
        usd_per_gpu_hour=price,
        rent_path=path,
    )


def boot_seconds(study: Study, supply: Supply) -> Figure:
    """Seconds to load the weights."""
    weights = given(
        "weights",
        supply.replica.weights_gb,
        "GB",
        f"{supply.plan.model_id} in {supply.plan.precision}",
    )
    speed = assumed(study, "hidden_costs.weights_load_gb_per_second")
    return derived(
        "weights into memory",
        "s",
        "weights_gb / gb_per_second",
        weights_gb=weights,
        gb_per_second=speed,
    )


def start_seconds(study: Study, supply: Supply) -> Figure:
    """Seconds until a machine that is ordered serves."""
    machine = assumed(study, "hidden_costs.machine_boot_seconds")
    return derived(
        "from order to service",
        "s",
        "machine + weights",
        machine=machine,
        weights=boot_seconds(study, supply),
    )


def storage(study: Study, supply: Supply) -> Figure:
    """One copy of the weights for a month."""
    weights = given(
        "weights",
        supply.replica.weights_gb,
        "GB",
        f"{supply.plan.model_id} in {supply.plan.precision}",
    )
    price = assumed(study, "hidden_costs.storage_usd_per_gb_month")
    return derived(
        "one copy of the weights",
        USD,
        "weights_gb * usd_per_gb",
        weights_gb=weights,
        usd_per_gb=price,
    )


def replica_chains(study: Study, supply: Supply) -> dict[str, Figure]:
    """What one standing replica costs for a month: item -> figure."""
    if supply.offer.term == "owned":
        gpus = given("GPUs of a replica", supply.plan.gpus_count, "GPUs", supply.plan.name)
        lines = owned_gpu(study, supply)
        return {
            item: derived(f"{item}, a replica", USD, "gpus * usd", gpus=gpus, usd=usd)
            for item, usd in lines.items()
        }
    hourly = rent(study, supply, supply.offer)
    lines = {
        "GPU rent": derived(
            "a replica for a month", USD, "usd_per_hour * 730", usd_per_hour=hourly
        ),
        "Storage of weights": storage(study, supply),
    }
    if supply.offer.term == "spot":
        often, start = (
            assumed(study, "hidden_costs.spot_interruptions_per_month"),
            start_seconds(study, supply),
        )
        formula = "usd_per_hour * interruptions * start_seconds / 3600"
        lines["Spot restarts"] = derived(
            "starts after interruptions",
            USD,
            formula,
            usd_per_hour=hourly,
            interruptions=often,
            start_seconds=start,
        )
    return lines


def fleet_chains(study: Study, choice: WorkloadChoice, supply: Supply) -> dict[str, Figure]:
    """What a workload's standing and hourly replicas cost for a month: item -> figure."""
    load = load_replicas(study, choice, supply)
    ratio = scale(study, choice, supply, load)
    headroom = assumed(study, f"{choice.at}.load.headroom_fraction")
    spares = given(
        "spare replicas",
        spares_of(supply.offer, choice, study.decision.spare_count),
        "replicas",
        "client.yaml: own_capacity",
    )
    grown = derived(
        "scale with headroom", "ratio", "scale * (1 + headroom)", scale=ratio, headroom=headroom
    )
    needed = derived(
        "replicas for the peak",
        "replicas",
        "maximum(1, ceil(round(max(load) * grown, 9)))",
        load=load,
        grown=grown,
    )
    gpus = given("GPUs of a replica", supply.plan.gpus_count, "GPUs", supply.plan.name)
    machine = given("GPUs of a machine", supply.offer.gpus_count, "GPUs", supply.offer.row)
    formula = "whole_machines(needed + spares, gpus, machine)"
    count = derived(
        "replicas up at the peak",
        "replicas",
        formula,
        (whole_machines,),
        needed=needed,
        spares=spares,
        gpus=gpus,
        machine=machine,
    )
    each = replica_chains(study, supply)
    if not gives_back(supply):
        return {
            item: derived(item, USD, "replicas * usd", replicas=count, usd=usd)
            for item, usd in each.items()
        }
    assert supply.by_the_hour is not None
    hourly, start = rent(study, supply, supply.by_the_hour), start_seconds(study, supply)
    standing_usd = derived(
        "a standing replica for an hour", "USD/hour", "(" + " + ".join(f"p{k}" for k in range(len(each) - 1)) + ") / 730",
        **{f"p{k}": each[item] for k, item in enumerate(item for item in each if item != "Storage of weights")},
    )  # fmt: skip
    args = {
        "load": load,
        "needed": needed,
        "standing_usd": standing_usd,
        "hourly_usd": hourly,
        "start_seconds": start,
        "grown": grown,
    }
    mix = (
        "cheapest_mix(LoadLevels(load), needed, standing_usd, hourly_usd, start_seconds / 3600,"
        " grown)"
    )
    functions = (cheapest_mix, LoadLevels)
    standing = derived(
        "standing replicas, spares in them",
        "replicas",
        f"{mix}[0] + spares",
        functions,
        **args,
        spares=spares,
    )
    by_hour = derived(
        "mean replicas billed by the hour", "replicas", f"{mix}[1]", functions, **args
    )
    lines = {
        item: derived(item, USD, "replicas * usd", replicas=standing, usd=usd)
        for item, usd in each.items()
    }
    lines["GPU rent by the hour"] = derived(
        "by the hour", USD, "usd_per_hour * 730 * replicas", usd_per_hour=hourly, replicas=by_hour
    )
    lines["Storage of weights"] = derived(
        "a copy for each replica", USD, "replicas * usd", replicas=count, usd=storage(study, supply)
    )
    return lines


def owned_gpu(study: Study, supply: Supply) -> dict[str, Figure]:
    """What one bought GPU costs for a month: item -> figure."""
    at, hidden = f"gpu_purchase.{supply.offer.gpu_id}", "hidden_costs."
    price = assumed(study, f"{at}.purchase_usd")
    overhead = assumed(study, f"{hidden}owned_server_overhead_fraction")
    capex = derived(
        "a GPU with its share of the server",
        "USD",
        "purchase_usd * (1 + server_fraction)",
        purchase_usd=price,
        server_fraction=overhead,
    )
    resale = assumed(study, f"{at}.resale_fraction")
    residual = derived(
        "what it sells for at the end",
        "USD",
        "capex_usd * resale_fraction",
        capex_usd=capex,
        resale_fraction=resale,
    )
    watts = assumed(study, f"gpu_hardware.{supply.offer.gpu_id}.power_watts")
    names = {
        "load": "load_power_fraction",
        "pue": "pue_ratio",
        "usd_per_kwh": "electricity_usd_per_kwh",
    }
    power = {name: assumed(study, hidden + item) for name, item in names.items()}
    return {
        "GPU capital": derived(
            "capital recovery",
            USD,
            "capital_usd_per_month(capex_usd, residual_usd, life_months, discount_per_year)",
            (capital_usd_per_month,),
            capex_usd=capex,
            residual_usd=residual,
            life_months=assumed(study, f"{hidden}owned_life_months"),
            discount_per_year=assumed(study, f"{hidden}discount_fraction_per_year"),
        ),
        "Energy": derived(
            "electricity",
            USD,
            "watts / 1000 * load * pue * 730 * usd_per_kwh",
            watts=watts,
            **power,
        ),
        "Colocation": derived(
            "space and cooling by the kW",
            USD,
            "watts / 1000 * usd_per_kw",
            watts=watts,
            usd_per_kw=assumed(study, f"{hidden}colocation_usd_per_kw_month"),
        ),
        "Maintenance": derived(
            "upkeep",
            USD,
            "capex_usd * share_per_year / 12",
            capex_usd=capex,
            share_per_year=assumed(study, f"{hidden}maintenance_fraction_per_year"),
        ),
    }
