"""The book of all clients: one row each in index.html, book.csv and book.xlsx; its page in a
browser; reports as PDF."""

import base64
import csv
import hashlib
import io
import json
import os
import re
import zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from llmcost.batch import book, index, whole_files
from llmcost.inputs.errors import InputError
from llmcost.report import spreadsheets
from llmcost.report.records import CURE, record_of
from llmcost.study import open_study
from llmcost.study.bill.options import LABELS
from llmcost.views.notebook_results import plain

CLIENTS = ("hospital-notes", "small-bursty-product", "support-assistant")
FAILED = {
    "broken": "client.yaml: workloads: is missing. Add it",
    "support-assistant": "took longer than 600 seconds and was stopped",
}
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def results():
    """Folder -> what its report would keep."""
    of_the_run = {"fingerprint": "0" * 16, "files_read": []}
    return {name: plain(open_study(name).record()) | of_the_run for name in CLIENTS}


@pytest.fixture
def out(tmp_path, results):
    """A folder of reports with its book; one client has no report, one could not be renewed."""
    for name, kept in results.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(kept), encoding="utf-8")
    index.write_index(tmp_path, FAILED)
    return tmp_path


def csv_rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def sheets(path):
    """Sheet -> rows of (kind of cell, value); a formula or a link fails."""
    with zipfile.ZipFile(path) as archive:
        xml = {name: archive.read(name).decode() for name in archive.namelist()}
    strings = [
        "".join(item.itertext()) for item in ElementTree.fromstring(xml["xl/sharedStrings.xml"])
    ]
    names = [
        sheet.get("name")
        for sheet in ElementTree.fromstring(xml["xl/workbook.xml"]).iter(f"{SHEET}sheet")
    ]
    found = {}
    for number, name in enumerate(names, start=1):
        sheet = ElementTree.fromstring(xml[f"xl/worksheets/sheet{number}.xml"])
        assert not [*sheet.iter(f"{SHEET}f"), *sheet.iter(f"{SHEET}hyperlink")]
        found[name] = []
        for row in sheet.iter(f"{SHEET}row"):
            cells = {
                re.match("[A-Z]+", cell.get("r"))[0]: (cell.get("t"), cell.findtext(f"{SHEET}v"))
                for cell in row
            }
            found[name].append(
                {
                    at: strings[int(value)] if kind == "s" else float(value)
                    for at, (kind, value) in cells.items()
                }
            )
    return found


class Page(HTMLParser):
    """Tags with their attributes, the rows of the table, and all text outside scripts and
    styles."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.rows, self.text, self.inside = [], [], "", ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.text += data
            if self.rows and self.rows[-1]:
                self.rows[-1][-1] += data


def test_a_row_says_what_the_report_says(results):
    for name, kept in results.items():
        row, verdict = book.client_row(name, record_of(kept)), kept["verdict"]
        totals = {
            option["id"]: (option["total_usd_per_month"] or {}).get("typical")
            for option in kept["options"]
        }
        assert {option: row.option_usd_per_month.get(option) for option in LABELS} == {
            o: totals.get(o) for o in LABELS
        }
        assert row.advised_usd_per_month == totals[verdict["option"]]
        assert (row.answer, row.confidence) == (verdict["answer"], verdict["confidence"]["level"])
        assert (
            f"oldest price {row.oldest_price_days_count} days" in verdict["confidence"]["because"]
        )
        if totals.get("today"):
            assert row.saving_usd_per_month == pytest.approx(
                totals["today"] - totals[verdict["option"]], abs=1e-4
            )
    nothing_today = record_of(results["hospital-notes"])
    assert book.client_row("a", nothing_today).saving_usd_per_month is None


def test_the_csv_has_a_row_for_every_client_and_numbers_with_their_units(out, results):
    rows = {row["client"]: row for row in csv_rows(out / "book.csv")}
    assert list(rows) == sorted({*CLIENTS, "broken"})
    assert float(rows["support-assistant"]["saving_usd_per_month"]) > 0
    assert rows["support-assistant"]["problem"] == FAILED["support-assistant"]
    assert {key: value for key, value in rows["broken"].items() if value} == {
        "client": "broken",
        "problem": FAILED["broken"],
    }
    numbers = [
        name
        for name, value in rows["support-assistant"].items()
        if re.fullmatch(r"-?[\d.]+", value)
    ]
    assert len(numbers) >= 14 and all(
        re.search(r"_(usd_per_month|fraction|count)$", name) for name in numbers
    )


def test_the_workbook_holds_every_option_and_line_as_numbers(out, results):
    found = sheets(out / "book.xlsx")
    head, *lines = found["lines"]
    assert list(head.values()) == ["client", "option", "item", "usd_per_month"]
    for name, kept in results.items():
        for option in kept["options"]:
            amounts = [
                line["D"] for line in lines if (line["A"], line["B"]) == (name, option["id"])
            ]
            total = (option["total_usd_per_month"] or {}).get("typical", 0)
            assert sum(amounts) == pytest.approx(total, rel=1e-7)
    assert len(found["options"]) == 1 + sum(len(kept["options"]) for kept in results.values())
    columns = list(found["clients"][0].values())
    assert columns == list(csv_rows(out / "book.csv")[0])
    typed = {
        columns[ord(at) - 65]: type(value)
        for row in found["clients"][1:]
        for at, value in row.items()
    }
    assert {
        kind
        for name, kind in typed.items()
        if name.endswith(("_month", "_fraction", "_count", "_date"))
    } == {float}


def test_the_same_reports_give_the_same_bytes(out):
    names = ("index.html", "book.csv", "book.xlsx")
    before = {name: (out / name).read_bytes() for name in names}
    index.write_index(out, dict(reversed(FAILED.items())))
    assert {name: (out / name).read_bytes() for name in names} == before
    with zipfile.ZipFile(out / "book.xlsx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert b"2000-01-01" in archive.read("docProps/core.xml")


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\n=1",
    ' "=1',
    "a;=1",
    'a;"=1',
    "＝1+1",
    '=HYPERLINK("http://x")',
    "http://x.test",
]


@pytest.mark.parametrize("word", FORMULAS)
def test_no_word_becomes_a_formula_or_a_link(word, tmp_path):
    text = spreadsheets.csv_text([{"name": word, "cost_usd": -1.5}])
    name, cost = list(csv.reader(io.StringIO(text)))[1]
    assert not re.search(r'(^|;)[\s"]*[=+\-@＝]', name) and cost == "-1.5"
    assert name.replace("'", "") == word.strip()
    (tmp_path / "one.xlsx").write_bytes(
        spreadsheets.xlsx_bytes({"one": [{"name": word, "cost_usd": -1.5}]})
    )
    assert sheets(tmp_path / "one.xlsx")["one"][1] == {"A": word.strip(), "B": -1.5}


def test_a_folder_that_cannot_be_read_stops_nobody(out):
    for name, text in {
        "old": '{"schema_version": 0}',
        "torn": '{"a": ',
        "empty": "",
        "list": "[]",
    }.items():
        (out / name).mkdir()
        (out / name / "results.json").write_text(text)
    index.write_index(out, {})
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    assert len([row for row in page.rows if len(row) > 2]) == 1 + len(CLIENTS)
    assert page.text.count(CURE) == 4
    assert [row["client"] for row in csv_rows(out / "book.csv") if row["problem"]] == [
        "empty",
        "list",
        "old",
        "torn",
    ]


def test_a_book_without_any_report_says_so(tmp_path):
    index.write_index(tmp_path, {"broken": "client.yaml: is missing. Add it"})
    assert "No report yet." in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert csv_rows(tmp_path / "book.csv")[0]["problem"] == "client.yaml: is missing. Add it"


def test_the_page_is_a_whole_table_without_its_script(out):
    html = (out / "index.html").read_text(encoding="utf-8")
    page = Page(html)
    head, *lines = page.rows
    assert {len(line) for line in lines} == {len(head)} and len(lines) == len(CLIENTS)
    assert [" ".join(label.split()) for label in head[2:9]] == list(LABELS.values())
    links = [
        attributes["href"]
        for tag, attributes in page.tags
        if tag == "a" and attributes["href"].endswith(".html")
    ]
    assert links == [f"{name}/report.html" for name in CLIENTS]
    assert all(sum("▸" in cell for cell in line) == 1 for line in lines)
    assert (
        "problem" in lines[-1][0]
        and FAILED["broken"] in page.text
        and FAILED["support-assistant"] in page.text
    )
    assert not {"button", "link", "img", "iframe", "form"} & {tag for tag, _ in page.tags}


def test_only_its_own_script_may_run(out):
    html = (out / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    policy = next(
        attributes["content"] for tag, attributes in Page(html).tags if "http-equiv" in attributes
    )
    assert (
        len(scripts) == 1
        and f"script-src 'sha256-{hashes[0]}';" in policy
        and policy.startswith("default-src 'none';")
    )


@pytest.mark.parametrize("name", ["index.html", "book.csv", "book.xlsx"])
def test_without_room_the_last_book_stays_whole(out, monkeypatch, name):
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    real = whole_files.Path.replace

    def full(path, target):
        if target.name == name:
            raise OSError(28, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(whole_files.Path, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        index.write_index(out, {})
    assert (out / name).read_bytes() == before[name]
    assert {path.name for path in out.iterdir() if path.is_file()} == set(before)


@pytest.mark.parametrize("name", ["book.csv", "book.xlsx"])
def test_a_link_in_the_place_of_a_book_is_replaced_and_not_followed(out, tmp_path, name):
    precious = tmp_path / "precious"
    precious.write_text("precious", encoding="utf-8")
    (out / name).unlink()
    (out / name).symlink_to(precious)
    index.write_index(out, {})
    assert precious.read_text(encoding="utf-8") == "precious" and not (out / name).is_symlink()


def test_the_answer_is_added_up_over_the_clients_that_can_be_compared(results):
    rows = [book.client_row(name, record_of(kept)) for name, kept in results.items()]
    said = index.summary(rows)
    assert said.startswith(
        "Should they host? 2 × No · 1 × Yes, by rule. 2 with a bill today: $12,100 → "
    )
    assert index.summary([book.ClientRow("a")]) == "No report yet."
    assert os.linesep not in said
