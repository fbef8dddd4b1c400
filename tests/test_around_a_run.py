"""What happens around a run: other runs, signals, readers that went away, files of others, files
that change or never end."""

import json
import os
import shutil
import signal
import sys
import time

import pytest
from test_batch import in_a_fork, insert, states
from test_reporting import clients, files, kit, make, needs_fork  # noqa: F401

from llmcost.batch import batch, cluster
from llmcost.batch.manifest import NO_TURN
from llmcost.cli import command_line, report_command
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.report import fingerprint
from llmcost.report.client_report import Task
from llmcost.report.failures import ReportError
from llmcost.report.records import CURE
from llmcost.study.study import open_study

pytestmark = needs_fork


def words(kit, *more):  # noqa: F811
    return ["report", "--clients", str(kit / "clients"), "--out", str(kit / "out"), *more]


@pytest.fixture
def command(kit, monkeypatch):  # noqa: F811
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    return lambda *more: command_line.main(words(kit, *more))


def started(kit, *more):  # noqa: F811
    """The process id of a run whose client `four` has just begun and takes a minute."""
    insert(
        kit,
        f"import os, time\nif 'four' in client:\n    open('{kit}/there', 'w').close()\n   "
        " time.sleep(60)",
    )
    clients(kit, "a-one", "four")
    child = in_a_fork(lambda: command_line.main(words(kit, "--jobs", "1", *more)))
    until = time.monotonic() + 60
    while not (kit / "there").exists() and time.monotonic() < until:
        time.sleep(0.02)
    return child


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_ends_like_ctrl_c(kit, command, number):  # noqa: F811
    child = started(kit)
    os.kill(child, number)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert states(kit / "out") == {"a-one": "built", "four": "interrupted"}
    assert NO_TURN in (kit / "out" / "index.html").read_text()
    assert not list((kit / "out").glob(".*"))


def test_two_runs_do_not_write_into_one_folder(kit, command, capsys):  # noqa: F811
    child = started(kit)
    try:
        assert command() == 2
        assert "another run writes into" in capsys.readouterr().err
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert make(kit, "a-one") == {}, "a killed run keeps nobody out"


def test_a_reader_that_went_away_stops_no_run(kit, command):  # noqa: F811
    clients(kit, "broken", "one", "two")
    read, write = os.pipe()
    os.close(read)

    def unheard():
        sys.stdout = open(write, "w")  # noqa: SIM115 - as long as the process
        return command()

    child = in_a_fork(unheard)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert states(kit / "out") == {"broken": "failed", "one": "built", "two": "built"}


def test_the_manifest_of_another_run_is_not_printed(kit, command, capsys, monkeypatch):  # noqa: F811
    clients(kit, "one")
    assert command("--json") == 0 and json.loads(capsys.readouterr().out)["counts"]["built"] == 1
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "nowhere")
    assert command("--json") == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["manifest.json", "book.csv", "book.xlsx", "index.html"])
def test_files_of_others_are_left_alone(kit, name):  # noqa: F811
    (kit / "out").mkdir()
    (kit / "out" / name).write_text('{"name": "mine"}')
    with pytest.raises(ReportError, match=f"{name} is there and is not"):
        make(kit, "one")
    assert files(kit / "out") == {name: b'{"name": "mine"}'}


def test_a_clients_own_folder_is_never_replaced(kit, command):  # noqa: F811
    [folder] = clients(kit, "one")
    (folder / "results.json").write_text("{}")
    before = files(folder)
    assert (
        "is not a report"
        in batch.report_clients([folder], kit / "clients", "fork", notebooks=kit / "notebooks")[
            "one"
        ]
    )
    assert files(folder) == before


def test_a_client_named_twice_is_one(kit, monkeypatch):  # noqa: F811
    [one, _] = clients(kit, "one", "two")
    monkeypatch.chdir(kit)
    assert report_command.client_folders(
        ["one", "clients/one", str(one), "two"], kit / "clients", "llmcost"
    ) == [one, kit / "clients/two"]


def test_a_report_is_the_same_from_inside_the_folder(kit, monkeypatch):  # noqa: F811
    make(kit, "one")
    before = files(kit / "out" / "one")
    monkeypatch.chdir(kit / "clients" / "one")
    assert (
        batch.report_clients(
            [batch.Path()], kit / "out", "fork", notebooks=kit / "notebooks", force=True
        )
        == {}
    )
    assert files(kit / "out" / "one") == before


def test_a_file_that_changes_while_its_report_is_made_makes_no_report(kit):  # noqa: F811
    insert(kit, f"open('{kit}/clients/one/client.yaml', 'a').write('# so')")
    assert make(kit, "one", "two")["one"].startswith("its files changed while its report was made")
    assert states(kit / "out") == {"one": "failed", "two": "built"}


def test_a_client_file_that_never_ends_holds_up_nobody(kit):  # noqa: F811
    make(kit, "one", "two")
    (kit / "clients" / "one" / "client.yaml").unlink()
    os.mkfifo(kit / "clients" / "one" / "client.yaml")
    folders = [kit / "clients" / name for name in ("one", "two")]
    (folders[1] / "client.yaml").write_text("# other")
    child = in_a_fork(
        lambda: len(batch.report_clients(folders, kit / "out", "fork", notebooks=kit / "notebooks"))
    )
    until = time.monotonic() + 60
    while not (ended := os.waitpid(child, os.WNOHANG)[0]) and time.monotonic() < until:
        time.sleep(0.05)
    if not ended:
        os.kill(child, signal.SIGKILL)
    assert ended and states(kit / "out")["two"] == "built"


def test_a_file_that_cannot_be_read_does_not_end_a_run_on_a_cluster(tmp_path):
    (tmp_path / "one").mkdir()
    with pytest.raises(OSError):
        cluster.with_files(Task("one", tmp_path / "one", fingerprint.Kit({}, "", ""), None, ""))


def test_an_export_named_by_a_pattern_over_all_folders_is_refused(tmp_path):
    folder = tmp_path / "one"
    shutil.copytree(data_path("clients", "document-search"), folder)
    text = (folder / "client.yaml").read_text()
    (folder / "client.yaml").write_text(text.replace("file: usage.csv", 'file: "**/*.csv"'))
    with pytest.raises(InputError, match="there is no file"):
        open_study(str(folder)).record()


def test_an_empty_page_is_made_again(kit):  # noqa: F811
    make(kit, "one")
    (kit / "out" / "one" / "report.html").write_text("")
    make(kit, "one")
    assert states(kit / "out") == {"one": "built"}


def test_a_report_of_an_older_version_stops_no_index(kit):  # noqa: F811
    make(kit, "one", "two")
    path = kit / "out" / "one" / "results.json"
    results = json.loads(path.read_text())
    for option in results["options"]:
        del option["lines"], option["status"]
    path.write_text(json.dumps(results))
    make(kit, "two")
    assert CURE in (kit / "out" / "index.html").read_text()


def test_every_client_is_heard_of(kit, command, capsys):  # noqa: F811
    """Links to nowhere, names that no report can have, two names that are one elsewhere: a line and
    a state each."""
    clients(kit, "one", "Two", "two", "elsewhere/three")
    root = kit / "clients"
    os.symlink(root / "nowhere", root / "gone")
    os.symlink(root / "itself", root / "itself")
    os.symlink(root / "elsewhere" / "three", root / "linked")
    (root / "hollow").mkdir()
    os.symlink(root / "nowhere.yaml", root / "hollow" / "client.yaml")
    shutil.copytree(root / "one", os.fsdecode(os.fsencode(root) + b"/caf\xe9"))
    (root / "notes").mkdir()
    (root / "readme.txt").write_text("no client")
    assert command() == 1
    wanted = {
        "one": "built",
        "linked": "built",
        "Two": "failed",
        "two": "failed",
        "gone": "failed",
        "itself": "failed",
        "hollow": "failed",
    }
    found = states(kit / "out")
    [odd] = found.keys() - wanted.keys()
    assert found == wanted | {odd: "failed"}
    lines = capsys.readouterr().err.splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(
        name for name, state in found.items() if state == "failed"
    )
    assert "not UTF-8" in (kit / "out" / "index.html").read_text()
