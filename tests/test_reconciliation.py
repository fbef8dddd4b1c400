"""The bill of an export, held against what it reports and what was invoiced: worked cases, sums,
and traps."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from ruamel.yaml import YAML

from llmcost.inputs.class_prices import ModelPrices, Unpriced, model_prices
from llmcost.inputs.client import Quote
from llmcost.lessons.pricing.bill_charts import reconciliation_chart
from llmcost.lessons.pricing.bill_words import reading
from llmcost.model.bill_steps import CLASSES
from llmcost.study.bill.reconciliation import reconciliation

AS_OF = dt.date(2026, 11, 1)
CASES = YAML(typ="safe").load(Path(__file__).parent / "reconciliation.yaml")
FIELDS = ("hour", "model", "tier", "requests", *CLASSES, "reasoning_tokens", "cost_reported_usd")


def usage(rows):
    """The intake's frame from rows that say only what matters; token counts are in millions."""
    short = {
        "fresh": CLASSES[0],
        "read": CLASSES[1],
        "write": CLASSES[2],
        "output": CLASSES[3],
        "cost": "cost_reported_usd",
    }
    plain = {
        "tier": "standard",
        "requests": 1,
        "reasoning_tokens": 0,
        **dict.fromkeys(CLASSES, 0.0),
        "cost_reported_usd": np.nan,
    }
    made = [
        {
            **plain,
            **{
                short.get(key, key): v * 1e6 if short.get(key) in CLASSES else v
                for key, v in row.items()
            },
        }
        for row in rows
    ]
    frame = pd.DataFrame(made)[list(FIELDS)]
    return frame.assign(
        hour=pd.to_datetime(frame["hour"], utc=True),
        cost_reported_usd=frame["cost_reported_usd"].astype(float),
    )


def reconciled(case):
    quotes = [Quote(**quote) for quote in case.get("quotes", [])]
    as_of = dt.date.fromisoformat(str(case.get("as_of", AS_OF)))
    invoice, period_hours = case.get("invoice_usd_per_month"), case.get("period_hours")
    return reconciliation(
        usage(case["rows"]), case["provider"], as_of, quotes, invoice, period_hours
    )


def assert_sums(waterfall, column):
    """Every total is the sum of the amounts before it, since the first total."""
    level = waterfall[column].iloc[0]
    for _, step in waterfall.iloc[1:].iterrows():
        if step["kind"] == "total":
            assert step[column] == pytest.approx(level, rel=1e-9, abs=1e-9), step["step"]
        elif not np.isnan(step[column]):
            level += step[column]


@pytest.mark.parametrize("case", CASES, ids=[case["case"][:70] for case in CASES])
def test_worked_case(case):
    found = reconciled(case)
    for column, waterfall in (("usd", found.waterfall), ("usd_per_month", found.invoice_waterfall)):
        steps = waterfall.set_index("step")[column]
        for step, amount in case["expect"].get(column, {}).items():
            assert steps[step] == pytest.approx(amount, rel=1e-9, abs=1e-9, nan_ok=True), step
        if not waterfall.empty:
            assert_sums(waterfall, column)
    for name in ("explained_fraction", "invoice_explained_fraction"):
        if name in case["expect"]:
            assert getattr(found, name) == (
                None
                if case["expect"][name] is None
                else pytest.approx(case["expect"][name], rel=1e-9)
            )
    assert [u.name for u in found.unpriced] == case["expect"].get("unpriced", [])
    absent = set(case["expect"].get("absent", []))
    assert absent.isdisjoint(found.waterfall["step"]) and absent.isdisjoint(
        found.invoice_waterfall["step"]
    )
    assert all(
        word in " ".join(found.waterfall["note"]) for word in case["expect"].get("noted", [])
    )


def test_each_case_says_what_it_shows_and_derives_it():
    for text in (
        (Path(__file__).parent / "reconciliation.yaml")
        .read_text(encoding="utf-8")
        .split("\n- case: ")[1:]
    ):
        assert "\n  #" in text, f"no arithmetic beside {text[:60]!r}"
    assert len({case["case"] for case in CASES}) == len(CASES) >= 10
    assert all(case["case"].endswith(".") for case in CASES)


counts = st.integers(0, 5_000).map(lambda n: n / 1000)
MODELS = [
    "gpt-4o-2024-11-20",
    "o3",
    "claude-sonnet-4-5",
    "gpt-4o-mini",
    "a-model-of-our-own",
    "tts-1",
    "",
]
rows_of_usage = st.fixed_dictionaries(
    {
        "hour": st.integers(0, 24 * 700).map(
            lambda h: (pd.Timestamp("2025-01-01") + pd.Timedelta(hours=h)).isoformat()
        ),
        "model": st.sampled_from(MODELS),
        "tier": st.sampled_from(["standard", "batch", "flex", "priority", "scale"]),
        "fresh": counts,
        "read": counts,
        "write": counts,
        "output": counts,
        "cost": st.one_of(
            st.just(float("nan")), st.just(0.0), st.integers(-500, 5_000).map(lambda n: n / 100)
        ),
    }
)


@settings(derandomize=True, database=None, deadline=None, max_examples=80)
@given(
    st.lists(rows_of_usage, min_size=1, max_size=30),
    st.sampled_from(["openai", "", "anthropic", "nobody"]),
)
def test_steps_add_up_for_any_export(rows, provider):
    frame = usage(rows)
    found = reconciliation(frame, provider, AS_OF, (), 1_000)
    assert_sums(found.waterfall, "usd")
    if not found.invoice_waterfall.empty:
        assert_sums(found.invoice_waterfall, "usd_per_month")
    if found.reported_usd is not None:
        assert found.waterfall["usd"].iloc[-1] == pytest.approx(frame["cost_reported_usd"].sum())
    assert found.models["tokens"].sum() == pytest.approx(frame[list(CLASSES)].to_numpy().sum())
    assert (
        reading(found)
        and not found.models.loc[found.models["model_id"] == "", "computed_usd"].notna().any()
    )
    reversed_found = reconciliation(frame.iloc[::-1], provider, AS_OF, (), 1_000)
    assert reversed_found.computed_usd == pytest.approx(found.computed_usd)


def test_what_is_read_and_drawn_is_what_was_found():
    case = next(case for case in CASES if case["case"].startswith("A model that no list knows"))
    found = reconciled(case | {"invoice_usd_per_month": 9_000, "period_hours": 24})
    text = reading(found)
    assert (
        text.startswith("List prices explain 80 % of the $12.50 that the export reports")
        and "1 model is unpriced: our\\-model\\-7b" in text
    )
    assert text.endswith(
        "List prices explain 3.4 % of the invoice of $9,000 a month."
    )  # 10 * 730 / 24 / 9,000
    assert "come to 400 %" in reading(
        reconciled(
            case | {"rows": [{"hour": "2026-10-20", "model": "gpt-4o", "fresh": 4, "cost": 2.5}]}
        )
    )
    for waterfall, unit in ((found.waterfall, "usd"), (found.invoice_waterfall, "usd_per_month")):
        spec = reconciliation_chart(waterfall, "t", "s").to_dict()
        drawn = next(iter(spec["datasets"].values()))
        assert drawn[-1][f"end_{unit}"] == waterfall[unit].iloc[-1]
        assert "cache reads" not in {bar["step"] for bar in drawn}, "a step of nothing is not drawn"
        assert all(
            layer["encoding"]["x"]["field"] in {*drawn[0], "right"} for layer in spec["layer"]
        )


@pytest.mark.parametrize(
    ("name", "provider", "expected"),
    [
        ("openai/gpt-4.1", "", "genai-prices/openai/gpt-4.1"),
        ("gpt-4o-mini-2024-07-18", "", "genai-prices/openai/gpt-4o-mini"),
        ("Claude Haiku 4.5", "anthropic", "genai-prices/anthropic/claude-haiku-4-5"),
        ("meta.llama3-3-70b-instruct-v1:0", "bedrock", "api_prices/aws//llama-3.3-70b"),
        (
            "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
            "together",
            "genai-prices/together/meta-llama/Llama-3.3-70B-Instruct-Turbo",
        ),
        ("gpt-4o", "azure", "genai-prices/openai/gpt-4o"),
    ],
)
def test_a_raw_name_finds_its_price(name, provider, expected):
    found = model_prices(name, provider, AS_OF)
    assert isinstance(found, ModelPrices) and found.row == expected


@pytest.mark.parametrize(
    ("name", "provider", "words"),
    [
        ("gpt4o-prod", "azure", "azure's price list does not know it"),
        ("hosted_vllm/llama", "", "no list claims the name"),
        ("gpt-4o", "nobody", "there is no price list of nobody"),
        ("", "openai", "names no model"),
        ("tts-1", "openai", "no price by the token"),
    ],
)
def test_no_name_is_guessed(name, provider, words):
    found = model_prices(name, provider, AS_OF)
    assert isinstance(found, Unpriced) and words in found.reason
    assert "gpt-4o" in found.nearest or name != "gpt4o-prod"


def test_another_provider_s_tiers_are_not_borrowed():
    """Azure's prices lean on OpenAI's list; that Azure gives OpenAI's batch discount too, no list
    says."""
    noon = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    azure, openai = (model_prices("gpt-4o", provider, AS_OF) for provider in ("azure", "openai"))
    assert openai.at(noon, "batch")[0] == openai.at(noon)[0] / 2
    assert azure.tier_since("batch") is None and list(azure.at(noon, "batch")) == list(
        azure.at(noon)
    )
