"""Jobs in processes of their own, with a wall clock and a memory limit: what one does cannot reach the next.

Each child has its own session, whose whole process group is killed at the end; what it writes to the terminal is lost,
and what it returns comes back through a pipe. Forked from a warm parent a child starts in milliseconds; where there is
no fork, or for real kernels, it is started afresh. On Windows a child has no session and no memory limit.
"""

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from llmcost.inputs.errors import InputError
from llmcost.reporting.errors import ReportError

GRACE_SECONDS = 5


@dataclass(frozen=True)
class Limits:
    """What one job may take."""

    wall_seconds: float = 600
    memory_gb: float = 8


def run_jobs(
    function: Callable[[Any], Any], jobs: Iterable[Any], at_once_count: int, start_method: str, limits: Limits
) -> Iterator[tuple[Any, Any]]:
    """Pairs of a job and what `function(job)` returned, or the ReportError that says why not, as they finish."""
    context = multiprocessing.get_context(start_method)
    waiting = deque(jobs)
    running: dict[Any, Child] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once_count:
                child = Child(context, function, waiting.popleft(), limits)
                running[child.receiver] = child
            nearest = min(child.deadline for child in running.values())
            ready = wait(running, timeout=max(0, nearest - time.monotonic()))
            late = [receiver for receiver, child in running.items() if child.deadline <= time.monotonic()]
            for receiver in {*ready, *late}:
                child = running.pop(receiver)
                yield child.job, child.outcome()
    finally:
        for child in running.values():
            child.kill()


class Child:
    """One running job, as the parent sees it."""

    def __init__(self, context, function, job, limits):
        self.job, self.limits = job, limits
        self.receiver, sender = context.Pipe(duplex=False)
        self.process = context.Process(target=_child, args=(function, job, sender, limits), daemon=False)
        self.process.start()
        sender.close()
        self.deadline = time.monotonic() + limits.wall_seconds

    def outcome(self) -> Any:
        """What the job returned or raised; the process and all it started are gone afterwards."""
        message = None
        with contextlib.suppress(EOFError, OSError):
            message = self.receiver.recv() if self.receiver.poll() else None
        code = self.exit_code(patience_seconds=GRACE_SECONDS if message or self.deadline > time.monotonic() else 0)
        self.kill()
        if code is None:
            return ReportError(f"took longer than {self.limits.wall_seconds:.0f} seconds and was stopped")
        if code < 0:
            return ReportError(f"was killed ({signal.Signals(-code).name}): out of memory, or a crash")
        if message is None or code:
            return ReportError(f"ended early with exit code {code} and no result")
        returned, problem = message
        return ReportError(problem) if problem else returned

    def exit_code(self, patience_seconds: float) -> int | None:
        """Asked again and again: `join` would wait for whatever the child has left running."""
        until = time.monotonic() + patience_seconds
        while self.process.exitcode is None and time.monotonic() < until:
            time.sleep(0.002)
        return self.process.exitcode

    def kill(self):
        """End the child and whatever it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.receiver.close()


def _child(function, job, sender: Connection, limits: Limits) -> None:
    _confine(limits)
    try:
        message = function(job), ""
    except (InputError, ReportError) as error:
        message = None, str(error)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        message = None, f"{type(error).__name__}: {error} ({os.path.basename(last.filename)}, line {last.lineno})"
    sender.send(message)
    sender.close()


def _confine(limits: Limits) -> None:
    """A session of its own, no terminal, no more memory than allowed, and an end even if the parent is gone."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if hasattr(os, "setsid"):
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.alarm(int(limits.wall_seconds + GRACE_SECONDS))
    with contextlib.suppress(ImportError, OSError, ValueError):  # no `resource` on Windows, no such limit on macOS
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = int(limits.memory_gb * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
