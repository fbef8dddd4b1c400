"""What stands on a bill whatever the volume, as chains: people, refreshes, tools, and what is paid
once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.study.audit.api_chains import USD
from llmcost.study.audit.figure import Figure, assumed, derived, given

if TYPE_CHECKING:
    from llmcost.study.study import Study


def people(study: Study, path: str) -> Figure:
    """A share of an engineer for a month."""
    fte, salary = assumed(study, path), assumed(study, "people.engineer_usd_per_year")
    return derived(
        "share of an engineer", USD, "fte * usd_per_year / 12", fte=fte, usd_per_year=salary
    )


def spread(study: Study, path: str) -> Figure:
    """Something paid once, spread over the horizon."""
    months = given("horizon", study.client.horizon_months, "months", "client.yaml: horizon_months")
    return derived(
        "paid once, spread over the horizon",
        USD,
        "once_usd / horizon_months",
        once_usd=assumed(study, path),
        horizon_months=months,
    )


def refreshes(study: Study) -> Figure:
    """Newer models evaluated and rolled out."""
    parts = {
        item: assumed(study, f"hidden_costs.{item}")
        for item in ("refreshes_per_year", "refresh_usd")
    }
    return derived("model refreshes", USD, "refreshes_per_year * refresh_usd / 12", **parts)


def fixed(study: Study, way: str) -> dict[str, Figure]:
    """What running a model oneself adds whatever the volume: item -> figure."""
    lines = {
        "Engineers": people(
            study, "people.engineer_fte" if way == "rented" else f"people.engineer_fte_{way}"
        ),
        "On-call": assumed(study, "hidden_costs.on_call_usd_per_month"),
        "Model refreshes": refreshes(study),
        "Observability": assumed(study, "hidden_costs.observability_usd_per_month"),
        "Set-up, spread over the horizon": spread(study, "one_off.setup_usd"),
        "Exit, spread over the horizon": spread(study, "one_off.exit_usd"),
    }
    return (
        lines
        if way == "owned"
        else {**lines, "Egress": assumed(study, "hidden_costs.egress_usd_per_month")}
    )
