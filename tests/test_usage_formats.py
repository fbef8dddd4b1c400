"""Every usage format's sample is known as itself, and adds up to what a person with a pencil gets
(tests/usage_formats.yaml)."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from llmcost.inputs.usage import usage_formats, usage_table
from llmcost.inputs.usage.formats import has_field

SAMPLES = {
    path.name.partition(".")[0]: path
    for path in Path(__file__).parent.parent.joinpath("data/usage_formats").glob("*.sample.*")
}
EXPECTED = YAML(typ="safe").load(
    Path(__file__).with_name("usage_formats.yaml").read_text(encoding="utf-8")
)
COLUMNS = {
    "requests": "requests",
    "uncached": "input_uncached_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
    "cost": "cost_reported_usd",
}
HELD_OUT = Path(__file__).parents[2] / "shared" / "samples"


def sums(table):
    """Name -> sum over the hourly table; what the export does not tell is 0."""
    return {name: float(table.hourly[column].sum()) for name, column in COLUMNS.items()}


def test_every_format_has_a_sample_and_an_expectation():
    assert set(SAMPLES) == set(usage_formats()) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_adds_up_to_what_was_worked_by_hand(name):
    expected, table = EXPECTED[name], usage_table([SAMPLES[name]])
    found = sums(table)
    assert table.kind.name == name
    assert found == pytest.approx({key: expected.get(key, 0) for key in COLUMNS}, abs=1e-9)
    assert found["uncached"] + found["cache_read"] + found["cache_write"] == expected.get(
        "billed_input", 0
    )
    assert [table.rows_count(kind) for kind in ("used", "repaired", "rejected")] == expected["rows"]
    assert (
        table.hourly["reasoning_tokens"].fillna(0) <= table.hourly["output_tokens"].fillna(0)
    ).all()


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_is_known_as_nothing_else_with_as_many_fields(name):
    there = {field.lower() for field in usage_table([SAMPLES[name]]).files[0].fields}
    fitting = {
        kind.name: len(kind.recognise)
        for kind in usage_formats().values()
        if all(has_field(f, kind, there) for f in kind.recognise)
    }
    rivals = {other for other, count in fitting.items() if other != name and count >= fitting[name]}
    assert not rivals


@pytest.mark.skipif(
    not HELD_OUT.is_dir(), reason="the folder shared/samples is not beside the checkout"
)
def test_samples_of_others_are_known_too():
    for path in sorted(HELD_OUT.iterdir()):
        table = usage_table([path])
        assert table.rows_count("rejected") == 0 and table.rows_count("used") > 0, path.name
