"""Charts of prices and of the lines around the GPU say what they mean, for every example client;
their frames add up."""

import altair as alt
import numpy as np
import pandas as pd
import pytest

import llmcost as lc
from llmcost.inputs.paths import data_path
from llmcost.lessons.hidden_costs import hidden_cost_charts, hidden_cost_words
from llmcost.lessons.pricing import pricing_charts, pricing_words
from llmcost.study.fleets import hidden_lines
from llmcost.study.formulas.api_charges import todays_model
from llmcost.study.formulas.fleet_costs import storage_of_weights
from llmcost.study.lines import HOSTING_LINES
from llmcost.study.prices import api_parts, pricing, token_costs
from llmcost.study.uncertainty import line_evidence
from llmcost.views.chart_parts import slider

CLIENTS = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
every_client = pytest.mark.parametrize("client", CLIENTS)


def opened(client):
    study = lc.open_study(client)
    return study, pricing.main_choice(study)


def charts_of(client):
    """Every chart of the two notebooks, by name."""
    study, choice = opened(client)
    tiers, hosts, cases = (
        pricing.tiers(study, choice),
        pricing.direct_hosts(pricing.hosts_of(study, choice)),
        token_costs.use_cases(study, choice),
    )
    yield pricing_charts.tiers_chart(tiers, pricing_words.tiers_title(tiers), "s")
    yield pricing_charts.hosts_chart(hosts, pricing_words.hosts_title(study, choice), "s")
    yield pricing_charts.ladder_chart(
        token_costs.ladder(study, choice), pricing_words.ladder_title(study, choice), "s"
    )
    yield pricing_charts.uses_chart(cases, pricing_words.uses_title(cases), "s")
    yield pricing_charts.request_playground(tiers, 1_000, 100, 0.3)
    lines, multipliers = hidden_lines.bill_lines(study), hidden_lines.multipliers(study)
    yield hidden_cost_charts.bill_chart(
        hidden_lines.bill_groups(lines),
        hidden_cost_words.bill_title(study, lines, multipliers),
        "s",
    )
    machine = np.geomspace(100, 100_000, 20)
    curves = pd.concat(
        [hidden_lines.multiplier_curve(study, option, machine) for option in multipliers["option"]]
    )
    yield hidden_cost_charts.multiplier_chart(
        curves, multipliers, hidden_cost_words.multiplier_title(multipliers), "s"
    )
    sleeping = hidden_lines.sleeper(study, choice)
    here = pd.DataFrame(
        {"requests_per_hour": [sleeping.requests_per_second * 3600], "words": ["here"]}
    )
    curve = hidden_lines.awake_curve(sleeping, np.geomspace(0.1, 1e4, 20), [5, 60])
    yield hidden_cost_charts.awake_chart(curve, here, hidden_cost_words.awake_title(sleeping), "s")
    option = hidden_lines.own_options(study)[0]
    ranges, evidence = line_evidence.ranges(study, option), line_evidence.evidence(study, option)
    yield hidden_cost_charts.ranges_chart(
        ranges, study.totals[option], hidden_cost_words.guesses_title(evidence, ranges, option), "s"
    )
    yield hidden_cost_charts.multiplier_playground(145_000, 0.25, 3_000)


def units(spec):
    """The chart's layers with the data that each sees."""
    for layer in spec.get("layer", [spec]):
        yield {"data": spec.get("data"), **layer}


def made_fields(transforms):
    """Fields that a layer computes before it draws."""
    for transform in transforms:
        made = transform.get("as")
        yield from [made] if isinstance(made, str) else made or []
        yield from (step["as"] for step in transform.get("joinaggregate", []))


@every_client
def test_charts_say_what_they_mean(client):
    for chart in charts_of(client):
        spec = chart.to_dict()
        assert spec["title"]["text"].strip() and spec["title"]["subtitle"].strip()
        titles = [
            channel.get("title")
            for unit in units(spec)
            for name, channel in unit["encoding"].items()
            if name == "x"
        ]
        assert any(titles), "an x axis has its quantity and unit"
        for unit in units(spec):
            rows = spec.get("datasets", {}).get((unit["data"] or {}).get("name"), [])
            known = set(rows[0]) if rows else {"power"}
            known |= set(made_fields([*spec.get("transform", []), *unit.get("transform", [])]))
            fields = {
                channel["field"]
                for channel in unit["encoding"].values()
                if isinstance(channel, dict) and "field" in channel
            }
            assert fields <= known
            assert not any(value != value for row in rows for value in row.values()), (
                "no NaN reaches a chart"
            )


@every_client
def test_stacked_lines_end_at_the_total_of_their_option(client):
    study, _ = opened(client)
    lines = hidden_lines.bill_lines(study)
    ends = lines.groupby("option")["end_usd_per_month"].max()
    for option in hidden_lines.own_options(study):
        assert ends[option] == pytest.approx(study.totals[option])
    around = hidden_lines.multipliers(study).set_index("option")["around_usd_per_month"]
    for option, usd in around.items():
        storage = study.lines[option].get(storage_of_weights, 0.0)
        assert usd == pytest.approx(
            float(hidden_lines.around_usd_per_month(study, option, study.values)) + storage
        )


@every_client
def test_a_bought_card_costs_what_the_owned_fleet_says(client):
    study, choice = opened(client)
    card = hidden_lines.card(study, choice)
    assert card.stands_in or card.gpus_count >= 1
    assert card.price_usd > 0 and 0 <= card.resale_fraction < 1 and card.power_watts > 0


@every_client
def test_the_tiers_hold_todays_bill_and_never_a_price_of_zero(client):
    study, choice = opened(client)
    tiers = pricing.tiers(study, choice)
    assert (tiers["usd_per_month"] > 0).all() and tiers["usd_per_month"].is_monotonic_decreasing
    today = tiers.loc[tiers["kind"] == "today", "usd_per_month"]
    assert len(today) == (choice.today is not None)
    if choice.today:
        assert today.iloc[0] == pytest.approx(
            api_parts.bill_parts(study, choice, choice.today)["usd_per_month"].sum()
        )


@every_client
def test_a_token_gets_dearer_step_by_step(client):
    study, choice = opened(client)
    for _, steps in token_costs.ladder(study, choice).groupby("way"):
        assert steps["usd_per_mtok"].is_monotonic_increasing


def test_every_line_of_a_hosting_bill_has_a_group_and_its_inputs():
    for client in CLIENTS:
        study, _ = opened(client)
        for option in hidden_lines.own_options(study):
            assert set(study.lines[option]) <= set(HOSTING_LINES)
            evidence = line_evidence.evidence(study, option)
            assert set(evidence["evidence"]) <= {"measured", "list_price", "reported", "guess"}
            assert 0 <= line_evidence.guessed_fraction(evidence) <= 1


def test_a_model_without_a_price_is_a_gap():
    study, _ = opened("support-assistant")
    assert pricing.listed_offer(study, "openai", "no-such-model") is None


def test_controls_are_parameters_of_a_chart_with_a_name_to_read():
    chart = alt.Chart(pd.DataFrame({"x": [1]})).mark_point().encode(x="x:Q")
    spec = chart.add_params(slider("tokens", 1, 9, 3, 1)).to_dict()
    assert [param["value"] for param in spec["params"]] == [3]
    assert [param["bind"]["name"].strip() for param in spec["params"]] == ["tokens"]


@every_client
def test_what_tuning_saves_adds_up_and_is_drawn(client):
    study, _ = opened(client)
    steps = api_parts.tuning_steps(study)
    assert steps.empty == ("today" not in study.totals)
    if len(steps):
        spec = pricing_charts.tuning_chart(steps, pricing_words.tuning_title(steps), "s").to_dict()
        drawn = next(iter(spec["datasets"].values()))
        assert drawn[-1]["end_usd_per_month"] == pytest.approx(study.lines["tuned"][todays_model])
        assert [bar["step"] for bar in drawn] == [*steps["step"], "tuned"]


@every_client
def test_every_use_is_priced_on_each_side_that_can_be_had(client):
    study, choice = opened(client)
    cases = token_costs.use_cases(study, choice)
    assert set(cases["use_case"]) == {
        "agent",
        "chat",
        "coding",
        "extraction",
        "rag",
        "summarisation",
    }
    for way in ("today", *(["open_api"] if choice.host else [])):
        assert (cases["way"] == way).sum() == 6


@every_client
def test_the_cheapest_host_of_each_tier_is_among_those_that_have_it(client):
    study, _ = opened(client)
    found = pricing.cheapest_hosts(study)
    standard = found[found["tier"] == "standard"]
    assert len(standard) == sum(len(tried) for tried in study.considered.values())
    assert (found["usd_per_month"].dropna() > 0).all() and set(found["tier"]) <= {
        "standard",
        "batch",
        "flex",
        "priority",
    }


def test_the_table_of_hosts_has_a_row_for_each_that_serves_the_model_itself_and_tells_what_it_states():
    study, choice = opened("support-assistant")
    offers = pricing.hosts_of(study, choice)
    shown = pricing_words.offers(pricing.direct_hosts(offers)).set_index("provider")
    routers = set(offers.loc[offers["reason"] == "passes requests on to other hosts", "provider"])
    assert routers and not routers & set(shown.index) and shown.index.is_unique
    assert set(shown.index) | routers == set(offers["provider"])
    assert (
        shown.loc["deepinfra", "states"]
        == "131,072 tokens of context, fp8, us, zero retention: yes"
    )
    assert shown.loc["azure", "states"].endswith("zero retention: no, until 2027-01-31")
    assert not shown["states"].str.contains("nan|None").any()
