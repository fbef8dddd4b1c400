"""Reports as PDF, and what is looked for in a real browser; skipped where Playwright or a Chromium
is missing."""

import json
import os
import re
import sys

import pytest
from test_reporting import clients, kit, make, needs_fork  # noqa: F401

from llmcost.batch import batch, manifest
from llmcost.cli import command_line
from llmcost.report import pdf
from llmcost.report.chart_script import ChartScript
from llmcost.report.failures import ReportError

CHART = """<figure class="chart"><div></div><script type="application/json">{}</script></figure>"""
DRAWN_LATE = """<script>setTimeout(() => { document.querySelector("figure div").innerHTML =
  '<svg width="300" height="100"><g class="mark-group"><text y="50">drawn late</text></g></svg>'; }, 300);</script>"""


@pytest.fixture
def browser():
    """Skips where nothing can print."""
    pytest.importorskip("playwright", reason="the optional extra `pdf` is not installed")
    try:
        return pdf.browser_path()
    except ReportError as error:
        pytest.skip(str(error))


def page_at(folder, body):
    folder.mkdir()
    (folder / "report.html").write_text(
        f"<!doctype html><html lang=en><title>A</title><h1>One</h1>{body}", encoding="utf-8"
    )
    return folder / "report.html", folder / "report.pdf"


def test_reports_are_printed_tagged_with_an_outline_once_their_charts_are_drawn(browser, tmp_path):
    pages = [
        page_at(tmp_path / "a", CHART + DRAWN_LATE),
        page_at(tmp_path / "b", "<h2>Two</h2>" + "<p>line</p>" * 200),
    ]
    told = []
    assert pdf.write_pdfs(pages, lambda page, problem: told.append((page, problem))) == {}
    assert sorted(told) == [(page, "") for page, _ in pages]
    for _, target in pages:
        data = target.read_bytes()
        assert (
            data.startswith(b"%PDF")
            and b"/StructTreeRoot" in data
            and b"/Outlines" in data
            and b"/Lang (en)" in data
        )
    assert len(re.findall(rb"/Type /Page\b", pages[1][1].read_bytes())) > 2
    assert b"/Font" in pages[0][1].read_bytes() and len(os.listdir(tmp_path / "a")) == 2


def test_one_page_that_cannot_be_printed_stops_no_other(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "LIMIT_SECONDS", 10)
    good, never = page_at(tmp_path / "good", ""), page_at(tmp_path / "never", CHART)
    missing = tmp_path / "missing.html", tmp_path / "missing.pdf"
    nowhere = good[0], tmp_path / "nowhere" / "report.pdf"
    never[1].write_bytes(b"the one before")
    problems = pdf.write_pdfs([never, missing, good])
    assert problems == {
        never[0]: "no PDF: printing took longer than 10 seconds",
        missing[0]: "no PDF: No such file or directory",
    }
    assert good[1].read_bytes().startswith(b"%PDF") and never[1].read_bytes() == b"the one before"
    assert pdf.write_pdfs([nowhere]) == {good[0]: "no PDF: No such file or directory"}
    assert sorted(os.listdir(tmp_path / "never")) == ["report.html", "report.pdf"]


def test_a_page_that_takes_its_browser_along_takes_no_other_page_along(
    browser, tmp_path, monkeypatch
):
    pages = [page_at(tmp_path / name, "") for name in ("fatal", "one", "two")]
    real = pdf.Tab.printed

    async def printed(tab, page):
        if page.parent.name == "fatal":
            await tab.shown.context.browser.close()
        return await real(tab, page)

    monkeypatch.setattr(pdf.Tab, "printed", printed)
    told = []
    problems = pdf.write_pdfs(pages, lambda page, problem: told.append((page.parent.name, problem)))
    assert (
        list(problems) == [pages[0][0]]
        and "closed" in problems[pages[0][0]]
        and "\n" not in problems[pages[0][0]]
    )
    assert sorted(told) == [("fatal", problems[pages[0][0]]), ("one", ""), ("two", "")]
    assert all(target.read_bytes().startswith(b"%PDF") for _, target in pages[1:])


def test_a_page_that_the_browser_failed_at_is_printed_once_more_in_a_browser_of_its_own(
    browser, tmp_path, monkeypatch
):
    from playwright.async_api import Error

    pages = [page_at(tmp_path / name, "") for name in ("never", "once", "sound")]
    real, tries = pdf.Tab.printed, []

    async def printed(tab, page):
        tries.append((page.parent.name, tab.shown.context.browser))
        if page.parent.name == "never" or (
            page.parent.name == "once" and [name for name, _ in tries].count("once") == 1
        ):
            raise Error("Tab.printed: Printing failed")
        return await real(tab, page)

    monkeypatch.setattr(pdf.Tab, "printed", printed)
    assert pdf.write_pdfs(pages) == {pages[0][0]: "no PDF: Printing failed"}
    assert sorted(name for name, _ in tries) == ["never", "never", "once", "once", "sound"]
    assert len({browser for _, browser in tries}) == 3 and all(
        target.exists() for _, target in pages[1:]
    )


def test_a_browser_that_opens_no_tab_is_not_tried_for_ever(browser, tmp_path, monkeypatch):
    from playwright.async_api import Browser, Error

    launched = []

    async def new_page(browser, **options):
        launched.append(browser)
        raise Error("Browser.new_page: no tab")

    monkeypatch.setattr(Browser, "new_page", new_page)
    pages = [page_at(tmp_path / str(number), "") for number in range(20)]
    problems = pdf.write_pdfs(pages)
    assert sorted(problems) == sorted(page for page, _ in pages) and len(set(launched)) < 12
    assert set(problems.values()) == {"no PDF: no tab", "no PDF: the browser ended again and again"}


@pytest.fixture
def no_places(monkeypatch):
    """A machine without a browser, Playwright installed or not."""
    monkeypatch.setitem(sys.modules, "playwright", type(sys)("playwright"))
    monkeypatch.setitem(sys.modules, "playwright.async_api", type(sys)("playwright.async_api"))
    monkeypatch.delenv(pdf.VARIABLE, raising=False)
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    monkeypatch.setattr(pdf.sys, "platform", "linux")
    return monkeypatch


def test_without_a_browser_one_line_says_how_to_get_one(no_places):
    with pytest.raises(
        ReportError,
        match=r"^PDF needs a browser, and none was found. Install Chromium, Chrome or Edge",
    ):
        pdf.browser_path()
    no_places.setenv(pdf.VARIABLE, "mine")
    with pytest.raises(ReportError, match="names 'mine', and there is no such program"):
        pdf.browser_path()
    no_places.setitem(sys.modules, "playwright.async_api", None)
    with pytest.raises(ReportError, match="pip install playwright"):
        pdf.browser_path()


@pytest.mark.parametrize(
    "system, place",
    [
        ("darwin", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("win32", r"C:\Programs/Google\Chrome\Application\chrome.exe"),
        ("win32", r"C:\Programs/Microsoft\Edge\Application\msedge.exe"),
    ],
)
def test_the_usual_places_of_other_systems_are_searched(no_places, system, place):
    no_places.setattr(pdf.sys, "platform", system)
    no_places.setenv("PROGRAMFILES", r"C:\Programs")
    no_places.setattr(pdf.Path, "is_file", lambda path: str(path) == place)
    assert str(pdf.browser_path()) == place


def test_a_program_that_is_no_browser_is_named(browser, tmp_path, monkeypatch):
    monkeypatch.setenv(pdf.VARIABLE, sys.executable)
    with pytest.raises(ReportError, match=r"does not start: .*Install Chromium"):
        pdf.write_pdfs([page_at(tmp_path / "a", "")])


def undated(target):
    """A PDF less what is never the same: dates, and a tab's own numbers of its elements."""
    return re.sub(rb"/(Creation|Mod)Date [(].*?[)]|node\d+", b"", target.read_bytes())


@needs_fork
def test_a_tab_that_is_kept_loads_the_chart_script_once_and_prints_each_report_as_if_it_were_the_first(
    browser,
    kit,  # noqa: F811
    monkeypatch,
):
    from playwright.async_api import Page

    monkeypatch.setattr(batch, "ChartScript", ChartScript)
    monkeypatch.setattr(pdf.os, "cpu_count", lambda: 1)
    make(kit, "one", "two", "hostile")
    pages = [(page, page.with_name("report.pdf")) for page in sorted(kit.glob("out/*/report.html"))]
    loaded, load = [], Page.goto
    monkeypatch.setattr(
        Page, "goto", lambda tab, address: (loaded.append(address), load(tab, address))[1]
    )
    assert len(pages) == 3 and pdf.write_pdfs(pages) == {} and loaded == [pages[0][0].as_uri()]
    kept = [undated(target) for _, target in pages]
    assert [
        undated(target) for page, target in pages if pdf.write_pdfs([(page, target)]) == {}
    ] == kept
    other = page_at(kit / "other", "<script>1</script>\n" + CHART + DRAWN_LATE + "\n")
    assert pdf.write_pdfs([pages[0], other, pages[1]]) == {} and loaded[-3:] == [
        page.as_uri() for page, _ in (pages[0], other, pages[1])
    ]


# llmcost report --pdf


def manifest_of(out):
    return {
        entry["client"]: entry
        for entry in json.loads((out / "manifest.json").read_text())["clients"]
    }


@needs_fork
def test_report_prints_what_has_no_pdf_yet(browser, kit, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setattr(batch, "ChartScript", ChartScript)
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    clients(kit, "one", "two")
    words = ["report", "--clients", str(kit / "clients"), "--out", str(kit / "out")]
    assert command_line.main(words) == 0 and not list(kit.glob("out/*/report.pdf"))
    assert command_line.main([*words, "--pdf"]) == 0
    made = {path: path.stat().st_mtime_ns for path in kit.glob("out/*/report.pdf")}
    assert len(made) == 2 and {entry["state"] for entry in manifest_of(kit / "out").values()} == {
        "fresh"
    }
    assert 'href="one/report.pdf"' in (kit / "out" / "index.html").read_text()
    assert command_line.main([*words, "--pdf"]) == 0
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert command_line.main([*words, "--force"]) == 0 and not list(kit.glob("out/*/report.pdf")), (
        "a PDF of an older report"
    )


@needs_fork
def test_a_report_without_its_pdf_is_a_failure_that_is_named(kit, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    monkeypatch.setattr(pdf, "browser_path", lambda: None)
    monkeypatch.setattr(
        pdf,
        "write_pdfs",
        lambda pages, done: [
            done(page, "no PDF: ink" if "two" in str(page) else "") for page, _ in pages
        ],
    )
    clients(kit, "one", "two")
    assert (
        command_line.main(
            ["report", "--clients", str(kit / "clients"), "--out", str(kit / "out"), "--pdf"]
        )
        == 1
    )
    said = manifest_of(kit / "out")
    assert (said["one"]["state"], said["two"]["state"], said["two"]["code"]) == (
        "built",
        "failed",
        "pdf",
    )
    assert (
        capsys.readouterr().err == "two: no PDF: ink\n"
        and (kit / "out" / "two" / "report.html").exists()
    )
    assert "two</dt><dd>no PDF: ink" in (kit / "out" / "index.html").read_text()


def test_a_client_without_its_pdf_keeps_its_warnings():
    run = manifest.Manifest(["one"], silent=True)
    run.entries["one"] = manifest.entry("built", seconds=1.5, warnings=["prices are old"])
    run.printed("one", "no PDF: ink")
    assert run.entries["one"] == manifest.entry(
        "failed", "pdf", "no PDF: ink", 1.5, warnings=["prices are old"]
    )


def test_without_a_browser_nothing_is_begun(no_places, tmp_path, capsys):
    assert (
        command_line.main(
            ["report", "small-bursty-product", "--out", str(tmp_path / "out"), "--pdf"]
        )
        == 2
    )
    assert "none was found" in capsys.readouterr().err and not (tmp_path / "out").exists()
