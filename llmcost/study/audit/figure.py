"""A number that can be followed: its formula, what goes into it, and who says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.study.names import plain_name

if TYPE_CHECKING:
    from llmcost.study.study import Study

ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "ceil": np.ceil,
    "max": np.max,
    "maximum": np.maximum,
    "mean": np.mean,
    "minimum": np.minimum,
    "quantile": np.quantile,
    "round": np.round,
    "sum": np.sum,
}
"""What a formula may call besides the functions of the model that it is given."""


@dataclass(frozen=True)
class Figure:
    """One number, or one per hour or draw.

    formula    an expression in the names of `parts`; "" for an input
    parts      name in the formula -> figure; a whole chain ends in inputs
    functions  functions of `llmcost.model` that the formula calls
    low, high  P10 and P90 of an uncertain input, None for what is certain or follows from others
    source, date, confidence  who says so, of an input
    """

    name: str
    value: Any
    unit: str
    formula: str = ""
    parts: Mapping[str, Figure] = field(default_factory=dict)
    functions: tuple[Callable[..., Any], ...] = ()
    low: float | None = None
    high: float | None = None
    source: str = ""
    date: str = ""
    confidence: str = ""


def derived(
    name: str,
    unit: str,
    formula: str,
    functions: Iterable[Callable[..., Any]] = (),
    /,
    **parts: Figure,
) -> Figure:
    """The figure that a formula makes of its parts; the value is what the printed formula gives,
    nothing else.

    >>> hours = Figure("hours of a month", 730.0, "h")
    >>> derived("rent", "USD/month", "2 * hours", hours=hours).value
    1460.0
    """
    called = tuple(functions)
    names = {
        **ARITHMETIC,
        **{function.__name__: function for function in called},
        **{key: part.value for key, part in parts.items()},
    }
    value = np.asarray(eval(formula, {"__builtins__": {}}, names), dtype=float)
    return Figure(name, value if value.ndim else float(value), unit, formula, parts, called)


def summed(name: str, unit: str, figures: Mapping[str, Figure]) -> Figure:
    """The figure that adds others up."""
    return derived(name, unit, " + ".join(figures) or "0.0", **figures)


def assumed(study: Study, path: str) -> Figure:
    """An assumption of the study as an input of a chain."""
    a = study.inputs[path]
    name, (low, high) = (
        f"{plain_name(path)} ({path})",
        (None, None) if a.certain else (a.low, a.high),
    )
    said = f"{a.origin}: {a.source}"
    return Figure(
        name,
        float(study.values[path]),
        a.unit,
        low=low,
        high=high,
        source=said,
        date=a.date,
        confidence=a.confidence,
    )


def given(
    name: str, value: Any, unit: str, source: str, date: str = "", confidence: str = ""
) -> Figure:
    """A fact that is no assumption: a price of a dated row, a count, a definition."""
    return Figure(name, value, unit, source=source, date=date, confidence=confidence)


def slug(words: str) -> str:
    """Words as a symbol of a formula and a part of a key.

    >>> slug("Set-up, spread over the horizon")
    'set_up_spread_over_the_horizon'
    """
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
