"""The batch can be trusted: what is fresh stays, what is killed is put right, what fails touches
nothing else."""

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_notebooks import write_small_notebooks
from test_reporting import clients, files, kit, make, needs_fork  # noqa: F401
from tqdm import tqdm

from llmcost.batch import batch
from llmcost.batch.process import Limits
from llmcost.cli import command_line
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.report.failures import ReportError

ROOT = Path(__file__).parents[1]
NAMES = ("one", "two", "three", "four")
pytestmark = needs_fork


def states(out):
    return {
        entry["client"]: entry["state"]
        for entry in json.loads((out / "manifest.json").read_text())["clients"]
    }


def insert(kit, source):  # noqa: F811
    path = kit / "notebooks" / "01_pricing.ipynb"
    notebook = json.loads(path.read_text())
    cell = {
        "cell_type": "code",
        "id": "inserted",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": source,
    }
    notebook["cells"].insert(3, cell)
    path.write_text(json.dumps(notebook))


def no_clock(folder):
    """Files of reports, without those that tell of the run and not of the clients."""
    return {name: content for name, content in files(folder).items() if name != "manifest.json"}


# Fresh, forced, told


def test_what_is_fresh_is_left_and_what_changed_is_built(kit, capsys):  # noqa: F811
    assert make(kit, "one", "two") == {}
    before, made = (
        files(kit / "out" / "one"),
        (kit / "out" / "one" / "report.html").stat().st_mtime_ns,
    )
    assert set(states(kit / "out").values()) == {"built"}
    (clients(kit, "two")[0] / "client.yaml").write_text("schema_version: 1  # so\n")
    capsys.readouterr()
    assert (
        batch.report_clients(
            [kit / "clients" / n for n in ("one", "two")],
            kit / "out",
            "fork",
            notebooks=kit / "notebooks",
        )
        == {}
    )
    assert states(kit / "out") == {"one": "fresh", "two": "built"}
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "one: fresh. No. Stay. A client",
        "two: No. Stay. A client",
    ]
    assert (kit / "out" / "one" / "report.html").stat().st_mtime_ns == made
    make(kit, "one", force=True)
    assert states(kit / "out") == {"one": "built"} and files(kit / "out" / "one") == before
    (kit / "out" / "one" / "report.html").unlink()
    make(kit, "one")
    assert files(kit / "out" / "one") == before


def test_a_client_file_that_was_broken_meanwhile_is_not_fresh(kit):  # noqa: F811
    make(kit, "one")
    before = files(kit / "out" / "one")
    (kit / "clients" / "one" / "client.yaml").unlink()
    failed = batch.report_clients(
        [kit / "clients" / "one"], kit / "out", "fork", notebooks=kit / "notebooks"
    )
    assert "client.yaml" in failed["one"] and files(kit / "out" / "one") == before


def test_the_manifest_says_what_became_of_each(kit, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    clients(kit, "one", "broken")
    assert (
        command_line.main(
            ["report", "--clients", str(kit / "clients"), "--out", str(kit / "out"), "--json"]
        )
        == 1
    )
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document == json.loads((kit / "out" / "manifest.json").read_text())
    assert document["counts"] == {"built": 1, "fresh": 0, "failed": 1, "interrupted": 0}
    broken, one = sorted(document["clients"], key=lambda entry: entry["client"])
    assert (one["state"], one["code"], one["problem"], one["warnings"]) == ("built", "", "", [])
    assert one["seconds"] > 0 and 0.02 < one["peak_memory_gb"] < 4
    assert (broken["code"], broken["problem"]) == (
        "input",
        "client.yaml: workloads: is missing. Add it",
    )
    assert (
        shown.err == "broken: client.yaml: workloads: is missing. Add it\n"
    )  # no bar where nobody watches


@pytest.mark.parametrize(
    "source, code",
    [
        ("1 / 0", "notebook"),
        ("import os; os._exit(0)", "ended"),
        ("import os; os.kill(os.getpid(), 9)", "killed"),
        ("while True: pass", "timeout"),
    ],
)
def test_a_failure_has_a_code_for_machines(kit, source, code):  # noqa: F811
    insert(kit, f"if 'two' in client:\n    {source}")
    make(kit, "one", "two", limits=Limits(wall_seconds=4))
    assert states(kit / "out") == {"one": "built", "two": "failed"}
    entries = json.loads((kit / "out" / "manifest.json").read_text())["clients"]
    assert [entry["code"] for entry in entries] == ["", code]


# Killed and interrupted


def in_a_fork(function):
    """The process id of a fork that runs a function, and exits with what it returns."""
    child = os.fork()
    if child:
        return child
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):  # ignored under `nohup`
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os._exit(function())
    finally:
        os._exit(99)


def alive(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_process_killed_with_the_bars_lock_in_hand_takes_nobody_along():
    child = os.fork()
    if not child:
        tqdm.get_lock().acquire()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert tqdm.get_lock().acquire(timeout=5)
    tqdm.get_lock().release()


def test_killed_at_any_instant_and_resumed_the_reports_are_the_same(kit):  # noqa: F811
    (kit / "pids").mkdir()
    insert(
        kit, f"import os, time\nopen(f'{kit}/pids/{{os.getpid()}}', 'w').close()\ntime.sleep(0.15)"
    )
    assert make(kit, *NAMES) == {}
    undisturbed = no_clock(kit / "out")
    instants = random.Random(7)
    for _ in range(4):
        shutil.rmtree(kit / "out")
        child = in_a_fork(lambda: bool(make(kit, *NAMES, jobs=2)))
        time.sleep(instants.uniform(0.1, 1.5))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        finished = [path.parent for path in (kit / "out").glob("*/results.json")]
        made = {path: path.stat().st_mtime_ns for folder in finished for path in folder.rglob("*")}
        assert all(path.stat().st_size for path in (kit / "out").glob("*/*.*"))
        assert make(kit, *NAMES) == {}
        assert no_clock(kit / "out") == undisturbed
        assert {
            path: path.stat().st_mtime_ns for path in made
        } == made  # nothing published is made again
    until = time.monotonic() + 10
    while any(alive(path.name) for path in (kit / "pids").iterdir()):
        assert time.monotonic() < until, "an orphan works on"
        time.sleep(0.1)


def test_ctrl_c_ends_with_what_is_finished(kit, monkeypatch):  # noqa: F811
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    insert(
        kit,
        f"import os, time\nif 'four' in client:\n    open('{kit}/there', 'w').close()\n   "
        " time.sleep(60)",
    )
    folders = clients(kit, "a-one", "b-two", "four", "z-three")
    words = ["report", *map(str, folders), "--out", str(kit / "out"), "--jobs", "1"]
    child = in_a_fork(lambda: command_line.main(words))
    until = time.monotonic() + 60
    while not (kit / "there").exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(child, signal.SIGINT)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert states(kit / "out") == {
        "a-one": "built",
        "b-two": "built",
        "four": "interrupted",
        "z-three": "interrupted",
    }
    assert sorted(path.name for path in (kit / "out").iterdir() if path.is_dir()) == [
        "a-one",
        "b-two",
    ]
    assert (kit / "out" / "index.html").exists()


# Disks that fail


class FailingDisk:
    """Lets `after_count` writes of this process through, then fails each with an error number."""

    def __init__(self, monkeypatch, after_count, number):
        self.left, self.number, self.process = after_count, number, os.getpid()
        for owner, name in [
            (Path, "write_bytes"),
            (Path, "write_text"),
            (Path, "mkdir"),
            (Path, "replace"),
            (os, "replace"),
            (os, "mkdir"),
        ]:
            monkeypatch.setattr(owner, name, self.failing(getattr(owner, name)))

    def failing(self, real):
        def write(*words, **options):
            if os.getpid() == self.process:
                self.left -= 1
                if self.left < 0:
                    raise OSError(self.number, os.strerror(self.number), str(words[0]))
            return real(*words, **options)

        return write


def test_whichever_write_fails_the_last_report_is_whole(kit, monkeypatch):  # noqa: F811
    built = []
    real = batch.finished
    monkeypatch.setattr(batch, "finished", lambda *words: built.extend(real(*words)) or built)
    make(kit, "one")
    # no write of it is in the children: one build serves them all
    monkeypatch.setattr(batch, "finished", lambda *_: built)
    monkeypatch.setattr(batch, "prepare", lambda *_: None)
    before = no_clock(kit / "out")
    for after_count in range(60):
        number = errno.EROFS if after_count % 2 else errno.ENOSPC
        with pytest.MonkeyPatch.context() as patch:
            disk, problem = FailingDisk(patch, after_count, number), ""
            try:
                problem = make(kit, "one", force=True).get("one", "")
            except (ReportError, InputError, OSError) as error:
                problem = str(error)
        if disk.left >= 0:
            break
        assert os.strerror(number) in problem
        published = next(
            place
            for place in (kit / "out" / "one", kit / "out" / ".llmcost-old" / "one")
            if place.exists()
        )
        assert files(published) == files_of(before, "one")
    assert 8 < after_count < 59, "every write was tried"
    make(kit, "one", force=True)
    assert no_clock(kit / "out") == before


def files_of(everything, name):
    return {
        path.removeprefix(f"{name}/"): content
        for path, content in everything.items()
        if path.startswith(f"{name}/")
    }


# The same bytes, whatever happens around


def test_how_many_run_at_once_moves_no_byte_and_nobody_sees_the_others(kit, monkeypatch):  # noqa: F811
    insert(
        kit,
        "import builtins\nseen = getattr(builtins, 'canary', None)\nbuiltins.canary ="
        " client\nassert seen is None, seen",
    )
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    made = []
    for jobs in (1, 2, 4, 8):
        assert make(kit, *NAMES, jobs=jobs, force=True) == {}
        made.append(no_clock(kit / "out"))
    assert all(each == made[0] for each in made)
    for name in NAMES:
        others = [f'"{other}"'.encode() for other in NAMES if other != name]
        assert not any(
            other in content for content in files_of(made[0], name).values() for other in others
        )


BUILD = """
import sys
from pathlib import Path
{first}
from llmcost.batch import batch
failed = batch.report_clients([Path(sys.argv[1])], Path(sys.argv[2]), notebooks=Path(sys.argv[3]))
print(batch.DEFAULT_ENGINE)
sys.exit(bool(failed))
"""
TAKEN_AWAY = """
import os
import psutil  # on Linux it needs `resource`, on Windows it does not
for name in ("resource", "fcntl"):
    sys.modules[name] = None
for name in ("fork", "forkpty", "killpg", "setsid"):
    delattr(os, name)
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_small_notebooks(tmp_path_factory.mktemp("small"))


def built_elsewhere(out, notebooks, first="", **environment):
    """The files of a real client's report, made in a process of its own with this environment; and
    what it printed."""
    words = [
        sys.executable,
        "-c",
        BUILD.format(first=first),
        data_path("clients", "support-assistant"),
        out,
        notebooks,
    ]
    there = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    done = subprocess.run(words, env=there, capture_output=True, text=True, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return files(out / "support-assistant"), done.stdout.split()[-1]


def test_clock_language_and_hash_seed_move_no_byte_nor_do_fork_resource_and_fcntl(tmp_path, small):
    here, engine = built_elsewhere(tmp_path / "a", small, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="0")
    there, _ = built_elsewhere(
        tmp_path / "b",
        small,
        TZ="Pacific/Apia",
        LC_ALL="de_DE.UTF-8",
        LANG="tr_TR.UTF-8",
        PYTHONHASHSEED="41",
    )
    without, slow_engine = built_elsewhere(
        tmp_path / "c", small, first=TAKEN_AWAY, PYTHONHASHSEED="7"
    )
    assert (engine, slow_engine) == ("fork", "papermill")
    assert there == here and without == here


def test_the_other_commands_need_no_fork_resource_or_fcntl(tmp_path):
    commands = [
        ["new", str(tmp_path / "c")],
        ["usage", str(data_path("usage_formats", "mooncake.sample.jsonl"))],
        ["accuracy"],
        ["audit", "support-assistant"],
    ]
    source = (
        f"import sys\n{TAKEN_AWAY}\nfrom llmcost.cli import command_line\nsys.exit(max(command_line.main(words)"
        f" for words in {commands!r}))"
    )
    # A folder of its own: whoever has fcntl takes the folders of one without it for left behind.
    there = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=there)
    assert done.returncode == 0 and "Mooncake" in done.stdout, done.stderr
