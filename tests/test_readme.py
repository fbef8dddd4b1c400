"""The README says what the repository does: every figure in it is one that the code gives again."""

import re
import shlex
from pathlib import Path

import pytest

from llmcost import open_study
from llmcost.cli.command_line import parser
from llmcost.inputs.paths import data_path
from llmcost.study.wording import usd

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLIENTS = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))


def test_the_table_of_answers_has_every_example():
    assert re.findall(r"^\| `([a-z-]+)` \|", README, re.M) == CLIENTS
    words = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ]
    assert f"the reports of the {words[len(CLIENTS)]} example clients" in README


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
    winners = {client: open_study(client).winner for client in CLIENTS}
    hosted = {
        client
        for client, winner in winners.items()
        if winner in ("serverless", "rented", "owned", "hybrid")
    }
    assert hosted == {"hospital-notes", "claims-triage"}
    saving = {
        client
        for client in CLIENTS
        if (split := open_study(client).split()) and split.saving_usd_per_month > 0
    }
    assert saving == {"large-single-tenant", "extraction-pipeline", "document-search"}


def test_every_link_and_command_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    commands = re.findall(r"^python3 run\.py (.*?)(?: {2,}#.*)?$", README, re.M)
    assert {shlex.split(command)[0] for command in commands} == {
        "report",
        "test",
        "new",
        "usage",
        "audit",
    }
    for command in commands:
        words = shlex.split(command)
        assert words[0] in ("test", "lab") or parser().parse_args(words)
