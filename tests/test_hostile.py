"""Clients whose every free text is hostile: they get whole reports in which nothing runs, loads or
breaks, and all of it reads as text."""

import base64
import csv
import hashlib
import json
import os
import re
from html.parser import HTMLParser

import altair as alt
import hostile
import pytest

from llmcost.batch import batch, folders, index
from llmcost.batch.manifest import Manifest
from llmcost.report import pdf
from llmcost.report.failures import ReportError
from llmcost.views.renderer import CHART_MIME
from llmcost.views.text import visible

LONG = "long"
TURNS = {"<svg onload=PWN>$(touch PWN)": 0, "=1+1'); import os; %s{{7*7}}\u202e": 16, LONG: 0}
"""Name of the client's folder -> the string with which its texts begin: together every string
stands in many fields."""
FIRST_PAGE = ("name", "evidence", "unit", "host", "prepared_by", "brand_name")
APPENDIX = ("file", "said_by", "GPU host")
TAGS = re.compile(
    "html|head|meta|title|style|body|main|header|section|h[1-6]|p|blockquote|strong|em|code|b|i|br|[uod]l|li|d[td]|div|span|a|table|caption"
    "|thead|tbody|t[rhd]|figure|script|wbr|label|input|output"
)
ATTRIBUTES = re.compile(
    "lang|charset|http-equiv|content|name|class|id|aria-label|aria-hidden|aria-sort|scope|type|href|title|style|data-value|colspan|hidden|role"
    "|autocomplete|spellcheck"
)
LOADING = re.compile(r"javascript|data:|evil[.]test|//|window[.]|PWN", re.IGNORECASE)
TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal or an editor would obey."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of reports, folder -> the texts of its client, and what the run printed; a client
    that is refused is among them."""
    root = tmp_path_factory.mktemp("hostile")
    words = {LONG: hostile.STRINGS[-1:]}  # one word without a joint, everywhere
    told = {
        name: hostile.write_client(root / "clients" / name, turn, words.get(name, hostile.STRINGS))
        for name, turn in TURNS.items()
    }
    refused = root / "clients" / "`refused` <b>\x1b[31m"
    hostile.write_client(refused, 5)
    text = (refused / "client.yaml").read_text(encoding="utf-8")
    (refused / "client.yaml").write_text(
        text.replace('"openai"', json.dumps(hostile.STRINGS[0])), encoding="utf-8"
    )
    before = os.getcwd()
    os.chdir(root)
    try:
        failed = batch.report_clients(
            [*(root / "clients" / name for name in TURNS), refused], root / "out"
        )
    finally:
        os.chdir(before)
    assert list(failed) == [slug(refused.name)], failed
    return root, told, failed


def slug(name):
    return folders.safe_slug(name)


def pages(root):
    return [root / "out" / "index.html", *sorted(root.glob("out/*/report.html"))]


class Document(HTMLParser):
    """Tags, attributes, scripts that run and data in scripts of a page as a browser splits it, and
    its text."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.running, self.carried, self.texts, self.comments = (
            set(),
            [],
            [],
            [],
            [],
            [],
        )
        self.inside = None
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join("".join(self.texts).split())

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attributes]
        self.inside = (
            "carried"
            if ("type", "application/json") in attributes
            else "running"
            if tag == "script"
            else tag
        )

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside in ("running", "carried"):
            getattr(self, self.inside).append(data)
        elif self.inside != "style":
            self.texts.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


def test_a_page_holds_nothing_but_our_own_structure(made):
    root, *_ = made
    for path in pages(root):
        page = Document(path)
        assert not [tag for tag in page.tags if not TAGS.fullmatch(tag)] and not page.comments
        assert not [name for _, name, _ in page.attributes if not ATTRIBUTES.fullmatch(name)]
        assert all(
            re.fullmatch(r"width: [\d.]+%", value)
            for _, name, value in page.attributes
            if name == "style"
        )
        links = [value for _, name, value in page.attributes if name == "href"]
        if path.name == "index.html":
            assert all(
                re.fullmatch(r"#failed|book[.](csv|xlsx)|[\w-]+/report[.](html|pdf)", link)
                for link in links
            )
        else:
            assert not [
                link
                for link in links
                if not link.startswith("https://") or "evil.test" in link or "PWN" in link
            ]
        ids = [value for _, name, value in page.attributes if name in ("id", "class")]
        assert not [value for value in ids if LOADING.search(value)]


def test_only_scripts_of_ours_run_and_the_data_of_charts_is_data(made):
    root, *_ = made
    for path in pages(root):
        page = Document(path)
        hashes = [
            base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            for script in page.running
        ]
        policy = next(
            value
            for tag, name, value in page.attributes
            if tag == "meta" and name == "content" and "default-src" in value
        )
        assert policy.startswith(
            "default-src 'none'; script-src "
            + " ".join(f"'sha256-{each}'" for each in hashes)
            + ";"
        )
        assert (
            not re.search(r"unsafe-(eval|hashes)|https?:|\*", policy)
            and "script-src 'unsafe" not in policy
        )
        for data in page.carried:
            assert isinstance(json.loads(data), dict) and not {"<", ">", "&"} & set(data)


def test_every_chart_is_as_vega_lite_wants_it(made):
    root, *_ = made
    charts = 0
    for path in root.glob("out/*/notebooks/*.ipynb"):
        for output in (
            output
            for cell in json.loads(path.read_text())["cells"]
            for output in cell.get("outputs", [])
        ):
            if spec := output.get("data", {}).get(CHART_MIME):
                alt.Chart.validate(
                    {key: value for key, value in spec.items() if key != "config"},
                    schema=alt.TopLevelSpec._schema,
                )
                charts += 1
    assert charts > 30 * len(TURNS)


def test_every_text_that_a_report_tells_is_there_to_read(made):
    root, told, _ = made
    for name, texts in told.items():
        page = "".join(Document(root / "out" / slug(name) / "report.html").text.split())
        for field in (*FIRST_PAGE, *APPENDIX):
            assert "".join(visible(texts[field]).split()) in page, f"{name}: {field}"
    shown = "".join(Document(root / "out" / "index.html").text.split())
    assert all("".join(visible(texts["name"]).split()) in shown for texts in told.values())


def test_columns_and_cells_that_nobody_reads_never_leave_the_export(made):
    root, told, _ = made
    for name, texts in told.items():
        shown = {text for field, text in texts.items() if "nobody reads" not in field}
        page = Document(root / "out" / slug(name) / "report.html").text
        unread = [
            text
            for field, text in texts.items()
            if "nobody reads" in field and not any(text in other for other in shown)
        ]
        assert unread or name == LONG
        assert not [text for text in unread if visible(text) in page]


def test_nothing_was_run_and_nothing_was_written_elsewhere(made):
    root, *_ = made
    assert not list(root.rglob("PWN*"))
    assert sorted(path.name for path in root.iterdir()) == ["clients", "out"]
    expected = {"index.html", "book.csv", "book.xlsx", *map(slug, TURNS)}
    assert expected <= {path.name for path in (root / "out").iterdir()}
    for name in TURNS:
        kept = (root / "out" / slug(name) / "results.json").read_text(encoding="utf-8")
        assert json.loads(kept)["slug"] == slug(name) and str(root) not in kept


def test_a_refused_client_is_one_harmless_line(made):
    root, _, failed = made
    problem, *_ = failed.values()
    assert "has no price list here" in problem and len(visible(problem).splitlines()) == 1
    assert "".join(visible(problem).split()) in "".join(
        Document(root / "out" / "index.html").text.split()
    )
    assert not TERMINAL.search((root / "out" / "index.html").read_text(encoding="utf-8"))


def test_the_book_reads_as_text_everywhere(made):
    root, told, failed = made
    text = (root / "out" / "book.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == len(TURNS) + len(failed) and not TERMINAL.search(text)
    for row in rows:
        assert not [value for value in row.values() if re.match(r"[=+@]|-[^\d]", value)]
    assert {row["name"].replace("'", "") for row in rows if row["name"]} == {
        visible(t["name"]).replace("'", "") for t in told.values()
    }


def test_the_lines_on_a_terminal_are_harmless(capfd):
    manifest = Manifest(["a"])
    for text in hostile.STRINGS:
        manifest.fail("a", ReportError(text), 0, None)
    shown = capfd.readouterr()
    assert len(shown.err.splitlines()) == len(hostile.STRINGS) and not TERMINAL.search(
        shown.err.replace("\n", "")
    )


# In a real browser


@pytest.fixture(scope="module")
def browser():
    """Chromium; skips where it or Playwright is missing."""
    pytest.importorskip("playwright", reason="the optional extra `pdf` is not installed")
    from playwright.sync_api import sync_playwright

    try:
        program = pdf.browser_path()
    except ReportError as error:
        pytest.skip(str(error))
    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=program, args=pdf.FLAGS)


@pytest.fixture
def opened(browser):
    """A function that opens a page and returns (tab, what happened there that should not)."""
    contexts = []

    def open_page(path, **options):
        contexts.append(browser.new_context(viewport={"width": 1300, "height": 800}, **options))
        tab, events = contexts[-1].new_page(), []
        tab.on(
            "request",
            lambda request: events.append(request.url) if request.url != path.as_uri() else None,
        )
        tab.on(
            "console",
            lambda message: events.append(message.text) if message.type == "error" else None,
        )
        tab.on("pageerror", lambda error: events.append(str(error)))
        tab.on("popup", lambda popup: events.append(popup.url))
        tab.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
        tab.goto(path.as_uri())
        tab.wait_for_function(pdf.DRAWN)
        return tab, events

    yield open_page
    for context in contexts:
        context.close()


def test_in_a_browser_nothing_runs_and_nothing_loads(made, opened):
    root, told, _ = made
    for path in pages(root):
        tab, events = opened(path)
        tab.mouse.move(300, 200)
        tab.keyboard.press("Tab")
        assert events == [] and tab.evaluate("window.PWN") is None and tab.title() != "PWN"
        assert tab.locator("img, iframe, object, embed, link, base, form input").count() == 0
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        figures = tab.locator("figure.chart").count()
        assert tab.locator(
            "figure.chart svg"
        ).count() == figures and "could not be drawn" not in tab.inner_text("body")
        shown = "".join(tab.inner_text("body").split())
        named = [t for name, t in told.items() if slug(name) == path.parent.name]
        assert all("".join(visible(t["name"]).split()) in shown for t in named)


def test_hostile_reports_are_printed_whole(made, opened):
    root, *_ = made
    for path in pages(root):
        tab, _ = opened(path)
        tab.set_viewport_size(
            {"width": 673 if path.name == "report.html" else 1031, "height": 900}
        )  # the paper less its margins
        tab.emulate_media(media="print")
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (
            f"{path.parent.name}: cut at the right"
        )
    assert tab.pdf(**pdf.PAPER).startswith(b"%PDF")


def test_the_index_sorts_by_keyboard_and_filters(made, opened):
    root, told, _ = made
    tab, events = opened(root / "out" / "index.html")
    names = tab.locator("tbody tr th[scope=row] a:first-child")
    first = names.all_inner_texts()
    head = tab.locator("thead button", has_text="client")
    head.focus()
    tab.keyboard.press("Enter")
    assert (
        names.all_inner_texts() == first[::-1]
        and tab.locator("th[aria-sort=descending]").count() == 1
    )
    saving = tab.locator("thead button", has_text="saving")
    saving.focus()
    tab.keyboard.press("Space")
    shown = [
        float(value)
        for value in tab.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => row.cells[9].dataset.value)"
        )
    ]
    assert shown == sorted(shown) and len(shown) == len(TURNS)
    wanted = visible(told[next(iter(TURNS))]["name"])[:12]
    tab.locator("input[type=search]").fill(wanted)
    assert (
        tab.locator("tbody tr:visible").count() == 1
        and tab.locator("output").inner_text() == f"1 of {len(TURNS)}"
    )
    assert events == []


def test_the_index_reads_without_its_script(made, opened):
    root, *_ = made
    tab, events = opened(root / "out" / "index.html", java_script_enabled=False)
    assert (
        tab.locator("tbody tr:visible").count() == len(TURNS)
        and tab.locator("input:visible, button").count() == 0
    )
    assert index.INDEX_MARK in tab.title() and events == []
