"""The verdict follows from what it rests on: confidence from evidence, premiums from what-ifs, a
plan from weak points."""

from dataclasses import replace

import pytest

from llmcost.inputs.paths import data_path
from llmcost.study.bill.options import HOSTED
from llmcost.study.horizon import whole_contract as contract
from llmcost.study.lines import replica_lines_of
from llmcost.study.study import open_study
from llmcost.study.uncertainty.evidence import moving_inputs
from llmcost.study.verdict import gates, plan
from llmcost.study.verdict.confidence import confidence
from llmcost.study.verdict.criteria import criteria
from llmcost.study.wording import usd

CLIENTS = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
EDGES = {
    "one option only": ("hospital-notes", {}),
    "one month": ("claims-triage", {"horizon_months": 1}),
    "nothing passes": (
        "small-bursty-product",
        {"workloads.drafts.alternatives.llama-3.1-8b.passing_fraction": 0},
    ),
    "no saving": ("nightly-summaries", {"workloads.summaries.batchable_fraction": 0}),
    "no latency asked": ("claims-triage", {"workloads.triage.latency": None}),
    "a team that runs GPUs": ("claims-triage", {"people.team_runs_gpus": True}),
    "no team": ("claims-triage", {"people.team_runs_gpus": False}),
    "hardware for one month": ("hospital-notes", {"horizon_months": 1}),
}


@pytest.fixture(scope="module", params=CLIENTS)
def study(request):
    return open_study(request.param)


def regraded(study, evidence):
    """The same study with other evidence behind some of its inputs: path -> confidence."""
    other = replace(study)
    other.__dict__["inputs"] = {
        path: replace(a, confidence=evidence.get(path, a.confidence))
        for path, a in study.inputs.items()
    }
    return other


# --- confidence ---


@pytest.fixture(scope="module")
def sure():
    """A client with a measured load whose advice is clear, every input measured."""
    failing = {
        f"workloads.answers.alternatives.{m}.passing_fraction": 0.02
        for m in ("llama-3.3-70b", "llama-3.1-8b")
    }
    study = open_study(
        "document-search", what_if=failing | {"workloads.answers.cacheable_input_fraction": 0.5}
    )
    return regraded(study, dict.fromkeys(study.inputs, "measured"))


def test_all_measured_and_clear_is_high(sure):
    assert confidence(sure)["level"] == "high" and set(confidence(sure)["grades"].values()) == {
        "strong"
    }


def test_worse_evidence_of_a_moving_input_lowers_it(sure):
    path = moving_inputs(sure)["path"].iloc[0]
    for evidence in ("reported", "guess"):
        assert confidence(regraded(sure, {path: evidence}))["level"] == "medium"


def test_worse_evidence_of_an_irrelevant_input_changes_nothing(sure):
    moving = set(moving_inputs(sure)["path"])
    others = [path for path, a in sure.inputs.items() if path not in moving and not a.certain]
    assert len(others) > 5
    assert confidence(regraded(sure, dict.fromkeys(others, "guess"))) == confidence(sure)


def test_a_guess_that_alone_turns_the_answer_makes_it_low():
    study = open_study("document-search")
    measured = regraded(study, dict.fromkeys(study.inputs, "measured"))
    turning = moving_inputs(measured).query("turns")["path"]
    assert len(turning) and confidence(measured)["grades"]["evidence"] != "weak"
    assert (
        confidence(regraded(measured, {turning.iloc[0]: "guess"}))["grades"]["evidence"] == "weak"
    )


def test_the_inputs_that_move_the_verdict_carry_most_of_its_variance(study):
    moving, tornado = moving_inputs(study), study.tornado()
    carried = moving["variance_fraction"].sum()
    assert carried >= 0.8 - 1e-9 or tornado["swing_usd_per_month"].sum() == 0
    assert set(confidence(study)["grades"].values()) <= {"strong", "fair", "weak"}


# --- gates ---


def test_every_gate_asks_for_evidence_and_says_what_it_costs(study):
    bound = {kind for workload in study.client.workloads for kind in gates.lifting(workload)}
    for gate in study.verdict()["gates"]:
        assert gate["evidence"] and gate["status"] in ("ok", *gates.OPEN)
        assert (gate["premium_usd_per_month"] is not None) == (gate["kind"] in bound)
    assert bound <= {gate["kind"] for gate in study.verdict()["gates"]}


@pytest.mark.parametrize(
    ("client", "kind", "lifted"),
    [
        ("hospital-notes", "air_gap", {"workloads.notes.gates.air_gapped": False}),
        ("hospital-notes", "data", {"workloads.notes.gates.third_party_api_allowed": True}),
        ("claims-triage", "weights", {"workloads.triage.gates.fine_tuned_weights": False}),
        ("claims-triage", "latency", {"workloads.triage.latency": None}),
        ("document-search", "region", {"workloads.answers.gates.regions": []}),
    ],
)
def test_a_premium_is_the_difference_of_two_studies(client, kind, lifted):
    bound = open_study(client)
    free = open_study(client, what_if=lifted)
    premium = gates.premiums(bound)[kind]
    assert premium == pytest.approx(bound.totals[bound.winner] - free.totals[free.winner])
    assert {g["premium_usd_per_month"] for g in bound.verdict()["gates"] if g["kind"] == kind} == {
        premium
    }


def test_two_rules_that_forbid_the_same_cost_nothing_alone():
    study = open_study("hospital-notes")
    assert gates.premiums(study)["data"] == 0 and gates.premiums(study)["air_gap"] > 0


@pytest.mark.parametrize(("runs", "status"), [(True, "ok"), (False, "ask"), (None, "ask")])
def test_the_team_is_a_gate_where_something_is_hosted(runs, status):
    hosted = open_study("claims-triage", what_if={"people.team_runs_gpus": runs})
    found = [gate for gate in gates.gates(hosted) if gate.kind == "team"]
    assert [gate.status for gate in found] == [status] and found[0].evidence
    bought = open_study("support-assistant", what_if={"people.team_runs_gpus": runs})
    assert not [gate for gate in gates.gates(bought) if gate.kind == "team"]


def test_a_host_outside_the_wanted_region_is_said_before_anything_else():
    verdict = open_study("document-search").verdict()
    assert verdict["option"] == "tuned" and verdict["detail"].startswith(
        "It fails a rule of yours: region eu"
    )


# --- plan, criteria, money ---


def assert_whole(study):
    """Every part of the verdict is there, in plain data, and the plan runs from day 0 to day 90."""
    verdict = study.verdict()
    for key in (
        "sentence",
        "contract",
        "naive_and_loaded",
        "weakest_assumption",
        "decision_asked",
        "look_again",
    ):
        assert verdict[key] and "nan" not in verdict[key]
    steps = verdict["plan_90_days"]
    days = [tuple(step["days"]) for step in steps]
    assert (
        days == sorted(days)
        and days[0] == (0, 0)
        and days[-1] == (90, 90)
        and all(a <= b for a, b in days)
    )
    assert all(step["step"] and step["why"] and step["done_when"] for step in steps)
    asked = {
        g["name"] for g in verdict["gates"] if g["status"] in gates.OPEN and g["kind"] != "quality"
    }
    assert asked == {
        step["step"].removeprefix("Settle the gate: ")
        for step in steps
        if step["step"].startswith("Settle")
    }
    assert (
        {row["id"] for row in verdict["cash"]["options"]}
        == set(study.totals)
        == {row["id"] for row in verdict["horizon"]["options"]}
    )


def test_every_example_has_a_whole_verdict(study):
    assert_whole(study)
    assert any(
        word in study.verdict()["plan_90_days"][-1]["done_when"] for word in ("volume", "price")
    )


@pytest.mark.parametrize("edge", EDGES)
def test_every_edge_has_a_whole_verdict(edge):
    client, changes = EDGES[edge]
    assert_whole(open_study(client, what_if=changes))


def test_a_client_who_stays_is_asked_for_no_move(study):
    steps = {step.step for step in plan.plan(study, "", "")}
    assert ("Go or no go" in steps) == (study.winner not in ("today", "tuned"))
    untested = any(
        c.alternative.evidence != "measured" for c in study.choices
    ) and study.winner not in ("today", "tuned")
    assert any(step.startswith("Evaluate") for step in steps) or not untested


def test_nothing_leaves_the_walls_on_trial():
    steps = {step.step for step in plan.plan(open_study("hospital-notes"), "", "")}
    assert "Send a tenth of the work to one machine on loan, inside your walls" in steps


def test_criteria_are_worth_the_gap_between_the_sides(study):
    found = criteria(study, contract.horizon_of(study))
    if found["against"] is None:
        assert set(study.totals) <= set(HOSTED) or not set(study.totals) & set(HOSTED)
        return
    means = study.draws().mean()
    assert (found["against"] in HOSTED) != (study.winner in HOSTED)
    assert found["gap_usd_per_month"] == pytest.approx(
        means[found["against"]] - means[study.winner]
    )
    mine = "hosting" if study.winner in HOSTED else "an API"
    for row in found["criteria"]:
        against = row["favours"] not in (mine, "neither")
        assert row["worth_usd_per_month"] == (found["gap_usd_per_month"] if against else None)


def test_naive_is_the_fleet_when_always_full_and_loaded_is_its_bill():
    study = open_study("hospital-notes")  # two replicas
    supply, lines = study.choices[0].supplies["owned"], study.lines["owned"]
    gpus = sum(lines[line] for line in replica_lines_of("owned"))
    naive, loaded = gpus / 2 * supply.curve.mean, study.totals["owned"]
    assert (
        usd(naive) in study.verdict()["naive_and_loaded"]
        and usd(loaded) in study.verdict()["naive_and_loaded"]
    )


def test_a_what_if_above_another_replaces_it():
    study = open_study("claims-triage").what_if({"workloads.triage.latency.limit_seconds": 0.1})
    assert study.what_if({"workloads.triage.latency": None}).client.workloads[0].latency is None
