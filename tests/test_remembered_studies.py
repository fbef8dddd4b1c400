"""A study opened again is the same one only while nothing that it was read from has changed."""

import os
import shutil

import pytest

from llmcost.inputs import catalog, paths
from llmcost.inputs.data_cache import data_stamps, forget_data
from llmcost.inputs.paths import data_path
from llmcost.study.study import open_study

HEAD = "model_id,gpu_id,gpus_count,precision,engine,concurrency_count,input_tokens,output_tokens,output_tokens_per_second\n"
RUN = "llama-3.3-70b,h100-80gb-sxm,2,fp8,vllm,{count},1000,100,{speed}\n"


@pytest.fixture
def folder(tmp_path):
    """An example client with an export, an invoice file and a measurement of its own."""
    shutil.copytree(data_path("clients", "document-search"), tmp_path / "client")
    path = tmp_path / "client" / "client.yaml"
    path.write_text(path.read_text() + "\nown_capacity: {measured: 'run[1].csv'}\n")
    (tmp_path / "client" / "run[1].csv").write_text(
        HEAD + RUN.format(count=16, speed=760) + RUN.format(count=64, speed=1520)
    )
    return tmp_path / "client"


def replaced_in_place(path, old, new):
    """Other bytes, the same size, the same time of change as far as one can set it."""
    about = path.stat()
    text = path.read_text()
    assert old in text and len(old) == len(new)
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def test_nothing_changed_is_the_same_study(folder):
    assert open_study(str(folder)) is open_study(str(folder))


def test_a_client_file_of_the_same_size_and_time_is_another_study(folder):
    before = open_study(str(folder))
    replaced_in_place(folder / "client.yaml", "horizon_months: 36", "horizon_months: 12")
    assert open_study(str(folder)).client.horizon_months == 12 != before.client.horizon_months


def test_an_export_of_the_same_size_and_time_is_another_study(folder):
    before = open_study(str(folder)).loads
    path = folder / "usage.csv"
    cell = path.read_text().splitlines()[1].split(",")[-2]
    replaced_in_place(path, f",{cell},", f",{'9' * len(cell)},")
    after = open_study(str(folder)).loads
    assert any(not before[name].hourly.equals(after[name].hourly) for name in before)


def test_a_measurement_that_changed_is_another_study(folder):
    before = open_study(str(folder))
    assert before.measured[0].output_tokens_per_second == 760
    replaced_in_place(folder / "run[1].csv", ",760\n", ",770\n")
    assert open_study(str(folder)).measured[0].output_tokens_per_second == 770


def test_a_file_that_a_pattern_newly_matches_is_another_study(folder):
    path = folder / "client.yaml"
    path.write_text(path.read_text().replace("'run[1].csv'", "'run*.csv'"))
    before = len(open_study(str(folder)).measured)
    (folder / "run2.csv").write_text(HEAD + RUN.format(count=32, speed=1100))
    assert len(open_study(str(folder)).measured) == before + 1


def test_a_catalog_that_changed_is_another_study(folder, tmp_path, monkeypatch):
    for part in ("catalog", "load_shapes", "usage_formats", "clients"):
        shutil.copytree(data_path(part), tmp_path / "kit" / "data" / part)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "kit" / "llmcost")
    try:
        before = open_study(str(folder))
        tuned_usd = before.totals["tuned"]
        table = tmp_path / "kit" / "data" / "catalog" / "hidden_costs.csv"
        replaced_in_place(table, ",api,0.02,0.05,", ",api,0.02,0.09,")
        after = open_study(str(folder))
        assert after.totals["tuned"] > tuned_usd == before.totals["tuned"]
    finally:
        forget_data()


def test_the_data_is_forgotten_when_a_file_of_it_changes(monkeypatch, tmp_path):
    for part in ("catalog", "load_shapes", "usage_formats"):
        shutil.copytree(data_path(part), tmp_path / "data" / part)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "llmcost")
    try:
        before = data_stamps()
        first = catalog.table("models")
        assert data_stamps() == before and catalog.table("models") is first
        (tmp_path / "data" / "load_shapes" / "another.csv").write_text("hour\n")
        assert data_stamps() != before and catalog.table("models") is not first
    finally:
        forget_data()
