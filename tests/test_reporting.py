"""The batch: what is published, what is not, and that a page holds only what it should."""

import base64
import hashlib
import json
import os
import re
import sys
import time
import types
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import llmcost
from llmcost.batch import batch, folders
from llmcost.batch.process import Limits, run_jobs
from llmcost.cli import command_line
from llmcost.inputs.errors import InputError
from llmcost.report import engine, notebook_runs, page
from llmcost.report.failures import ReportError
from llmcost.report.history import published_record, since_last_time
from llmcost.report.page_figures import bills, first_page_option
from llmcost.report.records import record_of

engine.register()
needs_fork = pytest.mark.skipif(
    not batch.HAS_FORK, reason="the batch forks only where fork is dependable"
)

HOSTILE = """</script><script>window.PWN=1</script><img src=x onerror=PWN()>"'{{ 7*7 }}[x](javascript:PWN()) **b** `$x$`"""


class DummyStudy:
    """Enough of a study for the reporting floor."""

    def __init__(self, client, name="A client"):
        self.slug = os.path.basename(client)
        self.name = name
        self.fingerprint = hashlib.sha256(client.encode()).hexdigest()[:16]
        self.client = self

    files_named: list[str] = []

    def record(self):
        return record(self.name) | {"slug": self.slug, "fingerprint": self.fingerprint}


def record(name):
    return {
        "schema_version": 1,
        "name": name,
        "as_of_date": "2026-11-01",
        "horizon_months": 36,
        "what_if": {},
        "versions": {"llmcost": "1"},
        "report": {
            "prepared_by": name,
            "brand_name": name,
            "brand_colour": "red;} body{display:none",
        },
        "inputs": [
            {
                "path": name,
                "low": 0.6,
                "typical": 0.85,
                "high": 0.95,
                "unit": "fraction",
                "origin": "client",
                "source": name,
                "date": "2026-11-01",
                "confidence": "guess",
            }
        ],
        "catalog_rows_used": [
            {"row": "gpu_rental/lambda/us/h100", "gpu_usd_per_hour": 2.49, "source": name}
        ],
        "options": options(name),
        "verdict": verdict(name),
    }


def options(name):
    total = {"p10": 7_000, "typical": 8_512.3456789012, "p90": 11_300}
    return [
        {
            "id": "today",
            "label": name,
            "status": "ok",
            "reason": None,
            "lines": [{"item": name, "usd_per_month": 8_512.35}],
            "total_usd_per_month": total,
            "versus_today_usd_per_month": 0,
            "probability_cheapest_fraction": 1.0,
        },
        {
            "id": "owned",
            "label": "Own",
            "status": "gated",
            "reason": name,
            "lines": [],
            "total_usd_per_month": None,
            "versus_today_usd_per_month": None,
            "probability_cheapest_fraction": None,
        },
    ]


def verdict(name):
    return {
        "answer": "No",
        "option": "today",
        "sentence": f"Stay. {name}",
        "detail": name,
        "gates": [
            {
                "name": name,
                "status": "not tested",
                "text": name,
                "evidence": name,
                "premium_usd_per_month": 376.5,
            }
        ],
        "saving": [
            {"step": "tuning", "usd_per_month": -2_200},
            {"step": "changing the host", "usd_per_month": 7_500},
        ],
        "why": name,
        "flips": [name],
        "weakest_assumption": name,
        "confidence": {
            "level": "low",
            "because": [name],
            "rule": name,
            "grades": {"chance": name},
            "inputs": [{"name": name, "evidence": name, "variance_fraction": 0.5, "turns": True}],
        },
        "naive_and_loaded": name,
        "contract": name,
        "horizon": horizon(name),
        "cash": {"first_year_months": 12, "options": [cash(name)]},
        "criteria": {
            "sentence": name,
            "criteria": [{"criterion": name, "favours": name, "reason": name}],
        },
        "plan_90_days": [{"days": [1, 42], "step": name, "why": name, "done_when": name}],
        "decision_asked": name,
        "since_last_time": "first report",
        "look_again": name,
    }


def horizon(name):
    option = {
        "id": "today",
        "label": name,
        "npv_usd": {"p10": 100_000, "typical": 123_456.789, "p90": 150_000},
        "versus_advised_usd": 0.0,
        "probability_lowest_fraction": 1.0,
        "first_month_usd_per_month": 8_512.35,
        "last_month_usd_per_month": 9_000,
        "below_advised_from": {
            "low_growth_month": None,
            "typical_growth_month": None,
            "high_growth_month": 24.0,
        },
    }
    growth = {name: [0.0, 0.02, 0.05]}
    return {
        "months_count": 36,
        "discount_fraction_per_year": 0.08,
        "growth_fraction_per_month": growth,
        "options": [option],
    }


def cash(name):
    months = {f"exit_month_{month}_usd": None if month == 24 else 10.0 for month in (1, 12, 24)}
    amounts = dict.fromkeys(
        [
            "once_usd",
            "hardware_usd",
            "year_1_usd",
            "year_1_hired_usd",
            "run_rate_usd_per_month",
            "npv_usd",
        ],
        1_234.5,
    )
    return {
        "id": "owned",
        "label": name,
        "payback_months": None,
        "hires_count": 1,
        **amounts,
        **months,
    }


class SmallScript:
    """In the place of a megabyte that takes a second to bundle."""

    def text(self):
        return "window.vegaEmbed = async () => {};"


def write_notebook(path, *cells):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)


def code(source, *tags):
    return new_code_cell(source, metadata={"tags": list(tags)})


PARAMETERS = 'client: str = "a"\nas_of: str = ""\nwhat_if: dict = {}'
OPEN = """import altair as alt, pandas as pd, llmcost
from llmcost.views import inert, md, results, table
study = llmcost.open_study(client)"""
CHART = """frame = pd.DataFrame({"x": [1, 2], "y": [3.0, 4.0], "n": study.name})
alt.Chart(frame, title=study.name).mark_line().encode(x="x:Q", y="y:Q", tooltip="n")"""


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A folder with two notebooks, and a study in the place of the real one."""

    def open_study(client):
        if "broken" in client:
            raise InputError("client.yaml", "workloads", "is missing", "Add it")
        return DummyStudy(client, HOSTILE if "hostile" in client else "A client")

    monkeypatch.setattr(llmcost, "open_study", open_study, raising=False)
    monkeypatch.setattr(batch, "ChartScript", SmallScript)
    (tmp_path / "notebooks").mkdir()
    write_notebook(
        tmp_path / "notebooks" / "01_pricing.ipynb",
        new_markdown_cell("# What does a token cost?"),
        code(PARAMETERS, "parameters"),
        code(OPEN),
        code("md(f'{inert(study.name)} costs $3')", "report"),
        code(CHART, "report"),
        code(
            "table(pd.DataFrame({study.name: [study.name], 'usd': [1.0]}), caption=study.name)",
            "appendix",
        ),
        code("secret_lesson = 'never in a report'; secret_lesson", "lesson"),
        code("results(study, '01_pricing', {'price_usd_per_mtok': 1.23456789012})", "results"),
    )
    write_notebook(
        tmp_path / "notebooks" / "05_verdict.ipynb",
        new_markdown_cell("# What should they do?"),
        code(PARAMETERS, "parameters"),
        code(OPEN),
        code(CHART + ".interactive()", "report"),
        code("results(study, '05_verdict', {'option': 'today'})", "results"),
    )
    return tmp_path


def clients(kit, *names):
    folders = [kit / "clients" / name for name in names]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "client.yaml").write_text("schema_version: 1\n")
    return folders


def make(kit, *names, **options):
    return batch.report_clients(
        clients(kit, *names), kit / "out", "fork", notebooks=kit / "notebooks", **options
    )


def break_notebook(kit, source):
    path = kit / "notebooks" / "01_pricing.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(3, code(source))
    nbformat.write(notebook, path)


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@needs_fork
def test_a_batch_publishes_the_good_and_names_the_bad(kit, capsys):
    failed = make(kit, "one", "broken", "two")
    assert failed == {"broken": "client.yaml: workloads: is missing. Add it"}
    shown = capsys.readouterr()
    assert sorted(shown.out.splitlines()) == ["one: No. Stay. A client", "two: No. Stay. A client"]
    assert shown.err.splitlines() == ["broken: client.yaml: workloads: is missing. Add it"]
    there = ["book.csv", "book.xlsx", "index.html", "manifest.json", "one", "two"]
    assert sorted(path.name for path in (kit / "out").iterdir()) == there
    results = json.loads((kit / "out" / "one" / "results.json").read_text())
    assert results["notebooks"]["01_pricing"] == {"price_usd_per_mtok": 1.23456789}
    assert results["options"][0]["total_usd_per_month"]["typical"] == 8512.34568
    assert sorted(path.name for path in (kit / "out/one/notebooks").iterdir()) == [
        "01_pricing.ipynb",
        "05_verdict.ipynb",
    ]


@needs_fork
def test_the_same_inputs_give_the_same_bytes_alone_or_together(kit):
    make(kit, "one", jobs=1)
    alone = files(kit / "out" / "one")
    make(kit, "two", "one", jobs=2)
    assert files(kit / "out" / "one") == alone
    assert str(kit / "notebooks").encode() not in b"".join(alone.values())


@needs_fork
@pytest.mark.parametrize(
    "source, named",
    [
        (
            "1 / 0",
            (
                "01_pricing.ipynb, in the cell that begins '1 / 0': ZeroDivisionError: division by"
                " zero"
            ),
        ),
        ("raise SystemExit(0)", "SystemExit"),
        ("import os; os._exit(0)", "ended early with exit code 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed (SIGKILL)"),
        (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
            "took longer than 3 seconds",
        ),
        ("big = bytearray(30 * 2**30)", "MemoryError"),
        ("print('x' * 30_000_000)", "larger than 20 MB"),
        ("display({'text/plain': 5}, raw=True)", "01_pricing.ipynb: "),
        ("study.fingerprint = 'of another run'", "not of this run"),
        ("def f(n): return f(n + 1)\nf(0)", "RecursionError"),
    ],
)
def test_what_did_not_finish_is_not_published_and_the_last_report_stays(kit, source, named):
    assert make(kit, "one") == {}
    before = files(kit / "out" / "one")
    break_notebook(kit, source)
    limits = Limits(wall_seconds=3 if "sleep" in source else 60)
    assert named in make(kit, "one", limits=limits)["one"]
    assert files(kit / "out" / "one") == before
    assert not (kit / "out" / ".llmcost-work").exists()


@pytest.mark.parametrize(
    ("problem", "starts_count"),
    [(RuntimeError("Kernel died before replying"), 3), (DeadKernelError("Kernel died"), 1)],
)
def test_only_a_kernel_that_never_spoke_is_started_again(monkeypatch, problem, starts_count):
    outcomes = [problem, problem, "the notebook"]
    monkeypatch.setattr(
        notebook_runs.papermill_engines,
        "execute_notebook_with_engine",
        lambda *_, **__: spoken(outcomes.pop(0)),
    )
    if starts_count == 3:
        assert notebook_runs.run_by(None, None, "python3") == "the notebook"
    else:
        with pytest.raises(ReportError, match="kernel died"):
            notebook_runs.run_by(None, None, "python3")
    assert len(outcomes) == 3 - starts_count


def spoken(outcome):
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@needs_fork
def test_a_misspelt_parameter_is_refused(kit):
    path = kit / "notebooks" / "01_pricing.ipynb"
    path.write_text(path.read_text().replace("what_if", "whatif"))
    with pytest.raises(ReportError, match="no parameter 'what_if'"):
        make(kit, "one")


@needs_fork
def test_a_killed_run_is_put_right_by_the_next(kit):
    make(kit, "one")
    before = files(kit / "out" / "one")
    (kit / "out" / ".llmcost-old").mkdir()
    os.replace(
        kit / "out" / "one", kit / "out" / ".llmcost-old" / "one"
    )  # killed between the two moves
    assert make(kit, "broken") != {}
    assert files(kit / "out" / "one") == before


@needs_fork
def test_a_folder_that_is_no_report_is_left_alone(kit):
    (kit / "out" / "one").mkdir(parents=True)
    (kit / "out" / "one" / "client.yaml").write_text("mine")
    assert "is not a report" in make(kit, "one")["one"]
    assert files(kit / "out" / "one") == {"client.yaml": b"mine"}


@pytest.mark.parametrize(
    "name",
    ["../escaped", "a/b", ".hidden", "CON", "nul.txt", "x" * 200, "a b", "<b>", "é", "\udcff"],
)
def test_slugs_are_safe_and_tell_names_apart(name):
    slug = folders.safe_slug(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,70}", slug) and slug != name
    assert slug != folders.safe_slug(name + "x")


def test_clients_that_would_share_an_output_folder_are_all_refused(kit):
    folders_there = clients(kit, "one", "elsewhere/ONE", "two")
    slugs, problems = folders.slugs_of(folders_there)
    assert list(slugs.values()) == folders_there and set(problems) == {"one", "ONE"}
    assert all("rename one of them" in str(problem) for problem in problems.values())


# The page


@pytest.fixture
def hostile_page(kit):
    assert make(kit, "hostile") == {}
    return (kit / "out" / "hostile" / "report.html").read_text()


@needs_fork
def test_hostile_words_are_shown_and_do_nothing(hostile_page):
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", hostile_page, re.DOTALL)
    assert len(scripts) == 4  # two specifications, the chart script, ours
    outside = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", hostile_page, flags=re.DOTALL)
    tags = set(re.findall(r"<([a-z0-9]+)", outside))
    assert not tags & {"img", "script", "iframe", "svg", "object", "form"}
    assert not re.search(r"""<[a-z][^>"]*("[^"]*"[^>"]*)*\s(on\w+|src|href)\s*=""", outside)
    assert ">49" not in outside and "<strong>b</strong>" not in outside
    assert unescape(outside).count("<img src=x onerror=PWN()>") >= 15
    assert "display:none" not in hostile_page


@needs_fork
def test_only_our_two_scripts_may_run_and_nothing_is_loaded(hostile_page):
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', hostile_page)[1])
    allowed = re.findall(r"'sha256-([^']*)'", policy)
    scripts = re.findall(r"<script>(.*?)</script>", hostile_page, re.DOTALL)
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    assert hashes == allowed and len(allowed) == 2
    assert (
        policy.startswith("default-src 'none';")
        and "unsafe-eval" not in policy
        and "http" not in policy
    )
    assert not re.search(r"<(link|img|iframe|script src)", hostile_page.split("<script>")[0])


@needs_fork
def test_lessons_and_code_never_enter(hostile_page):
    assert "never in a report" not in hostile_page and "open_study" not in hostile_page


def test_a_tagged_cell_that_cannot_be_shown_is_named():
    cell = code("print('x')", "report")
    cell.outputs = [nbformat.v4.new_output("stream", text="x")]
    with pytest.raises(ReportError, match="03_x, cell 1: a report shows Markdown"):
        list(page.sections({"03_x": new_notebook(cells=[cell])}, "report"))


# Processes


def sleeper(seconds):
    time.sleep(seconds)
    return seconds


@needs_fork
def test_a_grandchild_left_behind_is_killed():
    def leave_one(_job):
        child = os.fork()
        if not child:
            time.sleep(60)
        return child

    [done] = run_jobs(leave_one, [None], 1, "fork", Limits())
    time.sleep(0.2)
    state = Path(f"/proc/{done.returned}/stat")  # gone, or dead and waiting for somebody to ask
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_fresh_processes_serve_too():
    [done] = run_jobs(sleeper, [0], 1, "spawn", Limits())
    assert (done.job, done.returned, done.problem) == (0, 0, None) and 0 < done.peak_memory_gb < 1


def test_a_fresh_process_that_cannot_start_is_no_hang():
    function = type("Unknown", (), {})  # a class that no other process can import
    function.__module__, function.__qualname__ = "no_such_module", "Unknown"
    sys.modules["no_such_module"] = types.SimpleNamespace(Unknown=function)
    try:
        [done] = run_jobs(function, ["x" * 1_000_000], 1, "spawn", Limits(wall_seconds=30))
    finally:
        del sys.modules["no_such_module"]
    assert done.problem.code == "ended"


@needs_fork
def test_a_late_job_does_not_hold_up_the_others():
    outcomes = {
        done.job: done
        for done in run_jobs(sleeper, [30, 0.01, 0.02], 2, "fork", Limits(wall_seconds=1))
    }
    assert outcomes.pop(30).problem.code == "timeout"
    assert {job: done.returned for job, done in outcomes.items()} == {0.01: 0.01, 0.02: 0.02}


# The command line


def test_an_unknown_client_gets_the_nearest_names(kit, capsys):
    clients(kit, "support-assistant")
    assert command_line.main(["report", "suport-asistant", "--clients", str(kit / "clients")]) == 2
    assert "Did you mean support-assistant?" in capsys.readouterr().err


def test_new_writes_a_client_file_once(tmp_path, capsys):
    assert command_line.main(["new", str(tmp_path / "mine")]) == 0
    assert "schema_version: 1" in (tmp_path / "mine" / "client.yaml").read_text()
    assert command_line.main(["new", str(tmp_path / "mine")]) == 2


@needs_fork
def test_exit_codes(kit, monkeypatch, capsys):
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    clients(kit, "one", "broken")
    words = ["--clients", str(kit / "clients"), "--out", str(kit / "out")]
    assert command_line.main(["report", "one", *words]) == 0
    assert command_line.main(["report", *words]) == 1
    assert command_line.main(["report", "--clients", str(kit / "nowhere")]) == 2
    monkeypatch.setattr(batch, "report_clients", lambda *_, **__: 1 / 0)
    assert command_line.main(["report", *words]) == 3


def test_the_first_page_rounds_a_difference_as_coarsely_as_its_totals():
    def option(name, typical, **more):
        return {
            "id": name,
            "total_usd_per_month": {"p10": None, "typical": typical, "p90": None},
        } | more

    options = [
        option("today", 11_504.2),
        option("other", 13_686, versus_today_usd_per_month=2_181.8),
    ]
    shown = first_page_option(options[1], options)
    assert (shown["typical"], shown["versus_today"], shown["band"]) == ("13,700", "+2,200", "–")


def test_bills_stand_side_by_side_and_sum_to_their_totals():
    options = record("A")["options"]
    shown = bills(options)
    assert shown["labels"] == ["A"]
    sums = [sum(filter(None, column)) for column in zip(*shown["items"].values(), strict=True)]
    assert sums == pytest.approx(shown["totals"], abs=0.01)


def test_a_report_says_what_changed_since_the_one_it_replaces(tmp_path):
    def results(day, option, typical):
        kept = record("A") | {"slug": "a", "fingerprint": "0" * 16, "files_read": []}
        kept["as_of_date"] = day
        total = {"p10": None, "typical": typical, "p90": None}
        kept["options"][0] |= {"id": option, "total_usd_per_month": total}
        kept["options"][1] |= {"id": "hybrid"}
        kept["verdict"] |= {"option": option}
        return kept

    def since(day, option, typical, previous):
        return since_last_time(previous, record_of(results(day, option, typical)))

    assert published_record(tmp_path) is None
    (tmp_path / "results.json").write_text("not json")
    assert published_record(tmp_path) is None
    (tmp_path / "results.json").write_text(json.dumps(results("2026-08-01", "tuned", 1000)))
    published = published_record(tmp_path)
    said = since("2026-11-01", "tuned", 900, published)
    assert said == "2026-08-01: the same advice, $1,000 a month (-$100 since)"
    assert since("2026-11-01", "owned", 900, published).startswith("2026-08-01: the advice was: No")
    assert since("2026-08-01", "owned", 900, published) == "first report"
    assert since("2026-11-01", "tuned", 900, None) == "first report"
