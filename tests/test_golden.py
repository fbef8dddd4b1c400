"""Every figure of the example clients is as recorded: see CONTRIBUTING, "Golden records"."""

import copy
import json
import sys
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

sys.path.append(str(Path(__file__).parent / "golden"))
from golden_differences import SHOWN_COUNT, differences, settled, told
from golden_plain import plain, text
from golden_records import CLIENTS, RECORDS, client_folders, made, record_paths, recorded

from llmcost.inputs.client import Client
from llmcost.inputs.client_file import read_client

EXAMPLES = [name for name, folder in client_folders().items() if folder.parent != CLIENTS]


@pytest.mark.parametrize("client", EXAMPLES)
def test_every_figure_of_an_example_is_as_recorded(client):
    found = differences(recorded(client), made(client_folders()[client]))
    if found:
        pytest.fail(told(found, client), pytrace=False)


def test_there_is_a_record_of_every_client_and_of_nobody_else():
    wanted = {path for client in client_folders() for path in record_paths(client).values()}
    assert {path for path in RECORDS.rglob("*") if path.is_file()} == wanted


@pytest.mark.parametrize("client", client_folders())
def test_a_record_is_written_as_the_command_writes_it(client):
    for part, path in record_paths(client).items():
        assert path.read_text(encoding="utf-8") == text(recorded(client)[part]) + "\n"


# What a record cannot tell from another, it does not hold.

OLD = {
    "options": [{"id": "owned", "usd": 1234.5, "lines": [1.0, 2.0]}, {"id": "rented", "usd": 0.0}],
    "kept": True,
}


def changed(*path, to):
    """The record OLD with another value at a place."""
    new = copy.deepcopy(OLD)
    inner = new
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return new


RENTED = {"id": "rented"}


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (
            changed("options", 0, "usd", to=2469.0),
            "options[0 owned].usd: 1234.5 -> 2469.0 (times 2)",
        ),
        (changed("options", 0, "id", to="Owned"), "options[0 owned].id: 'owned' -> 'Owned'"),
        (
            changed("options", 0, "lines", to=[1.0]),
            "options[0 owned].lines: a list of 2 -> a list of 1",
        ),
        (changed("options", 1, "usd", to=None), "options[1 rented].usd: 0.0 -> None"),
        (changed("options", 1, to=RENTED), "options[1 rented].usd: 0.0 -> nothing"),
        (changed("more", to=3), "more: nothing -> 3"),
        (changed("kept", to=1), "kept: True -> 1"),
    ],
)
def test_whatever_changes_is_told_with_its_place(new, line):
    assert differences(OLD, new) == [line]


def test_a_number_is_the_same_to_the_ninth_digit_and_no_further():
    assert differences({"usd": 1e6}, {"usd": 1e6 * (1 + 5e-10)}) == []
    assert differences({"usd": 1e6}, {"usd": 1e6 * (1 + 5e-9)}) != []
    assert differences({"usd": 0.0}, {"usd": 1e-11}) == []


def test_a_test_that_fails_tells_ten_places_and_how_many_there_are():
    found = differences(list(range(30)), list(range(1, 31)))
    lines = told(found, "somebody").splitlines()
    assert lines[0] == "somebody: 30 differences from its record"
    assert len(lines) == SHOWN_COUNT + 2 and lines[-1].strip() == "and 20 more"


def test_a_change_is_told_where_it_begins():
    found = ["notebooks.01_pricing: 1 -> 2", "study.audit.owned: 1 -> 2", "study.values.a: 1 -> 2"]
    assert told(found, "somebody").splitlines()[1:] == [f"  {line}" for line in reversed(found)]


def test_writing_anew_moves_no_digit_of_what_is_the_same():
    new = changed("options", 0, "lines", to=[1.0 + 1e-13, 2.5])
    assert settled(OLD, new) == changed("options", 0, "lines", to=[1.0, 2.5])


def test_what_is_written_is_what_is_read():
    value = plain({"b": [1.5, float("nan"), float("inf")], "a": ["x" * 90, {"c": None}]})
    assert json.loads(text(value)) == value
    assert text(value).splitlines()[0] == "{" and text({"a": 1}) == '{"a": 1}'


def test_no_figure_is_left_out_in_silence():
    with pytest.raises(TypeError, match="object is no figure"):
        plain({"usd": object()})


# The clients reach every key of the client file.


def keys_of(model):
    """(part, key) of every key that a part of the client file and the parts below it may have."""
    for name, field in model.model_fields.items():
        yield model.__name__, name
        for part in parts_in(field.annotation):
            yield from keys_of(part)


def parts_in(annotation):
    """The parts of the client file that a key's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation] if annotation.__name__ != "Band" else []
    return [part for inner in get_args(annotation) for part in parts_in(inner)]


def keys_said(part):
    """(part, key) of every key that somebody wrote into a client file."""
    for name in part.model_fields_set:
        yield type(part).__name__, name
        value = getattr(part, name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, BaseModel) and type(inner).__name__ != "Band":
                yield from keys_said(inner)


def test_every_key_of_the_client_file_is_said_by_a_client_that_is_held():
    clients = [read_client(folder, "", {}) for folder in client_folders().values()]
    said = {key for client in clients for key in keys_said(client)}
    assert set(keys_of(Client)) - said == set()
