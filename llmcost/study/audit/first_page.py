"""What the first page says beside the bills, down to its inputs: ranges, steps of the saving,
prices per token, cash, and what moves the advice."""

import re
from dataclasses import replace

import numpy as np

from llmcost.study.bill.bills import option_bills
from llmcost.study.bill.draws import cheapest_fraction
from llmcost.study.case import Case
from llmcost.study.fleets.unit_costs import always_on_option, unit_cost_nodes
from llmcost.study.formulas import answer_figures
from llmcost.study.graph import Node, Scope, Timing, applied, summed
from llmcost.study.horizon.cash import cash, first_year_months
from llmcost.study.horizon.months import DISCOUNT, discount, typical_months
from llmcost.study.horizon.whole_contract import Horizon, horizon_of
from llmcost.study.names import plain_name
from llmcost.study.scopes import client_scope
from llmcost.study.uncertainty.advice import (
    advice_tornado,
    advised_option,
    rival_option,
    yardstick_option,
)
from llmcost.study.uncertainty.flips import nearest_flips
from llmcost.study.uncertainty.value_of_information import A_CENT
from llmcost.study.verdict.answer import saving_path

USD_PER_MONTH = "USD/month"
DRAWN = "every uncertain input drawn at once, all options billed with the same draws"


def slug(words: str) -> str:
    """Words as a part of a key.

    >>> slug("changing the model")
    'changing_the_model'
    """
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def ranges(case: Case, totals: dict[str, Node]) -> dict[str, Node]:
    """P10, P90, the chance of being cheapest and the difference from today, of each option."""
    drawn, found = _drawn(case), {}
    chances = cheapest_fraction(case.draws())
    for option, total in totals.items():
        for end in (answer_figures.p10, answer_figures.p90):
            found[f"{option}.{end.name}"] = applied(end, draws=drawn[option])
        found[f"{option}.probability_cheapest"] = Node(
            "share of the draws in which it is cheapest",
            chances[option],
            "fraction",
            None,
            {option: drawn[option], **drawn},
            algorithm="share_in_which_it_is_cheapest",
        )
        if "today" in totals and option != "today":
            found[f"{option}.versus_today"] = _difference("against today", total, totals["today"])
    return found


def _drawn(case: Case) -> dict[str, Node]:
    return {
        option: Node(f"{option} in each draw", usd.to_numpy(), USD_PER_MONTH, source=DRAWN)
        for option, usd in case.draws().items()
    }


def _difference(name: str, one: Node, other: Node) -> Node:
    given = {"usd_per_month": one, "other_usd_per_month": other}
    return replace(applied(answer_figures.difference_usd_per_month, **given), name=name)


def against_rival(case: Case, totals: dict[str, Node]) -> dict[str, Node]:
    """What the other side of the question would cost beyond the advice, typical and in the
    draws."""
    if rival_option(case) == advised_option(case):
        return {}
    key, name = "rival.beyond_the_advice", f"{rival_option(case)} beyond the advice"
    drawn = _drawn(case)
    in_draws = _difference(
        f"{name}, in each draw", drawn[rival_option(case)], drawn[advised_option(case)]
    )
    found = {key: _difference(name, totals[rival_option(case)], totals[advised_option(case)])}
    for end in (answer_figures.p10, answer_figures.p90):
        ending = replace(applied(end, draws=in_draws), name=f"{name}, {end.name}")
        found[f"{key}.{end.name}"] = ending
    return found


def saving(case: Case, totals: dict[str, Node]) -> dict[str, Node]:
    """Where the saving comes from: each step is the difference of two bills."""
    return {
        f"saving.{slug(step)}": _difference(f"from {a} to {b}", totals[b], totals[a])
        for step, a, b in saving_path(case.totals, advised_option(case))
    }


def per_mtok(case: Case) -> dict[str, Node]:
    """From a full replica to the whole bill, USD per million tokens, and the delivered
    utilization."""
    option = always_on_option(case)
    if option is None:
        return {}
    client = client_scope(case.values, case.decision.horizon_months, case.inputs, True)
    found: dict[str, Node] = {}
    for choice in case.choices:
        before = f"{choice.workload.id}." if len(case.choices) > 1 else ""
        for name, node in unit_cost_nodes(case, client, choice, option).items():
            found[f"{before}per_mtok.{name}"] = replace(node, name=PER_MTOK[name])
    return found


PER_MTOK = {
    "full": "a replica that is always full",
    "at_load": "the fleet at this load",
    "with_people": "with people",
    "utilization": "delivered utilization",
    "open_api": "the open model by API",
    "today": "today's model, tuned",
}


def money(case: Case, totals: dict[str, Node]) -> dict[str, Node]:
    """The cash that is asked for: one-offs, hardware, the first year, present value, and the bill
    per unit of work."""
    horizon, winner = horizon_of(case), advised_option(case)
    advised = _cash(case, horizon, winner)
    found = {f"cash.{winner}.{key}": node for key, node in advised.items() if key in CASH}
    if "today" in totals and winner != "today":
        today = _cash(case, horizon, "today")
        years = {"todays_year_1_usd": today["year_1"], "year_1_usd": advised["year_1"]}
        saved = applied(answer_figures.saved_in_year_1_usd, **years)
        found["cash.year_1_saved"] = replace(saved, name="cash of the first year, saved")
    found |= _payback(case, horizon, advised)
    drawn = Node(
        "present value in each draw",
        horizon.drawn_present_value_usd[winner].to_numpy(),
        "USD",
        source="draws of the whole contract, growth and price paths in them",
    )
    for end in (answer_figures.p10, answer_figures.p90):
        ending = replace(applied(end, draws=drawn), name=f"present value, {end.name}", unit="USD")
        found[f"cash.{winner}.npv.{end.name}"] = ending
    unit = case.client.unit_of_work
    if unit:
        requests = sum(load.requests_per_month for load in case.loads.values())
        each = unit.requests_count
        given = {
            "usd_per_month": totals[winner],
            "requests_per_month": Node("requests", requests, "requests/month", source="the load"),
            "requests_of_one_unit": Node(
                f"requests of one {unit.name}", each, "requests", source="client.yaml: unit_of_work"
            ),
        }
        found["per_unit"] = replace(
            applied(answer_figures.usd_per_unit, **given), name=f"per {unit.name}"
        )
    return found


CASH = {
    "once": "paid once, at the start",
    "hardware": "hardware, at the start",
    "year_1": "cash of the first year",
    "npv": "today's value of everything paid over the contract",
}


def _payback(case: Case, horizon: Horizon, advised: dict[str, Node]) -> dict[str, Node]:
    winner = advised_option(case)
    months = cash(case, horizon).set_index("option").loc[winner, "payback_months"]
    stay = next((option for option in ("today", "tuned") if option in horizon.typical), None)
    if months != months or stay is None:
        return {}
    theirs = _cash(case, horizon, stay)["by_month"]
    given = {"cash_by_month": advised["by_month"], "todays_cash_by_month": theirs}
    node = replace(applied(answer_figures.payback, **given), name="month in which it is paid back")
    return {f"cash.{winner}.payback": node}


def _cash(case: Case, horizon: Horizon, option: str) -> dict[str, Node]:
    """One option's payments, by month of the contract."""
    flows = _flows(case, horizon, option)
    book = flows.pop("book_usd_at_the_end")
    months = first_year_months(horizon)
    first = Node("months of the first year", months, "months", source="client.yaml: horizon_months")
    by_month = applied(answer_figures.cash_by_month, **flows)
    paid_first, bought = flows["once_usd_by_month"], flows["bought_usd_by_month"]
    found = {
        "by_month": by_month,
        "once": applied(answer_figures.first_month_usd, usd_by_month=paid_first),
        "hardware": applied(answer_figures.first_month_usd, usd_by_month=bought),
        "year_1": applied(
            answer_figures.year_1_usd, cash_by_month=by_month, first_year_months=first
        ),
        "npv": _rate_scope(case).apply(answer_figures.npv_usd, **flows, book_usd_at_the_end=book),
    }
    return {key: replace(node, name=CASH.get(key, node.name)) for key, node in found.items()}


def _rate_scope(case: Case) -> Scope:
    """Where the cost of capital is found, which a present value needs even where no bill does."""
    rate = discount(case.hidden)
    values = {**case.values, DISCOUNT: rate.typical}
    return client_scope(values, 0, {**case.inputs, DISCOUNT: rate})


def _flows(case: Case, horizon: Horizon, option: str) -> dict[str, Node]:
    """What is paid in each month, from the lines of the bill of each month."""
    each = horizon.typical[option]
    bill = option_bills(case.decision, typical_months(case), case.inputs)[option]
    lines: dict[Timing, dict[str, Node]] = {timing: {} for timing in Timing}
    for line, node in bill.items():
        lines[line.timing][line.name] = node
    hardware, running = each.hardware, summed("running", lines[Timing.RUNNING])
    bought, once = lines[Timing.HARDWARE], lines[Timing.ONCE]
    return {
        "once_usd_by_month": _paid("once", each.once_usd[0], once, "paid_when_it_rises"),
        "bought_usd_by_month": _paid("bought", hardware.bought_usd[0], bought, "hardware_cash"),
        "running_usd_by_month": replace(running, value=each.running_usd[0]),
        "leaving_usd_by_month": _paid(
            "leaving", each.leaving_usd[0], lines[Timing.LEAVING], "paid_at_the_end"
        ),
        "sold_usd_by_month": _paid("sold", hardware.sold_usd[0], bought, "hardware_cash"),
        "book_usd_at_the_end": _paid(
            "book value", hardware.book_usd[0, -1], bought, "hardware_cash"
        ),
    }


def _paid(name: str, usd: np.ndarray, lines: dict[str, Node], how: str) -> Node:
    """Payments that an algorithm makes of some lines of the bill."""
    source = "" if lines else "nothing of the kind"
    return Node(name, usd, "USD", None, lines, source=source, algorithm=how)


def moving(case: Case) -> dict[str, Node]:
    """What one input alone does to the advice's advantage, and where it turns the answer."""
    found: dict[str, Node] = {}
    tornado = advice_tornado(case)
    for row in tornado[tornado["swing_usd_per_month"] >= A_CENT].head(8).itertuples():
        low = _at(case, row.path, row.low)
        high = _at(case, row.path, row.high)
        name = f"{plain_name(row.path)} from low to high"
        found[f"swing.{slug(row.path)}"] = _difference(name, high, low)
    for flip in nearest_flips(case):
        side = "above" if flip.turns_at > flip.typical else "below"
        bills = option_bills(case.decision, {**case.values, flip.path: flip.turns_at}, case.inputs)
        there = {
            option: summed(option, {line.name: node for line, node in bill.items()})
            for option, bill in bills.items()
        }
        found[f"flip.{slug(flip.path)}.{side}"] = Node(
            f"{plain_name(flip.path)} that turns the answer",
            flip.turns_at,
            flip.unit,
            None,
            {flip.option: there.pop(flip.option), **there},
            algorithm="where_it_is_as_cheap_as_the_cheapest_of",
        )
    return found


def _at(case: Case, path: str, value: float) -> Node:
    """The advice minus its yardstick with one input at a value, all else typical."""
    bills = option_bills(case.decision, {**case.values, path: value}, case.inputs)
    totals = {
        option: summed(option, {line.name: node for line, node in bills[option].items()})
        for option in dict.fromkeys([advised_option(case), yardstick_option(case)])
    }
    name = f"{advised_option(case)} at {value:g} {case.inputs[path].unit}"
    if advised_option(case) == yardstick_option(case):
        return replace(totals[advised_option(case)], name=name)
    return _difference(name, totals[advised_option(case)], totals[yardstick_option(case)])
