"""No figure hangs on a word: with every label, reason and name in other words, nothing else of an
answer moves.

Each word is written in letters that sort the other way round and read back letter by letter, so
that a comparison with a word, a search in it, or a sort by it comes out differently.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmcost.inputs.data_cache import forget_data
from llmcost.inputs.paths import data_path, notebooks_path
from llmcost.study import case, names, open_study
from llmcost.study.audit.figures import figures
from llmcost.study.bill import options
from llmcost.study.fleets import labels
from llmcost.study.fleets.fleet_sweeps import spot_price
from llmcost.study.fleets.hidden_lines import multipliers, own_options
from llmcost.study.graph import QUANTITIES, Group, Line, Part
from llmcost.study.judgement import Reason
from llmcost.study.lines import ALL_LINES
from llmcost.study.prices.pricing import cheapest_hosts, main_choice, tiers
from llmcost.study.prices.token_costs import ladder, levers
from llmcost.study.uncertainty import bill_pairs, evidence
from llmcost.study.uncertainty.break_even_table import break_evens
from llmcost.study.uncertainty.line_evidence import evidence as weakest_evidence
from llmcost.study.verdict.criteria import Criterion
from llmcost.study.verdict.gates import Gate

EXAMPLES = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
MADE_UP = ("air-gapped", "committed-rent", "wrong-region")
"""Golden clients with refusals that no example has."""
HERE = Path(__file__).parent
CLIENTS = [*EXAMPLES, *(str(HERE / "golden" / "clients" / name) for name in MADE_UP)]
LAST_LETTER = 0x10FFFD
TABLES = (
    options.LABELS,
    names.NAMES,
    labels.TERMS,
    bill_pairs.YARDSTICKS,
    evidence.KNOWN_AS,
)
"""Tables from a code to what a reader sees."""
FIELDS = {Reason: {"words"}, Gate: {"name", "said"}, Criterion: {"name", "reason"}}
"""Fields of objects that hold what a reader sees."""


def in_other_letters(words):
    return "".join(chr(LAST_LETTER - ord(letter)) for letter in words)


def read_back(text):
    """The text with all that is in other letters as it was, in small letters."""
    was = (LAST_LETTER - ord(letter) for letter in text)
    known = zip(text, was, strict=True)
    return "".join(chr(code) if code < 0xFFFF else letter for letter, code in known).casefold()


def rename_all(monkeypatch):
    """Every label, reason and name in other letters."""
    for table in TABLES:
        for code, words in table.items():
            monkeypatch.setitem(table, code, in_other_letters(words))
    rows = {item: in_other_letters(name) for item, name in names.hidden_cost_names().items()}
    monkeypatch.setattr(names, "hidden_cost_names", lambda: rows)
    for each in {*ALL_LINES, *QUANTITIES.values()}:
        if isinstance(each, Line | Part):
            monkeypatch.setattr(each, "label", in_other_letters(each.label))
    for group in Group:
        monkeypatch.setattr(group, "_value_", in_other_letters(group.value))
    for kind, fields in FIELDS.items():
        monkeypatch.setattr(kind, "__getattribute__", _renaming(fields))


def _renaming(fields):
    def attribute(self, name):
        found = object.__getattribute__(self, name)
        return in_other_letters(found) if name in fields else found

    return attribute


def forget():
    """Forget every answer, and all that was read for it."""
    case._opened.cache_clear()
    forget_data()


def answers(client):
    """What a study comes to: its record, what was tried, and tables of every room."""
    study = open_study(client)
    choice = main_choice(study)
    found = {
        "record": study.record(),
        "figures": {name: float(np.sum(each.value)) for name, each in figures(study).items()},
        "plans": study.candidates(),
        "hosts": study.hosts(),
        "cheapest hosts": cheapest_hosts(study),
        "tiers": tiers(study, choice),
        "ladder": ladder(study, choice),
        "levers": levers(study, choice),
        "multipliers": multipliers(study),
        "spot": spot_price(study, choice, "h100-80gb-sxm"),
    }
    for option in own_options(study):
        found[f"evidence of {option}"] = weakest_evidence(study, option)
        found[f"break-evens of {option}"] = break_evens(study, option)
    return plain(found)


def plain(value):
    """The value in lists, mappings and plain values, its texts read back."""
    if isinstance(value, pd.DataFrame):
        return plain(value.astype(object).where(value.notna(), None).to_dict(orient="list"))
    if isinstance(value, Mapping):
        return {read_back(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return plain(dataclasses.asdict(value))
    if isinstance(value, str):
        return read_back(value)
    return value


def differences(before, after, place=""):
    """Places at which two answers differ."""
    if isinstance(before, dict) and isinstance(after, dict) and list(before) == list(after):
        pairs = [(key, before[key], after[key]) for key in before]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(i, one, other) for i, (one, other) in enumerate(zip(before, after, strict=True))]
    else:
        return [] if before == after else [f"{place}: {before!r} -> {after!r}"]
    return [line for key, *two in pairs for line in differences(*two, f"{place}.{key}")]


@pytest.mark.parametrize("client", CLIENTS, ids=[*EXAMPLES, *MADE_UP])
def test_other_words_move_nothing(client, monkeypatch):
    forget()
    before = answers(client)
    try:
        with monkeypatch.context() as renamed:
            rename_all(renamed)
            forget()
            after = answers(client)
    finally:
        forget()
    assert differences(before, after)[:10] == []


def test_words_are_really_other_ones(monkeypatch):
    was = open_study(CLIENTS[0]).options()
    with monkeypatch.context() as renamed:
        rename_all(renamed)
        study = open_study(CLIENTS[0])
        now = study.options()
        tried = [candidate for one in study.considered.values() for candidate in one[0].candidates]
        reasons = [reason.words for candidate in tried for reason in candidate.reasons]
        seen = [*now["label"], *reasons, names.plain_name("a.passing_fraction"), Group.API.value]
    assert reasons and all(ord(words[0]) > 0xFFFF for words in seen)
    assert [read_back(label) for label in now["label"]] == list(was["label"].str.casefold())
    assert in_other_letters("a") > in_other_letters("b")


def test_no_chart_shows_how_python_writes_an_enum():
    shown = [path.read_text(encoding="utf-8") for path in notebooks_path().glob("[0-9]*.ipynb")]
    assert [text for text in shown if "<Option." in text or "Option.OPEN_API" in text] == []
