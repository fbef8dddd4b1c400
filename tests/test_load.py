"""What is known of a load: its presets by size of client, its headroom, its facts."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import llmcost as lc
from llmcost.inputs.catalog import table
from llmcost.inputs.load_presets import preset
from llmcost.study.headroom import headroom

SHARED = Path(__file__).parents[2] / "shared"


# ---- Presets of the load, by size of client


@pytest.mark.parametrize(("requests_per_day", "median_ratio"), [(3_200, 147), (50_000, 22), (500_000, 6.3), (3_000_000, 2.9)])
def test_presets_are_the_published_medians_of_single_clients(requests_per_day, median_ratio):
    found = preset("peak_to_mean", requests_per_day, dt.date(2026, 11, 15))
    assert found.typical == pytest.approx(median_ratio, rel=0.015)
    assert found.low < found.typical < found.high


def test_a_preset_class_holds_its_lower_end_and_not_its_upper():
    sizes = [preset("ten_minute_burst", n, dt.date(2026, 11, 15)).size for n in (0.1, 999, 1_000, 9_999.9, 10_000, 5e6)]
    assert sizes == ["under 1,000 requests a day"] * 2 + ["1,000 to 10,000 requests a day"] * 2 + [
        "10,000 to 100,000 requests a day",
        "over 1,000,000 requests a day",
    ]


def test_the_preset_table_restates_the_public_measurements():
    path = SHARED / "data" / "traffic" / "servegen_clients.csv"
    if not path.exists():
        pytest.skip("the measurements lie beside the checkout, in shared/data/traffic")
    clients = pd.read_csv(path)
    clients = clients[clients["model"].isin(["m-large", "m-mid", "m-small"]) & (clients["requests"] > 0)]
    clients["ten_minute_burst"] = clients["peak_mean_10min"] / clients["peak_mean_1h"]
    columns = {"peak_to_mean": "peak_mean_1h", "ten_minute_burst": "ten_minute_burst", "arrival_cv": "iat_cv_median"}
    rows = table("load_presets")
    for row in rows[rows["measure"].isin(columns)].itertuples():
        per_day = clients["requests"] / 14
        held = clients[(per_day >= row.requests_per_day_least_count) & ~(per_day >= row.requests_per_day_below_count)]
        assert len(held) == row.clients_count
        quantiles = held[columns[row.measure]].quantile([0.1, 0.5, 0.9]).tolist()
        assert [row.p10_ratio, row.p50_ratio, row.p90_ratio] == pytest.approx(quantiles, rel=1e-3)


def test_a_load_without_hours_gets_the_shape_of_its_size_and_says_so():
    at = "workloads.assistant.load"
    study = lc.open_study("support-assistant").what_if({f"{at}.shape": None})
    load = study.loads["assistant"]
    assert load.shape == "servegen_tenant_118" and load.confidence == "guess" and "PRESET" in load.described
    assert study.verdict()["confidence"]["level"] == "low"
    assert any("PRESET" in reason for reason in study.verdict()["confidence"]["because"])


def test_headroom_is_the_clients_word_then_the_exports_minutes_then_the_preset():
    study = lc.open_study("support-assistant")
    workload, load = study.client.workloads[0], study.loads["assistant"]
    by_size = headroom(study.client, workload, load)
    assert (by_size.origin, by_size.confidence) == ("default", "guess") and by_size.low < by_size.typical < by_size.high
    assert by_size == study.inputs[by_size.path]
    stated = study.what_if({by_size.path: 0.3})
    assert headroom(stated.client, stated.client.workloads[0], load).typical == 0.3
    hours = pd.DataFrame({"hour": pd.to_datetime(["2026-11-02T00:00Z"])})
    exported = replace(load, hourly=hours, usage=SimpleNamespace(minute_burst_ratio=1.8))
    measured = headroom(study.client, workload, exported)
    assert (measured.typical, measured.confidence, measured.date) == (pytest.approx(0.8), "measured", "2026-11-02")
