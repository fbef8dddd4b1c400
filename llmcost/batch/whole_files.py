"""Files that are there whole or not at all, whatever happens while they are written."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from llmcost.inputs.errors import InputError


def write_whole(path: Path, content: str | bytes) -> None:
    """The file with this content, or as it was before; a link is followed. Raises InputError where
    it cannot be written."""
    if path.exists() and not path.is_file():  # /dev/stdout
        with _told(path), path.open("wb") as sink:
            sink.write(_bytes(content))
        return
    put_whole(path.resolve(), content)


def put_whole(path: Path, content: str | bytes) -> None:
    """The file itself with this content in place of what is there, a link too: that may lead
    anywhere. Raises as `write_whole`."""
    with _told(path), _new_beside(path) as sink:
        sink.write(_bytes(content))


def copy_whole(file: Path, target: Path) -> None:
    """The file at its new place, or nothing there. Raises InputError when there is no room."""
    try:
        with file.open("rb") as source, _new_beside(target) as sink:
            shutil.copyfileobj(source, sink)
    except OSError as error:
        problem = f"cannot be copied to {target.parent}: {error.strerror}"
        raise InputError(
            file.name, "", problem, "Make room there, or name another folder"
        ) from None


def _bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            path,
            "",
            f"cannot be written: {error.strerror}",
            "Make room there, or name another file",
        ) from None


@contextlib.contextmanager
def _new_beside(path: Path) -> Iterator[IO[bytes]]:
    """A file of a name that nobody has, which takes the place of `path` once it is whole."""
    beside = path.with_name(f".llmcost-{os.urandom(8).hex()}.part")
    try:
        with beside.open("xb") as sink:
            yield sink
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
