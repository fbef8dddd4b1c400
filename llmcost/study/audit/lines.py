"""The lines of every option's bill as chains: from USD a month down to the client's file and the catalog's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from llmcost.model.overhead import capital_usd_per_month
from llmcost.study.audit.figure import Figure, assumed, derived, given, summed

if TYPE_CHECKING:
    from llmcost.study.study import Study

USD = "USD/month"


def people(study: Study, path: str) -> Figure:
    """A share of an engineer for a month."""
    fte, salary = assumed(study, path), assumed(study, "people.engineer_usd_per_year")
    return derived("share of an engineer", USD, "fte * usd_per_year / 12", fte=fte, usd_per_year=salary)


def spread(study: Study, path: str) -> Figure:
    """Something paid once, spread over the horizon."""
    months = given("horizon", study.client.horizon_months, "months", "client.yaml: horizon_months")
    return derived("paid once, spread over the horizon", USD, "once_usd / horizon_months", once_usd=assumed(study, path), horizon_months=months)


def refreshes(study: Study) -> Figure:
    """Newer models evaluated and rolled out."""
    parts = {item: assumed(study, f"hidden_costs.{item}") for item in ("refreshes_per_year", "refresh_usd")}
    return derived("model refreshes", USD, "refreshes_per_year * refresh_usd / 12", **parts)


def owned_gpu(study: Study, supply: Supply) -> dict[str, Figure]:
    """What one bought GPU costs for a month: item -> figure."""
    at, hidden = f"gpu_purchase.{supply.offer.gpu_id}", "hidden_costs."
    price = assumed(study, f"{at}.purchase_usd")
    overhead = assumed(study, f"{hidden}owned_server_overhead_fraction")
    capex = derived("a GPU with its share of the server", "USD", "purchase_usd * (1 + server_fraction)", purchase_usd=price, server_fraction=overhead)
    resale = assumed(study, f"{at}.resale_fraction")
    residual = derived("what it sells for at the end", "USD", "capex_usd * resale_fraction", capex_usd=capex, resale_fraction=resale)
    watts = assumed(study, f"gpu_hardware.{supply.offer.gpu_id}.power_watts")
    names = {"load": "load_power_fraction", "pue": "pue_ratio", "usd_per_kwh": "electricity_usd_per_kwh"}
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
        "Energy": derived("electricity", USD, "watts / 1000 * load * pue * 730 * usd_per_kwh", watts=watts, **power),
        "Colocation": derived(
            "space and cooling by the kW", USD, "watts / 1000 * usd_per_kw", watts=watts, usd_per_kw=assumed(study, f"{hidden}colocation_usd_per_kw_month")
        ),
        "Maintenance": derived(
            "upkeep", USD, "capex_usd * share_per_year / 12", capex_usd=capex, share_per_year=assumed(study, f"{hidden}maintenance_fraction_per_year")
        ),
    }
