"""The contract month by month: it says the same as the bill of a month where nothing moves, and
follows what does move."""

import numpy as np
import pytest
from test_charts_load import assert_says_what_it_means

from llmcost.inputs.paths import data_path
from llmcost.lessons.verdict import month_charts
from llmcost.study.formulas.api_charges import open_model, todays_model
from llmcost.study.formulas.fixed_costs import api_people, engineers
from llmcost.study.formulas.fleet_costs import gpu_capital, gpu_rent
from llmcost.study.horizon import cash, whole_contract as contract
from llmcost.study.horizon.months import PRICE_PATHS, typical_months
from llmcost.study.study import open_study

CLIENTS = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
NO_INTEREST = {
    "row": "hidden_costs/discount_fraction_per_year",
    "value": 0,
    "said_by": "a test",
    "quoted_date": "2026-11-01",
}


def still(name, **changes):
    """An example whose volume and prices stay, without interest."""
    study = open_study(name)
    growth = {f"workloads.{w.id}.growth_fraction_per_month": 0 for w in study.client.workloads}
    return study.what_if({**growth, "quotes": [NO_INTEREST], **changes})


@pytest.fixture(scope="module", params=CLIENTS)
def study(request):
    return open_study(request.param)


@pytest.fixture(scope="module")
def horizon(study):
    return contract.horizon_of(study)


@pytest.mark.parametrize("name", ["support-assistant", "large-single-tenant", "hospital-notes"])
@pytest.mark.parametrize("months", [1, 12, 36])
def test_where_nothing_moves_the_present_value_is_months_times_the_bill(name, months):
    study = still(name, horizon_months=months)
    found = contract.horizon_of(study).present_value_usd
    assert found == pytest.approx(
        {option: months * usd for option, usd in study.totals.items()}, rel=1e-9
    )


def test_the_first_month_is_the_bill_of_the_options(study, horizon):
    values = typical_months(study)
    if all(np.allclose(values[path], 1) for path in PRICE_PATHS):
        assert {
            o: float(each.bill_usd_per_month[0, 0]) for o, each in horizon.typical.items()
        } == pytest.approx(study.totals)
    for path in PRICE_PATHS:
        assert np.mean(values[path]) == pytest.approx(study.values[path], rel=1e-9)


def test_interest_makes_what_is_paid_later_cheaper():
    dear = still("large-single-tenant", quotes=[NO_INTEREST | {"value": 0.12}])
    free, dear = (
        contract.horizon_of(each).present_value_usd for each in (still("large-single-tenant"), dear)
    )
    assert all(dear[option] < free[option] for option in ("today", "open_api", "rented"))


def test_cash_adds_up_to_the_bills_but_for_what_the_hardware_is_still_worth():
    study = still("large-single-tenant")
    for option, each in contract.horizon_of(study).typical.items():
        left = float(each.hardware.book_usd[0, -1])
        assert each.cash_usd[0].sum() - left == pytest.approx(
            36 * study.totals[option], rel=1e-9
        ), option


def test_a_fleet_grows_in_whole_replicas_and_buys_what_is_missing_when_it_is_missing():
    study = open_study("large-single-tenant").what_if(
        {"workloads.classification.growth_fraction_per_month": 0.04}
    )
    owned = contract.horizon_of(study).typical["owned"]
    bought, capital = owned.hardware.bought_usd[0], owned.lines[gpu_capital][0]
    assert (bought > 0).sum() >= 3 and bought[0] > 0
    grows = np.flatnonzero(np.diff(capital, prepend=0.0) > 1e-6)
    first_life = grows[grows < study.values["hidden_costs.owned_life_months"]]
    assert set(first_life) == set(np.flatnonzero(bought > 1e-6))


@pytest.mark.parametrize("growth, mean", [(0.0, 0.85), (0.01, 0.7), (0.03, 1.0), (0.02, 1.2)])
def test_an_api_bill_that_cannot_grow_never_does(growth, mean):
    path = {
        "row": "hidden_costs/api_price_path_multiplier",
        "value": mean,
        "said_by": "a test",
        "quoted_date": "2026-11-01",
    }
    study = open_study("support-assistant").what_if(
        {"workloads.assistant.growth_fraction_per_month": growth, "quotes": [path]}
    )
    bill = contract.horizon_of(study).typical["open_api"].lines[open_model][0]
    assert contract.api_never_grows(study) == bool((bill <= bill[0] * (1 + 1e-9)).all())
    assert contract.api_never_grows(study) == (growth == 0.0 or mean == 0.7)


def test_payback_is_where_the_cash_saved_to_date_turns(study, horizon):
    saved = contract.saved_to_date(study, horizon)["saved_usd"]
    months = (
        cash.cash(study, horizon).set_index("option")["payback_months"].get(study.winner, np.nan)
    )
    if np.isnan(months):
        assert saved.empty or study.winner == "today" or saved.iloc[-1] < 0
        return
    assert (saved.iloc[int(months) - 1 :] >= 0).all()
    assert months == 1 or saved.iloc[int(months) - 2] < 0


def test_lines_cross_where_the_bills_do(study, horizon):
    bills = {level: contract.by_month(study, horizon, level) for level in contract.LEVELS}
    for row in contract.crossings(study, horizon).itertuples():
        for level in contract.LEVELS:
            wide = bills[level].pivot(index="month", columns="option", values="usd_per_month")
            below = wide[row.option] < wide[study.winner] * (1 - 1e-9)
            month = getattr(row, f"{level}_growth_month")
            assert below.idxmax() == month if below.any() else np.isnan(month)


def test_growth_alone_makes_the_lines_cross():
    study = open_study("large-single-tenant")
    turns = contract.crossings(study, contract.horizon_of(study)).set_index("option")
    assert (
        np.isnan(turns["typical_growth_month"]["serverless"])
        and 1 < turns["high_growth_month"]["serverless"] <= 36
    )


def test_draws_hold_the_typical_contract_and_share_the_stream_of_an_input(study, horizon):
    draws = horizon.drawn_present_value_usd
    assert list(draws.columns) == list(horizon.typical) and np.isfinite(draws.to_numpy()).all()
    for option, usd in horizon.present_value_usd.items():
        assert draws[option].min() < usd < draws[option].max()
    again = contract.horizon_of(study).drawn_present_value_usd
    assert again.equals(draws)


def test_each_workload_grows_at_its_own_pace(tmp_path):
    text = data_path("clients", "support-assistant", "client.yaml").read_text(encoding="utf-8")
    second = """  - id: second
    load: {input_mtok_per_month: 300, output_mtok_per_month: 30, requests_per_month: 400_000, shape: azure_code_week}
    growth_fraction_per_month: 0.5
    today: {provider: openai, model_id: gpt-4o-mini}
    alternatives: [{model_id: llama-3.1-8b, passing_fraction: 0.7, evidence: reported}]
people:"""
    (tmp_path / "client.yaml").write_text(text.replace("people:", second, 1), encoding="utf-8")
    both = open_study(str(tmp_path)).what_if(
        {"workloads.assistant.growth_fraction_per_month": 0, "horizon_months": 3}
    )
    bill = contract.horizon_of(both).typical["today"].lines[todays_model][0]
    first = open_study("support-assistant").lines["today"][todays_model]
    second_now = both.lines["today"][todays_model] - first
    assert bill == pytest.approx(first + second_now * np.array([1, 1.5, 2.25]))


PEOPLE = (engineers, api_people)


def test_people_stand_as_a_share_and_as_whole_hires(study, horizon):
    rows = cash.cash(study, horizon).set_index("option")
    salary = float(study.values["people.engineer_usd_per_year"])
    for option, row in rows.iterrows():
        people = sum(study.lines[option].get(item, 0.0) for item in PEOPLE) * 12 / salary
        now = sum(study.lines.get("today", {}).get(item, 0.0) for item in PEOPLE) * 12 / salary
        assert row.hires_count >= people - now - 1e-9
        if row.hires_count:
            year = cash.first_year_months(horizon) / 12
            assert row.year_1_hired_usd - row.year_1_usd == pytest.approx(
                (row.hires_count - (people - now)) * salary * year
            )
        else:
            assert row.year_1_hired_usd == row.year_1_usd


def test_leaving_costs_its_work_committed_rent_and_unamortised_hardware():
    study = still("large-single-tenant", **{"own_capacity.terms": ["committed_12_months", "owned"]})
    rows = cash.cash(study, contract.horizon_of(study)).set_index("option")
    rent, work = study.lines["rented"][gpu_rent], study.values["one_off.exit_usd"]
    assert study.choices[0].supplies["rented"].offer.term == "committed_12_months" and work > 0
    assert rows["exit_month_1_usd"]["rented"] == pytest.approx(11 * rent + work)
    assert rows["exit_month_12_usd"]["rented"] == pytest.approx(work)
    resale = study.values[
        f"gpu_purchase.{study.choices[0].supplies['owned'].offer.gpu_id}.resale_fraction"
    ]
    worn = rows["hardware_usd"]["owned"] * (1 - resale)
    assert rows["exit_month_12_usd"]["owned"] == pytest.approx(worn * 24 / 36 + work)
    assert (rows.loc[["today", "open_api"], ["exit_month_1_usd", "exit_month_24_usd"]] == 0).all(
        axis=None
    )
    assert rows["exit_month_1_usd"]["serverless"] == pytest.approx(work)


def test_a_short_contract_has_no_second_year():
    study = open_study("support-assistant", what_if={"horizon_months": 1})
    found = contract.horizon_of(study)
    rows = cash.cash(study, found).set_index("option")
    assert rows["exit_month_12_usd"].isna().all() and cash.first_year_months(found) == 1
    assert contract.record(study, found)["months_count"] == 1


def test_charts_of_the_contract(study, horizon):
    months, title = contract.by_month(study, horizon), month_charts.bills_title(study, horizon)
    subtitle = month_charts.bills_subtitle(study, horizon)
    assert_says_what_it_means(month_charts.bills_chart(months, title, subtitle))
