"""Where the kit's own files are: inside the installed package, or in the checkout around it."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def data_path(*parts: str) -> Path:
    """A file or folder of `data/`: catalog, load_shapes or clients."""
    installed = PACKAGE / "_data"
    return (installed if installed.is_dir() else PACKAGE.parent / "data").joinpath(*parts)


def notebooks_path() -> Path:
    """The folder of the five notebooks."""
    installed = PACKAGE / "_data" / "notebooks"
    return installed if installed.is_dir() else PACKAGE.parent / "notebooks"
