"""Reports as PDF: every page printed by one Chromium, whichever is installed. Needs the optional
extra `pdf` (Playwright)."""

import asyncio
import os
import re
import shutil
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from llmcost.leaving import uninterrupted
from llmcost.report.failures import ReportError

VARIABLE = "LLMCOST_BROWSER"
"""Environment variable that names the browser to use."""
COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
MAC_APPS = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS_PROGRAMS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
CURE = f"Install Chromium, Chrome or Edge, or name one of them in {VARIABLE}"
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""A browser that prints files has nobody to call."""
LIMIT_SECONDS = 60
BROWSERS_COUNT = 3
"""Started one after the other, where one ends before its work is done."""
VIEWPORT = {"width": 800, "height": 100}
"""Small: nobody sees the page before it is laid out for paper."""
DRAWN = """() => [...document.querySelectorAll("figure.chart")].every(
  (figure) => figure.querySelector("svg .mark-group") || figure.querySelector("div").textContent)"""
"""Every chart of the page is there, or says why it is not."""
SCRIPTS = re.compile(r"<script>(.*?)</script>\n", re.DOTALL)
"""What runs in a report: the chart script, then our few lines that draw with it."""
FOLLOW = """([page, draw]) => {
  const next = new DOMParser().parseFromString(page, "text/html");
  // the same policy is in force already, and policies pile up
  next.querySelector("meta[http-equiv]")?.remove();
  const unseen = next.head.appendChild(next.createElement("style"));
  unseen.textContent = "@media screen { body { display: none } }";  // laid out for paper only
  document.documentElement.replaceWith(next.documentElement);
  document.body.appendChild(document.createElement("script")).textContent = draw;
}"""
"""Put the next report in the place of the one that the tab shows, and draw its charts with the
script that is there."""
Result = TypeVar("Result")
Pair = tuple[Path, Path]
"""A report.html, and the report.pdf to make of it."""
PAPER = {
    "format": "A4",
    "prefer_css_page_size": True,
    "print_background": True,
    "tagged": True,
    "outline": True,
}


def browser_path() -> Path:
    """The Chromium to print with: the one named in LLMCOST_BROWSER, else what is found in the usual
    places.

    Raises ReportError, before any work, where there is none or where Playwright is not installed.
    """
    try:
        import playwright.async_api  # noqa: F401 - only to see whether it is there
    except ImportError:
        raise ReportError(
            "PDF needs Playwright: pip install playwright (the optional extra `pdf`)"
        ) from None
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if not found:
            raise ReportError(f"{VARIABLE} names {named!r}, and there is no such program. {CURE}")
        return Path(found)
    place = next((path for path in usual_places() if path.is_file()), None)
    if place is None:
        raise ReportError(f"PDF needs a browser, and none was found. {CURE}")
    return place


def usual_places() -> Iterator[Path]:
    """Where a Chromium may be, best first."""
    yield from (Path(found) for found in map(shutil.which, COMMANDS) if found)
    if sys.platform == "darwin":
        folders = (Path("/Applications"), Path.home() / "Applications")
        yield from (
            folder / f"{app}.app/Contents/MacOS/{app}" for app in MAC_APPS for folder in folders
        )
    if sys.platform == "win32":
        roots = [
            os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        ]
        yield from (Path(root) / program for program in WINDOWS_PROGRAMS for root in roots if root)


def write_pdfs(
    pages: Iterable[Pair], done: Callable[[Path, str], None] = lambda page, problem: None
) -> dict[Path, str]:
    """Print each (report.html, report.pdf), in one browser, as many at a time as there are cores.

    Returns report.html -> what went wrong, empty where every PDF is in place; `done` hears of each
    as it ends, the good ones with "". A PDF is written aside and replaced in one step, and the
    browser is cut off from the network. Its bytes are not the same from run to run: the browser
    writes the time into them. A page that the browser failed at is printed once more in a browser
    of its own, as a page that takes its browser along must take no other page along. Raises
    ReportError where there is no browser.
    """
    program = browser_path()
    problems: dict[Path, str] = {}
    waiting, failed = deque(pages), dict[Pair, str]()

    def ended(pair: Pair, problem: str) -> None:
        if problem:
            problems[pair[0]] = problem
        done(pair[0], problem)

    for _ in range(BROWSERS_COUNT):
        if waiting:
            failed |= _run(_print_all(waiting, ended, program))
    for pair in failed:
        for problem in _run(_print_all(deque([pair]), ended, program)).values():
            ended(pair, problem)
    for pair in waiting:
        ended(pair, "no PDF: the browser ended again and again")
    return problems


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """`asyncio.run`, where an interrupt cancels the work: the browser ends in order, and no task is
    lost with a traceback."""
    tasks: list[asyncio.Task] = []

    async def known() -> Result:
        tasks.extend(asyncio.all_tasks())
        return await work

    def cancel() -> None:
        for task in tasks:
            task.get_loop().call_soon_threadsafe(task.cancel)

    with uninterrupted(told=cancel):
        return asyncio.run(known())


class Tab:
    """A browser's tab, kept from report to report: loading and warming up the chart script takes
    longer than drawing the charts."""

    def __init__(self, shown: Any) -> None:
        self.shown = shown
        self.scripts: list[str] = []

    async def printed(self, page: Path) -> bytes:
        """The page as PDF, once its charts are drawn."""
        text = page.read_text(encoding="utf-8", errors="replace")
        scripts = SCRIPTS.findall(text)
        if len(scripts) == 2 and scripts == self.scripts:
            await self.shown.evaluate(FOLLOW, [SCRIPTS.sub("", text), scripts[1]])
        else:
            await self.shown.goto(page.resolve().as_uri())
            self.scripts = scripts
        await self.shown.wait_for_function(DRAWN, timeout=0)  # LIMIT_SECONDS holds
        return await self.shown.pdf(**PAPER)


async def _print_all(
    waiting: deque[Pair], ended: Callable[[Pair, str], None], program: Path
) -> dict[Pair, str]:
    """Print what waits in one browser; returns the pages that the browser failed at, and what it
    said.

    It does not say whose fault that was: a page's own, or that of a neighbour that took the browser
    along. Where the browser is gone the rest stays waiting.
    """
    from playwright.async_api import Error, async_playwright

    failed: dict[Pair, str] = {}

    async def work(browser: Any) -> None:
        tab = None
        while waiting:
            pair = waiting.popleft()
            try:
                tab = tab or Tab(await browser.new_page(offline=True, viewport=VIEWPORT))
                problem = await _problem_of(tab, *pair)
            except Error as error:
                failed[pair] = f"no PDF: {_first_line(error)}"
                if tab is None:
                    return
                tab = None
            else:
                ended(pair, problem)
                tab = None if problem else tab

    async with async_playwright() as driver, await _launched(driver, program) as browser:
        await asyncio.gather(
            *(work(browser) for _ in range(min(os.cpu_count() or 1, len(waiting))))
        )
    return failed


async def _launched(driver: Any, program: Path) -> Any:
    """The running browser; ReportError in one line if it does not start."""
    from playwright.async_api import Error

    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root
    try:
        return await driver.chromium.launch(
            executable_path=program, args=FLAGS, chromium_sandbox=not is_root
        )
    except Error as error:
        raise ReportError(f"{program} does not start: {_first_line(error)}. {CURE}") from None


async def _problem_of(tab: Tab, page: Path, target: Path) -> str:
    """Print one page into its place; returns what went wrong with the page or its place, or "", and
    raises what the browser says."""
    aside = target.with_name(f".{target.name}")
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            aside.write_bytes(await tab.printed(page))
        os.replace(aside, target)
        return ""
    except TimeoutError:
        return f"no PDF: printing took longer than {LIMIT_SECONDS} seconds"
    except OSError as error:
        return f"no PDF: {error.strerror or error}"
    finally:
        aside.unlink(missing_ok=True)


def _first_line(error: Any) -> str:
    """What the browser said, without the name of the driver's function."""
    return re.sub(r"^\w+\.\w+: ", "", error.message.strip().splitlines()[0])
