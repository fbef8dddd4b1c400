"""What a person can get wrong is refused with the file, the field, what is wrong and how to mend
it; what is right is read exactly."""

import datetime as dt
import os
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from llmcost.inputs.api_prices import open_model_offers, todays_offer
from llmcost.inputs.catalog import in_force, known_id
from llmcost.inputs.client import client_schema
from llmcost.inputs.client_file import read_client
from llmcost.inputs.errors import InputError
from llmcost.inputs.today import Today
from llmcost.study.study import open_study

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
    "nothing below a key": ("today: {provider: openai, model_id: gpt-4o}", "latency: 5", r"latency.*got 5.*limit_seconds"),
    "an empty block": ("workloads:", "people:\nworkloads:", r"people.*should have keys.*got nothing.*Known here: engineer_fte"),
    "a text for a number": ("passing_fraction: 0.85", "passing_fraction: most", r"should be a number.*A number, or \{low"),
    "a number for a text": ("name: A client", "name: 42", r"name \(line 2\).*quotes"),
    "half a load": ("      requests_per_month: 700_000\n", "", r"requests_per_month missing \(or give usage with a file\). See"),
    "no version": ("schema_version: 1\n", "", r"schema_version: is missing. Write schema_version: 1"),
    "no day": ("as_of_date: 2026-11-15\n", "", r"as_of_date: is missing. Write the day"),
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
    "a tab": ("    load:", "\tload:", r"line 6: a tab stands.*Indent with spaces"),
    "a second colon": ("name: A client", "name: A: client", r"line 2.*colon.*quotes"),
    "a quote left open": ("name: A client", "name: 'A client", r"ends before a quote"),
    "words of YAML 1.1": ("schema_version: 1", "%YAML 1.1\n---\nschema_version: 01", r"line 2.*begins with %"),
    "a YAML of no version": ("schema_version: 1", "%YAML 1.999\n---\nschema_version: 1", r"not valid YAML"),
    "a tag that is no word": ("name: A client", "name: !!bool maybe", r"line 2: a tag .*Take it out"),
    "a tag for a mapping": ("today: {", "today: !!str {", r"line 11: a tag"),
    "a tag of ours": ("name: A client", "name: !client A", r"line 2: a tag .*Take it out"),
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
    assert re.search(expected, str(error), re.DOTALL), str(error)
    assert error.file == "client.yaml" and error.problem and error.cure
    assert len(str(error)) < 500


def test_a_key_as_long_as_a_page_is_not_repeated_whole(tmp_path):
    with pytest.raises(InputError, match="is not a key of the client file") as caught:
        opened(client_folder(tmp_path, GOOD + f"{'k' * 1_000}: 1\n"))
    assert len(str(caught.value)) < 900


def test_the_good_file_is_good(tmp_path):
    assert opened(client_folder(tmp_path, GOOD)).winner


def test_a_file_too_large_is_refused(tmp_path):
    with pytest.raises(InputError, match="64 KiB"):
        opened(client_folder(tmp_path, GOOD + "# " + "x" * 70_000))


def test_a_client_file_that_leads_outside_its_folder_is_refused_unread(tmp_path):
    (tmp_path / "secrets").write_text("password: hunter2\n", encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "client.yaml").symlink_to(tmp_path / "secrets")
    with pytest.raises(InputError, match="leads outside its folder") as caught:
        opened(tmp_path / "mine")
    assert "password" not in str(caught.value) and "hunter2" not in str(caught.value)


def test_a_client_file_may_be_a_link_inside_its_folder(tmp_path):
    (tmp_path / "version-2.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "client.yaml").symlink_to("version-2.yaml")
    assert opened(tmp_path).winner


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/dev/zero"),
    ],
)
def test_a_client_file_that_is_no_file_is_called_so(tmp_path, make):
    make(tmp_path / "client.yaml")
    with pytest.raises(InputError, match=r"client.yaml: is a folder, a pipe, a device"):
        opened(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "client.yaml").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(InputError, match="UTF-8"):
        opened(tmp_path)


def test_a_model_that_fits_nowhere_is_listed_with_its_reason(tmp_path):
    text = GOOD.replace("llama-3.3-70b", "llama-3.1-405b").replace(
        "name: A client", "name: A client\nown_capacity: {gpus: [l4-24gb]}"
    )
    candidates = opened(client_folder(tmp_path, text)).candidates()
    infeasible = candidates[candidates["gpu_id"] == "l4-24gb"]
    assert (infeasible["status"] == "infeasible").all() and infeasible["reason"].str.contains(
        "do not fit"
    ).all()


@pytest.mark.parametrize(
    "name", ["../support-assistant", "nobody", "", "support-asistant", "<b>x</b>"]
)
def test_an_unknown_client_is_refused(name):
    with pytest.raises(InputError, match=r"no client.yaml"):
        open_study(name)


@pytest.mark.parametrize(
    "what_if",
    [
        {"workloads.chat.cached": 1},
        {"workloads.nobody.id": 1},
        {"horizon_months.x": 1},
        "{not json",
        "[1]",
        "[" * 100_000,
        f'{{"horizon_months": {"9" * 5000}}}',
        {"workloads": 1},
    ],
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
    template = Path(__file__).parent.parent / "llmcost" / "cli" / "template" / "client.yaml"
    written = YAML(typ="safe", pure=True).load(template.read_text(encoding="utf-8"))
    assert set(written) <= set(client_schema()["properties"])


# --- the catalog ---


def test_the_latest_row_on_or_before_the_day_is_in_force():
    rental = in_force.__wrapped__
    early, late = (
        rental("gpu_rental", dt.date(2026, 8, 1)),
        rental("gpu_rental", dt.date(2026, 11, 1)),
    )
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
    offer = todays_offer(
        Today(provider="openai", model_id="gpt-4o"), dt.date(2026, 11, 15), [], "today"
    )
    assert (offer.prices.input_usd_per_mtok, offer.prices.output_usd_per_mtok) == (2.5, 10.0)
    assert offer.prices.tier_ratios["batch"] == (0.5, 1.0, 0.5, 0.5)


# --- today's host ---


@pytest.mark.parametrize("provider", ["openai", "OpenAI"])
def test_a_provider_is_known_by_its_other_names(provider):
    assert (
        todays_offer(
            Today(provider=provider, model_id="gpt-4o-2024-11-20"),
            dt.date(2026, 11, 15),
            [],
            "today",
        ).model_id
        == "gpt-4o"
    )


def test_an_open_model_may_answer_today():
    offer = todays_offer(
        Today(provider="deepinfra", model_id="llama-3.3-70b"), dt.date(2026, 11, 15), [], "today"
    )
    assert offer.provider == "deepinfra" and offer.prices.input_usd_per_mtok > 0
