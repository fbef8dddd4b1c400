"""The front pages say what the repository does: every figure in the README is one that the code
gives again, and the version is the same on each page."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import llmcost
from llmcost.cli.command_line import main, parser
from llmcost.inputs.paths import data_path
from llmcost.study.study import open_study
from llmcost.study.wording import usd

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLIENTS = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
HOSTING = ("serverless", "rented", "owned", "hybrid")


def test_the_readme_stays_short():
    assert len(README.splitlines()) <= 125


def test_the_table_of_answers_has_every_example():
    assert re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE) == CLIENTS
    assert f"the reports of the {WORDS[len(CLIENTS)]} example clients" in README


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_in_the_readme_is_the_one_of_today(client):
    study = open_study(client)
    verdict = study.verdict()
    today = usd(study.totals["today"]) if "today" in study.totals else "nothing yet"
    answer = f"{verdict['answer']}: {verdict['labels'][study.winner]}"
    row = (
        f"| `{client}` | {answer} | {today} | {usd(study.totals[study.winner])} |"
        f" {verdict['confidence']['level']} |"
    )
    assert row in README


def test_what_the_readme_says_of_hosting_is_so():
    studies = {client: open_study(client) for client in CLIENTS}
    hosting = {client for client, study in studies.items() if study.winner in HOSTING}
    assert hosting == {"hospital-notes", "claims-triage"}
    splits = [study.split() for study in studies.values()]
    saving = [split for split in splits if split and split.saving_usd_per_month > 0]
    assert f"other\n{WORDS[len(CLIENTS) - len(hosting)]} do not host" in README
    assert f"At {WORDS[len(saving)]} clients a split saves money" in README
    assert "hybrid" not in [study.winner for study in studies.values()]


def test_what_the_readme_says_of_the_throughput_model_is_what_the_command_prints(capsys):
    assert main(["accuracy"]) == 0
    printed = capsys.readouterr().out.partition("\n\n")[0]
    repeated = README.partition("`python3 run.py accuracy` judges it:")[2].partition("\n## ")[0]
    figures = [re.findall(r"\d+(?: %|th)?", " ".join(text.split())) for text in (repeated, printed)]
    assert len(figures[0]) == 10
    assert figures[0] == figures[1]


def test_every_link_and_command_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    commands = re.findall(r"python3 run\.py ([^`#\n]+)", README)
    assert {shlex.split(command)[0] for command in commands} == {
        "report",
        "test",
        "lab",
        "new",
        "usage",
        "audit",
        "accuracy",
        "formulas",
    }
    for command in commands:
        words = shlex.split(command)
        assert words[0] in ("test", "lab") or parser().parse_args(words)


def test_the_citation_is_of_this_version_and_these_authors():
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == llmcost.__version__
    assert citation["title"] == project["name"]
    assert citation["authors"] == project["authors"]
    released = f"## {citation['version']} - {citation['date-released']}"
    assert released in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
