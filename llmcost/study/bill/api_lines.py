"""What an API bills for the work: as it is used today, tuned, what stays there, and the open model at its host."""

from llmcost.model.api_bill import api_usd_per_month
from llmcost.model.overhead import (
    engineers_usd_per_month,
)
from llmcost.study.assumptions import Values
from llmcost.study.bill.options import Lines, Number
from llmcost.study.problem import (
    WorkloadChoice,
    batched_fraction,
    cached_fraction,
    moved_volumes,
    volumes,
)


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
