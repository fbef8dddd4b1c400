"""What one answer for a whole client may hide is said: workloads on different sides, an unexplained
invoice, a contract that ends."""

import numpy as np
import pytest
from ruamel.yaml import YAML

import llmcost as lc
from llmcost.inputs.paths import data_path
from llmcost.model.autoscale import LoadLevels, _mix_of_kinds, cheapest_mix
from llmcost.study.formulas.serverless_costs import serverless_gpus
from llmcost.study.horizon.months import typical_months
from llmcost.study.verdict.caveats import invoice_gap, one_by_one


def client(folder, **changes):
    """The support assistant with changes, as a folder."""
    plain = YAML(typ="safe").load(data_path("clients", "support-assistant", "client.yaml"))
    writer = YAML(typ="safe")
    writer.representer.ignore_aliases = lambda _: True
    writer.dump({**plain, **changes}, folder / "client.yaml")
    return lc.open_study(str(folder))


def test_workloads_on_different_sides_are_told_apart(tmp_path):
    names = ("support-assistant", "nightly-summaries")
    one, other = (
        YAML(typ="safe").load(data_path("clients", name, "client.yaml"))["workloads"][0]
        for name in names
    )
    dear = {**other["alternatives"][0], "model_id": "llama-3.1-405b"}
    load = {
        **other["load"],
        "input_mtok_per_month": 40_000,
        "requests_per_month": 5_000_000,
        "output_mtok_per_month": 4_000,
    }
    both = client(
        tmp_path,
        workloads=[one, {**other, "alternatives": [dear], "load": load, "gates": one["gates"]}],
    )
    said = one_by_one(both)
    assert "one by one" in said and both.verdict()["detail"].endswith(said)
    alone = [both.of_workload(choice.workload.id) for choice in both.choices]
    assert {study.winner for study in alone} == {"open_api", "tuned"}
    assert sum(study.totals[study.winner] for study in alone) < both.totals[both.winner]
    assert one_by_one(alone[0]) == ""


def test_an_invoice_that_prices_do_not_explain_is_named(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "near").mkdir()
    assert "of the invoice" in invoice_gap(
        client(tmp_path / "far", invoice={"usd_per_month": 30_000})
    )
    assert invoice_gap(client(tmp_path / "near", invoice={"usd_per_month": 11_000})) == ""
    assert invoice_gap(lc.open_study("support-assistant")) == ""


def test_bursts_inside_the_hour_wake_serverless_replicas_too():
    calm, bursty = (
        lc.open_study(
            "claims-triage", what_if={"workloads.triage.load.headroom_fraction": headroom}
        )
        for headroom in (0.0, 0.6)
    )
    assert (
        bursty.lines["serverless"][serverless_gpus]
        > 1.2 * calm.lines["serverless"][serverless_gpus]
    )


def test_a_commitment_binds_to_its_last_month_and_not_a_share_of_all(tmp_path):
    plain = YAML(typ="safe").load(data_path("clients", "support-assistant", "client.yaml"))[
        "workloads"
    ][0]
    today = {**plain["today"], "commitment": {"usd_per_month": 9_000, "months_left": 12}}
    study = client(tmp_path, workloads=[{**plain, "today": today}])
    binds = typical_months(study)[f"workloads.{plain['id']}.today.commitment.bound_fraction"]
    assert binds.tolist() == [1.0] * 12 + [0.0] * 24


def test_slices_of_a_large_fleet_are_settled_by_kind_as_one_by_one():
    random = np.random.default_rng(5)
    for _ in range(200):
        load = random.choice([0.0, 0.3, 1.0, 2.5, 7.0], size=12) + np.eye(1, 12, 3)[0]
        levels, scale = LoadLevels(load), random.uniform(0.2, 6)
        args = (
            max(1.0, np.ceil(load.max() * scale)),
            *random.uniform(1, 6, 2),
            random.uniform(0, 0.5),
            scale,
        )
        assert _mix_of_kinds(levels, *args) == pytest.approx(
            [float(each) for each in cheapest_mix(levels, *args)]
        )
    standing, hourly = cheapest_mix(LoadLevels([0.5, 2.5, 0.5, 1.5]), 2.5e9, 2.0, 4.0, 0.1, 1e9)
    assert standing > 0 and hourly > 0 and np.isfinite(standing + hourly)
