"""Where two records differ, and the new one with the old one's digits where nothing moved."""

import math
from typing import Any

RELATIVE, ABSOLUTE = 1e-9, 1e-9
"""Numbers nearer to each other are one number: the same sum in another order."""
SHOWN_COUNT = 10
MISSING = "nothing"
NAMES = ("id", "item", "path", "row", "option", "chart", "table")
"""Keys by which what stands in a list is known."""
CAUSES_FIRST = ("study.values", "study.record.inputs", "study.record.options", "study")
"""Where a change begins is told before what follows from it."""


def is_number(value: Any) -> bool:
    """Whether it is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(old: Any, new: Any) -> bool:
    """Whether two single values are one figure or one text."""
    if is_number(old) and is_number(new):
        return math.isclose(old, new, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(old) is type(new) and old == new


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """A line for each place where two records differ: its path, what it was, what it is."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [line for key in sorted({*old, *new}) for line in _of_key(old, new, key, path)]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        paths = [f"{path}{_place(number, item)}" for number, item in enumerate(old)]
        each = [differences(*both) for both in zip(old, new, paths, strict=True)]
        return [line for lines in each for line in lines]
    if not isinstance(old, dict | list) and same(old, new):
        return []
    return [f"{path}: {_shown(old)} -> {_shown(new)}{_by(old, new)}"]


def _of_key(old: dict, new: dict, key: str, path: str) -> list[str]:
    inner = f"{path}.{key}" if path else key
    if key in old and key in new:
        return differences(old[key], new[key], inner)
    was, now = (_shown(each[key]) if key in each else MISSING for each in (old, new))
    return [f"{inner}: {was} -> {now}"]


def _place(number: int, item: Any) -> str:
    """Where in a list, with what stands there by its own name: [5 owned]."""
    told = [item[key] for key in NAMES if key in item] if isinstance(item, dict) else []
    return f"[{number} {told[0]}]" if told else f"[{number}]"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"{len(value)} keys"
    return repr(value)


def _by(old: Any, new: Any) -> str:
    """By which factor a number moved."""
    numbers_both = is_number(old) and is_number(new)
    return f" (times {new / old:.9g})" if numbers_both and old else ""


def told(found: list[str], client: str) -> str:
    """The differences as a failing test tells them: how many, and the first ten, causes first."""
    first = "\n  ".join(sorted(found, key=_rank)[:SHOWN_COUNT])
    more = f"\n  and {len(found) - SHOWN_COUNT} more" if len(found) > SHOWN_COUNT else ""
    return f"{client}: {len(found)} differences from its record\n  {first}{more}"


def _rank(line: str) -> int:
    """How near to its cause a difference is; 0 is nearest."""
    ranks = [rank for rank, start in enumerate(CAUSES_FIRST) if line.startswith(start)]
    return ranks[0] if ranks else len(CAUSES_FIRST)


def settled(old: Any, new: Any) -> Any:
    """The new record, with the old digits where a number is the same: a diff shows what moved."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: settled(old[key], item) if key in old else item for key, item in new.items()}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [settled(*pair) for pair in zip(old, new, strict=True)]
    return old if not isinstance(old, dict | list) and same(old, new) else new
