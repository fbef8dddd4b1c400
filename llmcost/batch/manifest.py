"""What became of each client in a run: lines and a bar for who watches, manifest.json for
machines."""

import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from llmcost.batch.whole_files import put_whole
from llmcost.inputs.errors import InputError
from llmcost.report.failures import ReportError
from llmcost.report.records import Record, read_run
from llmcost.views.text import visible

MANIFEST = "manifest.json"
NO_TURN = "the run ended before its turn: make the report again"
BAR = "{n_fmt} of {total_fmt} {unit}{postfix}, about {remaining} left |{bar}|"

tqdm.monitor_interval = 0  # a bar has no thread beside it, as this process forks
# The default lock is shared with what is forked: a process killed with it holds it for ever.
tqdm.set_lock(threading.RLock())


class Manifest:
    """The account of one run, and its voice.

    Every client is `interrupted` until it is told otherwise: built, fresh or failed.
    """

    def __init__(self, slugs: Sequence[str], silent: bool = False):
        self.entries: dict[str, dict[str, Any]] = {slug: entry("interrupted") for slug in slugs}
        self.silent = silent
        is_watched = sys.stderr is not None and sys.stderr.isatty()
        self.bar = tqdm(
            total=len(slugs),
            unit="clients",
            bar_format=BAR,
            disable=not is_watched,
            leave=False,
            postfix="none failed",
        )

    @property
    def failed(self) -> dict[str, str]:
        """Slug -> what went wrong."""
        return {
            slug: said["problem"]
            for slug, said in self.entries.items()
            if said["state"] == "failed"
        }

    @property
    def not_renewed(self) -> dict[str, str]:
        """Slug -> why its report, if there is one, is not of this run: it failed, or its turn never
        came."""
        return {
            slug: said["problem"] or NO_TURN
            for slug, said in self.entries.items()
            if said["state"] in ("failed", "interrupted")
        }

    def fresh(self, slug: str, record: Record) -> None:
        """The published report is what would be made today."""
        self.entries[slug] = entry("fresh", warnings=warnings(record))
        self._say(f"{slug}: fresh. {advice(record)}")

    def built(
        self, slug: str, record: Record, seconds: float, peak_memory_gb: float | None
    ) -> None:
        """A report was made and published."""
        self.entries[slug] = entry("built", "", "", seconds, peak_memory_gb, warnings(record))
        self._say(f"{slug}: {advice(record)}")

    def fail(
        self,
        slug: str,
        problem: ReportError,
        seconds: float,
        peak_memory_gb: float | None,
        warnings: Sequence[str] = (),
    ) -> None:
        """No report was made; an older one stays as it was."""
        self.entries[slug] = entry(
            "failed", problem.code, visible(problem), seconds, peak_memory_gb, warnings
        )
        say(visible(f"{slug}: {problem}"), sys.stderr)
        for note in getattr(problem, "__notes__", []):  # the traceback of an error of ours
            say(note, sys.stderr)
        self.bar.set_postfix_str(f"{len(self.failed)} failed", refresh=False)
        self.bar.update()

    def begin(self, unit: str, count: int) -> None:
        """From here on the bar counts something else."""
        self.bar.unit = unit
        self.bar.reset(count)

    def printed(self, slug: str, problem: str) -> None:
        """A report has its PDF, or not: then the client failed, though its report is there."""
        if problem:
            said = self.entries[slug]
            self.fail(
                slug,
                ReportError(problem, "pdf"),
                said["seconds"],
                said["peak_memory_gb"],
                said["warnings"],
            )
        else:
            self.bar.update()

    def _say(self, line: str) -> None:
        if not self.silent:
            say(visible(line), sys.stdout)
        self.bar.update()

    def write(self, out_dir: Path) -> None:
        """Leave manifest.json in the reports' folder, whole or as it was; a silent run prints
        it."""
        self.bar.close()
        counts = {
            state: sum(e["state"] == state for e in self.entries.values())
            for state in ("built", "fresh", "failed", "interrupted")
        }
        document = {
            "schema_version": 1,
            "counts": counts,
            "clients": [{"client": slug} | said for slug, said in self.entries.items()],
        }
        text = json.dumps(document, indent=1, ensure_ascii=False)
        if self.silent:
            say(text, sys.stdout)
        put_whole(out_dir / MANIFEST, f"{text}\n")


def say(text: str, stream: TextIO | None) -> None:
    """Print it at once. Where nobody listens any more (`| head`, a terminal that was closed) the
    work goes on all the same."""
    if stream is None:
        return
    try:
        tqdm.write(text, file=stream)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_manifest(path: Path) -> bool:
    """Whether a file is the manifest of a run, and not somebody else's of that name."""
    try:
        read_run(path)
    except InputError:
        return False
    return True


def entry(
    state: str,
    code: str = "",
    problem: str = "",
    seconds: float | None = None,
    peak_memory_gb: float | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """One client's part of the manifest; what is not known is null."""
    return {
        "state": state,
        "code": code,
        "problem": problem,
        "seconds": None if seconds is None else round(seconds, 3),
        "peak_memory_gb": None if peak_memory_gb is None else round(peak_memory_gb, 3),
        "warnings": list(warnings),
    }


def advice(record: Record) -> str:
    """The verdict in one line."""
    return f"{record.verdict.answer.rstrip('.')}. {record.verdict.sentence}"


def warnings(record: Record) -> list[str]:
    """What a report says in red."""
    return list(record.verdict.banners or [])
