"""The hybrid of a whole study: work that may not leave under work that may, shared replicas, the
overflow, one rule for all draws."""

import numpy as np
import pytest

import llmcost as lc
from llmcost.inputs.errors import InputError
from llmcost.lessons.hybrid_split import split_words
from llmcost.study.assumptions import drawn_values
from llmcost.study.bill.bills import option_totals
from llmcost.study.bill.fleet_lines import fleet
from llmcost.study.bill.hybrid_lines import pool_bills
from llmcost.study.bill.pools import pools
from llmcost.study.fleets import without_gates
from llmcost.study.uncertainty.split_sweeps import overflow_peak_requests_per_minute, splits

FILE = """
schema_version: 1
name: Notes that may not leave and letters that may
as_of_date: 2026-11-15
workloads:
  - id: notes
    load: {input_mtok_per_month: 9_000, output_mtok_per_month: 700, requests_per_month: 5_000_000, shape: azure_conversation_week}
    alternatives: [{model_id: llama-3.3-70b, passing_fraction: 0.9, evidence: reported}]
    gates: {third_party_api_allowed: false}
  - id: letters
    load: {input_mtok_per_month: 20_000, output_mtok_per_month: 4_000, requests_per_month: 9_000_000, shape: azure_code_week}
    today: {provider: openai, model_id: gpt-4o}
    alternatives: [{model_id: llama-3.3-70b, passing_fraction: {low: 0.8, typical: 0.9, high: 0.97}, evidence: reported}]
  - id: mails
    load: {input_mtok_per_month: 2_000, output_mtok_per_month: 2_000, requests_per_month: 3_000_000, shape: azure_conversation_week}
    today: {provider: openai, model_id: gpt-4o}
    alternatives: [{model_id: llama-3.3-70b, passing_fraction: 0.9, evidence: reported}]
"""


def opened(folder, change=""):
    """The study of the file above; `change` is (old, new) text."""
    folder.mkdir(exist_ok=True)
    (folder / "client.yaml").write_text(FILE.replace(*change) if change else FILE)
    return lc.open_study(str(folder))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return opened(tmp_path_factory.mktemp("clients") / "mixed")


def test_work_that_may_not_leave_closes_the_api_to_all_but_the_hybrid(mixed):
    options = mixed.options().set_index("option")
    assert (
        options.loc["open_api", "status"] == "gated"
        and "may not leave" in options.loc["open_api", "reason"]
    )
    assert {"rented", "owned", "serverless", "hybrid"} <= set(mixed.totals)
    assert options.loc["hybrid", "usd_per_month"] <= options.loc["rented", "usd_per_month"]
    assert mixed.verdict()["sentence"]


def test_workloads_of_one_model_share_the_replicas_of_the_floor(mixed):
    split, _ = splits(mixed)[0]
    assert split.workload_ids == ("notes", "letters", "mails")
    notes = mixed.choices[0]
    alone = fleet(notes, notes.supplies["hybrid"], mixed.values, mixed.decision.spare_count)
    assert split.owned_count >= split.floor_count == int(alone.peak_replicas)
    hours = split.hours
    assert (hours["notes"] == 0).all()  # never left to an API
    served = np.minimum(hours["load_replicas"], split.owned_count + hours["hour_replicas"])
    assert (hours["load_replicas"] - served).to_numpy() == pytest.approx(
        hours[["letters", "mails"]].sum(axis=1).to_numpy()
    )


def test_shared_replicas_cost_no_more_than_separate_ones(mixed):
    together = pool_bills(pools(mixed.choices), mixed.values, 0)
    apart = [pool_bills(pools([choice]), mixed.values, 0)[0] for choice in mixed.choices]
    assert len(together) == 1 and len(apart) == 3

    def total(parts):
        return sum(float(part.api_usd_per_month + sum(part.lines.values())) for part in parts)

    assert total(together) < total(apart)


def test_hours_line_up_only_where_both_are_known(tmp_path):
    known = opened(tmp_path / "known")
    assert (
        len(pools(known.choices)) == 1
    )  # a week from Sunday and one from Friday, turned to Monday
    unknown = opened(tmp_path / "unknown", ("shape: azure_code_week", "shape: servegen_tenant_30"))
    assert all(
        pool.members == [unknown.choices[1]]
        for pool in pools(unknown.choices)
        if unknown.choices[1] in pool.members
    )


def test_workloads_with_and_without_own_weights_are_refused(tmp_path):
    gates = "gates: {third_party_api_allowed: false, fine_tuned_weights: true}"
    with pytest.raises(InputError, match="weights of their own"):
        opened(tmp_path / "refused", ("gates: {third_party_api_allowed: false}", gates))


def test_the_overflow_asks_for_fewer_requests_than_the_whole_load(mixed):
    for choice in mixed.choices[1:]:
        whole = float(choice.load.hourly["requests"].max()) / 60
        burst = 1 + float(mixed.values[f"{choice.at}.load.headroom_fraction"])
        assert 0 <= overflow_peak_requests_per_minute(mixed, choice) <= whole * burst
    cheap = lc.open_study(
        "large-single-tenant"
    )  # its hybrid owns nothing, so all of it goes to the API
    choice = cheap.choices[0]
    taken = choice.alternative.passing_fraction.typical
    whole = (
        float(choice.load.hourly["requests"].max())
        / 60
        * taken
        * (1 + float(cheap.values[f"{choice.at}.load.headroom_fraction"]))
    )
    assert overflow_peak_requests_per_minute(cheap, choice) == pytest.approx(whole)


@pytest.mark.parametrize(
    "client", ["mixed", "large-single-tenant", "extraction-pipeline", "small-bursty-product"]
)
def test_draws_are_split_by_the_rule_of_the_typical_values(client, mixed):
    study = mixed if client == "mixed" else lc.open_study(client)
    values = drawn_values(study.inputs, 24)
    together = option_totals(study.decision, values)["hybrid"]
    for i in range(24):
        one = {path: value[i] if np.ndim(value) else value for path, value in values.items()}
        assert float(option_totals(study.decision, one)["hybrid"]) == pytest.approx(
            float(together[i])
        )


def test_a_split_that_is_not_sought_could_not_have_paid():
    """Where no split can save the fixed costs none is sought: the bill is the same as if it had
    been."""
    study = lc.open_study("large-single-tenant")
    values = {
        **drawn_values(study.inputs, 300),
        "hidden_costs.api_price_path_multiplier": np.geomspace(0.5, 6, 300),
    }
    sought, asked = (
        pool_bills(pools(study.choices), values, 0),
        pool_bills(pools(study.choices), values, 0, 5_000.0),
    )
    saved = [sum(part.saving_usd_per_month for part in parts) for parts in (sought, asked)]
    assert (saved[0] > 5_000).any() and (saved[0] < 5_000).any()
    assert np.maximum(saved[0], 5_000) == pytest.approx(np.maximum(saved[1], 5_000))
    assert (saved[1] == pytest.approx(0)) or (saved[1] >= 0).all()


@pytest.mark.parametrize(
    "client", ["document-search", "extraction-pipeline", "large-single-tenant", "support-assistant"]
)
def test_the_split_is_at_most_the_cheapest_of_the_three_ways_alone(client):
    """All by API; all on replicas around the clock; replicas by the hour for every hour that has
    work, with their starts."""
    study = lc.open_study(client)
    split, supply = splits(study)[0]
    load, total = split.hours["load_replicas"].to_numpy(), split.costs["total_usd_per_month"].min()
    owned = np.ceil(load.max()) * split.own_usd_per_replica_hour * 730
    assert total <= min(float(split.terms.all_api_usd_per_month), owned) + 1e-6
    if supply.by_the_hour:
        up = np.ceil(load)
        starts = np.maximum(up - np.roll(up, 1), 0).mean() * float(split.terms.prices.start_usd)
        ready = up.max() * float(split.terms.prices.standing_usd_per_hour)
        assert total <= (up.mean() * split.hour_usd_per_replica_hour + starts + ready) * 730 + 1e-6


@pytest.mark.parametrize(
    ("client", "why"),
    [("support-assistant", "No slice can be worth owning"), ("small-bursty-product", "No slice")],
)
def test_where_nothing_is_owned_a_sentence_says_why(client, why):
    split, _ = splits(without_gates.with_a_split(lc.open_study(client)))[0]
    fullest = float(np.clip(split.hours["load_replicas"], 0, 1).mean())
    u_star = split.own_usd_per_replica_hour / split.api_usd_per_replica_hour
    assert split.owned_count + split.hour_count == 0 and (fullest < u_star)
    said = split_words.nothing_owned(split, fullest, u_star)
    assert (
        why in said
        and ("dearer than the API" in said) == (u_star >= 1)
        and "The API takes it all, for $" in said
    )
    assert "owning one pays from 60 % on" in split_words.nothing_owned(
        split, 0.4, 0.6
    ) and "busy 40 %" in split_words.nothing_owned(split, 0.4, 0.6)
