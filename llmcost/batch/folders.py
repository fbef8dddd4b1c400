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

from llmcost.batch.index import BOOK, INDEX_MARK
from llmcost.batch.manifest import MANIFEST, is_manifest
from llmcost.report.failures import ReportError
from llmcost.report.history import published_record
from llmcost.report.records import beginning
from llmcost.views.text import visible

DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
OLD, WORK, LOCK = ".llmcost-old", ".llmcost-work", ".llmcost-lock"
REPORT_MARK = "should you host your own model?"
"""In the title of every report."""
HEAD_BYTES = 64 * 1024
"""Of a page, whose title stands in the first of them."""
WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What a file system says that knows no locks; there nobody watches."""


def safe_slug(name: str) -> str:
    """The name as a folder name that is safe everywhere; one that had to change carries a hash of
    the original.

    >>> safe_slug("support-assistant"), safe_slug("../escaped")
    ('support-assistant', 'escaped-75a9a6')
    """
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    if slug and slug == name and not DEVICE_NAMES.fullmatch(name):
        return slug
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    return f"{slug or 'client'}-{digest[:6]}"


def slugs_of(clients: Sequence[Path]) -> tuple[dict[str, Path], dict[str, ReportError]]:
    """(slug -> folder, slug -> why no report can be made of it, where there is a reason). Each
    client has a slug of its own.

    Refused are names that are not UTF-8, links that lead nowhere, and all of those that would share
    an output folder on some file system: which of them is meant, nobody can tell.
    """
    same: dict[str, list[Path]] = {}
    for folder in clients:
        same.setdefault(safe_slug(own_name(folder)).casefold(), []).append(folder)
    slugs, problems = {}, {}
    for folder in clients:
        name = own_name(folder)
        slug = safe_slug(name)
        others = [other for other in same[slug.casefold()] if other != folder]
        if slug in slugs:
            slug = f"{slug}-{hashlib.sha256(os.fsencode(os.path.abspath(folder))).hexdigest()[:6]}"
        slugs[slug] = folder
        found = [name_problem(name), link_problem(folder), share_problem(folder, others)]
        if any(found):
            problems[slug] = ReportError("; ".join(filter(None, found)), "input")
    return slugs, problems


def own_name(folder: Path) -> str:
    """The name of a folder as it stands among others: that of a link, not of what it leads to."""
    return os.path.basename(os.path.abspath(folder))


def name_problem(name: str) -> str:
    """Why a folder's name cannot be a client's, or ""."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "its folder has a name that is not UTF-8: rename the folder"
    return ""


def link_problem(folder: Path) -> str:
    """Why a client's folder, or the client file in it, is not there although a link says so; or
    ""."""
    for path, what in ((folder, "its folder"), (folder / "client.yaml", "client.yaml")):
        if path.is_symlink() and not os.path.exists(path):
            kind = "folder" if path == folder else "file"
            return f"{what} is a link that leads nowhere: put the {kind} itself there"
    return ""


def share_problem(folder: Path, others: Sequence[Path]) -> str:
    """Why this client has no output folder of its own, or ""."""
    if not others:
        return ""
    return (
        f"{visible(folder)} and {visible(others[0])} would share one report folder: rename one of"
        " them"
    )


@contextlib.contextmanager
def make_room(out_dir: Path) -> Iterator[None]:
    """The output folder, for one run at a time; what a killed run had just moved away is put back,
    and what it left is cleared."""
    with contextlib.ExitStack() as held:
        try:
            out_dir.mkdir(parents=True, exist_ok=True)
            check_ours(out_dir)
            held.enter_context(one_run(out_dir))
            tidy(out_dir)
        except OSError as error:
            raise ReportError(
                f"{visible(out_dir)} cannot be written: {error.strerror}. Choose another --out"
            ) from None
        yield


def check_ours(out_dir: Path) -> None:
    """Refuse a folder where something of somebody else has the name of a file that a run writes."""
    index_page, manifest = out_dir / "index.html", out_dir / MANIFEST
    book = [index_page, *(out_dir / name for name in BOOK)]
    cure = "move it away, or choose another --out"
    for path in (*book, manifest, out_dir / LOCK):
        if os.path.lexists(path) and not path.is_file():
            raise ReportError(f"{visible(path)} is there and is not a file: {cure}")
    is_ours = has_title(index_page, INDEX_MARK)
    foreign = [] if is_ours else [path for path in book if path.exists()]
    if manifest.exists() and not is_manifest(manifest):
        foreign.append(manifest)
    if foreign:
        what = "an index of reports" if foreign[0] == index_page else "of a run of ours"
        raise ReportError(f"{visible(foreign[0])} is there and is not {what}: {cure}")


def has_title(page: Path, words: str) -> bool:
    """Whether a page that can be read has these words at its beginning, where the title stands."""
    try:
        return words.encode() in beginning(page, HEAD_BYTES)
    except OSError:
        return False


def is_report(folder: Path) -> bool:
    """Whether a report of ours is there: by its page, or where that is gone by its record."""
    if (folder / "client.yaml").exists() or not os.path.lexists(folder / "results.json"):
        return False
    is_page = has_title(folder / "report.html", REPORT_MARK)
    return is_page or published_record(folder) is not None


@contextlib.contextmanager
def one_run(out_dir: Path) -> Iterator[None]:
    """Keep other runs out of the folder until this one has ended, however it ends; its children do
    not hold the lock."""
    lock = FileLock(out_dir / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise ReportError(
            f"another run writes into {visible(out_dir)}: wait for its end, or choose another --out"
        ) from None
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
    try:
        yield
    finally:
        # while it is held, or another run's would be taken away; elsewhere the lock does it itself
        if has_fcntl:
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
    """Write a report aside and move it into place in one step; one already there stays until then.
    Raises ReportError."""
    final, old, aside = out_dir / slug, out_dir / OLD / slug, out_dir / WORK / slug
    if final.exists() and not is_report(final):
        raise ReportError(
            f"{visible(final)} is there and is not a report: choose another --out", "publish"
        )
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
