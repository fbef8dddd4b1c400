"""Reading a client file: checked, what-ifs put in, and refused with the place and the cure when it
cannot be used."""

import datetime as dt
import difflib
import json
import os
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from llmcost.inputs.catalog import aliases
from llmcost.inputs.client import Client
from llmcost.inputs.client_types import FIRST_DAY, LAST_DAY, Band
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.inputs.yaml_file import line_of, plain, read_yaml


def read_client(folder: Path, as_of: str = "", what_if: dict[str, Any] | None = None) -> Client:
    """The checked client of `folder/client.yaml`, with `what_if` (dotted path -> value) and another
    day put in.

    Raises InputError with the line and the cure.
    """
    path = folder / "client.yaml"
    if not path.resolve().is_relative_to(
        folder.resolve()
    ):  # a message would repeat what stands there
        raise InputError(
            path.name, "", "is a link that leads outside its folder", "Put the file itself there"
        )
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise InputError(
            path.name,
            "",
            "is not a mapping of keys to values",
            "Start from a file that the command `new DIR` writes",
        )
    raw = plain(document)
    for dotted, value in (what_if or {}).items():
        _put(raw, dotted, value)
    _answered(path.name, raw, document)
    if as_of:
        raw["as_of_date"] = _date(as_of)
    try:
        return Client.model_validate(raw)
    except ValidationError as error:
        raise _readable(error, path.name, document, raw) from None


LONGEST_GIVEN_LETTERS = 60
OPEN_QUESTION = "ASK"
"""What stands in a client file where only the client knows the answer."""


def _answered(file: str, raw: Any, document: Any) -> None:
    """Refuse a file whose questions are not all answered, and say which is next."""
    open_at = next(_open_questions(raw, []), None)
    if open_at is not None:
        line = line_of(document, open_at)
        field = ".".join(_named(raw, open_at)) + (f" (line {line})" if line else "")
        raise InputError(
            file,
            field,
            f"still says {OPEN_QUESTION}",
            "Put your answer there; the question stands beside it",
        )


def _open_questions(raw: Any, at: list[str | int]) -> Iterator[list[str | int]]:
    if raw == OPEN_QUESTION:
        yield at
    items = list(enumerate(raw)) if isinstance(raw, list) else []
    for key, value in raw.items() if isinstance(raw, dict) else items:
        yield from _open_questions(value, [*at, key])


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(
            "parameters", "as_of", f"{text!r} is not a date", "Write it as 2026-11-15"
        ) from None


def _put(raw: dict[str, Any], dotted: str, value: Any) -> None:
    """Set the value at a dotted path; items of a list are named by their id or model_id, which may
    hold dots themselves."""
    here: Any = raw
    rest = dotted
    while True:
        key, rest = _split_off(here, rest, dotted)
        if not rest:
            break
        here = here[key] if isinstance(here, list) else here.setdefault(key, {})
        if not isinstance(here, dict | list):
            raise InputError(
                "what_if", dotted, f"{key!r} holds a single value", "End the path there"
            )
    if not isinstance(here, dict):
        raise InputError("what_if", dotted, "ends in a list", "Name an item and one of its keys")
    here[key] = value


def _split_off(here: Any, path: str, dotted: str) -> tuple[Any, str]:
    """(next key or list index, the rest of the path)."""
    if isinstance(here, dict):
        key, _, rest = path.partition(".")
        return key, rest
    names = [
        str(item.get("id", item.get("model_id"))) if isinstance(item, dict) else "" for item in here
    ]
    for index, written in enumerate(names):
        for name in filter(None, (written, aliases("model").get(written.lower()))):
            if path != name and not path.startswith(name + "."):
                continue
            return index, path[len(name) + 1 :]
    raise InputError(
        "what_if",
        dotted,
        f"there is no {path.partition('.')[0]!r}",
        f"There are: {', '.join(names) or 'none'}",
    )


def _readable(error: ValidationError, file: str, document: Any, raw: Any) -> InputError:
    first, others = error.errors()[0], error.error_count() - 1
    location = [part for part in first["loc"] if not _is_branch(part)]
    line = line_of(document, location)
    field = ".".join(_named(raw, location)) + (f" (line {line})" if line else "")
    problem, cure = _explained(first, location)
    return InputError(
        file, field, problem, cure + (f" (and {others} more to mend)" if others else "")
    )


def _is_branch(part: Any) -> bool:
    """Names that pydantic adds for the branches of a union."""
    return isinstance(part, str) and (
        part.startswith(("literal[", "list[", "function-", "Usage", "Band"))
    )


def _named(raw: Any, location: Sequence[Any]) -> list[str]:
    names = []
    for key in location:
        raw = _part(raw, key)
        label = key
        if isinstance(key, int) and isinstance(raw, dict):
            label = raw.get("id", raw.get("model_id", key))
        names.append(str(label))
    return names


def _part(raw: Any, key: Any) -> Any:
    """What stands at a key of a mapping or a place of a list; None where nothing does."""
    if isinstance(raw, dict):
        return raw.get(key)
    is_place = isinstance(raw, list) and isinstance(key, int) and key < len(raw)
    return raw[key] if is_place else None


CURES = {
    "bool": "Write true or false",
    "list": "Write a list: [eu], or a line with a dash for each item",
    "literal": "Write one of these words",
    "string_type": "Write it in quotes where it looks like a number, a date or true",
    "float": "A plain number, decimal point and no commas: 700000, 0.85",
    "int": "A plain whole number",
    "greater": "A larger number",
    "less": "A smaller number",
}
"""Part of pydantic's name of a mistake -> how to mend it."""
BAND_CURE = "A number, or {low: 1, typical: 2, high: 4}, in the unit that the key's name ends in"
COMMENTED_FILE = "See the commented file that the command `new DIR` writes"
MISSING_CURES = {
    "schema_version": "Write schema_version: 1",
    "as_of_date": "Write the day whose prices count, as 2026-11-15",
    "evidence": "Write measured, reported or guess",
}
"""Key -> what to write where it is missing; the others only the client knows."""
OUT_OF_BOUNDS = ("greater_than_equal", "less_than_equal")


def _explained(first: Any, location: Sequence[Any]) -> tuple[str, str]:
    """(problem, cure) of the first mistake that pydantic found."""
    kind, given = first["type"], _shown(first.get("input"))
    key = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        return _unknown_key(location)
    if kind == "missing":
        cure = "Only the client can know it; write it down, with a range if unsure"
        return "is missing", MISSING_CURES.get(key, cure)
    if kind == "finite_number":
        return (
            f"{given} is not a finite number",
            "Give a number, or leave the key out to take the default",
        )
    if location == ["schema_version"]:
        return f"is {given}, and this version of the kit reads version 1", "Write schema_version: 1"
    if key.endswith("_date"):
        if kind in OUT_OF_BOUNDS:
            return f"{given} is too far away", f"A day from {FIRST_DAY} to {LAST_DAY}"
        return f"{given} is not a date", "Write it as 2026-11-15"
    if kind == "string_pattern_mismatch":
        return (
            f"{given} has other characters than it may",
            "Small letters, digits, - and _ (a colour: #1f4e79)",
        )
    if kind in ("model_type", "value_error"):
        return _of_several_keys(first, location, given)
    message = first["msg"].replace("Input should be", "should be")
    cure = next((cure for part, cure in CURES.items() if part in kind), COMMENTED_FILE)
    return f"{message[0].lower()}{message[1:]} (got {given})", cure


def _shown(value: Any) -> str:
    """A value as the file writes it, as far as a line has room for it."""
    words = {None: "nothing", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return (value.isoformat() if isinstance(value, dt.date) else repr(value))[
        :LONGEST_GIVEN_LETTERS
    ]


def _unknown_key(location: Sequence[Any]) -> tuple[str, str]:
    keys = _keys_beside(location)
    near = difflib.get_close_matches(str(location[-1]), keys, n=1, cutoff=0.5)
    cure = (
        f"Did you mean {near[0]!r}?"
        if near
        else f"Known here: {', '.join(sorted(keys)) or 'nothing'}"
    )
    return "is not a key of the client file", cure


def _of_several_keys(first: Any, location: Sequence[Any], given: str) -> tuple[str, str]:
    """(problem, cure) of a mapping: it is none, or its parts do not go together; a range is one
    too."""
    message, value = first["msg"].removeprefix("Value error, "), first.get("input")
    if first["type"] == "model_type":
        if first["ctx"]["class_name"] == Band.__name__:
            return f"should be a number (got {given})", BAND_CURE
        keys = ", ".join(_keys_beside([*location, ""]))
        return f"should have keys with values below it (got {given})", f"Known here: {keys}"
    if not location:
        return message, "Change one of them, or write a client file each"
    if isinstance(value, dict) and not value.keys() & Band.model_fields.keys():
        return message, COMMENTED_FILE
    return f"{message} (got {given})", BAND_CURE


def _keys_beside(location: Sequence[Any]) -> list[str]:
    """The keys that are allowed where an unknown one stood."""
    here: Any = Client
    for key in location[:-1]:
        if isinstance(key, int):
            continue
        field = getattr(here, "model_fields", {}).get(key)
        if field is None:
            return []
        found = [field.annotation, *typing.get_args(field.annotation)]
        found += [inner for each in found for inner in typing.get_args(each)]
        here = next(
            (each for each in found if isinstance(each, type) and issubclass(each, BaseModel)), None
        )
    return list(getattr(here, "model_fields", {}))


def read_changes(what_if: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """What-ifs by dotted path, given as a mapping or as JSON text. Raises InputError for anything
    else."""
    cure = 'Write it as {"horizon_months": 24}'
    try:
        changes = json.loads(what_if or "{}") if isinstance(what_if, str) else what_if or {}
    except (
        ValueError,
        RecursionError,
    ) as error:  # a number of 5,000 digits, brackets by the thousand
        why = getattr(error, "msg", "too long or too deep")
        raise InputError("parameters", "what_if", f"is not JSON ({why})", cure) from None
    if not isinstance(changes, Mapping):
        raise InputError("parameters", "what_if", "is not a mapping", cure)
    return dict(changes)


def find_client(name: str) -> Path:
    """The folder of a client: a path to one, or the name of an example. Raises InputError with the
    nearest names."""
    given = Path(name)
    if (given / "client.yaml").is_file():
        return given.resolve()
    if os.path.lexists(given / "client.yaml"):
        problem = "is a folder, a pipe, a device or a link that leads nowhere"
        raise InputError("client.yaml", "", problem, "Put the file itself there")
    examples = {
        path.parent.name: path.parent for path in data_path("clients").glob("*/client.yaml")
    }
    if name in examples:
        return examples[name]
    near = difflib.get_close_matches(name, list(examples), n=3, cutoff=0.4)
    cure = (
        f"Nearest examples: {', '.join(near)}"
        if near
        else f"Examples: {', '.join(sorted(examples))}"
    )
    raise InputError(
        name[:100] or "client", "", "there is no client.yaml and no example of that name", cure
    )
