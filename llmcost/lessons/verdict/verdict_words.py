"""What notebook 05 shows as tables and says in titles."""

import pandas as pd

from llmcost.study.bill.options import LABELS, OWN
from llmcost.study.horizon import cash, whole_contract as horizon
from llmcost.study.horizon.whole_contract import Horizon
from llmcost.study.study import Study
from llmcost.study.ties import cheapest
from llmcost.study.uncertainty import break_even_table, reversal_map
from llmcost.study.wording import percent
from llmcost.views.tables import Table, table

CHANCE = {
    "probability_cheapest_fraction": "P(cheapest)",
    "probability_lowest_fraction": "P(lowest)",
}


def _money_table(frame: pd.DataFrame, caption: str) -> Table:
    """Amounts in USD, and chances of being the cheapest."""
    named = frame.rename(columns=CHANCE)
    formats = {
        column: "probability" if column in CHANCE.values() else "usd"
        for column in named
        if "usd" in column or "P(" in column
    }
    return table(named, formats, caption=caption)


def options_table(options: pd.DataFrame) -> Table:
    """Every option, priced or not."""
    columns = [
        "label",
        "status",
        "usd_per_month",
        "p10_usd_per_month",
        "p90_usd_per_month",
        "probability_cheapest_fraction",
        "reason",
    ]
    return _money_table(options[columns], "Every option, USD per month")


def regret_table(regrets: pd.DataFrame) -> Table:
    """What choosing each option may cost."""
    named = regrets.assign(option=regrets["option"].map(LABELS))
    return _money_table(named, "What choosing each option may cost, least regret first")


def own_option(study: Study) -> str:
    """The cheapest way to serve all the moved work on GPUs of one's own choosing; rented ones where
    there is none."""
    found = [option for option in OWN if option in study.totals]
    return cheapest(found, study.totals.__getitem__) if found else "rented"


def break_evens(study: Study, option: str) -> Table:
    """Where an option costs what its yardsticks cost, in words."""
    found = break_even_table.break_evens(study, option)
    shown = found.assign(against=found["against"].map(break_even_table.YARDSTICKS))[
        ["against", "what", "answer"]
    ]
    return table(
        shown,
        caption=(
            f"{LABELS[option]}: where both cost the same, one number moved at a time and all else"
            " typical"
        ),
    )


def map_title(cells: pd.DataFrame) -> str:
    """The option at the client's place on the reversal map, and the nearest others."""
    here, *elsewhere = reversal_map.reversals(cells)
    share = percent(float((cells["option"] == cells.loc[cells["client"], "option"].iloc[0]).mean()))
    return "; ".join([here, *elsewhere]) if elsewhere else f"{here}, and on {share} of the map"


def present_value_table(study: Study, contract: Horizon) -> Table:
    """Today's value of everything that each option pays."""
    values = horizon.present_values(study, contract).drop(columns="option")
    return _money_table(
        values, f"Present value of all that is paid over {contract.months_count} months"
    )


def cash_table(study: Study, contract: Horizon) -> Table:
    """Cash of each option at typical values."""
    return _money_table(cash.cash(study, contract).drop(columns="option"), "Cash, typical values")
