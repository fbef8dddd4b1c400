"""Which option is advised, what it is held against, and what each input alone does to its
advantage."""

import pandas as pd

from llmcost.inputs.errors import InputError
from llmcost.study.bill.draws import tornado
from llmcost.study.bill.options import HOSTED
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import distinct_options
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import STAYING
from llmcost.study.ties import TIE_RATIO, cheapest, cheapest_first

CLEAR = 2 / 3
"""Moving is advised only when it is cheaper than staying in at least this share of the draws."""


@once_per_case
def advised_option(case: Case) -> str:
    """The option to advise: the lowest mean bill of the draws that also beats staying in two draws
    of three; else staying, tuned.

    The mean counts that idle hours, people and refreshes rarely cost less than planned, which the
    most likely values do not show. Raises InputError where no option can be had.
    """
    if not case.totals:
        cure = "Ease a gate, add an alternative, or allow more GPUs"
        raise InputError("client.yaml", "gates", "leave no option that can be had", cure)
    draws = case.draws()
    by_cost = cheapest_first(distinct_options(case), draws.mean().__getitem__)
    stay = min((o for o in STAYING if o in case.totals), key=by_cost.index, default=None)
    for option in by_cost:
        if stay is None or option == stay or cheaper_fraction(draws, option, stay) >= CLEAR:
            return option
    raise AssertionError("staying is among the options that were looked at")


def cheaper_fraction(draws: pd.DataFrame, option: str, other: str) -> float:
    """Share of the draws in which an option is cheaper than another by more than rounding."""
    return float((draws[option] < draws[other] * (1 - TIE_RATIO)).mean())


@once_per_case
def rival_option(case: Case) -> str:
    """The cheapest option on the other side of the question "host it yourself?", or the next
    cheapest, or the only one there is."""
    advised = advised_option(case)
    real = [option for option in distinct_options(case) if option != advised]
    other_side = [option for option in real if (option in HOSTED) != (advised in HOSTED)]
    return cheapest(other_side or real or [advised], case.totals.__getitem__)


@once_per_case
def yardstick_option(case: Case) -> str:
    """What the advantage is measured against: staying, tuned, where the advice is to move; the
    cheapest move where it is to stay; the rival where nothing answers today."""
    advised = advised_option(case)
    stay = [option for option in reversed(STAYING) if option in case.totals]
    if stay and advised not in stay:
        return stay[0]
    moves = [option for option in distinct_options(case) if option not in (*STAYING, advised)]
    return cheapest(moves, case.totals.__getitem__) if stay and moves else rival_option(case)


@once_per_case
def advice_tornado(case: Case) -> pd.DataFrame:
    """What each uncertain input alone does to the advice's advantage over the yardstick, widest
    swing first: the columns of `draws.tornado`."""
    return tornado(case.inputs, case.ends, advised_option(case), yardstick_option(case))
