"""Answers that a frozen object works out once."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def remembered(method: Callable[P, R]) -> Callable[P, R]:
    """The method, its answer kept in the object for each set of arguments. For objects that never
    change."""

    @wraps(method)
    def answer(*arguments: P.args, **named: P.kwargs) -> R:
        kept: dict[Any, R] = arguments[0].__dict__.setdefault(f"_{method.__name__}", {})
        key = arguments[1:], tuple(sorted(named.items()))
        if key not in kept:
            kept[key] = method(*arguments, **named)
        return kept[key]

    return answer
