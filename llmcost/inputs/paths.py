"""Where the kit's own files are: inside the installed package, or in the checkout around it."""

import os
from pathlib import Path

from llmcost.inputs.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent


def data_path(*parts: str) -> Path:
    """A file or folder of `data/`: catalog, load_shapes or clients."""
    installed = PACKAGE / "_data"
    return (installed if installed.is_dir() else PACKAGE.parent / "data").joinpath(*parts)


def notebooks_path() -> Path:
    """The folder of the notebooks."""
    installed = PACKAGE / "_data" / "notebooks"
    return installed if installed.is_dir() else PACKAGE.parent / "notebooks"


def files_inside(folder: Path, pattern: str, field: str) -> list[Path]:
    """The files of a client's folder that match a name or a pattern such as bench/*.json, sorted; run[1].json may be a name.

    Raises InputError for one that lies elsewhere, by its name or behind a link, and where nothing matches.
    """
    home, parts = folder.resolve(), Path(pattern).parts
    if Path(pattern).is_absolute() or ".." in parts or not parts or "**" in parts:
        raise InputError(
            "client.yaml", field, f"{pattern!r} is not a path inside the client's folder", "Give a name or one pattern below it"
        )
    named = home / pattern
    found = [named] if os.path.isfile(named) else sorted(path for path in home.glob(pattern) if path.is_file())
    if not found:
        raise InputError("client.yaml", field, f"there is no file {pattern!r}", "Put it beside client.yaml and give its name")
    outside = [path.name for path in found if not path.resolve().is_relative_to(home)]
    if outside:
        raise InputError("client.yaml", field, f"{outside[0]!r} leads outside the client's folder", "Put the file itself there")
    return found
