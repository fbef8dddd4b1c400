"""How the command line is left: Ctrl-C, `kill` and a closed terminal end it with one line and exit
code 130.

Three times follow one another. While the command line is imported, a signal ends the process at
once: nothing is there to be cleaned up. While a command works, the first one raises
KeyboardInterrupt, and it cleans up. Once it has ended, signals mean nothing any more. What is
ignored at the start, by `nohup` or in the background of a script, stays ignored.

Standard library only, and little of it: this is in force before anything else is imported.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import time

TYPE_CHECKING = False  # as in `typing`, whose import takes longer than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

    Handler = Callable[[int, FrameType | None], Any]

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
SIGNALS = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
LINE = "Interrupted. Nothing half-written is left."
EXIT_CODE = 130
CLEANING_SECONDS = 10
"""While these last, further signals do not disturb the cleaning up; later they end it."""
AGAIN_SECONDS = 0.01
NEVER_SECONDS = -1.0
IMPORTER = "<frozen importlib._bootstrap>"
HAS_THREAD_SIGNALS = hasattr(signal, "pthread_kill")


def end_at_once() -> None:
    """From now on a signal ends this process with the line; those that our starter has blocked are
    unblocked."""
    _listen(_end)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _end(_number: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"{LINE}\n".encode())
    os._exit(EXIT_CODE)


def _listen(handler: Handler) -> dict[int, Any]:
    """Let the handler hear all signals that are not ignored; returns who has heard them so far."""
    if threading.current_thread() is not threading.main_thread():  # no other is ever interrupted
        return {}
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in heard:
        signal.signal(number, handler)
    return heard


class Interruptible:
    """The time in which a command works: the first signal raises KeyboardInterrupt, further ones do
    nothing.

    was_heard  whether there was one. Libraries make other errors of it: DuckDB's is "Query
               interrupted".
    """

    def __init__(self) -> None:
        self.heard_seconds = NEVER_SECONDS
        self.number = 0

    @property
    def was_heard(self) -> bool:
        """Whether a signal has ended the work."""
        return self.heard_seconds > NEVER_SECONDS

    def __enter__(self) -> Interruptible:
        self.before_hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        self.before = _listen(self._hear)
        return self

    def __exit__(self, *_about: object) -> None:
        for number, handler in self.before.items():  # a process of our own has nothing left to do
            signal.signal(number, signal.SIG_IGN if handler is _end else handler)
        sys.unraisablehook = self.before_hook

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now_seconds = time.monotonic()
        if self.was_heard and now_seconds - self.heard_seconds < CLEANING_SECONDS:
            return
        if HAS_THREAD_SIGNALS and _is_importing(frame):
            _repeat(number)  # who imports may take any exception for a package that is not there
            return
        self.heard_seconds, self.number = now_seconds, number
        raise KeyboardInterrupt

    def _unraisable(self, lost: Any) -> None:
        """Where Python can only drop an exception, in a finalizer, an interrupt is raised once
        more."""
        if HAS_THREAD_SIGNALS and isinstance(lost.exc_value, KeyboardInterrupt):
            self.heard_seconds = NEVER_SECONDS
            _repeat(self.number)
        else:
            self.before_hook(lost)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported on this stack."""
    while frame is not None and frame.f_code.co_filename != IMPORTER:
        frame = frame.f_back
    return frame is not None


def _repeat(number: int) -> None:
    """Send this process the signal once more, in a moment."""

    main = threading.main_thread().ident or 0

    def knock() -> None:
        time.sleep(AGAIN_SECONDS)
        signal.pthread_kill(main, number)

    _thread.start_new_thread(knock, ())  # as that takes no lock: this is called in handlers


@contextlib.contextmanager
def uninterrupted(told: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Signals wait until this block is through; `told` is called when one comes."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        told()

    before = _listen(hear)
    for number in [number for number, handler in before.items() if not callable(handler)]:
        signal.signal(
            number, before.pop(number)
        )  # nobody raises anything for it: it ends the process
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if heard:
            signal.raise_signal(heard[0])
