"""What the first page says beside the bills, as chains: steps of the saving, prices per token,
ranges, cash, and what moves the advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmcost.model.fleet import delivered_utilization
from llmcost.model.horizon import present_value_usd
from llmcost.study.audit.api_chains import USD, moved_factor, open_bill, today_bill
from llmcost.study.audit.figure import Figure, assumed, derived, given, slug, summed
from llmcost.study.audit.fixed_chains import fixed
from llmcost.study.audit.fleet_chains import fleet_chains, load_replicas, replica_chains
from llmcost.study.fleets.fleet_facts import always_on_fleet
from llmcost.study.fleets.unit_costs import always_on_option
from llmcost.study.horizon.cash import cash, first_year_months
from llmcost.study.horizon.whole_contract import Horizon, horizon_of
from llmcost.study.loads.load import REASONING, RETRIES
from llmcost.study.names import plain_name
from llmcost.study.problem import WorkloadChoice
from llmcost.study.uncertainty.value_of_information import A_CENT
from llmcost.study.verdict.answer import saving_path

if TYPE_CHECKING:
    from llmcost.study.study import Study


def ranges(study: Study, totals: dict[str, Figure]) -> dict[str, Figure]:
    """P10, P90, the chance of being cheapest and the difference from today, of each option."""
    draws, found = study.draws(), {}
    about = (
        "study.draws(): every uncertain input drawn at once, all options billed with the same draws"
    )
    drawn = {
        option: given(f"{option} in each draw", draws[option].to_numpy(), USD, about)
        for option in totals
    }
    lowest = ", ".join(totals)
    least = derived(
        "the lowest of each draw", USD, f"lowest_of({lowest}) * (1 + 1e-9)", (lowest_of,), **drawn
    )
    before: list[str] = []
    for option, total in totals.items():
        found[f"{option}.p10"] = derived(
            "it costs more in nine draws of ten", USD, "quantile(draws, 0.1)", draws=drawn[option]
        )
        found[f"{option}.p90"] = derived(
            "it costs less in nine draws of ten", USD, "quantile(draws, 0.9)", draws=drawn[option]
        )
        ties = "".join(f" * ({other} > least)" for other in before)
        formula = f"mean(({option} <= least){ties})"
        parts = {name: drawn[name] for name in (option, *before)}
        found[f"{option}.probability_cheapest"] = derived(
            "share of the draws in which it is cheapest", "fraction", formula, least=least, **parts
        )
        before.append(option)
        if "today" in totals and option != "today":
            found[f"{option}.versus_today"] = derived(
                "against today", USD, "option - today", option=total, today=totals["today"]
            )
    return found


def against_rival(study: Study, totals: dict[str, Figure]) -> dict[str, Figure]:
    """What the other side of the question would cost beyond the advice, typical and in the
    draws."""
    if study.rival == study.winner:
        return {}
    about = (
        "study.draws(): every uncertain input drawn at once, all options billed with the same draws"
    )
    drawn = {
        name: given(f"{option} in each draw", study.draws()[option].to_numpy(), USD, about)
        for name, option in _sides(study).items()
    }
    typical = derived(
        f"{study.rival} beyond the advice",
        USD,
        "rival - advised",
        **{name: totals[option] for name, option in _sides(study).items()},
    )
    ends = {
        end: derived(
            f"{study.rival} beyond the advice, {end}",
            USD,
            f"quantile(rival - advised, {share})",
            **drawn,
        )
        for end, share in ENDS.items()
    }
    return {
        "rival.beyond_the_advice": typical,
        **{f"rival.beyond_the_advice.{end}": figure for end, figure in ends.items()},
    }


ENDS = {"p10": 0.1, "p90": 0.9}


def _sides(study: Study) -> dict[str, str]:
    return {"rival": study.rival, "advised": study.winner}


def lowest_of(*series):
    """The lowest of several series, value by value."""
    return np.minimum.reduce(series)


def saving(study: Study, totals: dict[str, Figure]) -> dict[str, Figure]:
    """Where the saving comes from: each step is the difference of two bills."""
    return {
        f"saving.{slug(step)}": derived(
            f"from {a} to {b}", USD, f"{b} - {a}", **{a: totals[a], b: totals[b]}
        )
        for step, a, b in saving_path(study.totals, study.winner)
    }


def per_mtok(study: Study) -> dict[str, Figure]:
    """The chain from a full replica to the whole bill, USD per million tokens, and the delivered
    utilization."""
    option = always_on_option(study)
    found: dict[str, Figure] = {}
    if option is None:
        return {}
    for choice in study.choices:
        before = f"{choice.workload.id}." if len(study.choices) > 1 else ""
        found |= {
            f"{before}per_mtok.{key}": figure
            for key, figure in _of_workload(study, choice, option).items()
        }
    return found


def _mtok(study: Study, choice: WorkloadChoice, factor: Figure) -> Figure:
    at = f"{choice.at}.load"
    parts = {name: assumed(study, f"{at}.{name}_mtok_per_month") for name in ("input", "output")}
    hidden = f"{at}.{REASONING}"
    parts["reasoning"] = (
        assumed(study, hidden)
        if hidden in study.inputs
        else given("hidden reasoning", 0.0, "Mtok/month", "none")
    )
    formula = "factor * (1 + retries) * (input + output + reasoning)"
    return derived(
        "tokens that a model is asked for",
        "Mtok/month",
        formula,
        factor=factor,
        retries=assumed(study, f"{at}.{RETRIES}"),
        **parts,
    )


def _of_workload(study: Study, choice: WorkloadChoice, option: str) -> dict[str, Figure]:
    supply, unit = choice.supplies[option], "USD/Mtok"
    mtok, load = (
        _mtok(study, choice, moved_factor(study, choice)),
        load_replicas(study, choice, supply),
    )
    replica = summed(
        "a standing replica for a month", USD, _numbered(replica_chains(study, supply))
    )
    whole = summed("the fleet for a month", USD, _numbered(fleet_chains(study, choice, supply)))
    around = summed("everything else that hosting adds", USD, _numbered(fixed(study, option)))
    count = given("workloads that share it", len(study.choices), "workloads", "client.yaml")
    paid = given(
        "mean replicas paid for",
        float(always_on_fleet(study, choice, option).paid_replicas),
        "replicas",
        f"the lines of {option}",
    )
    found = {
        "full": derived(
            "a replica that is always full",
            unit,
            "replica * mean(load) / mtok",
            replica=replica,
            load=load,
            mtok=mtok,
        ),
        "at_load": derived("the fleet at this load", unit, "fleet / mtok", fleet=whole, mtok=mtok),
        "with_people": derived(
            "with people",
            unit,
            "(fleet + around / workloads) / mtok",
            fleet=whole,
            around=around,
            workloads=count,
            mtok=mtok,
        ),
        "utilization": derived(
            "delivered utilization",
            "fraction",
            "delivered_utilization(mean(load), paid)",
            (delivered_utilization,),
            load=load,
            paid=paid,
        ),
    }
    if choice.host:
        found["open_api"] = derived(
            "the open model by API", unit, "bill / mtok", bill=open_bill(study, choice), mtok=mtok
        )
    if choice.today:
        whole_work = _mtok(study, choice, given("all of the work", 1.0, "ratio", "definition"))
        found["today"] = derived(
            "today's model, tuned",
            unit,
            "bill / mtok",
            bill=today_bill(study, choice, True),
            mtok=whole_work,
        )
    return found


def _numbered(figures: dict[str, Figure]) -> dict[str, Figure]:
    return {slug(item): figure for item, figure in figures.items()}


def money(study: Study, totals: dict[str, Figure]) -> dict[str, Figure]:
    """The cash that is asked for: one-offs, hardware, the first year, present value, and the bill
    per unit of work."""
    horizon, winner = horizon_of(study), study.winner
    found = {f"cash.{winner}.{key}": figure for key, figure in _cash(horizon, winner).items()}
    if "today" in totals and winner != "today":
        theirs = _cash(horizon, "today")["year_1"]
        found["cash.year_1_saved"] = derived(
            "cash of the first year, saved",
            "USD",
            "today - advised",
            today=theirs,
            advised=found[f"cash.{winner}.year_1"],
        )
    row = cash(study, horizon).set_index("option").loc[winner]
    about = "llmcost.study.horizon: month by month, against staying as today"
    if row.payback_months == row.payback_months:
        found[f"cash.{winner}.payback"] = given(
            "month in which it is paid back", float(row.payback_months), "months", about
        )
    contracts = given(
        "present value in each draw",
        horizon.drawn_present_value_usd[winner].to_numpy(),
        "USD",
        "llmcost.study.horizon: 200 draws",
    )
    found |= {
        f"cash.{winner}.npv.{end}": derived(
            f"present value, {end}", "USD", f"quantile(draws, {share})", draws=contracts
        )
        for end, share in ENDS.items()
    }
    unit = study.client.unit_of_work
    if unit:
        requests = given(
            "requests that count",
            sum(load.requests_per_month for load in study.loads.values()),
            "requests/month",
            "the load",
        )
        each = given(
            f"requests of one {unit.name}",
            unit.requests_count,
            "requests",
            "client.yaml: unit_of_work",
        )
        parts = {"total": totals[winner], "requests": requests, "requests_each": each}
        found["per_unit"] = derived(
            f"per {unit.name}", "USD", "total / (requests / requests_each)", **parts
        )
    return found


def _cash(horizon: Horizon, option: str) -> dict[str, Figure]:
    """One option's payments, by month of the contract."""
    each, about = (
        horizon.typical[option],
        "llmcost.study.horizon: the bill of each month at the client's growth and price paths",
    )
    months = given(
        "months of the first year",
        first_year_months(horizon),
        "months",
        "client.yaml: horizon_months",
    )
    once = given("one-offs by month", each.once_usd[0], "USD", about)
    bought = given("hardware bought, by month", each.hardware.bought_usd[0], "USD", about)
    sold = given("hardware sold, by month", each.hardware.sold_usd[0], "USD", about)
    book = given("what hardware is still worth", float(each.hardware.book_usd[0, -1]), "USD", about)
    running = given("paid by month besides", each.running_usd[0], "USD", about)
    leaving = given("leaving own serving, by month", each.leaving_usd[0], "USD", about)
    rate = given(
        "cost of capital",
        horizon.discount_fraction_per_year,
        "fraction/year",
        "hidden_costs.discount_fraction_per_year",
    )
    flows = {"once": once, "bought": bought, "running": running, "leaving": leaving, "sold": sold}
    return {
        "once": derived("paid once, at the start", "USD", "first(once)", (first,), once=once),
        "hardware": derived(
            "hardware, at the start", "USD", "first(bought)", (first,), bought=bought
        ),
        "year_1": derived(
            "cash of the first year",
            "USD",
            "sum((once + bought + running + leaving - sold)[:months])",
            months=months,
            **flows,
        ),
        "npv": derived(
            "today's value of everything paid over the contract",
            "USD",
            "present_value_usd(once + bought, less_at_the_end(running + leaving - sold, book),"
            " rate)",
            (present_value_usd, less_at_the_end),
            book=book,
            rate=rate,
            **flows,
        ),
    }


def first(series) -> float:
    """The first month's value."""
    return series[0]


def less_at_the_end(series, amount):
    """The series with an amount taken off its last month."""
    return np.append(series[:-1], series[-1] - amount)


def moving(study: Study) -> dict[str, Figure]:
    """What one input alone does to the advice's advantage, and where it turns the answer."""
    found, about = {}, f"study.sweep(): {study.winner} minus {study.yardstick}, all else typical"
    tornado = study.tornado()
    for row in tornado[tornado["swing_usd_per_month"] >= A_CENT].head(8).itertuples():
        low = given(f"at {row.low:g} {row.unit}", row.at_low_usd_per_month, USD, about)
        high = given(f"at {row.high:g} {row.unit}", row.at_high_usd_per_month, USD, about)
        found[f"swing.{slug(row.path)}"] = derived(
            f"{plain_name(row.path)} from low to high", USD, "high - low", low=low, high=high
        )
    for flip in study.flips():
        side = "above" if flip.turns_at > flip.typical else "below"
        source = (
            f"bisection over study.sweep({flip.path!r}, ...): there {flip.option} is as cheap as"
            " the cheapest"
        )
        found[f"flip.{slug(flip.path)}.{side}"] = given(
            f"{plain_name(flip.path)} that turns the answer", flip.turns_at, flip.unit, source
        )
    return found
