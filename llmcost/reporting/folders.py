"""Where reports go: a folder of its own for each client, put there whole or not at all."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from llmcost.reporting.errors import ReportError
from llmcost.reporting.index import INDEX_MARK
from llmcost.views.text import visible

DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
OLD, WORK = ".llmcost-old", ".llmcost-work"


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


def make_room(out_dir: Path) -> None:
    """The output folder; what a killed run had just moved away is put back, and what it left is cleared."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        index_page = out_dir / "index.html"
        if index_page.exists() and INDEX_MARK not in index_page.read_text(encoding="utf-8", errors="replace"):
            raise ReportError(f"{visible(index_page)} is there and is not an index of reports: choose another --out")
        for kept in (out_dir / OLD).glob("*"):
            if not (out_dir / kept.name).exists():
                os.replace(kept, out_dir / kept.name)
        (out_dir / WORK).mkdir(exist_ok=True)
    except OSError as error:
        raise ReportError(f"{visible(out_dir)} cannot be written: {error.strerror}. Choose another --out") from None
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
    if final.exists() and not (final / "results.json").is_file():
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
