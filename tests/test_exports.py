"""What a usage export changes in a study: today's bill, its confidence, its first page."""

import json

import pytest

import llmcost as lc
from llmcost.batch.batch import report_clients
from llmcost.inputs.errors import InputError
from llmcost.study.formulas.api_charges import todays_model

CLIENT = """schema_version: 1
name: A client with an export
as_of_date: 2026-11-15
workloads:
  - id: work
    load: {usage: {file: usage.csv}}
    today: {provider: openai, model_id: gpt-4o}
    alternatives: [{model_id: llama-3.3-70b, passing_fraction: 0.8, evidence: measured}]
"""
HEAD = "time,model,tier,requests,input_tokens,cached_input_tokens,output_tokens,cost_usd\n"


def line(hour: int, tier: str = "standard", into: str = "1000000", usd: str = "") -> str:
    return f"2026-10-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z,gpt-4o,{tier},100,{into},0,100000,{usd}\n"


def study_of(folder, lines, more="", only="", **files):
    folder.mkdir(exist_ok=True)
    client = (
        CLIENT.replace("usage.csv}", f"usage.csv, only: {{model: {only}}}}}") if only else CLIENT
    )
    (folder / "client.yaml").write_text(client + more, encoding="utf-8")
    (folder / "usage.csv").write_text(HEAD + "".join(lines), encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return lc.open_study(str(folder))


def test_what_runs_as_a_batch_today_is_billed_as_a_batch_today(tmp_path):
    # gpt-4o: 2.50 in, 10.00 out, batch half of it; a month of 730 hours
    month = 730 * (1.0 * 2.50 + 0.1 * 10.00)
    plain = study_of(tmp_path / "plain", [line(hour) for hour in range(336)])
    assert plain.lines["today"][todays_model] == pytest.approx(month)
    half = study_of(
        tmp_path / "half", [line(hour, "batch" if hour % 2 else "standard") for hour in range(336)]
    )
    assert half.values["workloads.work.batched_fraction"] == 0.5
    assert half.lines["today"][todays_model] == pytest.approx(month * 0.75)
    assert half.lines["tuned"][todays_model] == pytest.approx(month * 0.75)


def test_a_model_that_rests_most_of_the_export_has_its_months_volume_and_bill_from_the_whole_export(
    tmp_path,
):
    # two busy days of 28: 48 Mtok in, 4.8 out; the invoice is held against the same hours
    busy = [line(hour) for hour in range(240, 288)]
    others = [line(hour).replace("gpt-4o", "gpt-4o-mini") for hour in range(672)]
    study = study_of(
        tmp_path / "rest", busy + others, "invoice: {usd_per_month: 200}\n", only="gpt-4o"
    )
    assert study.values["workloads.work.load.input_mtok_per_month"] == pytest.approx(48 * 730 / 672)
    assert study.loads["work"].requests_per_month == pytest.approx(4_800 * 730 / 672)
    bill = 48 * 2.50 + 4.8 * 10.00
    assert study.export_bill().invoice_explained_fraction == pytest.approx(bill * 730 / 672 / 200)
    assert 1 / study.invoice_multiplier == pytest.approx(bill * 730 / 672 / 200)


def test_an_export_of_days_is_no_measured_load(tmp_path):
    """Its days are the client's, its hours a public shape's: the busiest is unknown."""
    hours = study_of(tmp_path / "hours", [line(hour) for hour in range(336)]).verdict()[
        "confidence"
    ]["because"]
    days = study_of(tmp_path / "days", [line(24 * day) for day in range(14)])
    assert "load measured, 14 days" in hours
    assert "load: days of an export on a public shape" in days.verdict()["confidence"]["because"]
    assert (
        days.loads["work"].confidence == "reported" and "days only" in days.loads["work"].described
    )


def test_a_thin_export_raises_a_banner_and_lowers_the_confidence(tmp_path):
    whole = study_of(tmp_path / "whole", [line(hour) for hour in range(336)])
    assert whole.verdict()["banners"] == []
    gaps = study_of(tmp_path / "gaps", [line(hour) for hour in range(336) if not 48 <= hour < 96])
    assert (
        len(gaps.verdict()["banners"]) == 1
        and "14 % of the hours have no usable row" in gaps.verdict()["banners"][0]
    )
    assert gaps.verdict()["confidence"]["level"] == "low"
    torn = study_of(
        tmp_path / "torn", [line(hour) for hour in range(336)] + [line(5, into="-1")] * 10
    )
    assert "rows were rejected" in torn.verdict()["banners"][0]


def test_an_export_of_less_than_a_week_is_no_sure_ground(tmp_path):
    week = study_of(tmp_path / "week", [line(hour) for hour in range(168)]).verdict()["confidence"]
    short = study_of(tmp_path / "short", [line(hour) for hour in range(48)]).verdict()["confidence"]
    assert (
        "load measured, 7 days" in week["because"]
        and "load measured, 2 days: less than a week" in short["because"]
    )
    ranks = ["low", "medium", "high"]
    assert ranks.index(short["level"]) < ranks.index(week["level"])


def test_the_banner_stands_on_the_first_page_and_the_account_in_the_appendix(tmp_path):
    study_of(
        tmp_path / "gaps",
        [line(hour) for hour in range(336) if not 48 <= hour < 96] + [line(7, into="x<b>")],
    )
    assert not report_clients([tmp_path / "gaps"], tmp_path / "out", "fork", 1)
    page = (tmp_path / "out" / "gaps" / "report.html").read_text(encoding="utf-8")
    assert '<p class="banner"><strong>THIN DATA.</strong> usage.csv: 14 % of the hours' in page
    assert (
        "Data quality: usage.csv" in page
        and "289 rows = 288 used + 0 repaired + 1 rejected" in page
    )
    record = json.loads((tmp_path / "out" / "gaps" / "results.json").read_text(encoding="utf-8"))[
        "usage_exports"
    ][0]
    assert record["covered_fraction"] == pytest.approx(288 / 336)


def test_list_prices_are_held_against_what_the_export_reports(tmp_path):
    study = study_of(tmp_path / "c", [line(hour, usd="7.00") for hour in range(336)])
    bill = study.export_bill()
    assert bill.computed_usd == pytest.approx(
        336 * 3.50
    ) and bill.explained_fraction == pytest.approx(0.5)
    assert (
        "list prices explain 50 % of the cost that the export reports"
        in study.verdict()["confidence"]["because"]
    )


def test_a_cost_export_is_the_invoice(tmp_path):
    costs = "usage_date_utc,model,token_type,cost_usd\n" + "".join(
        f"2026-10-{day:02d},GPT-4o,all,84.00\n" for day in range(1, 15)
    )
    study = study_of(
        tmp_path / "c",
        [line(hour) for hour in range(336)],
        "invoice: {file: costs.csv}\n",
        costs_csv=costs,
    )
    assert study.client.invoice.usd_per_month == pytest.approx(84 / 24 * 730)
    assert study.lines["today"][todays_model] == pytest.approx(84 / 24 * 730)
    with pytest.raises(InputError, match="reports no cost in USD"):
        study_of(
            tmp_path / "d", [line(hour) for hour in range(336)], "invoice: {file: usage.csv}\n"
        )


def test_an_invoice_is_an_amount_or_a_file(tmp_path):
    with pytest.raises(InputError, match="either usd_per_month or the file"):
        study_of(tmp_path / "c", [line(hour) for hour in range(48)], "invoice: {}\n")
