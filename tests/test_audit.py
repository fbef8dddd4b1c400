"""Every figure of a first page can be followed: the printed formula of the printed inputs gives the
printed value."""

import re
from functools import cache

import pytest

import llmcost as lc
from llmcost.cli.audit_text import chain_text, keys_text
from llmcost.cli.command_line import main
from llmcost.inputs.paths import data_path
from llmcost.study.audit.figures import figures
from llmcost.study.audit.first_page import slug
from llmcost.study.fleets.fleet_facts import delivered_utilization_fraction
from llmcost.study.fleets.unit_costs import always_on_option, unit_costs
from llmcost.study.graph import Node
from llmcost.study.horizon.cash import cash
from llmcost.study.horizon.whole_contract import horizon_of

CLIENTS = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))


@cache
def followed(client: str) -> dict[str, Node]:
    return figures(lc.open_study(client))


@pytest.mark.parametrize("client", CLIENTS)
def test_every_line_of_every_option_is_what_its_chain_makes(client):
    study, found = lc.open_study(client), followed(client)
    for option, bill in study.lines.items():
        assert found[option].value == pytest.approx(study.totals[option], rel=1e-9)
        for line, usd in bill.items():
            figure = found[f"{option}.{line.name}"]
            assert figure.name == line.label
            assert figure.value == pytest.approx(usd, rel=1e-9), (option, line.label)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_rest_of_the_first_page_is_what_its_chains_make(client):
    study, found = lc.open_study(client), followed(client)
    for row in study.options().set_index("option").loc[list(study.totals)].itertuples():
        assert found[f"{row.Index}.p10"].value == pytest.approx(row.p10_usd_per_month)
        assert found[f"{row.Index}.p90"].value == pytest.approx(row.p90_usd_per_month)
        assert found[f"{row.Index}.probability_cheapest"].value == pytest.approx(
            row.probability_cheapest_fraction
        )
    steps = {
        f"saving.{slug(step['step'])}": step["usd_per_month"] for step in study.verdict()["saving"]
    }
    assert {
        key: figure.value for key, figure in found.items() if key.startswith("saving.")
    } == pytest.approx(steps)
    option = always_on_option(study)
    if option and len(study.choices) == 1:
        for name, usd in unit_costs(study, study.choices[0], option).items():
            assert usd is None or found[f"per_mtok.{name}"].value == pytest.approx(usd)
        delivered = delivered_utilization_fraction(study, study.choices[0], option)
        assert found["per_mtok.utilization"].value == pytest.approx(delivered)
    row = cash(study, horizon_of(study)).set_index("option").loc[study.winner]
    assert found[f"cash.{study.winner}.once"].value == pytest.approx(row.once_usd)
    assert found[f"cash.{study.winner}.hardware"].value == pytest.approx(row.hardware_usd)
    assert found[f"cash.{study.winner}.year_1"].value == pytest.approx(row.year_1_usd)
    assert found[f"cash.{study.winner}.npv"].value == pytest.approx(row.npv_usd)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_chain_ends_in_inputs_with_a_source(client):
    for key, figure in followed(client).items():
        ends = list(figure.inputs())
        assert ends, key
        assert [end.name for end in ends if not end.source] == [], key


@pytest.mark.parametrize("client", CLIENTS)
def test_cash_and_what_turns_the_answer_are_followed_further_than_one_step(client):
    study, found = lc.open_study(client), followed(client)
    wanted = [f"cash.{study.winner}.npv", f"cash.{study.winner}.year_1"]
    wanted += [key for key in found if key.startswith(("flip.", "swing.")) or "payback" in key]
    for key in wanted:
        assert any(end.path for end in found[key].inputs()), key


@pytest.mark.parametrize("client", CLIENTS)
def test_the_printed_numbers_give_the_printed_value(client):
    """What a reader would type into a calculator: the formula with its numbers, where it is plain
    arithmetic."""
    study, checked = lc.open_study(client), 0
    for option in study.totals:
        text = chain_text(study, option)
        for value, sums in re.findall(
            r"= ([-\d,.]+) [^\n]*\n *= [^\n]*[a-z][^\n]*\n *= ([-+*/().\d_ ]+)\n", text
        ):
            assert eval(sums) == pytest.approx(float(value.replace(",", "")), rel=2e-8, abs=1e-6), (
                sums
            )
            checked += 1
    assert checked > 10


def test_a_changed_price_reaches_the_end_of_its_chain():
    """The chains are made from the study at hand, not from a picture of one."""
    plain, dear = (
        figures(lc.open_study("support-assistant", what_if=change))
        for change in ({}, {"people.engineer_usd_per_year": 290_000})
    )
    assert dear["rented.engineers"].value == pytest.approx(2 * plain["rented.engineers"].value)
    assert dear["open_api.open_model"].value == plain["open_api.open_model"].value


def test_the_command_prints_a_chain_and_the_list(capsys):
    assert main(["audit", "hospital-notes", "owned.energy"]) == 0
    told = capsys.readouterr().out
    assert (
        told.startswith("owned.energy = ")
        and "hidden_costs.pue_ratio" in told
        and "2025-11-30" in told
    )
    assert main(["audit", "hospital-notes"]) == 0
    assert "owned.energy " in capsys.readouterr().out


def test_a_key_that_is_not_there_is_answered_with_the_nearest(capsys):
    assert main(["audit", "hospital-notes", "owned.enregy"]) == 2
    said = capsys.readouterr().err
    assert "owned.energy" in said and "Traceback" not in said
    assert main(["audit", "no-such-client", "today"]) == 2


def test_names_of_a_client_cannot_command_a_terminal(tmp_path):
    text = (data_path("clients") / "hospital-notes" / "client.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "hostile"
    folder.mkdir()
    text = text.replace(
        "name: Clinical notes summarised inside a hospital group", 'name: "\\e[31mred\\u202e"'
    )
    text = text.replace("name: note,", 'name: "\\e]0;x",')
    (folder / "client.yaml").write_text(text, encoding="utf-8")
    study = lc.open_study(str(folder))
    for told in (keys_text(study), chain_text(study, "per_unit")):
        assert "\x1b" not in told and "\u202e" not in told
