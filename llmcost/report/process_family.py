"""What a process has started ends with it, also what has taken a session of its own or has lost its
parent."""

import contextlib
import ctypes
import sys
import time
from collections.abc import Collection

import psutil

PR_SET_CHILD_SUBREAPER = 36
LIMIT_SECONDS = 5


def adopt_orphans(wanted: bool = True) -> None:
    """Make this process the parent of whatever it has started and what then loses its parent; Linux
    only.

    Elsewhere such a process belongs to nobody, and `end_family` does not find it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)


def end_family(process: psutil.Process, spared: Collection[int] = ()) -> None:
    """Kill all that a process has started, generation after generation, but the children `spared`,
    by their ids."""
    until_seconds = time.monotonic() + LIMIT_SECONDS
    while (family := living(process, spared)) and time.monotonic() < until_seconds:
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
        psutil.wait_procs(family, timeout=0.1)


def end_own() -> None:
    """Kill all that this process has started."""
    end_family(psutil.Process())


def living(process: psutil.Process, spared: Collection[int] = ()) -> list[psutil.Process]:
    """All that a process has started, without those that are dead and only wait to be asked for
    their exit code."""
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        found += [child for child in process.children() if child.pid not in spared]
    for child in tuple(found):
        with contextlib.suppress(psutil.Error):
            found += child.children(recursive=True)
    return [member for member in found if _isliving(member)]


def _isliving(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
