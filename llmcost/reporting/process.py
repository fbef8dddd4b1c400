"""Jobs in processes of their own, with a wall clock and a memory limit: what one does cannot reach the next.

Each child has its own session, whose whole process group is killed at the end, and by the child itself when its parent is
gone; what it writes to the terminal is lost, and what it returns comes back through a pipe. Forked from a warm parent a child
starts in milliseconds; where there is no fork, or for real kernels, it is started afresh. On Windows a child has no session
and no memory limit.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from llmcost.inputs.errors import InputError
from llmcost.reporting.errors import ReportError

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


def run_jobs(function: Callable[[Any], Any], jobs: Iterable[Any], at_once_count: int, start_method: str, limits: Limits) -> Iterator[Done]:
    """Each job as it ends, `function(job)` called in a child. Closing the iterator ends all that still run."""
    context = multiprocessing.get_context(start_method)
    waiting = deque(jobs)
    running: dict[Any, Child] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once_count:
                with uninterrupted():
                    child = Child(context, function, waiting.popleft(), limits)
                    running[child.receiver] = child
            nearest = min(child.deadline for child in running.values())
            ready = wait(running, timeout=max(0, nearest - time.monotonic()))
            late = [receiver for receiver, child in running.items() if child.deadline <= time.monotonic()]
            for receiver in {*ready, *late}:
                done = running[receiver].done()
                del running[receiver]
                yield done
    finally:
        for child in running.values():
            child.kill()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until this block is through."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread is ever interrupted
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def ends_like_ctrl_c() -> Iterator[None]:
    """Whoever asks this process to end, by `kill`, a shutdown or a closed terminal, ends it as Ctrl-C does; `nohup` still holds."""
    asked = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    is_main = threading.current_thread() is threading.main_thread()
    taken = [number for number in asked if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(_number: int, _frame: Any) -> None:
    if not callable(signal.getsignal(signal.SIGINT)):  # started in the background by a script: Ctrl-C is not for it, but this is
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


class Child:
    """One running job, as the parent sees it."""

    def __init__(self, context, function, job, limits):
        self.job, self.limits = job, limits
        self.receiver, far_end = context.Pipe()
        self.started = time.monotonic()
        inherited = [job] if context.get_start_method() == "fork" else []
        self.process = context.Process(target=_child, args=(function, inherited, far_end, limits), daemon=False)
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
        code = self.exit_code(patience_seconds=GRACE_SECONDS if message or self.deadline > time.monotonic() else 0)
        self.kill()
        returned, problem, peak_memory_gb = message or (None, None, None)
        if code is None:
            problem = ReportError(f"took longer than {self.limits.wall_seconds:.0f} seconds and was stopped", "timeout")
        elif code < 0:
            problem = ReportError(f"was killed ({signal.Signals(-code).name}): out of memory, or a crash", "killed")
        elif message is None or code:
            problem = ReportError(f"ended early with exit code {code} and no result", "ended")
        return Done(self.job, None if problem else returned, problem, time.monotonic() - self.started, peak_memory_gb)

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


def _hand_over(connection: Connection, job: Any) -> None:
    with contextlib.suppress(OSError, TypeError):  # the child is gone; TypeError where the connection is closed meanwhile
        connection.send(job)


def _child(function: Callable[[Any], Any], inherited: list[Any], parent: Connection, limits: Limits) -> None:
    _confine(limits)
    returned, problem = None, None
    try:
        returned = function(inherited[0] if inherited else parent.recv())
    except InputError as error:
        problem = ReportError(str(error), "input")
    except ReportError as error:
        problem = error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"({os.path.basename(last.filename)}, line {last.lineno})"
        problem = ReportError(f"{type(error).__name__}: {error} {place}", "page")
    parent.send((returned, problem, _peak_memory_gb()))
    parent.close()


def _confine(limits: Limits) -> None:
    """A session of its own, no terminal, no more memory than allowed, and an end even if the parent is gone."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if hasattr(os, "setsid"):
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.alarm(int(limits.wall_seconds + GRACE_SECONDS))
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    with contextlib.suppress(ImportError, OSError, ValueError):  # no `resource` on Windows, no such limit on macOS
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = int(limits.memory_gb * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _end_with(parent: int) -> None:
    """Kill this process and all it has started once its parent is no longer there."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _peak_memory_gb() -> float | None:
    """The most that this process, or one that it started, has held in memory."""
    try:
        import resource
    except ImportError:
        return None
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    with contextlib.suppress(OSError, IndexError):  # Linux counts to a process what its parent held when it was started
        own = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    return max(own, children) / (2**30 if sys.platform == "darwin" else 2**20)
