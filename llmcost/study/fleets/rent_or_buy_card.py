"""Rent or buy the card of the owned fleet, over several ways that rents may go."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import table
from llmcost.model import HOURS_PER_MONTH
from llmcost.model.rent_or_buy import bought_usd, buying_pays_from_month, rent_path, rented_usd
from llmcost.study.bill.fleet_lines import card_lines
from llmcost.study.case import Case
from llmcost.study.fleets.hidden_lines import Card
from llmcost.study.formulas.fleet_costs import card_usd, gpu_capital
from llmcost.study.market.gpu_offers import GpuOffer, Term, gpu_offers
from llmcost.study.problem import WorkloadChoice
from llmcost.study.ties import cheapest

FLAT = "stays as it is"
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class RentOrBuy:
    """One card, rented or bought, with its share of the server and the month's upkeep; people are
    left out on both sides.

    costs        path, month_count, rented_usd, bought_usd: present USD of having had it for so many
                 months, sold at the end
    pays_from    path -> the month from which having bought stays cheaper, None where it never does
    """

    card: Card
    offer: GpuOffer
    capex_usd: float
    upkeep_usd_per_month: float
    costs: pd.DataFrame
    pays_from: dict[str, int | None]


def rent_paths(case: Case, months_count: int) -> pd.DataFrame:
    """Ways that a rent may go, over today's: path, month_count, rent_multiplier.

    Flat; sliding so far that its mean is the low end of `gpu_rent_path_multiplier`; down there and
    up again as far as the high end; and as the H100 went from its launch on, by the catalog's
    history.
    """
    band, half = case.hidden["gpu_rent_path_multiplier"].band, months_count / 2
    bottom, top = (
        2 * band.low - 1,
        2 * band.high - 1,
    )  # a straight line from 1 has its mean half way
    known = table("gpu_rent_history")
    known = known[known["effective_from"] <= case.client.as_of_date.isoformat()]
    days = pd.to_datetime(known["effective_from"])
    since = ((days - days.iloc[0]).dt.days / DAYS_PER_MONTH).tolist()
    points = {
        FLAT: ([0], [1.0]),
        "slides": ([0, months_count], [1.0, bottom]),
        "falls, then climbs": ([0, half, months_count], [1.0, bottom, top]),
        "goes as the H100 since 2023": (
            since,
            (known["gpu_usd_per_hour"] / known["gpu_usd_per_hour"].iloc[0]).tolist(),
        ),
    }
    month = np.arange(1, months_count + 1)
    each = [
        pd.DataFrame(
            {
                "path": name,
                "month_count": month,
                "rent_multiplier": rent_path(*points[name], months_count),
            }
        )
        for name in points
    ]
    return pd.concat(each, ignore_index=True)


def rent_or_buy(case: Case, choice: WorkloadChoice, card: Card) -> RentOrBuy | None:
    """The card of the owned fleet against the cheapest offer of the same card by the hour; None
    where nobody lets one."""
    let = [
        o
        for o in gpu_offers(case.client, choice.workload)
        if o.gpu_id == card.gpu_id and o.term is Term.ON_DEMAND
    ]
    if not let:
        return None
    best = min((o.status for o in let), key=lambda status: status.rank)
    offer = cheapest((o for o in let if o.status is best), lambda o: o.hourly_usd)
    values = case.values
    lines = card_lines(card.price_usd, card.resale_fraction, card.power_watts, values)
    server_fraction = float(values["hidden_costs.owned_server_overhead_fraction"])
    capex = float(card_usd(card.price_usd, server_fraction))
    upkeep = float(sum(usd for item, usd in lines.items() if item is not gpu_capital))
    life, discount = (
        int(values["hidden_costs.owned_life_months"]),
        float(values["hidden_costs.discount_fraction_per_year"]),
    )
    costs = rent_paths(case, life)
    rent = (
        offer.hourly_usd * HOURS_PER_MONTH * costs["rent_multiplier"].to_numpy().reshape(-1, life)
    )
    rented, bought = (
        rented_usd(rent, discount),
        bought_usd(capex, capex * card.resale_fraction, upkeep, life, discount),
    )
    costs["rented_usd"], costs["bought_usd"] = rented.ravel(), np.tile(bought, len(rented))
    pays_from = {
        name: buying_pays_from_month(path, bought)
        for name, path in zip(costs["path"].unique(), rented, strict=True)
    }
    return RentOrBuy(card, offer, capex, upkeep, costs, pays_from)
