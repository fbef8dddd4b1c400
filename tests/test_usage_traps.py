"""What an analyst's first export met that the samples did not: each is held here once."""

import datetime as dt
import errno
import json
import os
import zipfile
from pathlib import Path

import duckdb
import pytest
import yaml

import llmcost as lc
from llmcost.cli.command_line import main
from llmcost.cli.new_client import prefilled
from llmcost.cli.usage_text import usage_text
from llmcost.inputs.client import Usage
from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import read_usage, usage_table
from llmcost.study.bill.reconciliation import reconciliation
from llmcost.study.loads.usage_summary import warnings


def test_the_prompts_beside_usage_details_are_never_taken_for_its_counts(tmp_path):
    path = tmp_path / "observations.parquet"
    duckdb.sql(
        f"""COPY (SELECT 'o1' AS id, 't1' AS trace_id, 'GENERATION' AS type, TIMESTAMP '2026-10-05 09:00:00' AS start_time,
        'gpt-4o' AS provided_model_name, {{'input': 100, 'output': 40, 'total': 140}} AS usage_details,
        'a prompt' AS input, 'an answer' AS output) TO '{path}' (FORMAT parquet)"""
    )
    row = usage_table([path]).hourly.iloc[0]
    assert (row["input_uncached_tokens"], row["output_tokens"]) == (100, 40)


def query_range(step_s, count):
    """A vLLM server's counters, one reading every `step_s` seconds."""
    names = {
        "vllm:prompt_tokens_total": 1000,
        "vllm:generation_tokens_total": 200,
        "vllm:request_success_total": 1,
    }
    result = [
        {
            "metric": {"__name__": name, "model_name": "m"},
            "values": [[1791158400 + step_s * n, str(each * n)] for n in range(count)],
        }
        for name, each in names.items()
    ]
    return {"data": {"result": result}}


@pytest.mark.parametrize(
    ("step_s", "resolution_hours", "bursts"),
    [(3600, 1.0, {}), (900, 0.0, {}), (60, 0.0, {"m": 1.0})],
)
def test_readings_an_hour_apart_show_no_minutes(tmp_path, step_s, resolution_hours, bursts):
    path = tmp_path / "range.json"
    path.write_text(json.dumps(query_range(step_s, 50 * 3600 // step_s)))
    table = usage_table([path])
    assert table.resolution_hours == resolution_hours
    assert table.minute_burst_ratio == pytest.approx(bursts)


def gateway_rows(models):
    return [
        {
            "request_id": f"r{hour}-{model}",
            "spend": 0.001,
            "prompt_tokens": 1000,
            "completion_tokens": 100,
            "startTime": f"2026-10-{1 + hour // 24:02d}T{hour % 24:02d}:10:00",
            "model": model,
            "custom_llm_provider": seller,
        }
        for hour in range(48)
        for model, seller in models.items()
    ]


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_gateway_with_several_sellers_prices_each_model_at_its_own(tmp_path):
    models = {"gpt-4o": "openai", "claude-sonnet-4-5": "anthropic"}
    table = usage_table([jsonl(tmp_path / "log.jsonl", gateway_rows(models))])
    assert table.provider == "" and any(
        "2 sellers (anthropic, openai)" in note for note in table.notes
    )
    found = reconciliation(table.hourly, table.provider, dt.date(2026, 10, 2))
    assert not found.unpriced and set(found.models["row"].str.split("/").str[1]) == {
        "openai",
        "anthropic",
    }
    alone = usage_table([jsonl(tmp_path / "one.jsonl", gateway_rows({"gpt-4o": "azure"}))])
    assert alone.provider == "azure"


def test_a_file_in_a_zip_goes_by_its_name_there_and_an_empty_one_is_passed_over(tmp_path):
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as good, zipfile.ZipFile(bad, "w") as archive:
        for day in ("01", "02"):
            rows = [
                row for row in gateway_rows({"gpt-4o": "openai"}) if row["startTime"][8:10] == day
            ]
            good.writestr(f"2026/{day}/x.json", "".join(json.dumps(row) + "\n" for row in rows))
        good.writestr("permission-check", "")
        archive.writestr("notes/readme.txt", "a,b\n1,2\n")
    table = usage_table([tmp_path / "logs.zip"])
    assert [file.name for file in table.files] == [
        "logs.zip/2026/01/x.json",
        "logs.zip/2026/02/x.json",
    ]
    assert usage_text(table).startswith("logs.zip (2 files): LiteLLM")
    with pytest.raises(InputError, match=r"bad.zip/notes/readme.txt: is no usage export"):
        usage_table([bad])


def test_what_no_list_prices_has_no_bill_instead_of_one_of_0_usd(tmp_path):
    said = usage_text(
        usage_table([jsonl(tmp_path / "log.jsonl", gateway_rows({"house-model-x": "openai"}))])
    )
    assert "No price list knows house-model-x" in said and "$0" not in said


def test_money_in_another_currency_is_said_in_red_and_makes_no_invoice(tmp_path):
    head = "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,ConsumedUnit,"
    head += "ProviderName,ResourceId,ServiceCategory,SkuMeter\n"
    rows = [
        f"0.1,{currency},Usage,2026-10-05T{hour:02d}:00:00Z,2026-10-05T{hour + 1:02d}:00:00Z,40000,Tokens,OpenAI,gpt-4o,AI"
        f" and Machine Learning,{meter} Tokens\n"
        for hour in range(23)
        for currency, meter in (("USD", "Input"), ("EUR", "Output"))
    ]
    (tmp_path / "focus.csv").write_text(head + "".join(rows))
    table = usage_table([tmp_path / "focus.csv"])
    assert "50 % of the rows have amounts in another currency than USD" in " ".join(warnings(table))
    text, questions = prefilled(table, ["focus.csv"], "c")
    assert "\ninvoice:" not in text and '"gpt-4o" answer?' in questions[0]


def csv_log(path, model="gpt-4o", hours=72):
    rows = [
        f"r{h},2026-10-{1 + h // 24:02d}T{h % 24:02d}:10:00,0.1,1000,100,{model}\n"
        for h in range(hours)
    ]
    path.write_text(
        "request_id,startTime,spend,prompt_tokens,completion_tokens,model\n" + "".join(rows),
        encoding="utf-8",
        newline="",
    )
    return path


def test_the_export_itself_is_never_written_over_and_nothing_half_written_stays(
    tmp_path, capsys, full_disk
):
    path, out = csv_log(tmp_path / "log.csv"), tmp_path / "hourly.csv"
    before = path.read_bytes()
    refused = {
        path: "is the export itself",
        tmp_path: "is a folder",
        tmp_path / "no" / "x.csv": "there is no folder",
    }
    for target, why in refused.items():
        assert main(["usage", str(path), "--out", str(target)]) == 2
        assert why in capsys.readouterr().err
    assert path.read_bytes() == before
    out.write_text("kept")
    full_disk()
    assert main(["usage", str(path), "--out", str(out)]) == 2
    assert "No space left" in capsys.readouterr().err and out.read_text() == "kept"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hourly.csv", "log.csv"]


class FullDisk:
    """A new file on a disk that has room for half of what is written."""

    def __init__(self, sink):
        self.sink = sink

    def write(self, content):
        self.sink.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.sink.name)

    def __enter__(self):
        return self

    def __exit__(self, *about):
        self.sink.close()


@pytest.fixture
def full_disk(monkeypatch):
    """A function: from now on no new file has room."""
    plain = Path.open

    def opened(path, mode="r", *more, **options):
        sink = plain(path, mode, *more, **options)
        return FullDisk(sink) if mode == "xb" else sink

    return lambda: monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["usage", "{folder}"], "is a folder; name the files in it"),
        (
            ["usage", "{log}", "--time-zone", "Non/Sense"],
            "--time-zone: there is no time zone 'Non/Sense'",
        ),
        (["usage", "{log}", "--table", "t"], "give --sql DIALECT too"),
        (["usage", "focus", "--sql", ""], "is no SQL dialect"),
        (["usage", "focus", "--sql", "spark", "--out", "x.csv"], "leave --out"),
        (
            ["new", "{log}", "--usage", "{log}"],
            "is a file, or a link that leads nowhere; name a new folder",
        ),
        (
            ["new", "{folder}/c", "--usage", "{hour}"],
            "covers 1 hour. Export at least one whole day",
        ),
        (["new", "{folder}/c", "--usage", "{log}", "{again}"], "has the name of another file"),
    ],
)
def test_what_the_command_line_cannot_do_is_said_in_a_sentence(tmp_path, capsys, words, expected):
    (tmp_path / "again").mkdir()
    paths = {
        "folder": tmp_path,
        "log": csv_log(tmp_path / "log.csv"),
        "hour": csv_log(tmp_path / "hour.csv", hours=1),
    }
    paths["again"] = csv_log(tmp_path / "again" / "log.csv", hours=48)
    assert main([word.format(**paths) for word in words]) == 2
    said = capsys.readouterr().err
    assert expected in said and "\n" not in said.strip() and not (tmp_path / "c").exists()


NAMES = [
    "\x1b[31mred\x1b[0m",
    "a\x85b\u2028c\ufeff\U0001f600: #x",
    "name\\n- {x: !!python/object:os.system}",
    "*alias &a",
    "$(x) 'q'",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_model_or_file_comes_back_as_it_was_and_stays_inert(tmp_path, capsys, name):
    file_name = "".join(c for c in name if c not in '/\\:*?"<>|') + "[1].csv"
    path, folder = csv_log(tmp_path / file_name, name), tmp_path / "client"
    assert main(["usage", str(path)]) == 0 and main(["new", str(folder), "--usage", str(path)]) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    usage = yaml.safe_load((folder / "client.yaml").read_text(encoding="utf-8"))["workloads"][0][
        "load"
    ]["usage"]
    assert usage == {"file": file_name, "only": {"model": [name]}}
    assert read_usage(folder, Usage(**usage), "load").models == (name,)


def test_an_export_that_lies_in_the_clients_folder_already_stays_there(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    path = csv_log(folder / "log.csv")
    before = path.read_bytes()
    assert main(["new", str(folder), "--usage", str(path)]) == 0
    assert path.read_bytes() == before and (folder / "client.yaml").is_file()


def test_many_long_names_make_a_short_answer(tmp_path, capsys):
    rows = [
        f"r{i},2026-10-05T{i % 24:02d}:{i % 60:02d}:00,0.1,{100 + i % 7},20,{'m' * 300}{i}\n"
        for i in range(60)
    ]
    path = tmp_path / "log.csv"
    path.write_text(
        "request_id,startTime,spend,prompt_tokens,completion_tokens,model\n" + "".join(rows)
    )
    assert (
        main(["usage", str(path)]) == 0
        and main(["new", str(tmp_path / "c"), "--usage", str(path)]) == 0
    )
    said = capsys.readouterr().out
    assert "and 30 more models" in said and len(said.splitlines()) < 60
    assert max(map(len, said.splitlines())) < 500
    assert len((tmp_path / "c" / "client.yaml").read_text().splitlines()) < 60


@pytest.mark.parametrize(("rows", "expected"), [(0, "a header and no row"), (1, ": 1 hour;")])
def test_an_export_of_next_to_nothing_says_so(tmp_path, rows, expected):
    assert expected in usage_text(usage_table([csv_log(tmp_path / "log.csv", hours=rows)]))


def test_an_export_that_does_not_fit_leaves_nothing_behind(tmp_path, capsys, full_disk):
    path = csv_log(tmp_path / "log.csv")
    full_disk()
    assert main(["new", str(tmp_path / "c"), "--usage", str(path)]) == 2
    assert (
        "log.csv: cannot be copied to" in capsys.readouterr().err
        and list((tmp_path / "c").iterdir()) == []
    )


def test_a_stray_time_does_not_become_decades_of_empty_hours(tmp_path, capsys):
    path = csv_log(tmp_path / "log.csv")
    with path.open("a") as stream:
        stream.write("stray,2090-01-01T00:00:00,0.1,1000,100,gpt-4o\n")
    assert main(["new", str(tmp_path / "c"), "--usage", str(path)]) == 2
    assert "spans 63 years, 2026-10-01 to 2090-01-01" in capsys.readouterr().err
    with pytest.raises(InputError, match="spans 63 years"):
        read_usage(tmp_path, Usage(file="log.csv"), "workloads.a.load.usage")


def test_the_report_prices_each_workload_at_its_own_seller(tmp_path):
    path = jsonl(
        tmp_path / "log.jsonl", gateway_rows({"gpt-4o": "openai", "claude-sonnet-4-5": "anthropic"})
    )
    folder = tmp_path / "client"
    assert main(["new", str(folder), "--usage", str(path)]) == 0
    client = folder / "client.yaml"
    answers = {
        "passing_fraction: ASK": "passing_fraction: 0.8",
        "evidence: ASK": "evidence: guess",
        "allowed: ASK": "allowed: true",
        "regions: ASK": "regions: []",
    }
    text = client.read_text(encoding="utf-8")
    for question, answer in answers.items():
        text = text.replace(question, answer)
    client.write_text(text, encoding="utf-8")
    bill = lc.open_study(str(folder)).export_bill()
    assert not bill.unpriced and set(bill.models["model"]) == {
        "openai/gpt-4o",
        "anthropic/claude-sonnet-4-5",
    }
    usd = 48 * (1000 * 2.5 + 100 * 10 + 1000 * 3 + 100 * 15) / 1e6
    assert bill.computed_usd == pytest.approx(usd)
