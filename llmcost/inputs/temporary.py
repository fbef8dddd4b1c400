"""Temporary folders that outlive no command: whoever is killed leaves his to the next one.

A folder `llmcost-...` has a lock beside it, `llmcost-....lock`, which its process holds as long as
it lives, and no child of it.
"""

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import BaseFileLock, FileLock

LOCK = re.compile(r"llmcost-[0-9a-f]{16}\.lock")


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder for this process alone; it is gone after the block."""
    owner = os.getpid()
    name = f"llmcost-{os.urandom(8).hex()}.lock"
    lock = FileLock(Path(tempfile.gettempdir()).resolve() / name)
    with lock.acquire():  # first: a folder without a lock is one to be cleared
        folder = Path(lock.lock_file).with_suffix("")
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            if os.getpid() == owner:  # and not a process that was forked in the block
                _clear(folder, lock)


def clear_left_behind() -> None:
    """Remove the temporary folders of this user whose process is gone."""
    locks: list[Path] = []
    with contextlib.suppress(OSError):  # no such folder is a fault only for who needs one
        locks += Path(tempfile.gettempdir()).resolve().glob("llmcost-*.lock")
    for path in locks:
        if LOCK.fullmatch(path.name) and _is_ours(path, stat.S_ISREG):
            lock = FileLock(path)
            with contextlib.suppress(OSError), lock.acquire(blocking=False):
                _clear(path.with_suffix(""), lock)


def _is_ours(path: Path, has_kind: Callable[[int], bool]) -> bool:
    """Whether this user made it, and it is no link that somebody has planted."""
    try:
        about = path.lstat()
    except OSError:
        return False
    is_mine = not hasattr(os, "geteuid") or about.st_uid == os.geteuid()
    return is_mine and has_kind(about.st_mode)


def _clear(folder: Path, lock: BaseFileLock) -> None:
    """Remove a folder, then its lock while it is held, so that nobody else takes it for free."""
    if _is_ours(folder, stat.S_ISDIR):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(
        OSError
    ):  # Windows removes no open file; there the lock does it itself
        Path(lock.lock_file).unlink()
