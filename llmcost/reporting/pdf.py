"""Reports as PDF: every page printed by one Chromium, whichever is installed. Needs the optional extra `pdf` (Playwright)."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from llmcost.reporting.errors import ReportError

VARIABLE = "LLMCOST_BROWSER"
"""Environment variable that names the browser to use."""
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
MAC_APPS = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS_PROGRAMS = (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")
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
"""Started one after the other, where one ends before its work is done: a page that takes its browser along takes no other page along."""
GONE = "browser has been closed"
"""In the driver's words, by which the end of a browser is known before its tabs have heard of it."""
VIEWPORT = {"width": 800, "height": 100}
"""Small: nobody sees the page before it is laid out for paper."""
DRAWN = """() => [...document.querySelectorAll("figure.chart")].every(
  (figure) => figure.querySelector("svg .mark-group") || figure.querySelector("div").textContent)"""
"""Every chart of the page is there, or says why it is not."""
SCRIPTS = re.compile(r"<script>(.*?)</script>\n", re.DOTALL)
"""What runs in a report: the chart script, then our few lines that draw with it."""
FOLLOW = """([page, draw]) => {
  const next = new DOMParser().parseFromString(page, "text/html");
  next.querySelector("meta[http-equiv]")?.remove();  // the same policy is in force already, and policies pile up
  const unseen = next.head.appendChild(next.createElement("style"));
  unseen.textContent = "@media screen { body { display: none } }";  // laid out for paper only
  document.documentElement.replaceWith(next.documentElement);
  document.body.appendChild(document.createElement("script")).textContent = draw;
}"""
"""Put the next report in the place of the one that the tab shows, and draw its charts with the script that is there."""
PAPER = {"format": "A4", "prefer_css_page_size": True, "print_background": True, "tagged": True, "outline": True}


def browser_path() -> Path:
    """The Chromium to print with: the one named in LLMCOST_BROWSER, else what is found in the usual places.

    Raises ReportError, before any work, where there is none or where Playwright is not installed.
    """
    try:
        import playwright.async_api  # noqa: F401 - only to see whether it is there
    except ImportError:
        raise ReportError("PDF needs Playwright: pip install playwright (the optional extra `pdf`)") from None
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
        yield from (folder / f"{app}.app/Contents/MacOS/{app}" for app in MAC_APPS for folder in folders)
    if sys.platform == "win32":
        roots = [os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
        yield from (Path(root) / program for program in WINDOWS_PROGRAMS for root in roots if root)


def write_pdfs(pages: Iterable[tuple[Path, Path]], done: Callable[[Path, str], None] = lambda page, problem: None) -> dict[Path, str]:
    """Print each (report.html, report.pdf), in one browser, as many at a time as there are cores.

    Returns report.html -> what went wrong, empty where every PDF is in place; `done` hears of each as it ends, the good ones
    with "". A PDF is written aside and replaced in one step, and the browser is cut off from the network. Its bytes are not the same
    from run to run: the browser writes the time into them. Raises ReportError where there is no browser to print with.
    """
    problems: dict[Path, str] = {}
    left = list(pages)
    for _ in range(BROWSERS_COUNT):
        if left:
            found, left = asyncio.run(_write_all(left, done, browser_path()))
            problems |= found
    for page, _ in left:
        problems[page] = "no PDF: the browser ended again and again"
        done(page, problems[page])
    return problems


class Tab:
    """A browser's tab, kept from report to report: loading and warming up the chart script takes longer than drawing the charts."""

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


async def _write_all(
    pages: list[tuple[Path, Path]], done: Callable[[Path, str], None], program: Path
) -> tuple[dict[Path, str], list[tuple[Path, Path]]]:
    """(what went wrong, the pages that wait for another browser, as this one has ended; those that it had in hand come last)."""
    from playwright.async_api import Error, async_playwright

    problems: dict[Path, str] = {}
    waiting, in_hand = iter(pages), list[tuple[Path, Path]]()

    async def work(browser: Any) -> None:
        tab = None
        for page, target in waiting:
            try:
                tab = tab or Tab(await browser.new_page(offline=True, viewport=VIEWPORT))
                problem = await _problem_of(tab, page, target)
            except Error as error:  # the browser itself is gone
                problem = f"no PDF: {_first_line(error)}"
            if problem and (GONE in problem or not browser.is_connected()):
                in_hand.append((page, target))
                return
            if problem:
                problems[page] = problem
                tab = None
            done(page, problem)

    async with async_playwright() as driver, await _launched(driver, program) as browser:
        await asyncio.gather(*(work(browser) for _ in range(min(os.cpu_count() or 1, len(pages)))))
    return problems, [*waiting, *in_hand]


async def _launched(driver: Any, program: Path) -> Any:
    """The running browser; ReportError in one line if it does not start."""
    from playwright.async_api import Error

    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses to run as root
    try:
        return await driver.chromium.launch(executable_path=program, args=FLAGS, chromium_sandbox=not is_root)
    except Error as error:
        raise ReportError(f"{program} does not start: {_first_line(error)}. {CURE}") from None


async def _problem_of(tab: Tab, page: Path, target: Path) -> str:
    """Print one page into its place; returns what went wrong, or ""."""
    from playwright.async_api import Error

    aside = target.with_name(f".{target.name}")
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            aside.write_bytes(await tab.printed(page))
        os.replace(aside, target)
        return ""
    except TimeoutError:
        return f"no PDF: printing took longer than {LIMIT_SECONDS} seconds"
    except (Error, OSError) as error:
        return f"no PDF: {_first_line(error)}"
    finally:
        aside.unlink(missing_ok=True)


def _first_line(error: Exception) -> str:
    text = getattr(error, "message", None) or getattr(error, "strerror", None) or str(error)
    return re.sub(r"^\w+\.\w+: ", "", text.strip().splitlines()[0])  # without the name of the driver's function
