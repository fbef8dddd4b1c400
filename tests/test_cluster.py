"""The batch on a Dask cluster: the same unit of work, on machines that share nothing with this one
but the kit."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from small_notebooks import write_small_notebooks

from llmcost.batch import batch, cluster
from llmcost.batch.process import Limits
from llmcost.inputs.paths import data_path
from llmcost.report import client_report
from llmcost.report.engine import ENGINE_NAME
from llmcost.report.failures import ReportError
from llmcost.report.fingerprint import Kit
from llmcost.report.notebook_runs import blank_notebooks

needs_fork = pytest.mark.skipif(
    not batch.HAS_FORK, reason="the batch forks only where fork is dependable"
)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    return write_small_notebooks(tmp_path_factory.mktemp("notebooks"))


def test_a_task_with_its_files_needs_no_disk_of_ours(notebooks, tmp_path):
    shutil.copytree(data_path("clients", "support-assistant"), tmp_path / "one")
    kit = Kit.here(blank_notebooks(sorted(notebooks.glob("*.ipynb"))))
    here = client_report.Task("one", tmp_path / "one", kit, ENGINE_NAME, "window.vegaEmbed = 0")
    there = cluster.with_files(here)
    assert there.folder == Path("one") and "client.yaml" in there.files
    wanted = client_report.build_client(here)
    shutil.rmtree(tmp_path / "one")
    assert client_report.build_client(there).files == wanted.files
    assert str(tmp_path).encode() not in b"".join(wanted.files.values())


def test_files_outside_the_folder_do_not_travel(tmp_path):
    (tmp_path / "secret.csv").write_text("theirs")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "one" / "client.yaml").write_text(
        "a: ../secret.csv\nb: link.csv\nc: '**'\nd: [" + str(tmp_path / "secret.csv") + "]\n"
    )
    task = client_report.Task("one", tmp_path / "one", Kit({}, "", ""), None, "")
    assert list(cluster.with_files(task).files) == ["client.yaml"]


def test_a_worker_with_another_kit_is_refused(tmp_path):
    task = client_report.Task("one", tmp_path, replace(Kit.here({}), code="other"), None, "")
    with pytest.raises(ReportError, match="install the same kit"):
        cluster.build_there(task, Limits())


@needs_fork
def test_a_cluster_of_two_workers_makes_the_same_reports(notebooks, tmp_path, capsys):
    distributed = pytest.importorskip(
        "distributed", reason="the extra `cluster` is not installed: pip install distributed"
    )
    names = ["small-bursty-product", "support-assistant", "claims-triage"]
    folders = [data_path("clients", name) for name in names]
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "client.yaml").write_text("schema_version: 1\n")
    folders.append(tmp_path / "broken")
    local = batch.report_clients(folders, tmp_path / "local", notebooks=notebooks)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as two:
        there = batch.report_clients(
            folders, tmp_path / "there", notebooks=notebooks, scheduler=two.scheduler_address
        )
        with pytest.raises(ReportError, match="no Dask scheduler"):
            list(cluster.run("tcp://127.0.0.1:1", [], Limits()))
    assert there == local and set(there) == {"broken"}
    for name in names:
        for path in (tmp_path / "local" / name).rglob("*.*"):
            assert (
                tmp_path / "there" / path.relative_to(tmp_path / "local")
            ).read_bytes() == path.read_bytes(), path
