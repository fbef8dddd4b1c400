"""Jobs in processes of their own, with a wall clock and a memory limit: what one does cannot reach
the next.

Each child has its own session. That is killed at the end with whatever else the child has started
(`process_family.py`), and by the child itself when its parent is gone. What a child writes to the
terminal is lost, and what it returns comes back through a pipe. Forked from a warm parent a child
starts in milliseconds; where there is no fork, or for real kernels, it is started afresh. On
Windows a child has no session and no memory limit.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import psutil

from llmcost.leaving import SIGNALS, uninterrupted
from llmcost.report.failures import ReportError, as_problem
from llmcost.report.process_family import adopt_orphans, end_family, end_own

GRACE_SECONDS = 5
ORPHAN_CHECK_SECONDS = 1


@dataclass(frozen=True)
class Limits:
    """What one job may take."""

    wall_seconds: float = 600
    memory_gb: float = 8


@dataclass(frozen=True)
class Done:
    """A job that has ended: what it returned, or why it returned nothing.

    peak_memory_gb  resident; None where the process could not say it any more
    """

    job: Any
    returned: Any
    problem: ReportError | None
    wall_seconds: float
    peak_memory_gb: float | None = None


def run_jobs(
    function: Callable[[Any], Any],
    jobs: Iterable[Any],
    at_once_count: int,
    start_method: str,
    limits: Limits,
) -> Iterator[Done]:
    """Each job as it ends, `function(job)` called in a child. Closing the iterator ends all that
    still run."""
    context = multiprocessing.get_context(start_method)
    waiting = deque(jobs)
    running: dict[Any, Child] = {}
    strangers = _adopt() if is_alone() else None
    try:
        while waiting or running:
            while waiting and len(running) < at_once_count:
                with uninterrupted():
                    child = Child(context, function, waiting.popleft(), limits)
                    running[child.receiver] = child
            for receiver in _ready_or_late(running):
                done = running[receiver].done()
                del running[receiver]
                if strangers is not None:
                    _end_strays(strangers | {child.process.pid for child in running.values()})
                yield done
    finally:
        for child in running.values():
            child.kill()
        if strangers is not None:
            _end_strays(strangers)
            adopt_orphans(False)


def _ready_or_late(running: Mapping[Any, "Child"]) -> set[Any]:
    """The receivers of children that have answered or whose time is up; waits for the first."""
    nearest = min(child.deadline for child in running.values())
    ready = wait(running, timeout=max(0, nearest - time.monotonic()))
    now = time.monotonic()
    return {*ready, *(receiver for receiver, child in running.items() if child.deadline <= now)}


def is_alone() -> bool:
    """Whether all jobs of this process are those of one call: on a cluster's worker those of other
    threads run beside."""
    return threading.current_thread() is threading.main_thread() and hasattr(os, "getsid")


def _adopt() -> set[int]:
    """Take over what children leave that another hand than ours kills; returns the ids of the
    children that are there before."""
    adopt_orphans()
    return {child.pid for child in psutil.Process().children()}


def _end_strays(spared: set[int]) -> None:
    """End what dead children have left to this process: children of it, by now, in a session that
    is not its own."""
    this = psutil.Process()
    for child in this.children():
        with contextlib.suppress(OSError):
            if os.getsid(child.pid) == os.getsid(0):
                spared.add(child.pid)
    end_family(this, spared)


@contextlib.contextmanager
def _deaf(start_method: str) -> Iterator[None]:
    """A child started in this block hears no signal before `_confine`: Ctrl-C in its first moments
    would be its last words."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    if start_method != "fork":
        resource_tracker.ensure_running()  # here, as its start would unblock them again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Child:
    """One running job, as the parent sees it."""

    def __init__(self, context, function, job, limits):
        self.job, self.limits = job, limits
        self.receiver, far_end = context.Pipe()
        self.started = time.monotonic()
        inherited = [job] if context.get_start_method() == "fork" else []
        self.process = context.Process(
            target=_child, args=(function, inherited, far_end, limits), daemon=False
        )
        with _deaf(context.get_start_method()):
            self.process.start()
        far_end.close()
        if not inherited:  # aside, as a child that does not even start would never take it
            threading.Thread(target=_hand_over, args=(self.receiver, job), daemon=True).start()
        self.deadline = self.started + limits.wall_seconds

    def done(self) -> Done:
        """What the job returned or raised; the process and all it started are gone afterwards."""
        message = None
        with contextlib.suppress(EOFError, OSError):
            message = self.receiver.recv() if self.receiver.poll() else None
        code = self.exit_code(
            patience_seconds=GRACE_SECONDS if message or self.deadline > time.monotonic() else 0
        )
        self.kill()
        returned, problem, peak_memory_gb = message or (None, None, None)
        if code is None:
            problem = ReportError(
                f"took longer than {self.limits.wall_seconds:.0f} seconds and was stopped",
                "timeout",
            )
        elif code < 0:
            problem = ReportError(
                f"was killed ({signal.Signals(-code).name}): out of memory, or a crash", "killed"
            )
        elif message is None or code:
            problem = ReportError(f"ended early with exit code {code} and no result", "ended")
        return Done(
            self.job,
            None if problem else returned,
            problem,
            time.monotonic() - self.started,
            peak_memory_gb,
        )

    def exit_code(self, patience_seconds: float) -> int | None:
        """Asked again and again: `join` would wait for whatever the child has left running."""
        until = time.monotonic() + patience_seconds
        while self.process.exitcode is None and time.monotonic() < until:
            time.sleep(0.002)
        return self.process.exitcode

    def kill(self):
        """End the child and whatever it has started."""
        with contextlib.suppress(psutil.Error):
            alive = psutil.Process(self.process.pid)
            alive.suspend()  # or it would start more meanwhile
            end_family(alive)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.receiver.close()


def _hand_over(connection: Connection, job: Any) -> None:
    # the child is gone; TypeError where the connection is closed meanwhile
    with contextlib.suppress(OSError, TypeError):
        connection.send(job)


def _child(
    function: Callable[[Any], Any], inherited: list[Any], parent: Connection, limits: Limits
) -> None:
    _confine(limits)
    returned, problem = None, None
    try:
        returned = function(inherited[0] if inherited else parent.recv())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in an extension module is no Exception
        problem = as_problem(error, "client.yaml")
    finally:
        end_own()
    parent.send((returned, problem, _peak_memory_gb()))
    parent.close()


def _confine(limits: Limits) -> None:
    """A session of its own, no terminal, no more memory than allowed, and an end even if the parent
    is gone."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if hasattr(os, "setsid"):
        os.setsid()
        adopt_orphans()
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        signal.alarm(int(limits.wall_seconds + GRACE_SECONDS))
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # no `resource` on Windows, no such limit on macOS
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = int(limits.memory_gb * 2**30)
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _end_with(parent: int) -> None:
    """Kill this process and all it has started once its parent is no longer there."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_SECONDS)
    end_own()
    os.killpg(0, signal.SIGKILL)


def _peak_memory_gb() -> float | None:
    """The most that this process, or one that it started, has held in memory."""
    try:
        import resource
    except ImportError:
        return None
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    # Linux counts to a process what its parent held when it was started
    with contextlib.suppress(OSError, IndexError):
        own = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    return max(own, children) / (2**30 if sys.platform == "darwin" else 2**20)
