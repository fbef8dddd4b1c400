"""A formula stands once: what is printed is what is worked out, on numbers and on arrays alike."""

import ast
import inspect
from importlib import import_module

import nbformat
import numpy as np
import pytest

from llmcost.cli import formulas_text
from llmcost.cli.command_line import main
from llmcost.inputs.paths import notebooks_path
from llmcost.study.formulas.fixed_costs import engineers, set_up
from llmcost.study.graph import (
    QUANTITIES,
    Assumed,
    Line,
    Node,
    Part,
    Same,
    Scope,
    Told,
    applied,
    quantity,
    summed,
)
from llmcost.study.lines import ALL_LINES, FORMULAS, HOSTING_LINES
from llmcost.views.latex import MARK, latex, with_formulas

every_quantity = pytest.mark.parametrize("name", QUANTITIES)
OBJECTS = {
    "load_curve", "load_levels", "exact_split", "standing_and_hourly_replicas",
    "billed_boots_cold", "usd_by_month", "cash_by_month", "todays_cash_by_month", "draws",
    "load_replicas_by_hour", "requests_by_hour",
}  # fmt: skip
"""Inputs that are no plain numbers."""


def known_to(what):
    """The names that a printed formula may use: numpy's, and the functions of its own module."""
    return {**vars(np), **vars(import_module(what.function.__module__))}


@every_quantity
def test_the_printed_formula_gives_the_value(name):
    what = QUANTITIES[name]
    if OBJECTS & set(what.inputs) or any(each.endswith("_by_month") for each in what.inputs):
        pytest.skip("an algorithm's input is no plain number")
    random = np.random.default_rng(sum(map(ord, name)))
    given = {each: float(random.uniform(0.1, 0.9)) for each in what.inputs}
    printed = eval(what.formula, known_to(what), dict(given))
    assert np.asarray(printed, dtype=float) == pytest.approx(np.asarray(what(**given), dtype=float))


@every_quantity
def test_a_quantity_says_what_it_is(name):
    what = QUANTITIES[name]
    assert what.meaning and what.unit and what.meaning[0].isupper()
    assert what.function.__doc__ in inspect.getsource(what.function)
    ast.parse(what.formula)
    written = latex(what)
    assert written.count("{") == written.count("}") and " ? " not in written


def test_every_quantity_stands_in_one_module_of_the_formulas():
    placed = [each for module in FORMULAS for each in formulas_text.quantities_of(module)]
    assert sorted(each.name for each in placed) == sorted(QUANTITIES)


def test_lines_and_parts_have_labels_of_their_own():
    lines = [each for each in QUANTITIES.values() if isinstance(each, Line)]
    parts = [each for each in QUANTITIES.values() if isinstance(each, Part)]
    for kind in (lines, parts):
        assert len({each.label for each in kind}) == len(kind)
        assert {each.unit for each in kind} == {"USD/month"}
    assert set(HOSTING_LINES) == set(ALL_LINES) == set(lines)


def test_a_scope_takes_a_name_from_what_it_is_told_then_from_an_assumption_then_from_a_formula():
    around = Scope({"people.engineer_usd_per_year": 120_000.0}, {}, ("people.",))
    inside = around.inside({"engineer_fte": Told(0.5, "FTE", "here"), "same": Same("engineers")})
    assert inside("engineers") == inside("same") == 5_000.0
    assert around.read == {"people.engineer_usd_per_year"}
    assert inside.node("engineers").what is engineers
    assert [end.name for end in inside.node("engineers").inputs()] == [
        "engineer_fte",
        "people.engineer_usd_per_year",
    ]
    with pytest.raises(KeyError):
        around("engineers")  # nobody told it how many


def test_what_an_inner_scope_does_not_change_is_worked_out_once_around_it():
    around = Scope({}, {"setup_usd": Told(36.0, "USD", ""), "horizon_months": Told(36, "", "")})
    one, other = around.inside({"api_fte": Told(1.0, "FTE", "")}), around.inside({})
    assert one.node("set_up") is other.node("set_up")
    changed = around.inside({"setup_usd": Told(72.0, "USD", "")})
    assert changed("set_up") == 2.0 and around("set_up") == 1.0


def test_a_path_that_only_an_inner_scope_begins_is_found_there():
    values = {"workloads.a.load.input_mtok_per_month": 7.0}
    inside = Scope(values, {}).inside({}, ("workloads.a.load.",))
    assert inside("input_mtok_per_month") == 7.0
    assert inside.inside({"it": Assumed("workloads.a.load.input_mtok_per_month")})("it") == 7.0


def test_numbers_and_arrays_are_worked_out_alike():
    at = np.array([1.0, 2.0, 4.0])
    each = [set_up(number, 12.0) for number in at]
    assert set_up(at, 12.0).tolist() == each


def test_a_sum_says_what_it_adds():
    nodes = {name: Node(name, 2.0, "USD/month", source="here") for name in ("one", "other")}
    total = summed("total", nodes)
    assert (total.value, total.formula) == (4.0, "one + other")
    assert [end.name for end in total.inputs()] == ["one", "other"]
    assert applied(set_up, setup_usd=total, horizon_months=nodes["one"]).value == 2.0


def test_a_function_of_several_expressions_is_no_quantity():
    @quantity("USD")
    def two_answers(usd):
        """One of two answers."""
        if usd > 1:
            return usd
        return 1.0

    try:
        with pytest.raises(ValueError, match="more than one expression"):
            _ = two_answers.formula
    finally:
        del QUANTITIES["two_answers"]


def test_the_command_prints_every_quantity_and_input(capsys, tmp_path):
    assert main(["formulas"]) == 0
    told = capsys.readouterr().out
    for what in QUANTITIES.values():
        assert f"### {what.name}\n" in told and f"{what.name} = {what.formula}" in told
    asked = {each for what in QUANTITIES.values() for each in what.inputs} - QUANTITIES.keys()
    assert [each for each in sorted(asked) if f"| `{each}` |" not in told] == []
    assert "judgement of this catalog, 2026-06-16, guess" in told
    assert "| `pue_ratio` | PUE | 1.1 to 1.6" in told
    page = tmp_path / "formulas.html"
    assert main(["formulas", "--html", "--out", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "<script" not in text and "$$" not in text
    assert text.count("<h3>") == len(QUANTITIES)
    assert main(["formulas", "--out", str(tmp_path)]) == 2


@pytest.mark.parametrize(
    "path", sorted(notebooks_path().glob("[0-9]*.ipynb")), ids=lambda p: p.stem
)
def test_marked_formulas_of_a_notebook_are_those_of_the_code(path):
    cells = nbformat.read(path, 4).cells
    lessons = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert [with_formulas(source) for source in lessons] == lessons


def test_the_lessons_on_costs_show_formulas_of_the_code():
    cells = [
        cell
        for path in notebooks_path().glob("[0-9]*.ipynb")
        for cell in nbformat.read(path, 4).cells
    ]
    shown = {mark[2] for cell in cells for mark in MARK.finditer(cell.source)}
    assert shown >= {"engineers", "energy", "moved_mtok_per_month", "pays_for_its_people"}
