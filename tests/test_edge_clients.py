"""Clients at the edge get a whole report too: nothing passes, an invoice, two workloads, no API, quotes, a short horizon."""

from pathlib import Path

import pytest

from llmcost.inputs.paths import data_path
from llmcost.reporting.batch import report_clients
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
    "nothing-passes": BASE.replace("{low: 0.6, typical: 0.85, high: 0.95}", "0").replace("{low: 0.55, typical: 0.8, high: 0.93}", "0"),
    "with-an-invoice": BASE + "\ninvoice: {usd_per_month: 12_500}\n",
    "two-workloads": BASE.replace("people:", SECOND, 1),
    "no-api-allowed": BASE.replace("third_party_api_allowed: true", "third_party_api_allowed: false"),
    "with-quotes": BASE + QUOTES,
    "short-and-impossible": BASE.replace("horizon_months: 36", "horizon_months: 1").replace("limit_seconds: 0.05", "limit_seconds: 0.0005"),
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
    assert quoted.totals["today"] < listed.totals["today"] and quoted.totals["tuned"] < listed.totals["tuned"]
    assert quoted.choices[0].supplies["owned"].offer.source in ("broker", listed.choices[0].supplies["owned"].offer.source)


@pytest.mark.parametrize("name", ["llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct"])
def test_a_what_if_finds_a_model_by_either_name(tmp_path, name):
    (tmp_path / "client.yaml").write_text(BASE.replace("model_id: llama-3.3-70b", f"model_id: {name}"), encoding="utf-8")
    study = open_study(str(tmp_path)).what_if({"workloads.assistant.alternatives.llama-3.3-70b.passing_fraction": 0.5})
    assert study.client.workloads[0].alternatives[0].passing_fraction.typical == 0.5
