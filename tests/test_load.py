"""What is known of a load: its presets by size of client, its headroom, its facts."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import llmcost as lc
from llmcost.inputs.catalog import table
from llmcost.inputs.load_presets import preset
from llmcost.study.loads.headroom import headroom
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.loads.load_facts import hour_of_week, load_facts

SHARED = Path(__file__).parents[2] / "shared"


# ---- Presets of the load, by size of client


@pytest.mark.parametrize(
    ("requests_per_day", "median_ratio"),
    [(3_200, 147), (50_000, 22), (500_000, 6.3), (3_000_000, 2.9)],
)
def test_presets_are_the_published_medians_of_single_clients(requests_per_day, median_ratio):
    found = preset("peak_to_mean", requests_per_day, dt.date(2026, 11, 15))
    assert found.typical == pytest.approx(median_ratio, rel=0.015)
    assert found.low < found.typical < found.high


def test_a_preset_class_holds_its_lower_end_and_not_its_upper():
    sizes = [
        preset("ten_minute_burst", n, dt.date(2026, 11, 15)).size
        for n in (0.1, 999, 1_000, 9_999.9, 10_000, 5e6)
    ]
    assert sizes == ["under 1,000 requests a day"] * 2 + ["1,000 to 10,000 requests a day"] * 2 + [
        "10,000 to 100,000 requests a day",
        "over 1,000,000 requests a day",
    ]


def test_the_preset_table_restates_the_public_measurements():
    path = SHARED / "data" / "traffic" / "servegen_clients.csv"
    if not path.exists():
        pytest.skip("the measurements lie beside the checkout, in shared/data/traffic")
    clients = pd.read_csv(path)
    clients = clients[
        clients["model"].isin(["m-large", "m-mid", "m-small"]) & (clients["requests"] > 0)
    ]
    clients["ten_minute_burst"] = clients["peak_mean_10min"] / clients["peak_mean_1h"]
    columns = {
        "peak_to_mean": "peak_mean_1h",
        "ten_minute_burst": "ten_minute_burst",
        "arrival_cv": "iat_cv_median",
    }
    rows = table("load_presets")
    for row in rows[rows["measure"].isin(columns)].itertuples():
        per_day = clients["requests"] / 14
        held = clients[
            (per_day >= row.requests_per_day_least_count)
            & ~(per_day >= row.requests_per_day_below_count)
        ]
        assert len(held) == row.clients_count
        quantiles = held[columns[row.measure]].quantile([0.1, 0.5, 0.75, 0.9]).tolist()
        assert [row.p10_ratio, row.p50_ratio, row.p75_ratio, row.p90_ratio] == pytest.approx(
            quantiles, rel=1e-3
        )


def test_a_load_without_hours_gets_the_shape_of_its_size_and_says_so():
    at = "workloads.assistant.load"
    study = lc.open_study("support-assistant").what_if({f"{at}.shape": None})
    load = study.loads["assistant"]
    assert (
        load.shape == "servegen_tenant_118"
        and load.confidence == "guess"
        and "PRESET" in load.described
    )
    assert study.verdict()["confidence"]["level"] == "low"
    assert any("PRESET" in reason for reason in study.verdict()["confidence"]["because"])


def test_headroom_is_the_clients_word_then_the_exports_minutes_then_the_preset():
    study = lc.open_study("support-assistant")
    workload, load = study.client.workloads[0], study.loads["assistant"]
    by_size = headroom(study.client, workload, load)
    assert (by_size.origin, by_size.confidence) == (
        "default",
        "guess",
    ) and by_size.low < by_size.typical < by_size.high
    assert by_size == study.inputs[by_size.path]
    stated = study.what_if({by_size.path: 0.3})
    assert headroom(stated.client, stated.client.workloads[0], load).typical == 0.3
    hours = pd.DataFrame({"hour": pd.to_datetime(["2026-11-02T00:00Z"])})
    table = SimpleNamespace(files=[Path("usage.csv")])
    exported = replace(
        load, hourly=hours, usage=SimpleNamespace(minute_burst_ratio=1.8, table=table)
    )
    measured = headroom(study.client, workload, exported)
    said = (measured.source, measured.confidence, measured.date)
    assert (measured.typical, said) == (pytest.approx(0.8), ("usage.csv", "measured", "2026-11-02"))


# ---- Facts


def exported(tokens: list[float], start: str = "2026-11-02T00:00Z", **about) -> WorkloadLoad:
    """An export of one hour after the other; the start is a Monday."""
    hours = pd.date_range(start, periods=len(tokens), freq="h")
    hourly = pd.DataFrame(
        {"hour": hours, "requests": np.ones(len(tokens)), "input_tokens": np.array(tokens) * 0.8}
    )
    hourly["output_tokens"] = np.array(tokens) * 0.2
    usage = SimpleNamespace(
        **({"covered_fraction": 0.9, "resolution_hours": 1.0, "minute_burst_ratio": None} | about)
    )
    return WorkloadLoad(hourly, {}, 1.0, "measured", "", usage)  # type: ignore[arg-type]


def test_facts_of_a_week_by_hand():
    """Weekdays of 10 an hour but one hour of 80, weekends of 4: mean (5 * 240 + 70 + 2 * 96) / 168
    = 1462 / 168."""
    tokens = [4.0 if hour // 24 >= 5 else 10.0 for hour in range(168)]
    tokens[33] = 80.0
    load = exported(tokens)
    facts = load_facts(load)
    assert facts.peak_to_mean_ratio == pytest.approx(80 * 168 / 1462)
    assert facts.requests_peak_to_mean_ratio == 1 and facts.input_to_output_ratio == pytest.approx(
        4
    )
    assert facts.weekend_ratio == pytest.approx(4 / ((5 * 240 + 70) / 120))
    assert facts.quiet_fraction == pytest.approx(48 / 168)
    assert (facts.growth_fraction_per_month, facts.minute_burst_ratio, facts.resolution_hours) == (
        None,
        None,
        1.0,
    )
    week = hour_of_week(load, np.array(tokens))
    top = week.loc[week["load_ratio"].idxmax()]
    assert (top["day"], top["hour_count"], len(week)) == ("Tuesday", 9, 168)


def test_growth_is_told_from_four_weeks_on_and_weekends_do_not_move_it():
    tokens = [(2.0 if day % 7 < 5 else 0.5) * 1.01**day for day in range(35) for _ in range(24)]
    low, middle, high = load_facts(exported(tokens)).growth_fraction_per_month
    assert (
        low == pytest.approx(middle) == pytest.approx(high) == pytest.approx(1.01 ** (730 / 24) - 1)
    )
    assert load_facts(exported(tokens[: 27 * 24])).growth_fraction_per_month is None


def test_an_export_of_days_tells_nothing_of_its_hours_and_one_of_minutes_tells_the_burst():
    days = load_facts(exported([1.0] * 48, resolution_hours=24.0))
    assert (days.peak_to_mean_ratio, days.quiet_fraction, days.resolution_hours) == (
        None,
        None,
        24.0,
    )
    assert (
        load_facts(
            exported([1.0] * 48, resolution_hours=0.0, minute_burst_ratio=2.5)
        ).minute_burst_ratio
        == 2.5
    )


def test_a_record_of_less_than_a_week_shows_only_the_days_it_has():
    week = hour_of_week(exported([1.0] * 30, start="2026-11-07T06:00Z"), np.ones(30))
    assert set(week["day"]) == {"Saturday", "Sunday"} and len(week) == 30
    assert load_facts(exported([1.0] * 30)).weekend_ratio is None


def test_days_of_a_shape_whose_weekday_is_unknown_are_counted():
    load = lc.open_study("large-single-tenant").loads["classification"]
    week = hour_of_week(load, load.hourly["requests"].to_numpy())
    assert set(week["day"]) == {f"day {n}" for n in range(1, 8)}
    assert week["load_ratio"].mean() == pytest.approx(1)
    assert load_facts(load).growth_fraction_per_month is None
