"""The accuracy ledger: its arithmetic, what it may be told from, and what it prints."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from llmcost.cli.command_line import main
from llmcost.inputs.catalog import gpu, in_force, model_shape
from llmcost.ledger import accuracy, accuracy_text
from llmcost.model.throughput import compute_roof_tokens_per_second
from llmcost.study.capacity.runs import catalog_runs

ROOT = Path(__file__).parent.parent
SOURCES = ROOT.parent / "shared" / "data" / "throughput"


@pytest.fixture(scope="module")
def points():
    return accuracy.predictions()


def point(predicted, calibrated=100.0, itl=math.nan, points="held out", gpu_id="card"):
    """One line of `predictions` whose measurement is 100 tokens/s and 10 ms between tokens."""
    speeds = {
        "measured_tokens_per_second": 100.0,
        "predicted_tokens_per_second": predicted,
        "calibrated_tokens_per_second": calibrated,
    }
    times = {
        "measured_itl_seconds": math.nan if math.isnan(itl) else 0.010,
        "predicted_itl_seconds": itl,
    }
    return (
        {
            "engine": "engine",
            "gpu_id": gpu_id,
            "precision": "fp8",
            "family": "dense",
            "points": points,
        }
        | speeds
        | times
    )


def test_errors_are_factors_and_too_much_counts_like_too_little():
    predicted = [100.0, 50.0, 200.0, 125.0, 80.0]  # off by a factor 1, 2, 2, 1.25, 1.25
    lines = accuracy.ledger(
        pd.DataFrame([point(each, calibrated=110.0, itl=0.005) for each in predicted])
    )
    (line,) = lines.to_dict("records")
    assert line["points_count"] == 5
    assert line["median_error_fraction"] == pytest.approx(0.25)
    assert line["p90_error_fraction"] == pytest.approx(1.0)
    assert line["bias_ratio"] == pytest.approx(1.0)  # median of 0.5, 0.8, 1, 1.25, 2
    assert line["calibrated_median_error_fraction"] == pytest.approx(0.1)
    assert (line["itl_points_count"], line["itl_bias_ratio"]) == (5, pytest.approx(0.5))
    assert line["itl_median_error_fraction"] == pytest.approx(1.0)
    assert line["use"] == "with care"  # a factor 2 is not more than 2


def test_a_row_without_a_time_between_tokens_says_nothing_of_it():
    (line,) = accuracy.ledger(pd.DataFrame([point(100.0), point(100.0, itl=0.010)])).to_dict(
        "records"
    )
    assert (line["points_count"], line["itl_points_count"]) == (2, 1)


def test_a_measured_plan_that_the_memory_gate_refuses_is_the_worst_error_there_is():
    (line,) = accuracy.ledger(pd.DataFrame([point(100.0)] * 9 + [point(0.0)])).to_dict("records")
    assert math.isinf(line["p90_error_fraction"]) and line["use"] == "do not use"


def test_fitted_points_stand_apart_and_prove_nothing():
    frame = pd.DataFrame([point(100.0, points="fitted")] * 50 + [point(300.0)] * 6)
    lines = accuracy.ledger(frame).set_index("points")
    assert lines["points_count"].to_dict() == {"held out": 6, "fitted": 50}
    assert lines["use"].to_dict() == {"held out": "do not use", "fitted": "ok"}
    assert lines.loc["held out", "median_error_fraction"] == pytest.approx(2.0)


def test_no_row_of_a_table_that_was_fitted_counts_as_held_out(points):
    rows = in_force("throughput", accuracy.EVERY_DAY)
    fitted = set(rows[(rows["engine"] == "trtllm") & (rows["engine_version"] == "0.17")]["row"])
    assert set(points[points["points"] == "fitted"]["row"]) == fitted
    assert rows[rows["source"].str.contains("(v0.17)", regex=False)]["row"].isin(fitted).all()
    assert len(points) == len(rows)
    assert accuracy.ledger(points)["points_count"].sum() == len(rows)


def test_every_group_of_public_rows_is_judged_once(points):
    plans = points.groupby(["points", "engine", "gpu_id", "precision"]).ngroups
    assert len(accuracy.ledger(points)) == plans
    said = " ".join(accuracy.cautions(points))
    lines = accuracy.ledger(points)
    for line in lines[lines["use"] != "ok"].itertuples():
        assert said.count(f"{line.engine} on {line.gpu_id} in {line.precision} (") == 1
    for gpu_id in set(in_force("gpu_hardware", accuracy.EVERY_DAY)["gpu_id"]) - set(
        points["gpu_id"]
    ):
        assert gpu_id in said


def test_what_is_measured_is_possible(points):
    assert (points["predicted_tokens_per_second"] > 0).all(), (
        "a measured plan that the memory gate refuses"
    )
    for row in in_force("throughput", accuracy.EVERY_DAY).itertuples():
        plan = (
            gpu(row.gpu_id, accuracy.EVERY_DAY),
            row.tensor_parallel_count,
            model_shape(row.model_id, accuracy.EVERY_DAY),
        )
        through = row.output_tokens_per_second * (1 + row.input_tokens / row.output_tokens)
        assert through < compute_roof_tokens_per_second(*plan, row.precision), (
            f"{row.row} passes what the chip can compute"
        )


def test_a_left_out_row_is_predicted_without_itself(points, monkeypatch):
    left_out = "throughput/gpt-oss-120b/b200-180gb-sxm/1/fp4/vllm/0.15.1/1024/1024/128"
    louder = {
        plan: tuple(
            replace(run, output_tokens_per_second=run.output_tokens_per_second / 10)
            if run.source == left_out
            else run
            for run in runs
        )
        for plan, runs in catalog_runs(accuracy.EVERY_DAY).items()
    }
    monkeypatch.setattr(accuracy, "catalog_runs", lambda as_of: louder)
    before, after = (
        frame.set_index("row")["calibrated_tokens_per_second"]
        for frame in (points, accuracy.predictions())
    )
    assert after[left_out] == before[left_out]
    moved = set(after.index[(after - before).abs() > 1e-9])
    assert moved and all(
        row.startswith("throughput/gpt-oss-120b/b200-180gb-sxm/1/fp4/vllm/") for row in moved
    )


def test_a_plan_that_nobody_measured_takes_the_median_of_the_engine_with_most_rows():
    frame = pd.DataFrame(
        [
            point(100.0),
            point(50.0),
            point(80.0),
            point(25.0),
            point(400.0) | {"engine": "other"},
            point(10.0, gpu_id="b"),
        ]
    )
    assert accuracy.ratio_of_others(frame, 0) == pytest.approx(2.0)  # of 2, 1.25 and 4
    assert accuracy.ratio_of_others(frame, 5) == 1.0


def test_the_command_fits_a_terminal_and_shows_every_group(points, capsys):
    assert main(["accuracy"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 110
    assert (
        sum(line.startswith(("held out  ", "fitted    ")) for line in lines)
        == len(accuracy_text.by_plan(points).rows) + 4
    )


@pytest.mark.skipif(not SOURCES.exists(), reason="the public tables are not beside the checkout")
@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("silicon_sample.csv", "aiconfigurator_silicon.csv"),
        ("(v0.17)", "trtllm_v0.17_throughput.csv"),
        ("v0.14)", "trtllm_v0.14_online_bf16.csv"),
    ],
)
def test_restated_rows_are_those_of_their_source(source, file):
    with (SOURCES / file).open(encoding="utf-8", newline="") as opened:
        public = list(csv.DictReader(opened))
    figure = "out_tok_s" if "out_tok_s" in public[0] else "output_tok_s"
    rows = in_force("throughput", accuracy.EVERY_DAY)
    restated = rows[rows["source"].str.contains(source, regex=False)]
    assert len(restated) > 30
    for row in restated.itertuples():
        same = [
            one
            for one in public
            if (float(one["isl"]), float(one["osl"])) == (row.input_tokens, row.output_tokens)
        ]
        assert any(abs(float(one[figure]) - row.output_tokens_per_second) < 0.01 for one in same), (
            row.row
        )
