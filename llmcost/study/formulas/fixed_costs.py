"""What a bill carries whatever the volume: people, refreshes, tools, and what is paid once."""

from llmcost.model import MONTHS_PER_YEAR
from llmcost.model.types import Number
from llmcost.study.graph import Group, Timing, fixed_line, line

EVERY_WAY = ("rented", "owned", "serverless")


@line("API people", Group.API, shared=True)
def api_people(api_fte: Number, engineer_usd_per_year: Number) -> Number:
    """The share of an engineer that even an API takes."""
    return api_fte * engineer_usd_per_year / MONTHS_PER_YEAR


@fixed_line("Engineers", Group.PEOPLE, EVERY_WAY)
def engineers(engineer_fte: Number, engineer_usd_per_year: Number) -> Number:
    """The time of engineers that running a model oneself adds."""
    return engineer_fte * engineer_usd_per_year / MONTHS_PER_YEAR


@fixed_line("On-call", Group.PEOPLE, EVERY_WAY)
def on_call(on_call_usd_per_month: Number) -> Number:
    """Who is called when own serving fails."""
    return on_call_usd_per_month


@fixed_line("Model refreshes", Group.REFRESHES, EVERY_WAY)
def model_refreshes(refreshes_per_year: Number, refresh_usd: Number) -> Number:
    """Newer models, evaluated and rolled out."""
    return refreshes_per_year * refresh_usd / MONTHS_PER_YEAR


@fixed_line("Observability", Group.TOOLS, EVERY_WAY)
def observability(observability_usd_per_month: Number) -> Number:
    """Metrics and logs of own serving."""
    return observability_usd_per_month


@fixed_line("Set-up, spread over the horizon", Group.ONCE, EVERY_WAY, Timing.ONCE)
def set_up(setup_usd: Number, horizon_months: Number) -> Number:
    """Setting up own serving, spread evenly over the horizon."""
    return setup_usd / horizon_months


@line("Evaluation and migration, spread", Group.ONCE, shared=True, timing=Timing.ONCE)
def migration(migration_usd: Number, horizon_months: Number) -> Number:
    """Evaluating the open model and moving to it, spread evenly over the horizon."""
    return migration_usd / horizon_months


@fixed_line("Exit, spread over the horizon", Group.ONCE, EVERY_WAY, Timing.LEAVING)
def leaving(exit_usd: Number, horizon_months: Number) -> Number:
    """Leaving own serving again, spread evenly over the horizon."""
    return exit_usd / horizon_months


@fixed_line("Egress", Group.TOOLS, ("rented", "serverless"))
def egress(egress_usd_per_month: Number) -> Number:
    """Traffic out of a rented data centre."""
    return egress_usd_per_month
