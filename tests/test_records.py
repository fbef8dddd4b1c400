"""A tampered file costs its own client one line, and nobody else anything."""

import contextlib
import copy
import csv
import datetime as dt
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from test_reporting import clients, files, kit, make, needs_fork  # noqa: F401

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from tampered_records import WAYS, tamper

from llmcost.batch import batch, book, folders, index
from llmcost.inputs.errors import InputError
from llmcost.inputs.measured import read_measured
from llmcost.inputs.own_capacity import Measured
from llmcost.report import spreadsheets
from llmcost.report.failures import ReportError
from llmcost.report.history import published_record
from llmcost.report.records import Record, beginning, read_record, read_run, record_of
from llmcost.study import open_study
from llmcost.views.notebook_results import plain

CLIENTS = ("hospital-notes", "small-bursty-product", "support-assistant")
TAMPERED, *OTHERS = CLIENTS
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(autouse=True)
def _not_for_ever():
    """What waits for a pipe is a failure here, not a run without end."""

    def stop(*_):
        pytest.fail("it waits for something that never comes")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(600)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def results_of(name):
    """What the report of an example keeps in results.json."""
    return plain(open_study(name).record()) | {"fingerprint": "0" * 16, "files_read": []}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of three reports, and their book."""
    out = tmp_path_factory.mktemp("whole")
    for name in CLIENTS:
        (out / name).mkdir()
        (out / name / "results.json").write_text(json.dumps(results_of(name)), encoding="utf-8")
    index.write_index(out, {})
    return out


@pytest.fixture
def out(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "out")
    return tmp_path / "out"


def rows_of(out):
    """Folder -> its row of book.csv."""
    lines = (out / "book.csv").read_text(encoding="utf-8").splitlines()
    return {row["client"]: row for row in csv.DictReader(lines)}


@every_way
def test_whatever_was_tampered_with_is_refused_in_one_line(out, way):
    tamper(out / TAMPERED / "results.json", way)
    one_line = r"^results.json: [^\n]*\. Make the report again"
    with pytest.raises(InputError, match=one_line) as refused:
        read_record(out / TAMPERED)
    assert len(str(refused.value)) < 250
    assert published_record(out / TAMPERED) is None


@every_way
def test_it_costs_its_own_client_one_line_of_the_book(whole, out, way):
    tamper(out / TAMPERED / "results.json", way)
    index.write_index(out, {})
    before, after = rows_of(whole), rows_of(out)
    assert {name: after[name] for name in OTHERS} == {name: before[name] for name in OTHERS}
    told = {column: value for column, value in after[TAMPERED].items() if value}
    assert told.keys() == {"client", "problem"}
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count(f"<dt>{TAMPERED}</dt>") == page.count("<dt>") == 1
    assert all(f'href="{name}/report.html"' in page for name in OTHERS)


@needs_fork
def test_a_tampered_report_is_made_again(kit):  # noqa: F811
    names = [f"client-{number}" for number in range(len(WAYS))]
    make(kit, "whole")
    results = (kit / "out" / "whole" / "results.json").read_bytes()
    for name, way in zip(names, WAYS, strict=True):
        shutil.copytree(kit / "out" / "whole", kit / "out" / name)
        tamper(kit / "out" / name / "results.json", way)
    assert make(kit, "whole", *names) == {}
    run = read_run(kit / "out" / "manifest.json")
    states = {one.client: one.state for one in run.clients}
    assert states == {"whole": "fresh"} | dict.fromkeys(names, "built")
    for name in names:
        made = (kit / "out" / name / "results.json").read_bytes()
        assert made == results.replace(b'"whole"', f'"{name}"'.encode())


@needs_fork
def test_somebody_elses_results_are_never_replaced(kit):  # noqa: F811
    (kit / "out" / "one").mkdir(parents=True)
    (kit / "out" / "one" / "results.json").write_text('{"accuracy": 0.9}')
    before = files(kit / "out" / "one")
    assert list(make(kit, "one", "two")) == ["one"]
    assert files(kit / "out" / "one") == before
    rows = rows_of(kit / "out")
    assert rows["one"]["problem"].endswith("one is there and is not a report: choose another --out")
    assert not rows["two"]["problem"]


def put_strange_things(out):
    """In the folder of reports: what is not ours, and names that are not UTF-8."""
    (out / "itself").symlink_to("itself")
    (out / "here").symlink_to(".")  # in it a folder has the name of a record
    (out / "nowhere").symlink_to("no such folder")
    os.mkfifo(out / "pipe")
    (out / "results.json").mkdir()
    (out / "notes.txt").write_text("results.json")
    (out / "empty").mkdir()
    (out / "foreign").mkdir()
    (out / "foreign" / "results.json").write_text('{"accuracy": 0.9}')
    for name in (b"caf\xe9", b"\xff", b"=1+1\xff", b"=cmd|' A0", b"<b>\n\x1b[31m"):
        shutil.copytree(out / OTHERS[0], out / os.fsdecode(name))
    shutil.copytree(out / OTHERS[0], out / os.fsdecode(b"bad\xe9"))
    (out / os.fsdecode(b"bad\xe9") / "results.json").write_bytes(b"\xff")


def test_strange_things_beside_the_reports_stop_nobody(out):
    before = rows_of(out)
    put_strange_things(out)
    index.write_index(out, {})
    after = rows_of(out)
    assert {name: after[name] for name in CLIENTS} == before
    assert len(after) == len(CLIENTS) + 8
    assert [name for name, row in after.items() if row["problem"]] == ["bad", "foreign", "here"]
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("<dt>") == 3 and 'href="caf%E9/report.html"' in page and "\x1b" not in page


KEYS = st.sampled_from(["p10", "typical", "p90", "id", "item"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["today", "owned", "", "2026-11-15", "0001-01-01", 0, 5e-324, 1e15, -1e15]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """The paths of everything that a document holds."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_what_can_be_read_can_be_told_everywhere(data):
    document = copy.deepcopy(REAL)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(PLACES))
        # an earlier change may have taken the place away
        with contextlib.suppress(KeyError, IndexError, TypeError):
            here = document
            for key in way:
                here = here[key]
            here[last] = data.draw(VALUES)
    try:
        record = record_of(document)
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert_told({"one": record})


def assert_told(reports):
    """Everything that a book says of these records can be written down."""
    rows = book.client_rows(reports, {})
    index.index_html(rows, reports, {}, set()).encode()
    tables = {
        "clients": [row.cells() for row in rows],
        "options": book.option_rows(reports),
        "lines": book.line_rows(reports),
    }
    for table in tables.values():
        spreadsheets.csv_text(table).encode()
    spreadsheets.xlsx_bytes(tables)


REAL = results_of("support-assistant")
REAL = {key: REAL[key] for key in Record.model_fields}  # the others are not looked at
PLACES = sorted(places(REAL), key=str)


TEXTS = st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(data=st.binary(max_size=200) | TEXTS)
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    (folder / "results.json").write_bytes(data)
    with pytest.raises(InputError):
        read_record(folder)


def test_the_words_of_the_problem_name_the_place(out):
    path = out / TAMPERED / "results.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["options"][5]["total_usd_per_month"]["typical"] = "12,500"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(
        InputError,
        match=r"^results.json: options.5.total_usd_per_month.typical: is not a number\. Make",
    ):
        read_record(out / TAMPERED)


@pytest.mark.parametrize("stamp", ["20269999-120000", "2026W461", "2026111", "²0261115", None])
def test_a_benchmark_of_no_day_has_no_day_in_the_record(tmp_path, stamp):
    samples = Path(__file__).parent / "measured"
    run = json.loads((samples / "vllm-16.json").read_text())
    assert [found.date for found in vllm_files(tmp_path, run)] == ["2026-10-20"]
    assert [found.date for found in vllm_files(tmp_path, run | {"date": stamp})] == [""]


def vllm_files(folder, run):
    """What is read of one benchmark."""
    (folder / "run.json").write_text(json.dumps(run))
    about = {"model_id": "llama-3.3-70b", "gpu_id": "h100-80gb-sxm", "gpus_count": 4}
    said = Measured(files=["run.json"], precision="fp8", engine="vllm", **about)
    return read_measured(folder, [said], dt.date(2026, 11, 15))


# The account of a run


RUN = {
    "schema_version": 1,
    "counts": {"built": 1},
    "clients": [
        {
            "client": "a",
            "state": "built",
            "code": "",
            "problem": "",
            "seconds": 1.5,
            "peak_memory_gb": None,
            "warnings": [],
        }
    ],
}
NO_RUNS = [
    b"",
    b"[]",
    b'{"counts": 1, "clients": 2}',
    b'{"counts": {}, "counts": {}}',
    b"[" * 100_000,
    json.dumps(RUN).encode("utf-16"),
    *(
        json.dumps(RUN | change).encode()
        for change in (
            {"schema_version": 2},
            {"counts": {"built": -1}},
            {"counts": {"built": True}},
            {"clients": [{}]},
            {"clients": [RUN["clients"][0] | {"seconds": -1}]},
            {"clients": [RUN["clients"][0] | {"seconds": float("nan")}]},
            {"clients": [RUN["clients"][0] | {"problem": "\ud800"}]},
        )
    ),
]


def test_the_account_of_a_run_is_read(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(RUN | {"later": "more"}))
    assert read_run(path).clients[0].seconds == 1.5
    folders.check_ours(tmp_path)


@pytest.mark.parametrize("data", NO_RUNS, ids=range(len(NO_RUNS)))
def test_what_is_no_account_of_a_run_is_left_alone(tmp_path, data):
    path = tmp_path / "manifest.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"^manifest.json: [^\n]*$"):
        read_run(path)
    with pytest.raises(ReportError, match=r"manifest.json is there and is not of a run of ours"):
        folders.check_ours(tmp_path)
    assert path.read_bytes() == data


# Names that a run writes to


STRANGE = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
}


NAMES = ["index.html", "book.csv", "book.xlsx", "manifest.json", folders.LOCK]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_file_is_refused_and_not_waited_for(out, name, kind):
    (out / name).unlink(missing_ok=True)
    STRANGE[kind](out / name)
    with pytest.raises(ReportError, match=f"{name} is there and is not a file: move it away"):
        batch.report_clients([], out)


def test_of_a_page_only_the_beginning_is_read(tmp_path):
    page = tmp_path / "index.html"
    with page.open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no room
    with pytest.raises(ReportError, match="is not an index of reports"):
        folders.check_ours(tmp_path)
    page.write_bytes(f"<title>{index.INDEX_MARK}</title>".encode())
    folders.check_ours(tmp_path)
    assert beginning(page, 7) == b"<title>"


# Workbooks


def test_a_sheet_that_is_full_says_so(monkeypatch, out):
    monkeypatch.setattr(spreadsheets, "SHEET_LINES_COUNT", 5)
    from test_book import sheets

    rows = [{"client": str(number), "usd": number} for number in range(9)]
    (out / "book.xlsx").write_bytes(spreadsheets.xlsx_bytes({"one": rows}))
    found = sheets(out / "book.xlsx")["one"]
    assert [row["A"] for row in found] == [
        "client",
        "0",
        "1",
        "2",
        "6 more rows have no room: a sheet ends here",
    ]
    index.write_index(out, {})
    assert len(rows_of(out)) == len(CLIENTS)


@pytest.mark.parametrize("letter", ["a", "😀"])
def test_a_word_is_cut_to_what_a_cell_can_hold(letter):
    cut = spreadsheets._cell_text(letter * 50_000)
    assert len(cut.encode("utf-16-le")) // 2 in (
        spreadsheets.LONGEST_COUNT,
        spreadsheets.LONGEST_COUNT - 1,
    )
    assert set(cut) == {letter}
