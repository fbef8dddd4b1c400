"""The client's own benchmarks: read from three formats, refused when they cannot be true, trusted
before everything else, never mixed."""

import datetime as dt
import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from ruamel.yaml import YAML

from llmcost.inputs import measured as measured_files
from llmcost.inputs.catalog import gpu, in_force, model_shape
from llmcost.inputs.client import Latency
from llmcost.inputs.errors import InputError
from llmcost.inputs.measured import read_measured
from llmcost.inputs.own_capacity import Measured, OwnCapacity
from llmcost.inputs.paths import files_inside, files_of
from llmcost.model.throughput import (
    compute_roof_tokens_per_second,
    output_tokens_per_second,
    request_seconds,
)
from llmcost.model.types import Measurement, Request
from llmcost.study.bill.serverless_lines import serverless_scope
from llmcost.study.capacity.measurements import evidence
from llmcost.study.capacity.runs import Key, catalog_runs, gpu_ratio, possible
from llmcost.study.capacity.serving_plans import BANDS, ServingPlan, serving_plans
from llmcost.study.fleets.utilization import concurrency_sweep, own_fleet
from llmcost.study.study import open_study

SAMPLES = Path(__file__).parent / "measured"
DAY = dt.date(2026, 11, 15)
ON = {
    "model_id": "llama-3.3-70b",
    "gpu_id": "h100-80gb-sxm",
    "gpus_count": 4,
    "precision": "fp8",
    "engine": "vllm",
}
KEY = Key(model_shape("llama-3.3-70b", DAY), gpu("h100-80gb-sxm", DAY), 4, "fp8")
REQUEST = Request(1_000.0, 200.0)


def run(count=16.0, speed=760.0, ttft=0.2, tpot=0.020, **other) -> Measurement:
    figures = {
        "concurrency_count": count,
        "output_tokens_per_second": speed,
        "ttft_seconds": ttft,
        "tpot_seconds": tpot,
    }
    return Measurement(
        **{
            "source": f"own {count:g}",
            "date": "",
            **ON,
            "input_tokens": 1_000.0,
            "output_tokens": 200.0,
        }
        | figures
        | other
    )


TWO = (run(), run(64.0, 1_520.0, 0.5, 0.040))
"""Four times the requests, twice the time of each token, twice the speed."""


def plan_of(request=REQUEST, own=TWO, **key) -> ServingPlan:
    """The plan of 4 H100 in FP8, or of another key."""
    wanted = ON | key
    plans = serving_plans(wanted["model_id"], [wanted["gpu_id"]], DAY, request, own)
    return next(
        p
        for p in plans
        if (p.gpus_count, p.precision) == (wanted["gpus_count"], wanted["precision"])
    )


def delivered(plan: ServingPlan, request=REQUEST) -> float:
    """Output tokens/s of a full replica."""
    return request.output_tokens / request_seconds(
        plan.replica, request.input_tokens, request.output_tokens
    )


# --- reading ---


def read(folder: Path, files="*", **said):
    return read_measured(
        folder, [Measured(files=[files] if isinstance(files, str) else files, **said)], DAY
    )


@pytest.mark.parametrize(
    ("files", "said"), [("vllm-*.json", ON), ("guidellm.json", ON), ("sweep.csv", {})]
)
def test_three_formats_tell_one_story(files, said):
    few, many = read(SAMPLES, files, **said)
    for found, count, speed, ttft, tpot in (
        (few, 16, 760, 0.2, 0.020),
        (many, 64, 1_520, 0.5, 0.040),
    ):
        assert {key: getattr(found, key) for key in ON} == ON
        assert (found.input_tokens, found.output_tokens, found.concurrency_count) == pytest.approx(
            (1_000, 200, count)
        )
        assert (
            found.output_tokens_per_second,
            found.ttft_seconds,
            found.tpot_seconds,
        ) == pytest.approx((speed, ttft, tpot))
        assert found.itl_percentiles == pytest.approx(
            {50: 0.95 * tpot, 90: 1.2 * tpot, 95: 1.4 * tpot, 99: 2 * tpot}
        )


def test_lines_of_appended_results_are_runs(tmp_path):
    lines = [
        json.dumps(json.loads((SAMPLES / f"vllm-{count}.json").read_text())) for count in (16, 64)
    ]
    (tmp_path / "all.json").write_text("\n".join(lines))
    assert [r.source for r in read(tmp_path, "all.json", **ON)] == [
        "all.json line 1",
        "all.json line 2",
    ]


def test_at_a_request_rate_littles_law_counts_those_in_flight(tmp_path):
    said = json.loads((SAMPLES / "vllm-16.json").read_text()) | {
        "request_rate": 3.0,
        "max_concurrency": None,
    }
    (tmp_path / "a.json").write_text(json.dumps(said))
    (found,) = read(tmp_path, "a.json", **ON)
    assert found.concurrency_count == pytest.approx(
        3.8 * (0.2 + 0.020 * 199)
    )  # requests/s times seconds of an answer


VLLM = (SAMPLES / "vllm-16.json").read_text()
GUIDELLM = (SAMPLES / "guidellm.json").read_text()
SWEEP = (SAMPLES / "sweep.csv").read_text()


def vllm(**changed):
    return json.dumps(json.loads(VLLM) | changed)


BAD = {
    "empty": ("a.json", "", "is empty"),
    "cut off": ("a.json", VLLM[:300], "cut off"),
    "another tool": ("a.json", '{"throughput": 5}', "no result of"),
    "a list": ("a.json", "[1, 2]", "no result of"),
    "too deep": ("a.json", "[" * 100_000, "cut off"),
    "failed requests": ("a.json", vllm(completed=300, failed=100), "100 of 400 requests failed"),
    "failed, older": ("a.json", json.dumps({k: v for k, v in (json.loads(VLLM) | {"completed": 300}).items() if k != "failed"}), "failed"),
    "none completed": ("a.json", vllm(completed=0, failed=0), "no request was completed"),
    "no time": ("a.json", vllm(duration=0), "took no time"),
    "no number": ("a.json", vllm(output_throughput="fast"), "output_throughput is no number"),
    "not finite": ("a.json", VLLM.replace('"duration": 105.263158', '"duration": NaN'), "duration is no number"),
    "absurd": ("a.json", VLLM.replace('"completed": 400', '"completed": 4' + 400 * "0"), "completed is no number"),
    "more digits than a number has": ("a.json", VLLM.replace('"completed": 400', '"completed": ' + 9_000 * "4"), "cut off"),
    "a NUL": ("a.csv", SWEEP.replace("vllm", "vl\0m"), "engine: is no name"),
    "an open quote": ("a.csv", SWEEP.replace("760", '"760'), "not a whole CSV"),
    "edited": ("a.json", vllm(output_throughput=7_600.0), "not total_output_tokens over duration"),
    "seconds as milliseconds": ("a.json", vllm(mean_ttft_ms=0.2, mean_tpot_ms=0.02), "Are milliseconds given as seconds"),
    "first token in seconds": ("a.json", vllm(mean_ttft_ms=0.2), "Are seconds given as milliseconds"),
    "old guidellm": ("a.json", GUIDELLM.replace('"version": 1', '"version": 0'), "schema version 0"),
    "no benchmark": ("a.json", '{"metadata": {"version": 1}, "benchmarks": []}', "holds no benchmark"),
    "guidellm errors": ("a.json", GUIDELLM.replace('"errored": 0', '"errored": 90'), r"benchmarks|90 of 490 requests failed"),
    "guidellm without figures": ("a.json", '{"metadata": {"version": 1}, "benchmarks": [{"duration": 9}]}', "is no number"),
    "milliseconds as seconds": ("a.csv", SWEEP.replace("0.2,0.020", "200,20"), "line 2: the latencies make .* milliseconds given as sec"),
    "one request's speed": ("a.csv", SWEEP.replace(",760,", ",47.5,").replace(",1520,", ",23,"), "tokens/s of one request"),
    "another unit": ("a.csv", SWEEP.replace("tpot_seconds", "tpot_ms"), "'tpot_ms' is not a column.*'tpot_seconds'"),
    "missing column": ("a.csv", SWEEP.replace("output_tokens_per_second", "ttft_p50_seconds"), "output_tokens_per_second missing"),
    "thousands": ("a.csv", SWEEP.replace(",1520,", ",1 520,"), "line 3: output_tokens_per_second is '1 520'"),
    "a cell too many": ("a.csv", SWEEP.replace(",1520,", ",1,520,"), "line 3 has more cells"),
    "negative": ("a.csv", SWEEP.replace(",16,", ",-16,"), "concurrency_count is '-16'"),
    "header alone": ("a.csv", SWEEP.splitlines()[0] + "\n", "holds no run"),
    "falling percentiles": ("a.csv", SWEEP.replace("0.019,", "0.9,"), "higher percentile is shorter"),
    "unknown GPU": ("a.csv", SWEEP.replace("h100-80gb-sxm", "h100-80gb-sx"), "Nearest: h100-80gb-sxm"),
    "unknown model": ("a.csv", SWEEP.replace("llama-3.3-70b", "llama-3.3-71b"), "Nearest: llama-3.3-70b"),
    "unknown precision": ("a.csv", SWEEP.replace(",fp8,", ",int3,"), "'int3' is not known"),
    "half a GPU": ("a.csv", SWEEP.replace(",4,fp8", ",0.5,fp8"), "no number of GPUs"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_true_is_refused(tmp_path, bad):
    name, text, expected = BAD[bad]
    assert text not in (VLLM, GUIDELLM, SWEEP)
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=expected) as caught:
        read(tmp_path, name, **(ON if name.endswith("json") else {}))
    assert caught.value.file == name and caught.value.cure and len(str(caught.value)) < 500


def test_a_file_over_the_limit_and_one_that_is_no_text_are_refused(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read(tmp_path, "a.json", **ON)
    monkeypatch.setattr(measured_files, "LARGEST_BYTES", 2)
    with pytest.raises(InputError, match="too many"):
        read(tmp_path, "a.json", **ON)


def test_only_files_of_the_clients_folder_are_read(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(SAMPLES / "sweep.csv", tmp_path / "outside.csv")
    (home / "link.csv").symlink_to(tmp_path / "outside.csv")
    for files in (
        "a\0.csv",
        str(tmp_path / "outside.csv"),
        "../outside.csv",
        "link.csv",
        "*.csv",
        "gone.csv",
        "**/*.csv",
        "..",
    ):
        with pytest.raises(
            InputError, match=r"inside the client's folder|outside the client's folder|no file"
        ):
            read(home, files)


def test_a_file_is_itself_before_it_is_a_pattern(tmp_path):
    for name in ("run[1].csv", "run1.csv", "run2.csv"):
        (tmp_path / name).touch()
    for said, found in {
        "run[1].csv": ["run[1].csv"],
        "run[2].csv": ["run2.csv"],
        "run?.csv": ["run1.csv", "run2.csv"],
    }.items():
        assert [path.name for path in files_inside(tmp_path, said, "files")] == found
        assert [path.name for path in files_of(tmp_path, [said])] == found, (
            "what makes a report stale"
        )


def test_what_a_file_does_not_know_the_client_must_say(tmp_path):
    shutil.copy(SAMPLES / "vllm-16.json", tmp_path / "a.json")
    with pytest.raises(
        InputError, match=r"gpu_id: a\.json does not say it.*files: a\.json, gpu_id"
    ):
        read(tmp_path, "a.json", model_id="llama-3.3-70b")
    with pytest.raises(InputError, match=r"was measured on meta-llama/Llama-3.3-70B-Instruct"):
        read(tmp_path, "a.json", **ON | {"model_id": "qwen3-32b"})
    shutil.copy(SAMPLES / "sweep.csv", tmp_path / "b.csv")
    with pytest.raises(InputError, match="'vllm', the client file 'sglang'"):
        read(tmp_path, "b.csv", engine="sglang")
    with pytest.raises(InputError, match="named twice"):
        read(tmp_path, ["b.csv", "*.csv"])


@pytest.mark.parametrize("said", ["a.csv", ["a.csv"], {"files": "a.csv"}, [{"files": ["a.csv"]}]])
def test_files_may_be_named_in_every_short_way(said):
    named = said if isinstance(said, list) else [said]
    assert (
        OwnCapacity(measured=named).measured[0].files
        == ["a.csv"]
        == OwnCapacity(measured=said).measured[0].files
    )


# --- the order of trust ---


def test_the_order_of_trust():
    assert list(BANDS.values()) == sorted(BANDS.values()) and BANDS["client"] < BANDS["measured"]
    row = next(
        r
        for r in catalog_runs(DAY)["llama-3.3-70b", "h100-80gb-sxm", 4, "fp8"]
        if r.engine == "vllm" and r.concurrency_count == 64
    )
    there = Request(row.input_tokens, row.output_tokens, itl_limit_seconds=row.tpot_seconds)
    assert (
        plan_of(
            there,
            [
                replace(
                    run(64.0, 1_000.0, None, None),
                    input_tokens=row.input_tokens,
                    output_tokens=row.output_tokens,
                )
            ],
        ).origin
        == "client"
    )
    measured = plan_of(there, [])
    assert (measured.origin, measured.engine) == (
        "measured",
        "vllm",
    ) and row.source in measured.sources
    assert delivered(measured, there) == pytest.approx(row.output_tokens_per_second)
    between = plan_of(replace(there, input_tokens=3_000.0), [])
    assert (between.origin, between.engine) == ("interpolated", "vllm")
    far = plan_of(replace(there, input_tokens=60_000.0, itl_limit_seconds=None), [])
    assert (far.origin, far.sources) == ("roofline", ())


def test_of_two_engines_the_one_that_delivers_more_is_taken():
    """Not the one with the shorter time between tokens: it may read prompts slowly."""
    slow, fast = (
        run(64.0, 1_000.0, 6.0, 0.030, engine="vllm"),
        run(64.0, 1_500.0, 0.5, 0.040, engine="sglang"),
    )
    assert plan_of(own=[slow, fast]).engine == "sglang"


def test_own_runs_of_another_request_are_interpolated_and_of_a_far_one_unused():
    wide = [*TWO, *(replace(one, input_tokens=2_000.0, source="longer") for one in TWO)]
    assert plan_of(Request(1_400.0, 200.0), wide).origin == "interpolated"
    assert not plan_of(Request(9_000.0, 900.0)).own


def test_beyond_what_was_measured_is_no_interpolation():
    """Nor is it the client's measurement: runs lead the roofline up to twice as far, with the
    roofline's band."""
    longer = plan_of(Request(1_600.0, 200.0))
    assert (longer.origin, longer.own, set(longer.sources)) == (
        "roofline",
        True,
        {"own 16", "own 64"},
    )
    busy = [replace(one, concurrency_count=4 * one.concurrency_count) for one in TWO]
    fewer = plan_of(replace(REQUEST, itl_limit_seconds=0.014), busy)
    assert fewer.replica.concurrency_count < 64 / 1.25 and fewer.origin == "roofline"


def test_no_engine_no_gpu_and_no_precision_lends_to_another():
    def neighbours(**changed):
        return [
            replace(one, output_tokens_per_second=9_000.0, source="foreign", **changed)
            for one in TWO
        ]

    for changed in (
        {"gpu_id": "h200-141gb-sxm"},
        {"precision": "bf16"},
        {"gpus_count": 8},
        {"model_id": "llama-3.1-8b"},
    ):
        assert plan_of(own=[*TWO, *neighbours(**changed)]) == plan_of(), changed
    both = evidence(KEY, [*TWO, *neighbours(engine="sglang")], REQUEST, np.arange(1, 65))
    assert [one.engine for one in both] == ["sglang", "vllm"]
    alone = evidence(KEY, TWO, REQUEST, np.arange(1, 65))[0]
    assert np.array_equal(
        both[1].curve.output_tokens_per_second, alone.curve.output_tokens_per_second
    )


figures = st.tuples(
    st.integers(1, 512), st.integers(20, 9_000), st.sampled_from([500.0, 1_000.0, 1_800.0])
)


@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@given(st.lists(figures, min_size=1, max_size=6), st.lists(figures, max_size=6))
def test_runs_of_one_engine_never_see_those_of_another(ours, theirs):
    def runs(said, engine):
        return [
            run(float(n), float(speed), None, None, input_tokens=into, engine=engine)
            for n, speed, into in said
        ]

    at = np.arange(1, 200)
    alone = evidence(KEY, runs(ours, "vllm"), REQUEST, at)
    beside = [
        one
        for one in evidence(KEY, runs(ours, "vllm") + runs(theirs, "trtllm"), REQUEST, at)
        if one.engine == "vllm"
    ]
    assert len(alone) == len(beside)
    for one, other in zip(alone, beside, strict=True):
        assert one.runs == other.runs and {r.engine for r in one.runs} == {"vllm"}
        assert np.array_equal(one.curve.itl_seconds, other.curve.itl_seconds)


def test_a_gpus_correction_rests_on_one_engine():
    for gpu_id, precision in {(on, precision) for _, on, _, precision in catalog_runs(DAY)}:
        ratio, engine = gpu_ratio(gpu_id, precision, DAY)
        found = [
            len([r for r in runs if r.engine == engine])
            for key, runs in catalog_runs(DAY).items()
            if key[1::2] == (gpu_id, precision)
        ]
        assert 0.1 < ratio < 10 and sum(found)


# --- goodput ---


def test_goodput_by_hand():
    """Promised 30 ms: 1.5 times 20 ms, so 1.5^2 = 2.25 times the requests, 36; the speed grows by
    1.5 too, to 1,140."""
    plan = plan_of(replace(REQUEST, itl_limit_seconds=0.030))
    assert (plan.origin, plan.replica.concurrency_count) == ("client", 36)
    assert delivered(plan) == pytest.approx(760 * 1.5)
    assert plan.replica.itl_seconds == pytest.approx(0.030)


limits = st.integers(1, 400).map(lambda n: n / 1_000)
sweeps = st.dictionaries(
    st.sampled_from([1.0, 4.0, 16.0, 64.0, 256.0]), st.integers(20, 9_000), min_size=1
)


def speed_of(sweep, itl_limit_seconds) -> float:
    """Output tokens/s of the plan on own runs {concurrency: tokens/s}; 0 where it is too slow."""
    plan = plan_of(
        replace(REQUEST, itl_limit_seconds=itl_limit_seconds),
        [run(n, float(x), None, None) for n, x in sweep.items()],
    )
    return delivered(plan) if plan.replica else 0.0


@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@given(sweeps, limits, limits, st.integers(0, 4), st.floats(1, 3))
def test_a_tighter_promise_never_speeds_a_replica_up_and_a_faster_run_never_slows_it(
    sweep, one, other, which, faster
):
    tight, loose = sorted((one, other))
    assert speed_of(sweep, tight) <= speed_of(sweep, loose) * (1 + 1e-9)
    count = sorted(sweep)[which % len(sweep)]
    quick = min(sweep[count] * faster, 9_000)  # faster than the chip can compute is not believed
    assert speed_of(sweep, tight) <= speed_of(sweep | {count: quick}, tight) * (1 + 1e-9)


def test_without_a_promise_no_more_than_was_measured():
    plan = plan_of()
    assert plan.replica.concurrency_count == 64 and delivered(plan) == pytest.approx(1_520)


def test_a_first_token_in_time():
    plan = plan_of(replace(REQUEST, ttft_limit_seconds=0.3))
    assert plan.replica.concurrency_count == math.floor(
        16 * 4 ** (math.log(0.3 / 0.2) / math.log(0.5 / 0.2))
    )


def test_a_percentile_is_taken_from_runs_that_measured_it():
    tails = [replace(one, itl_percentiles={99.0: 2 * one.tpot_seconds}) for one in TWO]
    asked = replace(REQUEST, itl_limit_seconds=0.060, limit_percentile=99.0)
    plan = plan_of(asked, tails)
    assert (
        plan.percentile_measured and plan.replica.concurrency_count == 36
    )  # 40 ms at 16, 80 at 64
    assert not plan_of(asked, [tails[0], TWO[1]]).percentile_measured
    assert (
        plan_of(asked, [tails[0], TWO[1]]).replica == plan_of(asked, TWO).replica
    )  # never the tail of one beside the mean of another
    mean = plan_of(asked, TWO)
    assert not mean.percentile_measured and mean.replica.concurrency_count == 64


def test_cached_prompts_speed_up_a_measured_plan_once():
    hits = Request(500.0, 200.0, cached_input_tokens=500.0)
    assert delivered(plan_of(hits), hits) > 1.05 * 1_520
    with_hits = [replace(one, cached_input_tokens=500.0) for one in TWO]
    assert delivered(plan_of(hits, with_hits), hits) == pytest.approx(1_520)


# --- gates ---


def test_more_tokens_than_the_chips_can_compute_are_refused_by_name():
    roof = compute_roof_tokens_per_second(KEY.on, 4, KEY.model, "fp8")
    of_output = 200 / (1_000 + 200)  # each output token comes with five that were read
    plan = plan_of(own=[run(1_000.0, 1.1 * roof * of_output, None, None)])
    assert (plan.status, plan.gate, plan.replica) == ("infeasible", "compute", None)
    assert "own 1000" in plan.reason and f"{roof:,.0f}" in plan.reason
    kept, claim = possible(KEY, [run(1_000.0, 0.9 * roof * of_output, None, None)])
    assert kept and not claim
    from_cache = run(1_000.0, 1.1 * roof * of_output, None, None, cached_input_tokens=500.0)
    assert not possible(KEY, [from_cache])[1]  # half of what was read cost no work


def test_no_row_of_the_catalog_is_above_its_compute_roof():
    for (model_id, gpu_id, count, precision), runs in catalog_runs(DAY).items():
        assert (
            possible(Key(model_shape(model_id, DAY), gpu(gpu_id, DAY), count, precision), runs)[1]
            == ""
        )


def test_requests_longer_than_the_models_context_need_a_run_that_held_them():
    """Llama 3.3 reads 131,072 tokens; memory would hold more."""
    long = Request(200_000.0, 200.0)
    plan = plan_of(long, own=[])
    assert (plan.status, plan.gate, plan.replica) == (
        "infeasible",
        "context",
        None,
    ) and "131,072" in plan.reason
    assert (
        plan_of(Request(50_000.0, 200.0, cached_input_tokens=150_000.0), own=[]).gate == "context"
    )
    assert plan_of(Request(130_000.0, 200.0), own=[]).gate is None
    assert plan_of(long, [run(1.0, 5.0, None, None, input_tokens=200_000.0)]).origin == "client"


def test_every_plan_says_which_gate_it_fails():
    plans = serving_plans(
        "llama-3.3-70b",
        list(in_force("gpu_hardware", DAY)["gpu_id"]),
        DAY,
        replace(REQUEST, itl_limit_seconds=0.02),
    )
    for plan in plans:
        assert {"ok": None, "ask": "evidence"}.get(plan.status, plan.gate) == plan.gate
        assert (plan.replica is None) == (plan.gate in ("memory", "compute", "latency"))
        assert bool(plan.reason) == bool(plan.gate)
    assert {None, "memory", "latency", "evidence"} <= {plan.gate for plan in plans}


# --- a client with measurements of its own ---

CLIENT = """\
schema_version: 1
name: A client that measured
as_of_date: 2026-11-15
workloads:
  - id: chat
    load: {input_mtok_per_month: 900, output_mtok_per_month: 180, requests_per_month: 900_000, shape: azure_conversation_week}
    alternatives:
      - {model_id: llama-3.3-70b, passing_fraction: 1, evidence: measured, token_ratio: 1}
    latency: {metric: itl, percentile: 99, limit_seconds: 0.06}
    gates: {third_party_api_allowed: false}
own_capacity: {gpus: [h100-80gb-sxm], measured: sweep.csv}
"""
ONE_GPU = SWEEP.replace(",4,fp8", ",1,fp8")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "client.yaml").write_text(CLIENT)
    (tmp_path / "sweep.csv").write_text(ONE_GPU)
    return tmp_path


def test_own_measurements_reach_the_answer_the_gates_and_the_record(folder):
    study = open_study(str(folder))
    plans = study.candidates().query("plan == '1x h100-80gb-sxm fp8' and status == 'ok'")
    assert (
        set(plans["throughput"]) == {"client"}
        and set(plans["engine"]) == {"vllm"}
        and set(plans["gate"]) == {""}
    )
    chosen = study.choices[0].supplies[study.winner].plan
    assert chosen.origin == "client"
    gate = next(gate for gate in study.verdict()["gates"] if gate["name"].startswith("ITL"))
    assert (gate["name"], gate["status"], gate["text"]) == (
        "ITL p99 <= 60 ms",
        "ok",
        "measured by the client",
    )
    path = study.choices[0].supplies[study.winner].throughput_path
    said = study.assumptions().set_index("path").loc[path]
    assert (said["origin"], said["confidence"], said["high"]) == (
        "client",
        "measured",
        BANDS["client"],
    )
    rows = {row["row"]: row for row in study.record()["catalog_rows_used"]}
    assert rows["sweep.csv line 2"]["itl_p99_seconds"] == 0.04 and json.dumps(rows)
    (folder / "sweep.csv").write_text(ONE_GPU.replace("1520,0.5,0.040", "1500,0.5,0.040"))
    assert replace(study).fingerprint != study.fingerprint


def test_a_promised_percentile_is_no_speed(folder):
    """Where the curve's seconds between tokens are a p99, the speed and the seconds of a request
    are still the measured mean's."""
    study = open_study(str(folder))
    fleet = own_fleet(study, study.choices[0])
    replica = fleet.supply.replica
    assert replica.itl_seconds == pytest.approx(0.06)  # p99
    speed = output_tokens_per_second(replica, 1_000, 200)
    assert speed > 1.2 * replica.concurrency_count / replica.itl_seconds
    at = (
        concurrency_sweep(study, fleet)
        .set_index("concurrency_count")
        .loc[replica.concurrency_count]
    )
    assert at["output_tokens_per_second"] == pytest.approx(speed) and at[
        "delivered_fraction"
    ] == pytest.approx(1)
    seconds = serverless_scope(fleet.choice, fleet.supply, study.values)("service_seconds")
    assert seconds == pytest.approx(
        replica.concurrency_count * 200 / speed
    )  # Little: in flight = requests a second * seconds


def test_a_mean_needs_no_measurement_and_a_percentile_does(folder):
    study = open_study(str(folder), what_if={"own_capacity.measured": []})
    gates = {"p99": study, "mean": study.what_if({"workloads.chat.latency.percentile": "mean"})}
    statuses = {
        of: next(g["status"] for g in one.verdict()["gates"] if of in g["name"])
        for of, one in gates.items()
    }
    assert statuses == {"p99": "unverified", "mean": "ok"}


def test_a_first_token_needs_a_measurement_even_for_its_mean(folder):
    promise = {"metric": "ttft", "percentile": "mean", "limit_seconds": 0.5}
    own = open_study(str(folder), what_if={"workloads.chat.latency": promise})
    modelled = own.what_if({"own_capacity.measured": []})
    untimed = plan_of(
        replace(REQUEST, ttft_limit_seconds=0.5), [replace(one, ttft_seconds=None) for one in TWO]
    )
    assert own.choices[0].supplies[own.winner].plan.ttft_measured and not untimed.ttft_measured
    statuses = [
        next(g["status"] for g in one.verdict()["gates"] if g["name"] == "TTFT mean <= 500 ms")
        for one in (own, modelled)
    ]
    assert statuses == ["ok", "unverified"]


def test_measurements_that_say_nothing_here_are_named(folder):
    study = open_study(str(folder), what_if={"own_capacity.gpus": ["h200-141gb-sxm"]})
    gate = next(
        gate for gate in study.verdict()["gates"] if gate["name"].startswith("own measurement")
    )
    assert gate["status"] == "ask" and "1x h100-80gb-sxm fp8, vllm" in gate["name"]
    (folder / "sweep.csv").write_text(
        ONE_GPU.replace(",16,", ",16000,").replace(",760,0.2,0.020", ",760000,0.2,0.020")
    )
    failed = next(
        g
        for g in replace(open_study(str(folder), as_of="2026-11-16")).verdict()["gates"]
        if g["status"] == "failed"
    )
    assert "760,000" in failed["text"] and "line 2" in failed["text"]


def test_what_the_file_says_already_changes_nothing(folder):
    study = open_study(str(folder))
    for same in (
        {"own_capacity.measured": "sweep.csv"},
        {"own_capacity.measured": [{"files": ["sweep.csv"]}]},
    ):
        pd.testing.assert_frame_equal(study.what_if(same).options(), study.options())
    bare = study.what_if({"own_capacity": {"gpus": ["h100-80gb-sxm"]}})
    pd.testing.assert_frame_equal(
        bare.what_if({"own_capacity.measured": []}).options(), bare.options()
    )


def test_the_table_of_candidates_is_tidy(folder):
    table = open_study(str(folder)).candidates()
    assert set(table["gate"]) <= {"", "memory", "compute", "latency", "price", "rule", "evidence"}
    assert ((table["gate"] == "") == (table["reason"] == "")).all()
    assert (table.loc[table["status"].isin(["infeasible", "gated"]), "usd_per_month"].isna()).all()
    assert table["gpu_id"].eq("h100-80gb-sxm").all()


def test_the_templates_own_lines_are_valid_once_uncommented():
    template = (
        Path(__file__).parent.parent / "llmcost" / "cli" / "template" / "client.yaml"
    ).read_text(encoding="utf-8")
    block = template[template.index("# own_capacity:") : template.index("# people:")]
    said = YAML(typ="safe", pure=True).load(re.sub("^# ?", "", block, flags=re.MULTILINE))
    bench, sweep = OwnCapacity.model_validate(said["own_capacity"]).measured
    assert (bench.files, bench.gpus_count, sweep.engine) == (["bench/*.json"], 4, "sglang")
    promise = YAML(typ="safe", pure=True).load(re.search("# (latency: .*)", template)[1])["latency"]
    assert (
        Latency.model_validate(promise).percentile == 50
        and Latency.model_validate(promise | {"percentile": "mean"}).percentile is None
    )


@pytest.mark.parametrize(
    "wrong", [{"percentile": "p99"}, {"percentile": 100}, {"metric": "e2e"}, {"limit_seconds": 50}]
)
def test_a_promise_that_means_nothing_is_refused(folder, wrong):
    with pytest.raises(InputError, match=rf"latency\.{next(iter(wrong))}"):
        open_study(
            str(folder),
            what_if={f"workloads.chat.latency.{key}": value for key, value in wrong.items()},
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": []},
        {"files": "a.csv", "gpu": "h100"},
        {"files": "a.csv", "precision": "int4"},
        {"gpu_id": "h100-80gb-sxm"},
        5,
    ],
)
def test_measured_files_are_named_in_the_files_own_words(folder, wrong):
    with pytest.raises(InputError, match=r"own_capacity\.measured"):
        open_study(str(folder), what_if={"own_capacity.measured": wrong})
