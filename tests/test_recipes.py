"""Adding things is as easy as CONTRIBUTING says: each of its recipes, acted out on a copy of the
tree. Every place that must know the new thing knows it."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("llmcost", "data", "notebooks", "tests", "README.md", "pyproject.toml")
NOT_COPIED = shutil.ignore_patterns("records", ".hypothesis", "cases")
CLIENT, QUOTED, SEVERAL = "support-assistant", "clients/quoted", "clients/three-workloads"


def copied_tree(folder):
    """A copy of what a recipe may touch, in this folder."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=NOT_COPIED)
        else:
            shutil.copy2(source, folder / name)
    return folder


@pytest.fixture
def tree(tmp_path):
    return copied_tree(tmp_path)


def run(tree, *words):
    """What Python prints that runs in the copy and imports from it."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, *words]
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def said(tree, *calls):
    """What the copy answers: a fact of `recipe_facts.py` for each call."""
    return json.loads(run(tree, "tests/recipe_facts.py", json.dumps(calls)).splitlines()[-1])


def held(tree, words, *files):
    """Holds the copy to its own tests: of these files those whose names have these words."""
    options = ["-p", "no:cacheprovider", "-o", "addopts=", "-q", "-k", words]
    run(tree, "-m", "pytest", *options, *(f"tests/{file}.py" for file in files))


def append(tree, file, text):
    """Writes a text at the end of a file."""
    with (tree / file).open("a", encoding="utf-8") as opened:
        opened.write(text)


def put_before(tree, file, line, text):
    """Writes a text before the only line that is this one."""
    before = (tree / file).read_text(encoding="utf-8")
    assert before.count(line) == 1, (file, line)
    (tree / file).write_text(before.replace(line, text + line), encoding="utf-8")


def add_row(tree, table, **cells):
    """Adds a row to a catalog table, where the order by its key wants it."""
    path = tree / "data" / "catalog" / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    new = {column: cells.pop(column, "") for column in columns}
    assert not cells, f"no columns of {table}: {cells}"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted([*rows, new], key=lambda row: [row[name] for name in columns[:4]]))


def printed_in_contributing(language):
    """The only block of this language in CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(block)


SAID = {"source": "an insurer's price list", "retrieved": "2026-11-21", "confidence": "list_price"}
ONCE_LINE = '''

@fixed_line("Safety review", Group.ONCE, ("owned",), Timing.ONCE)
def safety_review(safety_review_usd: Number, horizon_months: Number) -> Number:
    """Review of the server room, spread evenly over the horizon."""
    return safety_review_usd / horizon_months
'''
REPLICA_LINE = '''

@replica_line("GPU insurance", Group.POWER, ("owned",))
def gpu_insurance(standing_gpus: Number, gpu_insurance_usd_per_month: Number) -> Number:
    """Insurance of each bought GPU."""
    return standing_gpus * gpu_insurance_usd_per_month
'''
ITEMS = {
    "fire_insurance_usd_per_month": ("fire insurance", 40, 90, 250, "USD/month"),
    "safety_review_usd": ("review of the server room", 1800, 3600, 7200, "USD"),
    "gpu_insurance_usd_per_month": ("insurance of a GPU", 5, 10, 30, "USD/month"),
}
FIRE, REVIEW, GPU = (f"hidden_costs.{item}" for item in ITEMS)
QUOTES = """
quotes:
  - {row: hidden_costs/fire_insurance_usd_per_month, value: 190, said_by: an insurer, quoted_date: 2026-11-01}
  - {row: hidden_costs/safety_review_usd, value: {low: 7_200, typical: 7_200, high: 14_400}, said_by: an expert, quoted_date: 2026-11-01}
"""


@pytest.fixture(scope="module")
def lined(tmp_path_factory):
    """A copy with three lines more, each a function and a row of the hidden-cost table, and with
    two clients: one that has quotes for two of the lines, one of three workloads."""
    tree = copied_tree(tmp_path_factory.mktemp("lined"))
    printed = f"\n\n{printed_in_contributing('python')}"
    append(tree, "llmcost/study/formulas/fixed_costs.py", printed + ONCE_LINE)
    append(tree, "llmcost/study/formulas/fleet_costs.py", REPLICA_LINE)
    for item, (name, low, typical, high, unit) in ITEMS.items():
        band = {"low": low, "typical": typical, "high": high, "unit": unit}
        dated = {"effective_from": "2026-06-16", **SAID}
        add_row(tree, "hidden_costs", item=item, name=name, applies_to="owned", **band, **dated)
    shutil.copytree(tree / "data" / "clients" / CLIENT, tree / QUOTED)
    append(tree, f"{QUOTED}/client.yaml", QUOTES)
    shutil.copytree(tree / "tests" / "golden" / SEVERAL, tree / SEVERAL)
    return tree


@pytest.fixture(scope="module")
def answers(lined):
    """Client -> fact -> what the copy with the lines answers."""
    about = {
        CLIENT: ["bills", "owned_gpus", "assumptions", "owned_chart", "owned_cash", "recorded"],
        QUOTED: ["assumptions", "owned_cash"],
        SEVERAL: ["bills", "owned_gpus"],
    }
    calls = [(fact, client) for client, facts in about.items() for fact in facts]
    moved = [("moved_by", CLIENT, path) for path in (FIRE, REVIEW, GPU)]
    chain = ("chain", CLIENT, "owned.fire_insurance")
    lesson = ("shown_to", CLIENT, "03_hidden_costs", "c05")
    *found, one, other, third, explained, _ = said(lined, *calls, *moved, chain, lesson)
    known = {client: {} for client in about}
    for (fact, client), answer in zip(calls, found, strict=True):
        known[client][fact] = answer
    known[CLIENT] |= {"moved": [one, other, third], "chain": explained}
    return known


def new_lines(facts):
    """Item -> USD per month that each new line comes to."""
    gpus_count = facts["owned_gpus"]
    return {"Fire insurance": 90, "Safety review": 100, "GPU insurance": 10 * gpus_count}


def test_a_line_stands_on_the_bills_of_its_ways_and_moves_their_draws(answers):
    facts = answers[CLIENT]
    new, owned = new_lines(facts), facts["bills"]["owned"]
    assert {item: owned[item] for item in new} == pytest.approx(new)
    carrying = [option for option, bill in facts["bills"].items() if new.keys() & bill.keys()]
    assert carrying == ["owned"]
    for reach, share in zip(facts["moved"], (1, 1 / 36, facts["owned_gpus"]), strict=True):
        moved = {option for option, usd in reach.items() if usd} - {"the input"}
        assert moved == {"owned"}
        assert reach["owned"] == pytest.approx(reach["the input"] * share)


def test_a_line_counts_once_for_several_workloads_and_in_a_hybrid_that_buys(answers):
    facts = answers[SEVERAL]
    new, bought = new_lines(facts), facts["bills"]["hybrid"]
    assert {item: facts["bills"]["owned"][item] for item in new} == pytest.approx(new)
    assert bought["GPU capital"] > 0 and bought["GPU insurance"] > 0
    assert [bought["Fire insurance"], bought["Safety review"]] == pytest.approx([90, 100])


def test_a_line_is_explained_by_its_input_and_its_source(answers):
    facts = answers[CLIENT]
    about, chart = facts["assumptions"][FIRE], facts["owned_chart"]
    assert [about[level] for level in ("low", "typical", "high")] == [40, 90, 250]
    assert (about["unit"], about["origin"], about["name"]) == (
        "USD/month",
        "default",
        "fire insurance",
    )
    assert about["source"] == SAID["source"] and about["confidence"] == SAID["confidence"]
    assert facts["chain"]["ends"] == [FIRE]
    assert f"fire insurance ({FIRE})" in facts["chain"]["text"]
    assert SAID["source"] in facts["chain"]["text"]
    assert chart["groups"]["Fire insurance"] == chart["groups"]["Energy"]
    assert chart["groups"]["Safety review"] == "paid once"
    assert chart["evidence"]["Fire insurance"] == ["list_price", "fire insurance"]
    assert chart["ends"][0] == pytest.approx(chart["ends"][1])


def test_a_line_is_paid_when_its_timing_says_and_a_quote_replaces_its_row(answers):
    about = answers[QUOTED]["assumptions"][FIRE]
    assert (about["typical"], about["origin"], about["source"]) == (190, "quote", "an insurer")
    before, after = (answers[client]["owned_cash"] for client in (CLIENT, QUOTED))
    change = {key: after[key] - before[key] for key in after}
    assert change["run_rate_usd_per_month"] == pytest.approx(100)
    assert change["once_usd"] == pytest.approx(3_600)
    assert change["year_1_usd"] == pytest.approx(12 * 100 + 3_600)
    assert change["worst_case_usd"] == pytest.approx(14_400 - 7_200)


def test_the_record_holds_a_line(answers):
    record = answers[CLIENT]["recorded"]
    assert {"Fire insurance", "Safety review", "GPU insurance"} <= set(record["items"]["owned"])
    assert {FIRE, REVIEW, GPU} <= set(record["paths"])


def test_the_tests_of_the_tables_and_of_their_ways_take_a_line(lined):
    held(lined, "hidden_costs or (support and applies_to)", "test_tables", "test_properties")


def test_a_price_row_is_in_force_from_its_day_on(tree):
    price = {"input_usd_per_mtok": "0.02", "output_usd_per_mtok": "0.08"}
    key = {"provider": "deepinfra", "model_id": "llama-3.3-70b", "tier": "standard"}
    add_row(tree, "api_prices", **key, **price, effective_from="2026-11-14", **SAID)
    before, after, record = said(
        tree,
        ["host", CLIENT, "2026-11-13"],
        ["host", CLIENT, "2026-11-15"],
        ["recorded", CLIENT],
    )
    row = "api_prices/deepinfra//llama-3.3-70b/standard"
    assert before == [row, 0.1]
    assert after == [row, 0.02]
    (kept,) = [each for each in record["rows"] if each["row"] == row]
    assert (kept["date"], kept["source"]) == ("2026-11-14", SAID["source"])
    held(tree, "api_prices", "test_tables")


TABLE = """rack_id,gpu_id,rent_usd_per_hour,kind,effective_from,source,retrieved,confidence,note
rack-a,h100-80gb-sxm,1.5,open,2026-11-01,a list,2026-11-02,list_price,
rack-b,h100-80gb-sxm,2.5,locked,2026-11-01,a list,2026-11-02,guess,invented
"""
SIDECAR = """title: Racks
licence: facts restated
attribution: as given in each row
key: [rack_id, effective_from]
columns:
  rack_id: {unit: id, meaning: our id}
  gpu_id: {unit: id, meaning: our id}
  rent_usd_per_hour: {unit: USD/hour, meaning: price of a rack}
  kind: {unit: open|locked, meaning: whether anybody may open it}
  effective_from: {unit: date, meaning: day from which the row holds}
  source: {unit: text, meaning: the public original}
  retrieved: {unit: date, meaning: day on which it was read}
  confidence: {unit: measured|list_price|reported|guess, meaning: how far to trust the row}
  note: {unit: text, meaning: what to know}
"""


def test_a_price_table_is_read_checked_and_in_the_fingerprint(tree):
    append(tree, "data/catalog/racks.csv", TABLE)
    append(tree, "data/catalog/racks.csv.yml", SIDECAR)
    put_before(tree, "data/README.md", "| `aliases` |", "| `racks` | the price of a rack |\n")
    made = ["fingerprint", f"data/clients/{CLIENT}"]
    rows, before, _, after = said(
        tree, ["rows", "racks"], made, ["reprice", "racks", "1.5", "1.6"], made
    )
    assert [row["rent_usd_per_hour"] for row in rows] == [1.5, 2.5]
    assert rows[0]["row"] == "racks/rack-a"
    assert after != before
    held(tree, "racks or every_table", "test_tables")


FORMAT = """title: Acme gateway log
source: invented for a test
grain: request
recognise: [acme_time, acme_in, acme_out]
time: {field: acme_time}
model: acme_model
tokens: {input: acme_in, output: acme_out}
"""
SAMPLE = """acme_time,acme_model,acme_in,acme_out
2026-10-01T08:00:00Z,gpt-4o,1000,100
2026-10-01T09:00:00Z,gpt-4o,2000,300
2026-10-02T10:00:00Z,gpt-4o,500,50
"""
SUMS = """acme:
  requests: 3
  uncached: 3500         # 1000 + 2000 + 500
  billed_input: 3500
  output: 450            # 100 + 300 + 50
  rows: [3, 0, 0]
"""


def test_the_block_that_contributing_prints_is_a_format_of_the_kit():
    block = (ROOT / "data" / "usage_formats" / "mooncake.yml").read_text(encoding="utf-8")
    assert printed_in_contributing("yaml") == block


def test_a_usage_format_is_a_block_a_sample_and_its_sums(tree):
    append(tree, "data/usage_formats/acme.yml", FORMAT)
    append(tree, "data/usage_formats/acme.sample.csv", SAMPLE)
    append(tree, "tests/usage_formats.yaml", SUMS)
    told = run(tree, "-m", "llmcost", "usage", "data/usage_formats/acme.sample.csv")
    assert "Acme gateway log" in told and "gpt-4o" in told
    held(tree, "acme or every_format", "test_usage_formats", "test_usage_defects")


def test_an_option_is_a_name_a_bill_a_rule_and_a_colour(tree):
    study = "llmcost/study"
    put_before(
        tree,
        f"{study}/problem.py",
        '    TUNED = "tuned", "Same model, tuned"\n',
        '    BATCHES = "batches", "Same model, in batches"\n',
    )
    put_before(
        tree,
        f"{study}/bill/bills.py",
        '            "tuned": lambda: self._todays(TUNED),\n',
        '            "batches": lambda: self._todays(("batched_fraction",)),\n',
    )
    put_before(
        tree,
        f"{study}/choices/decisions.py",
        "    gates = choice.workload.gates\n    if option in STAYING:\n",
        "    if option == Option.BATCHES:\n        return out_of_reach(Option.TUNED, choice)\n",
    )
    put_before(
        tree,
        "llmcost/views/chart_parts.py",
        '    "tuned": COLOURS["tuned"],\n',
        '    "batches": COLOURS["tuned"],\n',
    )
    (found,) = said(tree, ["options", CLIENT])
    label, status, usd = found["batches"]
    assert (label, status) == ("Same model, in batches", "ok")
    assert found["tuned"][2] < usd < found["today"][2]
    run(tree, "-m", "llmcost", "report", CLIENT, "--out", "made")
    with (tree / "made" / "book.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert float(row["batches_usd_per_month"]) == pytest.approx(usd)


WORDS = '''

def year(study: Study) -> str:
    """What the first option costs in a year."""
    return f"A year costs {usd(12 * next(iter(study.totals.values())))}."
'''
QUESTION = """## A year of it

*What does the people's part of an API cost?*

<!-- formula: api_people -->
$$written by the command$$
"""
ANSWER = """option, total = next(iter(study.totals.items()))
assert math.isclose(sum(study.lines[option].values()), total)
views.md(pricing_words.year(study))"""


def test_a_section_of_a_lesson_runs_for_every_client_and_passes_the_tests_of_notebooks(tree):
    append(tree, "llmcost/lessons/pricing/pricing_words.py", WORDS)
    path = tree / "notebooks" / "01_pricing.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    question = {"cell_type": "markdown", "id": "year-asked", "metadata": {}, "source": QUESTION}
    answer = {"cell_type": "code", "id": "year", "source": ANSWER, "outputs": []}
    answer |= {"execution_count": None, "metadata": {"tags": ["report"]}}
    at = next(n for n, cell in enumerate(cells) if "results" in cell["metadata"].get("tags", []))
    cells[at:at] = [question, answer]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    _, shown = said(
        tree, ["execute", "01_pricing"], ["shown_to", "hospital-notes", "01_pricing", "year"]
    )
    assert "A year costs" in json.dumps(shown)
    executed = path.read_text(encoding="utf-8")
    assert "written by the command" not in executed and "engineer\\\\_usd" in executed
    held(tree, "01_pricing", "test_notebooks", "test_formulas")
