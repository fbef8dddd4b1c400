"""The API bill to the invoice: each key moves it, its default does not, its parts add up to the
line, and the past keeps its prices."""

import datetime as dt

import numpy as np
import pytest
from ruamel.yaml import YAML

import llmcost as lc
from llmcost.inputs.api_prices import open_model_offers, todays_offer
from llmcost.inputs.client import Gates
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.inputs.today import Today
from llmcost.study.bill.api_lines import listed_usd_per_month
from llmcost.study.bill.bills import option_bills, option_lines
from llmcost.study.formulas.api_charges import todays_model
from llmcost.study.market.hosts import RequestShape, cheapest_eligible, judged_offers
from llmcost.study.prices.api_parts import bill_parts, tuning_steps
from llmcost.study.scopes import scope_of, supply_scope

AS_OF = dt.date(2026, 11, 15)
BASE = {
    "schema_version": 1,
    "name": "A client with a long bill",
    "as_of_date": "2026-11-15",
    "horizon_months": 24,
    "workloads": [
        {
            "id": "work",
            "load": {
                "input_mtok_per_month": {"low": 700, "typical": 900, "high": 1_000},
                "output_mtok_per_month": 100,
                "requests_per_month": 400_000,
                "shape": "azure_conversation_week",
            },
            "cached_input_fraction": 0.3,
            "cacheable_input_fraction": 0.5,
            "batchable_fraction": 0.2,
            "today": {"provider": "google", "model_id": "gemini-3-pro-preview"},
            "alternatives": [
                {"model_id": "llama-3.3-70b", "passing_fraction": 0.8, "evidence": "measured"}
            ],
        }
    ],
}
AT = "workloads.work"
FILLED = {
    f"{AT}.load.reasoning_mtok_per_month": {"low": 20, "typical": 40, "high": 80},
    f"{AT}.load.billed_retries_fraction": {"low": 0.01, "typical": 0.03, "high": 0.08},
    f"{AT}.cache_write_input_fraction": {"low": 0.05, "typical": 0.1, "high": 0.2},
    f"{AT}.long_context_fraction": {"low": 0.1, "typical": 0.2, "high": 0.3},
    f"{AT}.batched_fraction": 0.1,
    f"{AT}.flex_fraction": 0.1,
    f"{AT}.flexible_fraction": {"low": 0.1, "typical": 0.2, "high": 0.3},
    f"{AT}.priority_fraction": {"low": 0.2, "typical": 0.3, "high": 0.4},
    f"{AT}.today.commitment": {
        "usd_per_month": {"low": 1_000, "typical": 2_000, "high": 2_400},
        "discount_fraction": {"low": 0.05, "typical": 0.1, "high": 0.15},
        "months_left": 6,
    },
}
OPENAI = {f"{AT}.today": {"provider": "openai", "model_id": "gpt-5"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("clients") / "long-bill"
    home.mkdir()
    YAML(typ="safe").dump(BASE, home / "client.yaml")
    return home


@pytest.fixture(scope="module")
def plain(folder):
    return lc.open_study(str(folder))


@pytest.fixture(scope="module")
def filled(folder):
    """Every key of the bill in use, on a model whose list has every tier."""
    changes = {
        **OPENAI,
        **{path: value for path, value in FILLED.items() if "commitment" not in path},
    }
    changes[f"{AT}.today"] = {
        **OPENAI[f"{AT}.today"],
        "commitment": FILLED[f"{AT}.today.commitment"],
    }
    return lc.open_study(str(folder), what_if=changes)


def test_every_input_stands_at_the_end_of_the_chain_of_some_line(plain, filled):
    for study in (plain, filled):
        bills = option_bills(study.decision, study.values, study.inputs, from_hours=True)
        ends = {
            end.path for bill in bills.values() for node in bill.values() for end in node.inputs()
        }
        assert ends - {""} == set(study.inputs)


def test_todays_parts_are_the_formula_of_the_invoice(filled):
    """Retold with plain numbers, in the order of the bill."""
    v, prices = filled.values, filled.choices[0].today.prices
    into, out, reasoning = 900, 100, 40
    usd = np.array([into * 0.6, into * 0.3, into * 0.1, out + reasoning]) * prices.by_class
    shares = {"batch": 0.1, "flex": 0.1, "priority": 0.3}
    usd = (
        usd * sum(share * np.array(prices.tier_ratios[tier]) for tier, share in shares.items())
        + usd * 0.5
    )
    usage = usd.sum() * 1.03
    under = max(2_000, 0.9 * usage)
    expected = 0.25 * under + 0.75 * min(under, usage)
    assert filled.lines["today"][todays_model] == pytest.approx(expected, rel=1e-12)
    assert v[f"{AT}.today.commitment.bound_fraction"] == 6 / 24
    assert bill_parts(filled, filled.choices[0], filled.choices[0].today)[
        "usd_per_month"
    ].sum() == pytest.approx(expected, rel=1e-12)


def test_every_new_input_is_an_assumption_that_moves_a_bill(plain, filled):
    new = set(filled.inputs) - set(plain.inputs)
    assert {path.removeprefix(f"{AT}.") for path in new} == {
        "load.reasoning_mtok_per_month", "batched_fraction", "batchable_fraction", "flex_fraction", "flexible_fraction",
        "priority_fraction", "today.commitment.usd_per_month", "today.commitment.discount_fraction", "today.commitment.bound_fraction",
    }, "a tier that no list prices is not asked for"  # fmt: skip
    others = {
        "long_context_fraction": {"provider": "google", "model_id": "gemini-3-pro-preview"},
        "cache_write_input_fraction": {"provider": "anthropic", "model_id": "claude-sonnet-4-5"},
    }
    for path in sorted(
        new | {f"{AT}.load.billed_retries_fraction", *(f"{AT}.{name}" for name in others)}
    ):
        today = others.get(path.removeprefix(f"{AT}."))
        study = plain.what_if({path: FILLED[path], f"{AT}.today": today}) if today else filled
        a = study.inputs[path]
        assert a.unit and a.origin == "client" and a.source
        ends = np.array([0.0, 2_900.0] if a.unit == "USD/month" else [0.0, 0.6])
        totals = option_lines(study.decision, {**study.values, path: ends})
        assert any(
            np.ptp(np.broadcast_to(sum(bill.values()), 2)) > 1 for bill in totals.values()
        ), path


DEFAULTS = {
    f"{AT}.load.reasoning_mtok_per_month": 0,
    f"{AT}.load.billed_retries_fraction": 0,
    f"{AT}.cache_write_input_fraction": 0,
    f"{AT}.long_context_fraction": 0,
    f"{AT}.flex_fraction": 0,
    f"{AT}.flexible_fraction": 0,
    f"{AT}.priority_fraction": 0,
    f"{AT}.today.commitment": {"usd_per_month": 0},
    f"{AT}.gates.zero_retention": False,
    f"{AT}.gates.lowest_precision": "fp4",
}


@pytest.mark.parametrize("path", DEFAULTS)
def test_a_default_written_down_changes_no_bill(plain, path):
    same = plain.what_if({path: DEFAULTS[path]})
    assert same.totals == pytest.approx(plain.totals, rel=1e-12)


def load_scale(choice, supply, values):
    """The load at these values over that of the supply's hours."""
    return supply_scope(scope_of(choice, values), supply, choice)("load_scale_ratio")


def test_retries_and_reasoning_load_own_gpus_as_they_load_the_api(plain):
    more = plain.what_if(
        {f"{AT}.load.reasoning_mtok_per_month": 100, f"{AT}.load.billed_retries_fraction": 0.25}
    )
    before, after = plain.choices[0], more.choices[0]
    for name, factor in (("input_tokens", 1.25), ("output_tokens", 2.5), ("requests", 1.25)):
        assert after.load.hourly[name].mean() == pytest.approx(
            before.load.hourly[name].mean() * factor
        )
    assert after.load.requests_per_month == before.load.requests_per_month
    supply = after.supplies["hybrid"]
    assert load_scale(after, supply, more.values) == pytest.approx(1)
    asked = "asked_output_mtok_per_month"
    assert scope_of(after, more.values)(asked) == pytest.approx(
        2.5 * scope_of(before, plain.values)(asked)
    )
    assert load_scale(
        after, supply, {**more.values, f"{AT}.load.billed_retries_fraction": 0.5}
    ) == pytest.approx(1.5 / 1.25)


def test_a_commitment_stays_payable_where_the_work_leaves(plain):
    def rest(**terms):
        today = {**BASE["workloads"][0]["today"], "commitment": {"usd_per_month": 3_000, **terms}}
        study = plain.what_if({f"{AT}.today": today})
        return study.lines["open_api"][todays_model]

    alone = plain.lines["open_api"][todays_model]
    assert alone < 3_000
    assert rest() == pytest.approx(3_000)  # what is promised, whatever is sent
    assert rest(months_left=6) == pytest.approx(0.25 * 3_000 + 0.75 * alone)
    assert rest(months_left=0) == pytest.approx(alone)


def test_the_tuning_steps_lead_from_todays_line_to_the_tuned_one(plain, filled):
    for study in (plain, filled):
        steps = tuning_steps(study)
        assert list(steps["step"]) == ["today", "caching", "batching", "the right tier"]
        assert steps["usd_per_month"].iloc[[0, -1]].to_list() == pytest.approx(
            [study.lines[o][todays_model] for o in ("today", "tuned")]
        )
        assert steps["change_usd_per_month"].sum() == pytest.approx(
            study.lines["tuned"][todays_model] - study.lines["today"][todays_model]
        )
        assert (steps["change_usd_per_month"] <= 1e-9).all()
    assert steps["change_usd_per_month"].iloc[-1] < 0, (
        "priority is dropped, and what may wait minutes goes by flex"
    )


def test_priority_is_kept_where_latency_is_promised(filled):
    promised = filled.what_if(
        {f"{AT}.latency": {"metric": "itl", "percentile": 50, "limit_seconds": 0.05}}
    )
    assert promised.lines["tuned"][todays_model] > filled.lines["tuned"][todays_model]


def test_a_tier_without_a_price_is_refused(plain):
    with pytest.raises(
        InputError, match="no list has a flex price of gemini-3-pro-preview at google"
    ):
        _ = plain.what_if({f"{AT}.flex_fraction": 0.5}).totals


def test_the_mean_request_decides_about_long_context_where_nobody_states_a_share(plain):
    long = plain.what_if(
        {f"{AT}.load.requests_per_month": 3_000}
    )  # 300,000 input tokens each, above the threshold of 200,000
    stated = plain.what_if({f"{AT}.long_context_fraction": 1})
    assert long.lines["today"][todays_model] == pytest.approx(stated.lines["today"][todays_model])
    assert stated.lines["today"][todays_model] > 1.5 * plain.lines["today"][todays_model]


# ---- prices and their days


def test_a_month_of_the_past_is_priced_as_it_was(folder):
    """A price that changed on 2026-09-01, seven weeks before the first row of some rules of
    thumb."""
    moved = {f"{AT}.today": {"provider": "fireworks", "model_id": "kimi-k3-us"}}
    before, after = (
        lc.open_study(str(folder), as_of=day, what_if=moved) for day in ("2026-08-31", "2026-09-01")
    )
    assert before.choices[0].today.prices != after.choices[0].today.prices
    assert before.lines["today"][todays_model] != pytest.approx(after.lines["today"][todays_model])
    for study in (before, after):
        bill = listed_usd_per_month(study.choices[0].today.prices, 900, 100, 0.3)
        assert study.lines["today"][todays_model] == pytest.approx(bill)


def test_a_row_of_ours_counts_from_its_day_on():
    def offers(day):
        return {
            o.row
            for o in open_model_offers("llama-3.3-70b", dt.date.fromisoformat(day), [])
            if o.provider == "aws" and not o.superseded
        }

    assert all(row.startswith("genai-prices") for row in offers("2026-11-09"))
    assert all(row.startswith("api_prices") for row in offers("2026-11-10"))


def test_a_discount_that_the_list_learned_of_later_holds_before_too():
    gpt = Today(provider="openai", model_id="gpt-4o")
    assert (
        todays_offer(gpt, dt.date(2026, 1, 1), [], "x").prices
        == todays_offer(gpt, AS_OF, [], "x").prices
    )


# ---- hosts


def judged(
    gates=None, requests_per_minute=10.0, tokens=1_000.0, until="2029-11-15", model="llama-3.3-70b"
):
    study = lc.open_study("support-assistant")
    workload = study.client.workloads[0].model_copy(update={"gates": Gates(**(gates or {}))})
    shape = RequestShape(tokens, requests_per_minute, AS_OF.isoformat(), until)
    offers = open_model_offers(model, AS_OF, [])
    return judged_offers(
        offers, workload, lambda offer: float(listed_usd_per_month(offer.prices, 900, 100)), shape
    )


def test_what_a_host_does_not_state_is_asked_and_never_passed():
    for gates, fact, words in (
        ({"lowest_precision": "fp8"}, "precision", "precision not stated"),
        ({"zero_retention": True}, "zero_retention", "retention not stated"),
        ({"regions": ["eu"]}, "regions", "region not stated"),
    ):
        for one in judged(gates):
            if one.status != "failed" and not getattr(one.offer, fact):
                assert one.status == "ask" and words in one.reason
    busy = [one for one in judged(requests_per_minute=5_000) if one.status != "failed"]
    assert busy and all("rate limit not stated" in one.reason for one in busy)


def test_a_coarser_precision_an_ended_offer_and_a_short_context_are_refused():
    coarse = judged({"lowest_precision": "fp8"}, model="gpt-oss-120b")
    assert {one.status for one in coarse if one.offer.precision == "fp4"} == {"failed"}
    reasons = {one.reason for one in judged()}
    assert any(reason.startswith("no longer served since 2026-") for reason in reasons)
    assert any("inside the horizon" in reason for reason in reasons)
    assert not any("inside the horizon" in one.reason for one in judged(until="2026-12-15"))
    assert all(one.status == "failed" for one in judged(tokens=900_000) if one.offer.context_tokens)


def test_the_cheapest_host_leaves_the_fewest_questions_open():
    found = judged({"zero_retention": True}, requests_per_minute=5_000)
    chosen = cheapest_eligible(found)
    open_to_use = [one for one in found if one.status != "failed"]
    assert chosen.questions_count == min(one.questions_count for one in open_to_use)
    assert chosen.usd_per_month == min(
        one.usd_per_month for one in open_to_use if one.questions_count == chosen.questions_count
    )
    assert cheapest_eligible(judged({"third_party_api_allowed": False})) is None


def test_the_table_of_hosts_shows_the_facts_that_decide():
    hosts = lc.open_study("support-assistant").hosts()
    facts = {
        "context_tokens",
        "precision",
        "requests_per_minute_count",
        "retention_days_count",
        "zero_retention",
        "ends_date",
        "regions",
        "tiers",
    }
    assert (
        facts <= set(hosts.columns)
        and hosts["zero_retention"].eq("yes").any()
        and hosts["ends_date"].ne("").any()
    )


def test_a_precision_that_is_asked_for_binds_own_gpus_too():
    study = lc.open_study("support-assistant").what_if(
        {"workloads.assistant.gates.lowest_precision": "bf16"}
    )
    plans = study.candidates()
    assert set(plans.loc[plans["status"].isin(["ok", "ask"]), "precision"]) == {"bf16"}
    assert plans["reason"].str.contains("coarser than the BF16").any()


def test_the_lines_of_two_workloads_can_be_followed_too(tmp_path):
    names = ("support-assistant", "extraction-pipeline")
    one, other = (
        YAML(typ="safe").load(data_path("clients", name, "client.yaml")) for name in names
    )
    YAML(typ="safe").dump(
        {**one, "workloads": one["workloads"] + other["workloads"]}, tmp_path / "client.yaml"
    )
    study = lc.open_study(str(tmp_path))
    bills = option_bills(study.decision, study.values, study.inputs, from_hours=True)
    for option, bill in study.lines.items():
        followed = {line: float(bills[option][line].value) for line in bill}
        assert followed == pytest.approx(bill, rel=1e-9)
    assert tuning_steps(study)["change_usd_per_month"].sum() == pytest.approx(
        study.lines["tuned"][todays_model] - study.lines["today"][todays_model]
    )


@pytest.mark.parametrize("day", ["2026-01-01", "2026-06-01"])
def test_a_study_of_the_past_stands_on_the_facts_that_were_true_before_somebody_wrote_them_down(
    day,
):
    study = lc.open_study("support-assistant", as_of=day)
    assert study.totals["today"] > 0 and study.winner in study.totals
    host = study.choices[0].host
    assert host is None or host.offer.kind != "aggregator"


# ---- what an export says, and an invoice


def test_cache_writes_and_tiers_of_an_export_are_in_todays_bill(tmp_path):
    """Half of the rows by priority; of each hour's 1.0 Mtok of input 0.2 are read from the cache
    and 0.1 written to it."""
    head = "time,model,tier,requests,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens\n"
    times = [f"2026-10-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z" for hour in range(336)]
    tiers = ["default", "priority"] * 168
    hours = [
        f"{time},gpt-5,{tier},100,1000000,200000,100000,100000\n"
        for time, tier in zip(times, tiers, strict=True)
    ]
    (tmp_path / "usage.csv").write_text(head + "".join(hours), encoding="utf-8")
    load = {"usage": {"file": "usage.csv"}}
    client = {
        **BASE,
        "workloads": [
            {"id": "work", "load": load, "alternatives": BASE["workloads"][0]["alternatives"]}
        ],
    }
    client["workloads"][0]["today"] = OPENAI[f"{AT}.today"]
    YAML(typ="safe").dump(client, tmp_path / "client.yaml")
    study = lc.open_study(str(tmp_path))
    shares = {
        "cached_input_fraction": 0.2,
        "cache_write_input_fraction": 0.1,
        "priority_fraction": 0.5,
        "flex_fraction": 0.0,
    }
    assert {name: study.values[f"{AT}.{name}"] for name in shares} == pytest.approx(shares)
    # gpt-5: 1.25 in (a write too), 0.125 read, 10 out, priority twice that; 730 hours
    hour = 0.8 * 1.25 + 0.2 * 0.125 + 0.1 * 10
    assert study.lines["today"][todays_model] == pytest.approx(730 * hour * 1.5)
    claude = study.what_if(
        {f"{AT}.today": {"provider": "anthropic", "model_id": "claude-sonnet-4-5"}}
    )
    # 3 in, 0.30 read, 3.75 written, 15 out; no list has a priority price of it
    assert claude.lines["today"][todays_model] == pytest.approx(
        730 * (0.7 * 3 + 0.2 * 0.30 + 0.1 * 3.75 + 0.1 * 15)
    )


@pytest.mark.parametrize("promised", [100, 50_000])
def test_with_a_commitment_todays_line_is_still_the_invoice(plain, promised):
    today = {
        **BASE["workloads"][0]["today"],
        "commitment": {"usd_per_month": promised, "discount_fraction": 0.1},
    }
    invoiced = plain.what_if(
        {f"{AT}.today": today, "invoice": {"usd_per_month": 12_000 if promised > 100 else 2_500}}
    )
    assert invoiced.lines["today"][todays_model] == pytest.approx(
        invoiced.client.invoice.usd_per_month
    )
