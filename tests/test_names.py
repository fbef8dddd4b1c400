"""A client is the same whatever its folder and its files are called; what was read is what makes
its report stale."""

import csv
import json
import shutil

import pytest

from llmcost.inputs.paths import data_path
from llmcost.inputs.yaml_file import plain, read_yaml
from llmcost.report.fingerprint import Kit
from llmcost.study.study import open_study

NAMES = ["acme*", "acme[12]", "usage[1]", "run?", "-rf", "a\nb", "a'b\"c", "\u202eb", "😀"]
SPEEDS = [(16, 760), (64, 1520)]


def client(folder, export, benchmark):
    """An example client with its export and a benchmark under these names, beside others that the
    names match as patterns."""
    folder.mkdir(parents=True)
    document = plain(read_yaml(data_path("clients", "document-search", "client.yaml")))
    document["workloads"][0]["load"]["usage"]["file"] = export
    document["own_capacity"] = {"measured": {"files": benchmark, "engine": "vllm"}}
    (folder / "client.yaml").write_text(json.dumps(document, default=str), encoding="utf-8")
    shutil.copy(data_path("clients", "document-search", "usage.csv"), folder / export)
    with (folder / benchmark).open("w", newline="") as file:
        rows = csv.writer(file)
        columns = ["concurrency_count", "input_tokens", "output_tokens", "output_tokens_per_second"]
        rows.writerow(["model_id", "gpu_id", "gpus_count", "precision", *columns])
        rows.writerows(
            ["llama-3.3-70b", "h100-80gb-sxm", 2, "fp8", count, 1000, 100, speed]
            for count, speed in SPEEDS
        )
    for name in ("acme1.csv", "usage1.csv", "run1.csv"):
        (folder / name).write_text(
            "hour_start_utc,model,requests,input_tokens,output_tokens\n2026-10-26T00:00:00Z,gpt-4o,9,9,9\n"
        )
    return folder


def figures(folder):
    """All that a study says, its files' own names left out."""
    study = open_study(str(folder))
    hours = study.loads["answers"].hourly.to_csv()
    return (
        study.totals,
        study.lines,
        hours,
        [run.output_tokens_per_second for run in study.measured],
    )


@pytest.fixture(scope="module")
def plain_figures(tmp_path_factory):
    return figures(client(tmp_path_factory.mktemp("plain") / "client", "plain.csv", "bench.csv"))


@pytest.fixture(scope="module")
def kit():
    return Kit.here({})


@pytest.mark.parametrize("name", NAMES)
def test_any_names_are_the_same_client(tmp_path, plain_figures, kit, name):
    folder = client(tmp_path / name, f"{name}.csv", f"{name} bench.csv")
    for decoy in ("acme1", "acme2", "acme12", "run1", "usage1"):
        client(tmp_path / decoy, "usage.csv", "bench.csv")
    assert figures(folder) == plain_figures
    study = open_study(str(folder))
    before = kit.fingerprint(folder, study.client.files_named, "2026-11-15")
    for decoy in ("acme1.csv", "usage1.csv", "run1.csv"):
        (folder / decoy).write_text("another\n")
    assert kit.fingerprint(folder, study.client.files_named, "2026-11-15") == before
    for read in (f"{name}.csv", f"{name} bench.csv"):
        with (folder / read).open("a") as file:
            file.write("\n")
        after = kit.fingerprint(folder, study.client.files_named, "2026-11-15")
        assert after != before
        before = after
