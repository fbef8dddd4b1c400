"""Two numbers say how busy own GPUs are, and each has a name of its own: of all that stands, and of
what is paid for."""

import json

import pytest

import llmcost as lc
from llmcost.inputs.paths import notebooks_path
from llmcost.lessons.utilization import fleet_words
from llmcost.study.fleets.utilization import own_fleet
from llmcost.study.prices.pricing import main_choice
from llmcost.study.verdict.reasons import delivered_utilization_fraction, why
from llmcost.study.wording import percent


@pytest.fixture(scope="module")
def study():
    """A client whose fleet gives replicas back by the hour, so that the two differ."""
    return lc.open_study("large-single-tenant")


def test_what_is_paid_for_is_busier_than_a_fleet_that_stands(study):
    fleet = own_fleet(study, main_choice(study))
    delivered = delivered_utilization_fraction(study, fleet.choice, fleet.option)
    assert fleet.paid_replicas < fleet.replicas_count
    assert delivered == pytest.approx(
        fleet.standing_utilization_fraction * fleet.replicas_count / fleet.paid_replicas
    )
    assert delivered > fleet.standing_utilization_fraction


def test_each_sentence_names_the_one_that_it_shows(study):
    fleet = own_fleet(study, main_choice(study))
    delivered = delivered_utilization_fraction(study, fleet.choice, fleet.option)
    assert f"{percent(delivered)} delivered utilization" in why(study)
    steps = fleet_words._steps(fleet)
    assert steps["standing utilization"] == percent(fleet.standing_utilization_fraction)
    assert "delivered utilization" not in steps


def test_the_notebook_of_the_standing_fleet_computes_nothing_under_the_other_name():
    cells = json.loads((notebooks_path() / "02_utilization.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
    outputs = json.dumps([cell.get("outputs", []) for cell in cells])
    assert "standing utilization" in outputs
    assert "delivered utilization" not in outputs
