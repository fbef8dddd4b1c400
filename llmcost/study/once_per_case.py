"""Answers that a case works out once."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def once_per_case(function: Callable[P, R]) -> Callable[P, R]:
    """The function of a case, which the case keeps the answer of for each set of further arguments.

    The first argument is the case: a frozen object, so that an answer stays true.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def answer(*arguments: P.args, **named: P.kwargs) -> R:
        kept: dict[Any, R] = arguments[0].__dict__.setdefault("_answers", {})
        key = name, arguments[1:], tuple(sorted(named.items()))
        if key not in kept:
            kept[key] = function(*arguments, **named)
        return kept[key]

    return answer
