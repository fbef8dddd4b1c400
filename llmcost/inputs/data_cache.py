"""What was read from `data/` is remembered until a file there changes: a catalog edited beside a
running notebook counts."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from llmcost.inputs.paths import Stamp, data_path, stamp

P = ParamSpec("P")
R = TypeVar("R")
FOLDERS = ("catalog", "load_shapes", "usage_formats")
_forget_all: list[Callable[[], None]] = []
_read: dict[str, tuple[Stamp, ...]] = {"stamps": ()}


def data_cached(function: Callable[P, R]) -> Callable[P, R]:
    """The function, its answers remembered by their arguments until a file of the kit's data
    changes."""
    remembered = functools.cache(function)
    forgotten_with_data(remembered.cache_clear)
    return remembered  # type: ignore[return-value]


def forgotten_with_data(forget: Callable[[], None]) -> None:
    """Have this called when a file of the kit's data has changed."""
    _forget_all.append(forget)


def data_stamps() -> tuple[Stamp, ...]:
    """The files of the kit's data as they are now; what was remembered of others is forgotten.

    Whoever opens something that leans on the data asks first, and keeps the answer in the key of
    what it remembers.
    """
    files = [path for folder in FOLDERS for path in _files_of(data_path(folder))]
    stamps = tuple(stamp(path) for path in sorted(files))
    if stamps != _read["stamps"]:
        forget_data()
        _read["stamps"] = stamps
    return stamps


def forget_data() -> None:
    """Forget all that was read from the kit's data."""
    for forget in _forget_all:
        forget()
    _read["stamps"] = ()


def _files_of(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]
