"""Worked cases: a sentence, inputs, and what a person with a pencil gets (tests/cases/*.yaml), held
to 1e-9.

A mapping with one key that names something in llmcost.model, such as {fleet.gpu_usd_per_mtok:
{...}}, stands for its value, and may stand inside another one. `divided_by` makes a case a ratio; a
list is an array.
"""

import importlib
import inspect
import pkgutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

import llmcost.model
from llmcost.study.bill import api_lines
from llmcost.study.formulas import fixed_costs

MODULES = {
    info.name: importlib.import_module(f"llmcost.model.{info.name}")
    for info in pkgutil.iter_modules(llmcost.model.__path__)
}
BESIDE = {"api_lines": api_lines, "fixed_costs": fixed_costs}
"""Modules of the study that cases call too."""
FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
CASES = [(path.stem, case) for path in FILES for case in YAML(typ="safe").load(path)]


def named(dotted):
    """What a dotted name stands for, starting in a module of llmcost.model."""
    module, *attributes = dotted.split(".")
    found = {**MODULES, **BESIDE}[module]
    for attribute in attributes:
        found = getattr(found, attribute)
    return found.fget if isinstance(found, property) else found


def value(said):
    """A YAML value with the calls in it carried out."""
    if isinstance(said, list):
        return np.array(said, dtype=float)
    if not isinstance(said, dict):
        return said
    inside = {key: value(each) for key, each in said.items()}
    name = next(iter(said))
    return (
        named(name)(**inside[name])
        if str(name).partition(".")[0] in {**MODULES, **BESIDE}
        else inside
    )


def functions_called(said):
    """Every dotted name in a case."""
    if isinstance(said, dict):
        for key, each in said.items():
            yield str(key)
            yield from functions_called(each)


def check(actual, expected):
    """`actual` is `expected` to 1e-9: words and null exactly, a mapping by the attributes that it
    names."""
    if isinstance(expected, dict):
        assert not isinstance(actual, dict) or actual.keys() == expected.keys()
        for attribute, each in expected.items():
            check(
                actual[attribute] if isinstance(actual, dict) else getattr(actual, attribute), each
            )
    elif expected is None or isinstance(expected, str):
        assert actual == expected
    else:
        actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("file", "case"), CASES, ids=[f"{file}: {case['case'][:60]}" for file, case in CASES]
)
def test_case(file, case):
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        if "raises" in case:
            with pytest.raises(ValueError) as error:
                value(case["compute"])
            assert error.type.__name__ == case["raises"]
            return
        result = value(case["compute"])
        check(
            result / value(case["divided_by"]) if "divided_by" in case else result, case["expect"]
        )


def test_a_case_says_what_it_shows():
    assert len(CASES) >= 45
    for _, case in CASES:
        assert case.keys() <= {"case", "compute", "divided_by", "expect", "raises"}
        assert len(case.keys() & {"expect", "raises"}) == 1
        assert case["case"].endswith(".")
    sentences = [case["case"] for _, case in CASES]
    assert len(set(sentences)) == len(sentences)


def test_each_expected_number_is_derived_beside_it():
    for path in FILES:
        for text in path.read_text().split("\n- case: ")[1:]:
            assert "\n  #" in text or "raises:" in text, (
                f"{path.name}: no arithmetic beside {text[:60]!r}"
            )


def test_every_public_function_of_the_model_has_a_case():
    public = {
        f"{module}.{name}"
        for module, code in MODULES.items()
        for name, thing in inspect.getmembers(
            code, lambda x: inspect.isfunction(x) or inspect.isclass(x)
        )
        if thing.__module__ == code.__name__
        and not name.startswith("_")
        and not (inspect.isclass(thing) and (issubclass(thing, Exception) or module == "types"))
    }
    called = {name for _, case in CASES for name in functions_called(case)}
    called |= {
        name.rpartition(".")[0] for name in called
    }  # a method or property of a class calls the class
    assert public - called == set()
