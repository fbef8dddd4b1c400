"""A figure of a report followed to its end, as text: `llmcost audit CLIENT KEY`."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from llmcost.inputs.errors import InputError
from llmcost.model.autoscale import LoadLevels
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.hourly_split import HourlySplit
from llmcost.study.audit.figures import figures
from llmcost.study.graph import Node
from llmcost.study.names import plain_name
from llmcost.study.study import Study
from llmcost.study.wording import number
from llmcost.views.text import visible

DIGITS_COUNT = 9
"""As many digits as results.json keeps: enough to add up again what is printed."""


def keys_text(study: Study) -> str:
    """Every figure that can be followed: its key, its value and its name."""
    found = figures(study)
    width = max(len(key) for key in found)
    lines = [
        f"{key:<{width}}  {_amount(figure):>24}  {visible(_title(figure))}"
        for key, figure in found.items()
    ]
    return "\n".join(
        [
            (
                f"{visible(study.client.name)}: {len(found)} figures. Name one to see what it is"
                " made of."
            ),
            "",
            *lines,
        ]
    )


def chain_text(study: Study, key: str) -> str:
    """One figure with its formula, the same with numbers, and every part of it down to inputs with
    source and date.

    Raises InputError for a key that there is not, with the nearest ones.
    """
    found = figures(study)
    if key not in found:
        near = difflib.get_close_matches(key, found, n=3, cutoff=0.4)
        cure = f"Nearest: {', '.join(near)}" if near else "Leave the key out to see all of them"
        raise InputError("audit", key[:100], "is no figure of this client's report", cure)
    return "\n".join(_told(key, found[key], 0, set()))


def _told(symbol: str, figure: Node, depth: int, told: set[tuple]) -> Iterator[str]:
    """The lines of a figure; one that was told before is named and not told again."""
    indent, head = "  " * depth, f"{symbol} = {_amount(figure)}   {visible(_title(figure))}"
    known = (figure.name, figure.formula, _amount(figure), figure.source)
    if known in told:
        yield f"{indent}{head}   (see above)"
        return
    told.add(known)
    yield f"{indent}{head}{_said(figure)}"
    if figure.formula:
        yield f"{indent}  = {figure.formula}"
        filled = _filled(figure.formula, figure.parts)
        if filled != figure.formula:
            yield f"{indent}  = {filled}"
    for name, part in figure.parts.items():
        yield from _told(name, part, depth + 2, told)


def _filled(formula: str, parts: Mapping[str, Node]) -> str:
    """The formula with the numbers of its parts; series and tables keep their names."""
    single = {name: _numbers(part.value) for name, part in parts.items()}
    numbers = {name: _number(each[0]) for name, each in single.items() if each.size == 1}
    return re.sub(r"[A-Za-z_]\w*", lambda match: numbers.get(match[0], match[0]), formula)


def _number(value: float) -> str:
    return number(float(value), DIGITS_COUNT).replace(",", "_")


def _numbers(value: Any) -> np.ndarray:
    """The plain numbers of a value: of a curve its loads, of an algorithm's answer its parts."""
    if isinstance(value, LoadDurationCurve):
        return value.sorted
    if isinstance(value, LoadLevels):
        return value.hours
    if isinstance(value, HourlySplit):
        value = tuple(vars(value).values())
    return np.atleast_1d(np.asarray(value, dtype=float))


def _amount(figure: Node) -> str:
    values = _numbers(figure.value)
    if values.size == 1:
        return f"{number(float(values[0]), DIGITS_COUNT)} {figure.unit}"
    if isinstance(figure.value, tuple | HourlySplit):
        return f"({', '.join(number(each, 6) for each in values)}) {figure.unit}"
    return (
        f"[{values.size} values, mean {number(values.mean(), 6)}, largest"
        f" {number(values.max(), 6)}] {figure.unit}"
    )


def _title(figure: Node) -> str:
    """What a figure is, in words."""
    if figure.path:
        return f"{plain_name(figure.path)} ({figure.path})"
    if figure.what is not None and figure.name == figure.what.name:
        return figure.what.meaning
    return figure.name.replace("_", " ")


def _said(figure: Node) -> str:
    """Range, source, date and confidence of an input."""
    band = ""
    if figure.low is not None and figure.high is not None:
        band = f"P10 to P90 {number(figure.low, 6)} to {number(figure.high, 6)}"
    about = ", ".join(filter(None, (band, figure.source, figure.date, figure.confidence)))
    return f"   [{visible(about)}]" if about else ""
