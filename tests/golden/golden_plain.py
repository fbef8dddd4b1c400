"""Figures as a record holds them: numbers whole, frames short, text as it is, one thing a line."""

import datetime as dt
import hashlib
import json
import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

MOST_ROWS = 12
"""A frame of more rows is held by what its columns come to."""
MOST_WORDS = 8
"""A column of more different words is held by its digest."""
WIDEST_LINE = 100


def plain(value: Any) -> Any:
    """The value as JSON holds it: no number rounded, infinities and days as text.

    What is unknown is nothing. Raises TypeError for what is no figure and no text.
    """
    if isinstance(value, pd.DataFrame):
        return frame(value)
    if isinstance(value, np.ndarray):
        return frame(pd.DataFrame({"values": value.ravel()}))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    return _plain_one(value)


def _plain_one(value: Any) -> Any:
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, numbers.Real):
        if math.isnan(value):
            return None
        return float(value) if math.isfinite(value) else str(float(value))
    raise TypeError(f"{type(value).__name__} is no figure and no text")


def frame(table: pd.DataFrame) -> Any:
    """A frame's rows, or what its columns come to where there are many of them."""
    if len(table) <= MOST_ROWS:
        return [plain(row) for row in table.astype(object).to_dict(orient="records")]
    columns = {str(name): column(table[name]) for name in table.columns}
    return {"rows_count": len(table), "columns": columns}


def column(cells: pd.Series) -> Any:
    """What a long column comes to: of numbers their means, of words their counts and a digest."""
    if cells.dtype.kind in "iuf":
        return _numbers(cells.to_numpy(dtype=float))
    words = [str(plain(cell)) for cell in cells.tolist()]
    counts = {word: words.count(word) for word in sorted(set(words))}
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    told = {"counts": counts} if len(counts) <= MOST_WORDS else {"words_count": len(counts)}
    return told | {"digest": digest}


def _numbers(values: np.ndarray) -> Any:
    known = values[np.isfinite(values)]
    if not len(known):
        return {"known_count": 0}
    places = np.arange(1, len(values) + 1)[np.isfinite(values)]
    return {
        "known_count": len(known),
        "first": float(known[0]),
        "last": float(known[-1]),
        "lowest": float(known.min()),
        "highest": float(known.max()),
        "mean": math.fsum(known) / len(known),
        "mean_by_place": math.fsum(known * places) / int(places.sum()),
    }


def text(value: Any, indent: str = "") -> str:
    """The value as JSON with sorted keys: on one line what fits, else one thing a line."""
    whole = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, dict | list) or len(indent) + len(whole) <= WIDEST_LINE:
        return whole
    deeper = f"{indent} "
    if isinstance(value, list):
        return _block("[]", [text(item, deeper) for item in value], indent)
    names = {key: json.dumps(key, ensure_ascii=False) for key in sorted(value)}
    named = [f"{name}: {text(value[key], deeper)}" for key, name in names.items()]
    return _block("{}", named, indent)


def _block(brackets: str, items: list[str], indent: str) -> str:
    opening, closing = brackets
    between = f",\n{indent} "
    return f"{opening}\n{indent} {between.join(items)}\n{indent}{closing}"
