"""The hours of one workload, out of an export beside its client file."""

import json

import pytest

from llmcost.inputs.client import Usage
from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import read_usage

HEAD = "hour,requests,input_tokens,output_tokens\n"


def rows(count: int, day: str = "2026-10-0") -> str:
    return "".join(
        f"{day}{1 + hour // 24}T{hour % 24:02d}:00:00Z,10,1000,100\n" for hour in range(count)
    )


def usage_of(tmp_path, text, name="usage.csv", mapping=None):
    (tmp_path / name).write_text(text, encoding="utf-8")
    mapping = mapping or {
        "time": "hour",
        "requests": "requests",
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
    }
    return read_usage(tmp_path, Usage(file=name, mapping=mapping), "load.usage")


def counts(usage):
    return tuple(usage.table.rows_count(kind) for kind in ("", "used", "repaired", "rejected"))


def test_every_row_is_used_or_rejected(tmp_path):
    bad = "2026-10-01T05:00:00Z,10,-5,100\nyesterday,10,1000,100\n2026-10-01T06:00:00Z,10,NaN,100\n2026-10-01T07:00:00Z,10,,100\n"
    usage = usage_of(tmp_path, HEAD + rows(48) + bad)
    assert counts(usage) == (52, 48, 0, 4)
    ragged = "2026-10-01T05:00:00Z,10,1000\n2026-10-01T06:00:00Z,10,1000,100,7,8\n"
    usage = usage_of(tmp_path, HEAD + rows(48) + ragged)
    assert counts(usage) == (50, 48, 0, 2)
    assert usage.hourly["input_tokens"].sum() == 48_000 and usage.covered_fraction == 1


def test_missing_hours_are_empty_and_counted(tmp_path):
    text = HEAD + "".join(
        line + "\n" for index, line in enumerate(rows(48).splitlines()) if not 10 <= index < 22
    )
    usage = usage_of(tmp_path, text)
    assert (
        len(usage.hourly) == 48
        and usage.covered_fraction == 0.75
        and usage.hourly["requests"].iloc[12] == 0
    )


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
    secret = (
        HEAD.strip() + ",prompt\n" + rows(48).replace(",100\n", ",100,my password is hunter2\n")
    )
    assert "hunter2" not in usage_of(tmp_path, secret).hourly.to_csv()


def test_jsonl_is_read_like_csv(tmp_path):
    lines = [line.split(",") for line in rows(24).splitlines()]
    text = "".join(
        f'{{"hour": "{t}", "requests": {r}, "input_tokens": {i}, "output_tokens": {o}}}\n'
        for t, r, i, o in lines
    )
    assert usage_of(tmp_path, text, "usage.jsonl").hourly["input_tokens"].sum() == 24_000


def test_a_hostile_file_name_stays_a_name(tmp_path):
    assert usage_of(tmp_path, HEAD + rows(24), "o'brien'); drop.csv").table.rows_count("used") == 24


def test_columns_by_our_own_names_need_no_mapping(tmp_path):
    text = "time,input_tokens,output_tokens,cached_input_tokens\n" + "".join(
        f"2026-10-01T{h:02d}:00:00Z,1000,100,400\n" for h in range(24)
    )
    (tmp_path / "own.csv").write_text(text)
    usage = read_usage(tmp_path, Usage(file="own.csv"), "load.usage")
    assert usage.has_cached_tokens and usage.hourly["cached_input_tokens"].sum() == 9_600


def test_the_minutes_of_a_model_that_hardly_runs_do_not_size_the_fleet(tmp_path):
    steady = "".join(
        f"2026-10-01T{s // 3600:02d}:{s // 60 % 60:02d}:00Z,big,1000,100\n"
        for s in range(0, 86_400, 60)
    )
    (tmp_path / "log.csv").write_text(
        "time,model,input_tokens,output_tokens\n" + steady + "2026-10-01T05:07:00Z,small,1000,100\n"
    )
    usage = read_usage(
        tmp_path, Usage(file="log.csv", only={"model": ["big", "small"]}), "load.usage"
    )
    assert dict(usage.table.minute_burst_ratio) == {"big": 1.0, "small": 60.0}
    assert usage.minute_burst_ratio == 1.0


def readings(step_seconds: int) -> str:
    """A day of a server's counters, read every so often, that rise steadily."""
    rises = {
        "vllm:prompt_tokens_total": 100,
        "vllm:generation_tokens_total": 10,
        "vllm:request_success_total": 1,
    }
    seconds = range(0, 86_401, step_seconds)
    values = {
        name: [[1_789_999_200 + n, str(n * rise)] for n in seconds] for name, rise in rises.items()
    }
    result = [
        {"metric": {"__name__": name, "model_name": "m"}, "values": said}
        for name, said in values.items()
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


@pytest.mark.parametrize(
    ("step_seconds", "burst"), [(3600, None), (300, None), (60, 1.0), (15, 1.0)]
)
def test_readings_further_apart_than_a_minute_tell_no_minute_burst(tmp_path, step_seconds, burst):
    """A steady rise read once an hour is no hour that happened in one minute: that would keep sixty
    times the fleet ready."""
    (tmp_path / "range.json").write_text(readings(step_seconds), encoding="utf-8")
    usage = read_usage(tmp_path, Usage(file="range.json"), "load.usage")
    assert usage.minute_burst_ratio == (burst and pytest.approx(burst))
