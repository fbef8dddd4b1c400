"""What a person can get wrong is refused with the file, the field, what is wrong and how to mend it; what is right is read exactly."""

import datetime as dt
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from llmcost import InputError, open_study
from llmcost.inputs.api_prices import open_model_offers, todays_offer
from llmcost.inputs.catalog import in_force, known_id
from llmcost.inputs.client import Today, Usage, client_schema
from llmcost.inputs.client_file import read_client
from llmcost.inputs.usage import read_usage

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "clients").glob("*/client.yaml"))
GOOD = """\
schema_version: 1
name: A client
as_of_date: 2026-11-15
workloads:
  - id: chat
    load:
      input_mtok_per_month: 900
      output_mtok_per_month: {low: 100, typical: 150, high: 200}
      requests_per_month: 700_000
      shape: azure_conversation_week
    today: {provider: openai, model_id: gpt-4o}
    alternatives:
      - {model_id: llama-3.3-70b, passing_fraction: 0.85, evidence: guess}
"""

LOAD = GOOD[GOOD.index("    load:") : GOOD.index("    today:")]


def with_usage(file: str) -> str:
    return f"    load: {{usage: {{file: {file}}}}}\n"


def with_quote(row: str, price: str) -> str:
    return f"name: A client\nquotes: [{{row: {row}, {price}said_by: me, quoted_date: 2026-01-01}}]"


WRONG = {
    "misspelt key": ("requests_per_month", "request_per_month", r"load\.request_per_month.*'requests_per_month'"),
    "unknown key": ("name: A client", "name: A client\ncolour: red", r"colour \(line 3\).*not a key"),
    "wrong type": ("input_mtok_per_month: 900", "input_mtok_per_month: lots", r"input_mtok_per_month.*lots"),
    "number as text": ("input_mtok_per_month: 900", 'input_mtok_per_month: "900"', r"input_mtok_per_month.*'900'"),
    "negative": ("input_mtok_per_month: 900", "input_mtok_per_month: -900", r"at least 0.*-900"),
    "not a number": ("input_mtok_per_month: 900", "input_mtok_per_month: .nan", r"not a finite number"),
    "infinite": ("input_mtok_per_month: 900", "input_mtok_per_month: .inf", r"not a finite number"),
    "falling band": ("{low: 100, typical: 150, high: 200}", "{low: 300, typical: 150, high: 200}", r"low <= typical <= high"),
    "share above one": ("passing_fraction: 0.85", "passing_fraction: 85", r"passing_fraction.*between 0 and 1.*85"),
    "missing evidence": (", evidence: guess", "", r"evidence.*is missing"),
    "unknown evidence": ("evidence: guess", "evidence: certain", r"evidence.*'measured', 'reported' or 'guess'"),
    "zero traffic": ("input_mtok_per_month: 900", "input_mtok_per_month: 0", r"input_mtok_per_month: is zero"),
    "no requests": ("requests_per_month: 700_000", "requests_per_month: 0", r"requests_per_month.*greater than 0"),
    "unknown shape": ("azure_conversation_week", "azure_conversation_weak", r"no load shape.*'azure_conversation_week'"),
    "unknown open model": ("llama-3.3-70b", "llama-3.3-71b", r"not a model that the catalog knows.*llama-3.3-70b"),
    "unknown provider": ("provider: openai", "provider: opneai", r"today\.provider.*'opneai'.*openai"),
    "unpriced model": ("model_id: gpt-4o", "model_id: gpt-4-oh", r"today\.model_id.*no price.*Nearest"),
    "wrong date": ("as_of_date: 2026-11-15", "as_of_date: 15/11/2026", r"as_of_date.*date"),
    "another version": ("schema_version: 1", "schema_version: 2", r"schema_version"),
    "duplicate key": ("name: A client", "name: A client\nname: B", r"line 3.*twice"),
    "broken yaml": ("workloads:", "workloads: [", r"line \d+"),
    "no workloads": (GOOD[GOOD.index("workloads:") :], "workloads: []", r"workloads.*at least 1"),
    "a list": (GOOD, "- 1\n- 2\n", r"not a mapping"),
    "empty": (GOOD, "", r"not a mapping"),
    "usage outside": (LOAD, with_usage("../../secret.csv"), r"usage\.file.*outside the client's folder"),
    "usage absolute": (LOAD, with_usage("/etc/passwd"), r"usage\.file.*outside the client's folder"),
    "usage missing": (LOAD, with_usage("gone.csv"), r"no file 'gone.csv'"),
    "both ways of load": ("      shape:", "      usage: {file: a.csv}\n      shape:", r"either usage or totals"),
    "quote of nothing": ("name: A client", with_quote("gpus/x", "gpu_usd_per_hour: 2, "), r"quotes\.gpus/x.*not a row that can be quoted"),
    "quote without price": ("name: A client", with_quote("api_prices/openai/gpt-4o", ""), r"gives no input_usd_per_mtok"),
    "quote of a wrong item": ("name: A client", with_quote("hidden_costs/pue", "value: 1.2, "), r"pue_ratio"),
}  # fmt: skip


def client_folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "client.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def opened(folder: Path):
    """Everything that reads the client's file."""
    study = open_study(str(folder))
    study.options()
    return study


@pytest.mark.parametrize("wrong", WRONG)
def test_a_mistake_is_named_with_its_cure(tmp_path, wrong):
    old, new, expected = WRONG[wrong]
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        opened(client_folder(tmp_path, GOOD.replace(old, new)))
    error = caught.value
    assert re.search(expected, str(error), re.S), str(error)
    assert error.file == "client.yaml" and error.problem and error.cure
    assert len(str(error)) < 500


def test_the_good_file_is_good(tmp_path):
    assert opened(client_folder(tmp_path, GOOD)).winner


def test_a_file_too_large_is_refused(tmp_path):
    with pytest.raises(InputError, match="64 KiB"):
        opened(client_folder(tmp_path, GOOD + "# " + "x" * 70_000))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "client.yaml").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(InputError, match="UTF-8"):
        opened(tmp_path)


def test_a_model_that_fits_nowhere_is_listed_with_its_reason(tmp_path):
    text = GOOD.replace("llama-3.3-70b", "llama-3.1-405b").replace("name: A client", "name: A client\nown_capacity: {gpus: [l4-24gb]}")
    candidates = opened(client_folder(tmp_path, text)).candidates()
    infeasible = candidates[candidates["gpu_id"] == "l4-24gb"]
    assert (infeasible["status"] == "infeasible").all() and infeasible["reason"].str.contains("do not fit").all()


@pytest.mark.parametrize("name", ["../support-assistant", "nobody", "", "support-asistant", "<b>x</b>"])
def test_an_unknown_client_is_refused(name):
    with pytest.raises(InputError, match="no client.yaml"):
        open_study(name)


@pytest.mark.parametrize(
    "what_if", [{"workloads.chat.cached": 1}, {"workloads.nobody.id": 1}, {"horizon_months.x": 1}, "{not json", "[1]", {"workloads": 1}]
)
def test_a_what_if_is_checked_like_the_file(tmp_path, what_if):
    with pytest.raises(InputError):
        open_study(str(client_folder(tmp_path, GOOD)), what_if=what_if)


def test_yaml_keeps_what_a_person_wrote(tmp_path):
    client = read_client(client_folder(tmp_path, GOOD.replace("A client", '"NO"')))
    assert client.name == "NO" and client.workloads[0].load.requests_per_month == 700_000


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.parent.name)
def test_every_example_is_read_and_says_when_its_numbers_were_chosen(path):
    assert read_client(path.parent).name
    assert "verdict" in path.read_text(encoding="utf-8").split("schema_version")[0]


def test_the_schema_knows_every_key_of_the_template():
    template = Path(__file__).parent.parent / "llmcost" / "reporting" / "template" / "client.yaml"
    written = YAML(typ="safe", pure=True).load(template.read_text(encoding="utf-8"))
    assert set(written) <= set(client_schema()["properties"])


# --- the catalog ---


def test_the_latest_row_on_or_before_the_day_is_in_force():
    rental = in_force.__wrapped__
    early, late = rental("gpu_rental", dt.date(2026, 8, 1)), rental("gpu_rental", dt.date(2026, 11, 1))
    key = ["provider", "region", "gpu_id", "term", "market", "gpus_count"]
    assert not late.duplicated(key).any()
    both = early.merge(late, on=key)
    assert (both["effective_from_x"] <= both["effective_from_y"]).all()
    assert (both["gpu_usd_per_hour_x"] != both["gpu_usd_per_hour_y"]).any()


def test_a_price_of_the_past_is_the_one_of_its_day():
    def together(day):
        offers = open_model_offers("llama-3.3-70b", day, [])
        return {o.prices.input_usd_per_mtok for o in offers if o.provider == "huggingface_together"}

    assert together(dt.date(2026, 10, 1)) != together(dt.date(2026, 11, 1))


def test_an_alias_leads_to_its_id_and_nothing_is_guessed():
    assert known_id("gpu", "H100 SXM", ["h100-80gb-sxm"], "f", "x") == "h100-80gb-sxm"
    with pytest.raises(InputError, match="Nearest: h100-80gb-sxm"):
        known_id("gpu", "h100-80gb-sx", ["h100-80gb-sxm"], "f", "x")


def test_todays_price_is_never_zero():
    offer = todays_offer(Today(provider="openai", model_id="gpt-4o"), dt.date(2026, 11, 15), [], "today")
    assert (offer.prices.input_usd_per_mtok, offer.prices.output_usd_per_mtok) == (2.5, 10.0)
    assert offer.prices.batch_multiplier == 0.5


# --- the usage export ---

HEAD = "hour,requests,input_tokens,output_tokens\n"


def rows(count: int, day: str = "2026-10-0") -> str:
    return "".join(f"{day}{1 + hour // 24}T{hour % 24:02d}:00:00Z,10,1000,100\n" for hour in range(count))


def usage_of(tmp_path, text, name="usage.csv", mapping=None):
    (tmp_path / name).write_text(text, encoding="utf-8")
    mapping = mapping or {"time": "hour", "requests": "requests", "input_tokens": "input_tokens", "output_tokens": "output_tokens"}
    return read_usage(tmp_path, Usage(file=name, mapping=mapping), "load.usage")


def test_every_row_is_used_or_rejected(tmp_path):
    bad = "2026-10-01T05:00:00Z,10,-5,100\nyesterday,10,1000,100\n2026-10-01T06:00:00Z,10,NaN,100\n2026-10-01T07:00:00Z,10,,100\n"
    usage = usage_of(tmp_path, HEAD + rows(48) + bad)
    assert (usage.rows_count, usage.rows_used_count, usage.rows_rejected_count) == (52, 48, 4)
    ragged = "2026-10-01T05:00:00Z,10,1000\n2026-10-01T06:00:00Z,10,1000,100,7,8\n"
    usage = usage_of(tmp_path, HEAD + rows(48) + ragged)
    assert (usage.rows_count, usage.rows_used_count, usage.rows_rejected_count) == (50, 48, 2)
    assert usage.hourly["input_tokens"].sum() == 48_000 and usage.covered_fraction == 1


def test_missing_hours_are_empty_and_counted(tmp_path):
    text = HEAD + "".join(line + "\n" for index, line in enumerate(rows(48).splitlines()) if not 10 <= index < 22)
    usage = usage_of(tmp_path, text)
    assert len(usage.hourly) == 48 and usage.covered_fraction == 0.75 and usage.hourly["requests"].iloc[12] == 0


def test_the_sum_does_not_depend_on_the_zone_of_the_text(tmp_path):
    shifted = HEAD + rows(48).replace("Z,", "+05:30,")
    assert usage_of(tmp_path, shifted).hourly["output_tokens"].sum() == 4_800


NO_LOAD = {
    "an empty file": ("", "is empty"),
    "a header alone": (HEAD, "no usable row"),
    "five hours": (HEAD + rows(5), "covers 5 hours"),
    "no tokens": (HEAD + rows(48).replace(",100\n", ",0\n"), "no tokens"),
    "other columns": ("a,b\n1,2\n", "no column"),
}


@pytest.mark.parametrize(("text", "expected"), NO_LOAD.values(), ids=NO_LOAD)
def test_an_export_without_a_load_is_refused(tmp_path, text, expected):
    with pytest.raises(InputError, match=expected):
        usage_of(tmp_path, text)


def test_only_mapped_columns_are_read(tmp_path):
    secret = HEAD.strip() + ",prompt\n" + rows(48).replace(",100\n", ",100,my password is hunter2\n")
    assert "hunter2" not in usage_of(tmp_path, secret).hourly.to_csv()


def test_jsonl_is_read_like_csv(tmp_path):
    lines = [line.split(",") for line in rows(24).splitlines()]
    text = "".join(f'{{"hour": "{t}", "requests": {r}, "input_tokens": {i}, "output_tokens": {o}}}\n' for t, r, i, o in lines)
    assert usage_of(tmp_path, text, "usage.jsonl").hourly["input_tokens"].sum() == 24_000


def test_a_hostile_file_name_stays_a_name(tmp_path):
    assert usage_of(tmp_path, HEAD + rows(24), "o'brien'); drop.csv").rows_used_count == 24


def test_columns_by_our_own_names_need_no_mapping(tmp_path):
    text = "time,input_tokens,output_tokens,cached_input_tokens\n" + "".join(f"2026-10-01T{h:02d}:00:00Z,1000,100,400\n" for h in range(24))
    (tmp_path / "own.csv").write_text(text)
    usage = read_usage(tmp_path, Usage(file="own.csv"), "load.usage")
    assert usage.has_cached_tokens and usage.hourly["cached_input_tokens"].sum() == 9_600


@pytest.mark.parametrize("provider", ["openai", "OpenAI"])
def test_a_provider_is_known_by_its_other_names(provider):
    assert todays_offer(Today(provider=provider, model_id="gpt-4o-2024-11-20"), dt.date(2026, 11, 15), [], "today").model_id == "gpt-4o"


def test_an_open_model_may_answer_today():
    offer = todays_offer(Today(provider="deepinfra", model_id="llama-3.3-70b"), dt.date(2026, 11, 15), [], "today")
    assert offer.provider == "deepinfra" and offer.prices.input_usd_per_mtok > 0
