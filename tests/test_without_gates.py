"""Where a notebook has nothing to show even without the client's rules, it says what is missing,
and that is true."""

import pytest

import llmcost as lc
from llmcost.inputs.errors import InputError
from llmcost.study.fleets import without_gates
from llmcost.study.judgement import Reason, ReasonKind, Status
from llmcost.study.market.gpu_offers import considered_gpus

AT = "workloads.assistant"
PRICE = {
    "input_usd_per_mtok": 0.3,
    "output_usd_per_mtok": 1.2,
    "said_by": "sales",
    "quoted_date": "2026-10-01",
}
QUOTE = {"row": "api_prices/together/minimax-m2.5", **PRICE}


def study_of(model_id, **changes):
    """The support assistant with one open model as its only alternative."""
    alternative = {"model_id": model_id, "passing_fraction": 0.8, "evidence": "guess"}
    return lc.open_study(
        "support-assistant", what_if={f"{AT}.alternatives": [alternative], **changes}
    )


def refusal(study, ease):
    """The one line with which a notebook refuses a study."""
    with pytest.raises(InputError) as refused:
        ease(study)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_model_that_no_host_sells_has_a_fleet_and_nothing_to_split():
    study = study_of("minimax-m2.5")
    assert {"rented", "owned"} <= set(study.totals)
    assert without_gates.with_a_fleet(study) is study
    said = refusal(study, without_gates.with_a_split)
    assert said.startswith(
        f"client.yaml: {AT}.alternatives: no API host sells minimax-m2.5, so there is nothing to"
        " split."
    )
    assert "GPU" not in said


def test_the_cure_that_it_names_works():
    quoted = study_of("minimax-m2.5", quotes=[QUOTE])
    assert without_gates.with_a_split(quoted) is quoted


def test_a_model_that_no_gpu_holds_is_refused_for_that(monkeypatch):
    """Of the catalog's models one always fits somewhere: here the catalog has small GPUs only."""

    def small_ones(client):
        return [gpu_id for gpu_id in considered_gpus(client) if gpu_id in ("l4-24gb", "a10-24gb")]

    monkeypatch.setattr("llmcost.study.choices.supplies.considered_gpus", small_ones)
    study = study_of("llama-3.1-405b")
    assert "open_api" in study.totals
    for ease in (without_gates.with_a_fleet, without_gates.with_a_split):
        said = refusal(study, ease)
        assert (
            said
            == f"client.yaml: {AT}.alternatives: no GPU of the catalog holds llama-3.1-405b. Add a"
            " smaller alternative"
        )


def test_hosts_that_are_all_refused_are_named_with_their_reason(monkeypatch):
    monkeypatch.setattr(
        "llmcost.study.market.hosts._objections",
        lambda *about: [
            Reason(Status.FAILED, ReasonKind.OFFER, "context of 10 tokens is too short")
        ],
    )
    said = refusal(study_of("llama-3.3-70b"), without_gates.with_a_split)
    assert (
        "no API host that may serve it sells llama-3.3-70b (context of 10 tokens is too short)"
        in said
    )
