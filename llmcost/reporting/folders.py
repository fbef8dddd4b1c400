"""Where reports go: a folder of its own for each client, put there whole or not at all."""

import contextlib
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock, Timeout, has_fcntl

from llmcost.reporting.errors import ReportError
from llmcost.reporting.index import BOOK, INDEX_MARK
from llmcost.reporting.manifest import MANIFEST, is_manifest
from llmcost.views.text import visible

DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
OLD, WORK, LOCK = ".llmcost-old", ".llmcost-work", ".llmcost-lock"
WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What a file system says that knows no locks; there nobody watches."""


def safe_slug(name: str) -> str:
    """The name as a folder name that is safe everywhere; one that had to change carries a hash of the original.

    >>> safe_slug("support-assistant"), safe_slug("../escaped")
    ('support-assistant', 'escaped-75a9a6')
    """
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    if slug and slug == name and not DEVICE_NAMES.fullmatch(name):
        return slug
    return f"{slug or 'client'}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:6]}"


def unique_slugs(clients: Sequence[Path]) -> dict[str, Path]:
    """Slug -> folder; two clients that would share an output folder are refused, on any file system."""
    slugs: dict[str, Path] = {}
    seen: dict[str, Path] = {}
    for folder in clients:
        slug = safe_slug(folder.resolve().name)
        other = seen.setdefault(slug.casefold(), folder)
        if other != folder:
            raise ReportError(f"{visible(other)} and {visible(folder)} would both be {slug}: rename one of the folders")
        slugs[slug] = folder
    return slugs


@contextlib.contextmanager
def make_room(out_dir: Path) -> Iterator[None]:
    """The output folder, for one run at a time; what a killed run had just moved away is put back, and what it left is cleared."""
    with contextlib.ExitStack() as held:
        try:
            out_dir.mkdir(parents=True, exist_ok=True)
            check_ours(out_dir)
            held.enter_context(one_run(out_dir))
            tidy(out_dir)
        except OSError as error:
            raise ReportError(f"{visible(out_dir)} cannot be written: {error.strerror}. Choose another --out") from None
        yield


def check_ours(out_dir: Path) -> None:
    """Refuse a folder where a file of somebody else has the name of one that a run writes."""
    index_page = out_dir / "index.html"
    is_index = index_page.exists() and INDEX_MARK in index_page.read_text(encoding="utf-8", errors="replace")
    foreign = [] if is_index else [path for path in (index_page, *(out_dir / name for name in BOOK)) if path.exists()]
    if (out_dir / MANIFEST).exists() and not is_manifest(out_dir / MANIFEST):
        foreign.append(out_dir / MANIFEST)
    if foreign:
        what = "an index of reports" if foreign[0] == index_page else "of a run of ours"
        raise ReportError(f"{visible(foreign[0])} is there and is not {what}: choose another --out")


@contextlib.contextmanager
def one_run(out_dir: Path) -> Iterator[None]:
    """Keep other runs out of the folder until this one has ended, however it ends; its children do not hold the lock."""
    lock = FileLock(out_dir / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise ReportError(f"another run writes into {visible(out_dir)}: wait for its end, or choose another --out") from None
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
    try:
        yield
    finally:
        if has_fcntl:  # while it is held, or another run's would be taken away; elsewhere the lock does it itself
            (out_dir / LOCK).unlink(missing_ok=True)
        lock.release()


def tidy(out_dir: Path) -> None:
    """Put back what a killed run had just moved away, and clear what it left."""
    for kept in (out_dir / OLD).glob("*"):
        if not (out_dir / kept.name).exists():
            os.replace(kept, out_dir / kept.name)
    (out_dir / WORK).mkdir(exist_ok=True)
    clear(out_dir)


def clear(out_dir: Path) -> None:
    """Take away what only a run needs; a report that waits for its place to be free stays."""
    shutil.rmtree(out_dir / WORK, ignore_errors=True)
    for kept in (out_dir / OLD).glob("*"):
        if (out_dir / kept.name).exists():
            shutil.rmtree(kept, ignore_errors=True)
    with contextlib.suppress(OSError):
        (out_dir / OLD).rmdir()


def publish(slug: str, files: Mapping[str, bytes], out_dir: Path) -> None:
    """Write a report aside and move it into place in one step; one already there stays until then. Raises ReportError."""
    final, old, aside = out_dir / slug, out_dir / OLD / slug, out_dir / WORK / slug
    if final.exists() and ((final / "client.yaml").exists() or not (final / "results.json").is_file()):
        raise ReportError(f"{visible(final)} is there and is not a report: choose another --out", "publish")
    try:
        for name, content in files.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(content)
        if final.exists():
            old.parent.mkdir(exist_ok=True)
            os.replace(final, old)
        try:
            os.replace(aside, final)
        except OSError:
            with contextlib.suppress(OSError):
                os.replace(old, final)
            raise
    except OSError as error:
        raise ReportError(f"could not be published: {error.strerror}", "publish") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
