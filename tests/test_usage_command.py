"""From an export to a client file and a study: `llmcost usage` and `llmcost new --usage`."""

import json
import re

import pytest

import llmcost as lc
from llmcost.cli.command_line import main
from llmcost.inputs.client_file import OPEN_QUESTION, read_client
from llmcost.inputs.errors import InputError

HOURS = 15 * 24
MODELS = {
    "gpt-4o": (2.5, 1.25, 10.0),
    "gpt-4o-mini": (0.15, 0.075, 0.6),
    "hosted_vllm/ours": (0, 0, 0),
}


def spend_logs(hours: int = HOURS) -> list[dict]:
    """A gateway's log: three models, cached input, a prompt that nobody may see; one request in
    fifty fails."""
    found = []
    for hour in range(hours):
        for number, (model, (fresh, cached, out)) in enumerate(MODELS.items()):
            failed = (hour * 3 + number) % 50 == 7
            usd = 0.0 if failed else (600 * fresh + 400 * cached + 100 * (1 + hour % 3) * out) / 1e6
            stamp = f"2026-10-{1 + hour // 24:02d}T{hour % 24:02d}:10:00"
            found.append(
                {
                    "request_id": f"r{hour}-{number}",
                    "spend": usd,
                    "prompt_tokens": 1000,
                    "completion_tokens": 0 if failed else 100 * (1 + hour % 3),
                    "startTime": stamp,
                    "endTime": stamp,
                    "model": model,
                    "custom_llm_provider": "openai",
                    "status": "failure" if failed else "success",
                    "messages": "my password is hunter2",
                    "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 400}}},
                }
            )
    return found


def written(folder, rows, name="log.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_usage_says_what_the_file_is_and_accounts_for_every_row(tmp_path, capsys):
    rows = spend_logs()
    assert main(["usage", str(written(tmp_path, rows))]) == 0
    said = capsys.readouterr().out
    failed = sum(row["status"] == "failure" for row in rows)
    assert "LiteLLM, table LiteLLM_SpendLogs" in said
    assert (
        "2026-10-01 00:00 to 2026-10-16 00:00 UTC: 15 days" in said and "100 % of the hours" in said
    )
    assert (
        f"Rows  {len(rows):,} = {len(rows) - failed:,} used + {failed} repaired + 0 rejected"
        in said
    )
    assert "List prices explain >99 %" in said or "List prices explain 100 %" in said
    assert "hunter2" not in said


def test_usage_writes_an_hourly_table_that_reads_the_same(tmp_path, capsys):
    path, hourly = written(tmp_path, spend_logs()), tmp_path / "hourly.csv"
    assert main(["usage", str(path), "--out", str(hourly)]) == 0
    first = capsys.readouterr().out
    assert main(["usage", str(hourly)]) == 0
    again = capsys.readouterr().out
    totals = re.compile(r"^gpt-4o .*$", re.MULTILINE)
    assert totals.findall(first) == totals.findall(again) != []


def test_missing_hours_and_rejected_rows_raise_a_warning(tmp_path, capsys):
    rows = [row for row in spend_logs() if not "2026-10-04" < row["startTime"] < "2026-10-06"]
    for row in rows[99:249:3]:
        row["prompt_tokens"] = -1
    assert main(["usage", str(written(tmp_path, rows))]) == 0
    said = capsys.readouterr().out
    assert "WARNING  13 % of the hours have no usable row" in said
    assert (
        re.search(r"WARNING  5.* % of the rows were rejected", said)
        and "(line 100, line 103, line 106)" in said
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "no file": (None, "there is no such file"),
        "empty": ("", "is empty"),
        "a header alone": (
            "request_id,startTime,spend,prompt_tokens,completion_tokens\n",
            "Nothing counts",
        ),
        "no export": ("a,b\n1,2\n", "is no usage export that is known"),
        "a header of secrets": (
            "ann@example.com,sk-12345\n1,2\n",
            "is no usage export that is known",
        ),
        "broken JSON": ('{"data": [{"start_time": 17', "cut off"),
    }.values(),
)
def test_a_file_that_is_no_export_ends_in_a_sentence(tmp_path, capsys, text, expected):
    path = tmp_path / "export"
    if text is not None:
        path.write_text(text)
    assert main(["usage", str(path)]) in (1, 2)
    captured = capsys.readouterr()
    assert expected in captured.out + captured.err and "Traceback" not in captured.err
    assert "ann@" not in captured.err and "sk-1" not in captured.err


@pytest.fixture
def new_client(tmp_path):
    assert (
        main(["new", str(tmp_path / "client"), "--usage", str(written(tmp_path, spend_logs()))])
        == 0
    )
    return tmp_path / "client"


def test_a_new_client_is_filled_from_its_export_and_asks_at_most_six_questions(tmp_path, capsys):
    new_client = tmp_path / "client"
    assert main(["new", str(new_client), "--usage", str(written(tmp_path, spend_logs()))]) == 0
    text = (new_client / "client.yaml").read_text(encoding="utf-8")
    questions = re.findall(r"QUESTION (\d)", text)
    assert questions == [str(n + 1) for n in range(len(questions))] and 1 <= len(questions) <= 6
    assert [
        line.split(".")[0] for line in capsys.readouterr().out.splitlines()[: len(questions)]
    ] == questions
    assert '"hosted_vllm/ours", which no price list knows' in text
    assert 'only: {model: ["gpt-4o"]}' in text and 'model_id: "gpt-4o-mini"' in text
    assert (new_client / "log.jsonl").is_file() and "hunter2" not in text
    with pytest.raises(InputError, match=f"line \\d+.*still says {OPEN_QUESTION}"):
        read_client(new_client)


def test_once_answered_it_is_a_study(new_client):
    path = new_client / "client.yaml"
    answers = {
        "passing_fraction: ASK": "passing_fraction: 0.8",
        "evidence: ASK": "evidence: guess",
        "allowed: ASK": "allowed: true",
        "regions: ASK": "regions: []",
    }
    text = path.read_text(encoding="utf-8")
    for question, answer in answers.items():
        text = text.replace(question, answer)
    path.write_text(text, encoding="utf-8")
    study = lc.open_study(str(new_client))
    requests = HOURS - sum(
        row["status"] == "failure" for row in spend_logs() if row["model"] == "gpt-4o"
    )
    assert study.loads["gpt-4o"].requests_per_month == pytest.approx(requests / HOURS * 730)
    assert study.values["workloads.gpt-4o.cached_input_fraction"] == pytest.approx(0.4)
    bill = study.export_bill()
    assert bill.explained_fraction == pytest.approx(
        1, abs=1e-6
    ) and bill.invoice_explained_fraction == pytest.approx(1, rel=5e-3)
    assert study.record()["usage_exports"][0]["rows_count"] == len(spend_logs())


def test_an_export_without_requests_or_names_asks_for_them(tmp_path):
    rows = "".join(f"2026-10-{d:02d},m,{10_000 * d},0,0,500,1000\n" for d in range(1, 29))
    head = "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    head += "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens\n"
    (tmp_path / "console.csv").write_text(head + rows)
    assert main(["new", str(tmp_path / "c"), "--usage", str(tmp_path / "console.csv")]) == 0
    text = (tmp_path / "c" / "client.yaml").read_text()
    assert (
        "requests_per_month: ASK" in text
        and "today: ASK" in text
        and len(re.findall("QUESTION", text)) == 6
    )


def test_a_gateway_with_several_sellers_prices_each_model_at_its_own(tmp_path, capsys):
    rows = spend_logs(48)
    for row in rows[::3]:
        row |= {"model": "claude-sonnet-4-5", "custom_llm_provider": "anthropic"}
    assert main(["new", str(tmp_path / "c"), "--usage", str(written(tmp_path, rows))]) == 0
    text = (tmp_path / "c" / "client.yaml").read_text(encoding="utf-8")
    assert (
        'provider: "anthropic", model_id: "claude-sonnet-4-5"' in text
        and 'provider: "openai", model_id: "gpt-4o-mini"' in text
    )


def test_a_cost_report_is_no_load(tmp_path, capsys):
    (tmp_path / "cost.csv").write_text(
        "usage_date_utc,model,token_type,cost_usd\n2026-10-01,Claude Opus 4.8,output,10.0\n"
    )
    assert main(["new", str(tmp_path / "c"), "--usage", str(tmp_path / "cost.csv")]) == 2
    assert "is a cost report" in capsys.readouterr().err and not (tmp_path / "c").exists()


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, spend_logs())), encoding="utf-8")
    return tmp_path / "log.jsonl"


@pytest.mark.parametrize("name", ["client.schema.json", "log.jsonl", "log.jsonl.part"])
def test_a_link_that_waits_in_the_folder_leads_nothing_outside(tmp_path, log, name):
    precious, folder = tmp_path / "precious", tmp_path / "mine"
    precious.write_text("precious", encoding="utf-8")
    folder.mkdir()
    (folder / name).symlink_to(precious)
    assert main(["new", str(folder), "--usage", str(log)]) == 0
    assert precious.read_text(encoding="utf-8") == "precious"
    assert (folder / "log.jsonl").read_bytes() == log.read_bytes()


def test_a_client_file_that_is_a_link_to_nowhere_is_there(tmp_path, capsys):
    (tmp_path / "client.yaml").symlink_to(tmp_path / "outside")
    assert main(["new", str(tmp_path)]) == 2
    assert "already there" in capsys.readouterr().err and not (tmp_path / "outside").exists()


@pytest.mark.parametrize("name", ["client.yaml", "client.schema.json"])
def test_an_export_that_would_be_written_over_is_refused(tmp_path, log, name, capsys):
    log.rename(tmp_path / name)
    assert main(["new", str(tmp_path / "mine"), "--usage", str(tmp_path / name)]) == 2
    assert (
        "Give the export another name" in capsys.readouterr().err
        and not (tmp_path / "mine").exists()
    )


@pytest.mark.parametrize(
    "words",
    [
        ["usage", ""],
        ["usage", "x", "--out", ""],
        ["audit", ""],
        ["new", ""],
        ["new", "x", "--usage", ""],
    ]
    + [["report", ""], ["report", "--out", ""], ["report", "--clients", ""]],
)
def test_an_empty_name_is_not_the_current_folder(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("A name on the command line is empty") and not list(
        tmp_path.iterdir()
    )


@pytest.mark.parametrize("name", ["x" * 300, "file/under", "\udcff"])
def test_a_folder_that_cannot_be_made_is_named_with_the_reason(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert main(["new", name]) == 2
    said = capsys.readouterr().err
    assert (
        len(said.splitlines()) == 1
        and re.search("cannot be made|not UTF-8", said)
        and ".py" not in said
    )
