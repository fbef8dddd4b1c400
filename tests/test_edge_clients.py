"""Clients at the edge get a whole report too: nothing passes, an invoice, two workloads, no API,
quotes, a short horizon."""

from pathlib import Path

import pytest

from llmcost.batch.batch import report_clients
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.study import open_study

BASE = (data_path("clients", "support-assistant", "client.yaml")).read_text(encoding="utf-8")
SECOND = """\
  - id: second
    load: {input_mtok_per_month: 300, output_mtok_per_month: 30, requests_per_month: 400_000, shape: azure_code_week}
    today: {provider: openai, model_id: gpt-4o-mini}
    alternatives: [{model_id: Llama-3.1-8B-Instruct, passing_fraction: 0.7, evidence: reported}]
    gates: {third_party_api_allowed: true, evidence: data-processing agreement of 2026-03}
people:"""
QUOTES = """
quotes:
  - {row: gpu_rental/acme/eu/H100 SXM/on_demand, gpu_usd_per_hour: 1.9, said_by: sales, quoted_date: 2026-10-01}
  - {row: api_prices/openai/gpt-4o, input_usd_per_mtok: 2.4, output_usd_per_mtok: 9.6, said_by: sales, quoted_date: 2026-10-01}
  - {row: gpu_purchase/h100-80gb-sxm/used, value: {low: 14_000, typical: 16_000, high: 18_000}, said_by: broker, quoted_date: 2026-10-01}
"""
EDGES = {
    "nothing-passes": (
        BASE.replace("{low: 0.6, typical: 0.85, high: 0.95}", "0").replace(
            "{low: 0.55, typical: 0.8, high: 0.93}", "0"
        )
    ),
    "with-an-invoice": BASE + "\ninvoice: {usd_per_month: 12_500}\n",
    "two-workloads": BASE.replace("people:", SECOND, 1),
    "no-api-allowed": BASE.replace(
        "third_party_api_allowed: true", "third_party_api_allowed: false"
    ),
    "with-quotes": BASE + QUOTES,
    "short-and-impossible": (
        BASE.replace("horizon_months: 36", "horizon_months: 1").replace(
            "limit_seconds: 0.05", "limit_seconds: 0.0005"
        )
    ),
}


def folder_of(root: Path, name: str) -> Path:
    (root / name).mkdir()
    (root / name / "client.yaml").write_text(EDGES[name], encoding="utf-8")
    return root / name


def test_every_edge_gets_a_whole_report(tmp_path, capfd):
    failed = report_clients([folder_of(tmp_path, name) for name in EDGES], tmp_path / "out")
    assert failed == {}, failed
    assert all((tmp_path / "out" / name / "report.html").exists() for name in EDGES)


def test_a_cheaper_quote_makes_the_bill_cheaper(tmp_path):
    listed = open_study("support-assistant")
    quoted = open_study(str(folder_of(tmp_path, "with-quotes")))
    assert (
        quoted.totals["today"] < listed.totals["today"]
        and quoted.totals["tuned"] < listed.totals["tuned"]
    )
    assert quoted.choices[0].supplies["owned"].offer.source in (
        "broker",
        listed.choices[0].supplies["owned"].offer.source,
    )


@pytest.mark.parametrize("name", ["llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct"])
def test_a_what_if_finds_a_model_by_either_name(tmp_path, name):
    (tmp_path / "client.yaml").write_text(
        BASE.replace("model_id: llama-3.3-70b", f"model_id: {name}"), encoding="utf-8"
    )
    study = open_study(str(tmp_path)).what_if(
        {"workloads.assistant.alternatives.llama-3.3-70b.passing_fraction": 0.5}
    )
    assert study.client.workloads[0].alternatives[0].passing_fraction.typical == 0.5


def with_quote_of(row, amount):
    return (
        BASE
        + f"\nquotes: [{{row: {row}, value: {amount}, said_by: me, quoted_date: 2026-10-01}}]\n"
    )


EXTREME = {
    "the last day of all": (
        BASE.replace("2026-11-15", "9999-12-31"),
        "as_of_date.*too far away. A day from",
    ),
    "the first day of all": (BASE.replace("2026-11-15", "0001-01-01"), "as_of_date.*too far away"),
    "a day of no catalog": (
        BASE.replace("2026-11-15", "2001-01-01"),
        "not a model that the catalog knows",
    ),
    "a salary of 300 zeros": (
        BASE.replace("145_000", "1e300"),
        r"engineer_usd_per_year.*between 0 and 1e\+15",
    ),
    "a salary of 15 zeros": (
        BASE.replace("145_000", "1e15"),
        r"a bill of .* USD a month. Look for a number in the wrong unit",
    ),
    "a salary that may be": (
        BASE.replace("145_000", "{low: 1, typical: 2, high: 1e15}"),
        r"a bill of .* USD a month",
    ),
    "an invoice of 300 zeros": (
        BASE + "\ninvoice: {usd_per_month: 1e300}\n",
        r"invoice.usd_per_month.*less than",
    ),
    "a tiny invoice": (
        BASE + "\ninvoice: {usd_per_month: 1e-300}\n",
        r"times what list prices explain",
    ),
    "growth without end": (
        BASE.replace("high: 0.05", "high: 1"),
        r"assistant may grow to 6.87e\+10 times",
    ),
    "servers of no life": (
        with_quote_of("hidden_costs/owned_life_months", 0),
        r"owned_life_months: 0 is next to nothing",
    ),
    "prices that fall to nothing": (
        with_quote_of("hidden_costs/api_price_path_multiplier", 0),
        "is next to nothing",
    ),
    "no share is safe": (
        with_quote_of("hidden_costs/safe_share_fraction", 0),
        "is next to nothing",
    ),
    "a share of many": (
        with_quote_of("hidden_costs/load_power_fraction", 75),
        "is a share of 75. A share runs from 0 to 1",
    ),
    "no weights are loaded": (
        with_quote_of("hidden_costs/weights_load_gb_per_second", 0),
        "is next to nothing",
    ),
}
"""Numbers and days at the far end of what can be written: the file, and the one line about it."""


@pytest.mark.parametrize("extreme", EXTREME)
def test_numbers_beyond_all_reason_are_one_line(tmp_path, extreme):
    text, expected = EXTREME[extreme]
    (tmp_path / "client.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=expected) as caught:
        open_study(str(tmp_path)).record()
    assert len(str(caught.value)) < 300
