"""Where the kit's own files are: inside the installed package, or in the checkout around it."""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from llmcost.inputs.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent
LONGEST_SHOWN_NAME = 80


def data_path(*parts: str) -> Path:
    """A file or folder of `data/`: catalog, load_shapes or clients."""
    installed = PACKAGE / "_data"
    return (installed if installed.is_dir() else PACKAGE.parent / "data").joinpath(*parts)


def notebooks_path() -> Path:
    """The folder of the notebooks."""
    installed = PACKAGE / "_data" / "notebooks"
    return installed if installed.is_dir() else PACKAGE.parent / "notebooks"


def files_inside(folder: Path, name: str, field: str) -> list[Path]:
    """The files of a client's folder that a name stands for, sorted; a pattern such as bench/*.json
    stands for several.

    A name is a name before it is a pattern: run[1].json is the file of that name where there is
    one. What is read and what makes a report stale are both found here.
    Raises InputError for one that lies elsewhere, by its name or behind a link, and where nothing
    matches.
    """
    home, parts = folder.resolve(), Path(name).parts
    if Path(name).is_absolute() or ".." in parts or not parts or "\0" in name:
        problem = f"{name[:LONGEST_SHOWN_NAME]!r} lies outside the client's folder"
        raise InputError(
            "client.yaml", field, problem, "Put the file beside client.yaml and give its name"
        )
    try:
        found = _matching(home, name)
    except (
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ):  # too long, or a link that leads to itself
        found = []
    outside = [path.name for path in found if not path.resolve().is_relative_to(home)]
    if outside:
        problem = f"{outside[0]!r} leads outside the client's folder"
        raise InputError("client.yaml", field, problem, "Put the file itself there")
    if not found:
        problem = f"there is no file {name[:LONGEST_SHOWN_NAME]!r}"
        raise InputError(
            "client.yaml", field, problem, "Put it beside client.yaml and give its name"
        )
    return found


def files_of(folder: Path, names: Iterable[str]) -> list[Path]:
    """The files that the names and patterns of a client file stand for, as they are read; a name
    without a file has none."""
    found: list[Path] = []
    for name in names:
        with contextlib.suppress(InputError):
            found += files_inside(folder, name, "")
    return found


def _matching(home: Path, name: str) -> list[Path]:
    named = home / name
    if os.path.isfile(named):
        return [named]
    if "**" in name or not set(name) & set("*?["):
        return []
    return sorted(path for path in home.glob(name) if path.is_file())


@dataclass(frozen=True)
class Stamp:
    """A file as it is now: whoever writes into it, or puts another in its place, changes the stamp.

    state  its place on the disk, its size, and when its content and its entry last changed
    """

    path: Path
    state: tuple[int, ...]


def stamp(path: Path) -> Stamp:
    """The stamp of a file. Raises OSError where it cannot be looked at."""
    about = path.stat()
    return Stamp(
        path, (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    )
