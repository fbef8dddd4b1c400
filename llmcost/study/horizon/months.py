"""The study's inputs month by month: each workload's volume grows, rents and prices go their way.
Then the one arithmetic bills them."""

from collections.abc import Mapping

import numpy as np

from llmcost.inputs.catalog import HiddenCost
from llmcost.inputs.client import Client
from llmcost.model.horizon import growth_path_multiplier, price_path_multiplier
from llmcost.study.assumptions import Assumption, Values, catalogued, drawn_values, stated
from llmcost.study.bill.bills import Decision, option_lines
from llmcost.study.bill.draws import AT_ONCE
from llmcost.study.case import Case
from llmcost.study.lines import AnyLine
from llmcost.study.problem import VOLUME

DISCOUNT = "hidden_costs.discount_fraction_per_year"
PRICE_PATHS = ("hidden_costs.gpu_rent_path_multiplier", "hidden_costs.api_price_path_multiplier")
"""Inputs that are means over the horizon of a price that moves."""
DRAWS = 200
"""Draws of a whole contract: every one is a bill for each month, and a range needs no more."""
MOST_GROWTH = 1.0
"""Growth a month that no client file may pass."""


def growth_path(workload_id: str) -> str:
    """Path of a workload's growth in the client file."""
    return f"workloads.{workload_id}.growth_fraction_per_month"


def growths(case: Case) -> dict[str, Assumption]:
    """Growth a month of each workload, by path: the inputs that only the horizon has."""
    found = {}
    for workload in case.client.workloads:
        path = growth_path(workload.id)
        found[path] = stated(
            path,
            workload.growth_fraction_per_month,
            "fraction/month",
            case.client,
            ceiling=MOST_GROWTH,
        )
    return found


def discount(hidden: Mapping[str, HiddenCost]) -> Assumption:
    """Cost of capital, which a present value needs even where no bill does."""
    return catalogued(DISCOUNT, hidden["discount_fraction_per_year"])


def typical_months(case: Case, level: str = "typical") -> dict[str, float | np.ndarray]:
    """Every input by month at its typical value, growth at this level (low, typical or high):
    numbers, or arrays over the months."""
    growing = {path: getattr(a, level) for path, a in growths(case).items()}
    return _by_month(case.client, {**case.values, DISCOUNT: discount(case.hidden).typical}, growing)


def drawn_months(case: Case, count: int = DRAWS) -> dict[str, float | np.ndarray]:
    """Every input by month in `count` draws: arrays of draws times months, a draw's months side by
    side."""
    drawn = drawn_values({**case.inputs, **growths(case), DISCOUNT: discount(case.hidden)}, count)
    return _by_month(case.client, {**case.values, **drawn}, drawn)


def _by_month(
    client: Client, values: Values, growing: Mapping[str, float | np.ndarray]
) -> dict[str, float | np.ndarray]:
    months, draws = (
        client.horizon_months,
        max(np.size(value) for value in (*values.values(), *growing.values())),
    )

    def flat(path: np.ndarray) -> np.ndarray:
        return np.broadcast_to(path, (draws, months)).ravel()

    found = {
        path: np.repeat(value, months) if np.ndim(value) else value
        for path, value in values.items()
    }
    found |= {
        path: flat(price_path_multiplier(values[path], months))
        for path in PRICE_PATHS
        if path in values
    }
    found |= {
        f"workloads.{workload.id}.{VOLUME}": flat(
            growth_path_multiplier(growing[growth_path(workload.id)], months)
        )
        for workload in client.workloads
    }
    for workload in client.workloads:
        commitment = workload.today.commitment if workload.today else None
        if commitment and commitment.months_left is not None:
            binds = np.arange(months) < commitment.months_left
            found[f"workloads.{workload.id}.today.commitment.bound_fraction"] = flat(
                binds.astype(float)
            )
    return found


def monthly_lines(decision: Decision, values: Values) -> dict[str, dict[AnyLine, np.ndarray]]:
    """Option -> line -> USD of each month: arrays of draws by months (one row at typical
    values)."""
    size = max(np.size(value) for value in values.values())
    found: dict[str, dict[AnyLine, np.ndarray]] = {option: {} for option in decision.priced}
    for start in range(0, size, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        few = {
            path: np.asarray(value)[part] if np.ndim(value) else value
            for path, value in values.items()
        }
        for option, bill in option_lines(decision, few).items():
            for item, usd in bill.items():
                found[option].setdefault(item, np.zeros(size))[part] = usd
    months = decision.horizon_months
    return {
        option: {item: usd.reshape(-1, months) for item, usd in bill.items()}
        for option, bill in found.items()
    }
