"""The money in two sentences: what is asked for now, and what the whole contract comes to."""

import math

from llmcost.model import MONTHS_PER_YEAR
from llmcost.study.bill.options import HOSTED, LABELS
from llmcost.study.case import Case
from llmcost.study.fleets.labels import labels, tuning
from llmcost.study.horizon.cash import cash, first_year_months, worst_case_usd
from llmcost.study.horizon.whole_contract import Horizon, crossings
from llmcost.study.problem import Option
from llmcost.study.ties import cheapest
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.wording import probability, usd, usd_range


def decision_asked(case: Case, horizon: Horizon) -> str:
    """The cash asked for, what the first year saves, when it has paid for itself, and what is lost
    at the worst."""
    winner = advised_option(case)
    if winner == Option.TODAY:
        return "Nothing to spend: keep the present contract."
    rows = cash(case, horizon).set_index("option")
    row = rows.loc[winner]
    if winner == Option.TUNED:
        saved = _saved(rows.loc[Option.TODAY].year_1_usd - row.year_1_usd, horizon)
        return f"Nothing to spend but the work of tuning ({tuning(case)}); {saved}."
    text = (
        f"{usd(row.once_usd)} once for evaluation and"
        f" {'set-up' if winner in HOSTED else 'migration'}"
    )
    text = f"{usd(row.hardware_usd)} of hardware and {text}" if row.hardware_usd > 0 else text
    worst = (
        f"worst case if the evaluation fails: {usd(case.inputs['one_off.migration_usd'].high)} lost"
    )
    if winner in HOSTED:
        worst += f", if it is given up after a month: {usd(worst_case_usd(case, horizon, winner))}"
    outcome = (
        f"{_outcome(rows.loc['today'].year_1_usd - row.year_1_usd, row.payback_months, horizon)}; "
        if Option.TODAY in rows.index
        else ""
    )
    return f"{text}; {outcome}{worst}."


def _outcome(saved_usd: float, payback_months: float, horizon: Horizon) -> str:
    never = (
        "not paid back in"
        f" {'one month' if horizon.months_count == 1 else f'{horizon.months_count} months'}"
    )
    paid = never if math.isnan(payback_months) else f"paid back in month {payback_months:.0f}"
    return f"{_saved(saved_usd, horizon)}; {paid}"


def _saved(saved_usd: float, horizon: Horizon) -> str:
    months = first_year_months(horizon)
    period = (
        "year 1"
        if months == MONTHS_PER_YEAR
        else f"the {months} months"
        if months > 1
        else "the one month"
    )
    return f"{period}: {usd(abs(saved_usd))} {'saved' if saved_usd >= 0 else 'spent more'}"


def over_the_contract(case: Case, horizon: Horizon) -> str:
    """Today's value of the advice over the contract, what would be lower, and whether another bill
    ever falls below it."""
    winner, named, draws = advised_option(case), labels(case), horizon.drawn_present_value_usd
    value = horizon.present_value_usd[winner]
    text = (
        f"{usd(value)} in today's money"
        f" ({usd_range(draws[winner].quantile(0.1), draws[winner].quantile(0.9))})"
    )
    lowest = cheapest(horizon.present_value_usd, horizon.present_value_usd.__getitem__)
    gap = value - horizon.present_value_usd[lowest]
    if round(gap, 2) <= 0:
        return f"{text}; {crossing(case, horizon)}"
    chance = probability(float((draws[lowest] < draws[winner]).mean()))
    name = LABELS[lowest] if lowest in HOSTED else named[lowest]  # a fleet grows over the contract
    return (
        f"{text}; {name} would cost {usd(gap)} less (lower in {chance} of the draws); by the month"
        f" {crossing(case, horizon)}"
    )


def crossing(case: Case, horizon: Horizon) -> str:
    """The first month in which another bill is below the advised one, at typical growth, else at
    high growth, else that there is none."""
    turns, named = crossings(case, horizon), labels(case)
    if turns.empty:
        return "there is no other bill to cross"
    for level in ("typical", "high"):
        months = (
            turns.set_index("option")[f"{level}_growth_month"].dropna().sort_values(kind="stable")
        )
        if len(months):
            option, month = str(months.index[0]), int(months.iloc[0])
            name = (
                LABELS[option] if option in HOSTED and month > 1 else named[option]
            )  # a fleet would be another one by then
            fast = " if volume grows fast" if level == "high" else ""
            return (
                f"{name} is the lower bill"
                f" {'from the start' if month == 1 else f'from month {month}'}{fast}"
            )
    within = (
        "in the one month" if horizon.months_count == 1 else f"within {horizon.months_count} months"
    )
    return f"no other bill falls below it {within}, however fast volume grows"
