"""The five rules against paying twice on paper: for each, what would move if it were broken stays
still."""

from fnmatch import fnmatch

import numpy as np
import pytest

import llmcost as lc
from llmcost.inputs.catalog import table
from llmcost.inputs.client import client_schema
from llmcost.model import HOURS_PER_MONTH
from llmcost.study.assumptions import typical_values
from llmcost.study.bill.bills import option_lines, option_totals
from llmcost.study.bill.fleet_lines import fleet, fleet_lines, replica_usd_per_month
from llmcost.study.fleets.fleet_facts import delivered_utilization_fraction
from llmcost.study.fleets.hidden_lines import bill_lines, multipliers
from llmcost.study.formulas.api_charges import open_model, todays_model
from llmcost.study.formulas.fixed_costs import api_people, engineers
from llmcost.study.formulas.fleet_costs import (
    colocation,
    energy,
    gpu_capital,
    gpu_rent,
    gpu_rent_by_the_hour,
    maintenance,
    storage_of_weights,
)
from llmcost.study.graph import Group
from llmcost.study.lines import ALL_LINES
from llmcost.study.problem import VOLUME
from llmcost.study.uncertainty.line_evidence import counted_twice

CLIENTS = (
    "large-single-tenant",
    "support-assistant",
    "claims-triage",
    "hospital-notes",
    "coding-assistant",
)
ALWAYS_ON, OWN = ("rented", "owned"), ("rented", "owned", "serverless")
MACHINE_LINES = {
    gpu_rent,
    gpu_rent_by_the_hour,
    gpu_capital,
    energy,
    colocation,
    maintenance,
    storage_of_weights,
}
AROUND = ("people", "refreshes", "paid once")


@pytest.fixture(scope="module", params=CLIENTS)
def study(request):
    return lc.open_study(request.param)


def always_on(study):
    """(option, workload's choice, supply) of every fleet that a study prices."""
    return [
        (option, choice, choice.supplies[option])
        for option in ALWAYS_ON
        if option in study.totals
        for choice in study.choices
    ]


# ---- 1. Idle is in the replica-hours, never in u as well


def test_idle_is_paid_in_replica_hours_and_no_utilization_divides_the_bill(study):
    """The machine's lines are replica-hours times a price: nothing else, however little of them is
    used."""
    for option, choice, supply in always_on(study):
        up, lines = (
            fleet(choice, supply, study.values, study.decision.spare_count),
            fleet_lines(choice, supply, study.values, 1),
        )
        machine = sum(
            float(usd) for item, usd in lines.items() if item in (gpu_rent, gpu_rent_by_the_hour)
        )
        if option == "rented":
            hours = supply.plan.gpus_count * HOURS_PER_MONTH
            by_hand = up.standing_replicas * supply.offer.hourly_usd * hours
            by_hand += (
                up.hourly_replicas * supply.by_the_hour.hourly_usd * hours
                if supply.by_the_hour
                else 0.0
            )
            assert machine == pytest.approx(float(by_hand))
        else:
            assert sum(float(usd) for usd in lines.values()) == pytest.approx(
                up.peak_replicas * replica_usd_per_month(supply, study.values)
            )
        delivered = delivered_utilization_fraction(study, choice, option)
        assert delivered == pytest.approx(supply.curve.mean / float(up.paid_replicas))


def test_a_fleet_half_as_busy_costs_the_same_as_long_as_its_replicas_stay(study):
    """Utilization restated: the same replicas with less to do keep their bill, though u falls; per
    token they would be dearer."""
    for option, choice, supply in always_on(study):
        if option == "rented" and float(fleet(choice, supply, study.values, 1).hourly_replicas) > 0:
            continue  # its hours follow the load: see the first test
        up = float(fleet(choice, supply, study.values, study.decision.spare_count).peak_replicas)
        for ratio in (0.999, 0.9, 0.7, 0.5):
            less = {**study.values, VOLUME: ratio}
            if float(fleet(choice, supply, less, study.decision.spare_count).peak_replicas) == up:
                before, after = (
                    sum(fleet_lines(choice, supply, v, study.decision.spare_count).values())
                    for v in (study.values, less)
                )
                assert float(after) == pytest.approx(float(before))


def test_nobody_may_type_a_utilization_in():
    """No key of the client file, no catalog item and no input of a bill is a utilization: it only
    comes out."""
    assert "utili" not in str(client_schema()).lower()
    assert not [item for item in table("hidden_costs")["item"] if "utili" in item]
    assert not [path for name in CLIENTS for path in lc.open_study(name).inputs if "utili" in path]


# ---- 2. The 3-5x multiplier comes out, it never goes in


def test_no_multiplier_over_the_gpu_bill_is_an_input(study):
    """What multiplies anything is the speed of a replica or a price's path; a dearer machine adds
    itself to the total, not 3 to 5 times."""
    known = (
        "capacity.*.throughput_multiplier",
        "hidden_costs.gpu_rent_path_multiplier",
        "hidden_costs.api_price_path_multiplier",
    )
    assert [
        p
        for p, a in study.inputs.items()
        if a.unit == "multiplier" and not any(fnmatch(p, k) for k in known)
    ] == []
    for option in (o for o in OWN if o in study.totals):
        items = {
            item: usd
            for item, usd in study.lines[option].items()
            if item.group is Group.GPUS and item is not gpu_capital
        }
        if items and not any(
            choice.supplies[option].offer.term.startswith("committed") for choice in study.choices
        ):
            dearer = {**study.values, "hidden_costs.gpu_rent_path_multiplier": 1.1}
            more = float(option_totals(study.decision, dearer)[option]) - study.totals[option]
            assert more == pytest.approx(0.1 * sum(items.values()), rel=1e-9)


def test_the_implied_multiplier_is_the_lines_and_nothing_else(study):
    lines = bill_lines(study)
    for row in multipliers(study).itertuples():
        mine = lines[(lines["option"] == row.option) & (lines["group"] != Group.API.value)][
            "usd_per_month"
        ].sum()
        assert row.total_usd_per_month == pytest.approx(mine)
        assert row.multiplier == pytest.approx(mine / row.machine_usd_per_month)
        people = {
            **study.values,
            "hidden_costs.on_call_usd_per_month": study.values["hidden_costs.on_call_usd_per_month"]
            + 1_000,
        }
        assert float(option_totals(study.decision, people)[row.option]) == pytest.approx(
            study.totals[row.option] + 1_000
        )


# ---- 3. Redundancy is replica-hours


def test_a_spare_is_a_replica_month_and_appears_nowhere_else(study):
    bills = {}
    for spares in (0, 1):
        other = study.what_if({"own_capacity.spare_replicas_count": spares})
        bills[spares] = {
            o: other.lines[o] for o in ALWAYS_ON if o in other.lines and o in study.lines
        }
        for option, choice, supply in always_on(other):
            up = [
                float(fleet(choice, supply, other.values, s).paid_replicas)
                for s in (spares, spares + 1)
            ]
            usd = [
                float(sum(fleet_lines(choice, supply, other.values, s).values()))
                for s in (spares, spares + 1)
            ]
            assert usd[1] - usd[0] == pytest.approx(
                (up[1] - up[0]) * replica_usd_per_month(supply, other.values), abs=1e-6
            ), option
    for option in bills[0].keys() & bills[1].keys():
        moved = {
            i
            for i in bills[1][option]
            if not np.isclose(bills[1][option][i], bills[0][option].get(i, 0.0))
        }
        assert moved <= MACHINE_LINES, option
    assert not [
        line
        for line in ALL_LINES
        if "redundan" in line.label.lower() or "spare" in line.label.lower()
    ]


# ---- 4. Engineers are marginal, and the API needs some too


def test_every_option_with_an_api_pays_its_people_and_only_hosting_pays_engineers(study):
    for option, bill in study.lines.items():
        assert (engineers in bill) == (
            option in OWN
            or (option == "hybrid" and bill.get(gpu_rent, bill.get(gpu_capital, 0)) > 0)
        )
        uses_an_api = any(line in bill for line in (todays_model, open_model))
        if uses_an_api:
            assert api_people in bill, option
        if api_people in bill:
            fte, salary = (
                study.values["people.api_fte"],
                study.values["people.engineer_usd_per_year"],
            )
            assert bill[api_people] == pytest.approx(fte * salary / 12)
    if not any(choice.today for choice in study.choices):
        assert all(api_people not in study.lines[option] for option in OWN if option in study.lines)


def test_engineers_do_not_grow_with_the_fleet_or_hold_the_apis_people(study):
    """One share of an engineer a way to host, times a salary: the same line at ten times the
    volume, and at any care for the API."""
    for changed in ({VOLUME: 10.0}, {"people.api_fte": 0.5}):
        bills = option_lines(study.decision, {**study.values, **changed})
        for option in (o for o in OWN if o in study.totals):
            fte = study.values[
                "people.engineer_fte" if option == "rented" else f"people.engineer_fte_{option}"
            ]
            by_hand = fte * study.values["people.engineer_usd_per_year"] / 12
            assert float(bills[option][engineers]) == pytest.approx(by_hand)


# ---- 5. Rent holds power, cooling and wear


def test_rented_gpus_pay_no_power_space_or_wear_and_owned_ones_no_rent(study):
    owner = {gpu_capital, energy, colocation, maintenance}
    for option in (o for o in OWN if o in study.lines):
        assert (owner <= study.lines[option].keys()) == (option == "owned")
        assert owner.isdisjoint(study.lines[option]) == (option != "owned")
        assert (gpu_rent in study.lines[option]) == (option == "rented")
    for item in (
        "electricity_usd_per_kwh",
        "pue_ratio",
        "colocation_usd_per_kw_month",
        "maintenance_fraction_per_year",
    ):
        path = f"hidden_costs.{item}"
        totals = option_totals(
            study.decision, {**typical_values(study.inputs), path: study.hidden[item].band.high * 2}
        )
        for option in ("rented", "serverless"):
            if option in study.totals:
                assert float(totals[option]) == pytest.approx(study.totals[option])
        if "owned" in study.totals:
            assert float(totals["owned"]) > study.totals["owned"]


def test_the_table_of_the_five_rules_counts_each_cost_once_and_shows_what_twice_would_add(study):
    for option, choice, _ in always_on(study)[:1]:
        twice = counted_twice(study, choice, option)
        assert list(twice["rule"].str[0]) == list("12345")
        assert (twice["again_adds_usd_per_month"] >= 0).all()
        again = twice["again_adds_usd_per_month"].iloc[0]
        machine = twice["once_usd_per_month"].iloc[0]
        delivered = delivered_utilization_fraction(study, choice, option)
        assert machine / (machine + again) == pytest.approx(delivered)
