"""A run is left cleanly, whenever and however it ends: one line, the right exit code, and nothing
that stays behind."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import psutil
import pytest
from test_batch import ROOT, TAKEN_AWAY, in_a_fork, insert, states
from test_reporting import clients, files, kit, make, needs_fork  # noqa: F401

import llmcost
from llmcost import leaving
from llmcost.__main__ import damage
from llmcost.batch import batch
from llmcost.batch.folders import one_run
from llmcost.batch.process import Limits, run_jobs
from llmcost.cli import command_line
from llmcost.inputs import temporary
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.report import notebook_runs, pdf
from llmcost.report.failures import LONGEST_COUNT, OURS, ReportError, as_problem

needs_signals = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no such signals")
EXPORT = str(data_path("usage_formats", "plain.sample.csv"))


# Signals


def heard_by_default():
    """In a child that is to be told to end: under `nohup` or in the background it would not hear
    it."""
    for number in leaving.SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, leaving.SIGNALS)  # until it can hear, as run.py does


def begun(words, place, before=heard_by_default, source=None):
    """`python -m llmcost` with these words, or Python with this source, just started."""
    call = ["-c", source] if source else ["-m", "llmcost", *words]
    return subprocess.Popen(
        [sys.executable, *call],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )


@needs_fork
@pytest.mark.parametrize(
    "words, instant_seconds, numbers",
    [
        (["report", "support-assistant", "--out", "{}/out"], 0, [signal.SIGINT]),
        (["report", "support-assistant", "--out", "{}/out"], 0.3, [signal.SIGTERM]),
        (["report", "support-assistant", "--out", "{}/out"], 1.5, [signal.SIGINT] * 6),
        (
            ["report", "support-assistant", "--out", "{}/out", "--engine", "papermill"],
            3,
            [signal.SIGINT] * 6,
        ),
        (["usage", EXPORT], 0.1, [signal.SIGHUP]),
        (["new", "{}/new", "--usage", EXPORT], 0.2, [signal.SIGTERM]),
        (["audit", "support-assistant"], 0.5, [signal.SIGINT]),
        (["accuracy"], 0.05, [signal.SIGTERM]),
        (["notebooks"], 0.2, [signal.SIGHUP]),
    ],
)
def test_every_command_is_left_with_one_line(tmp_path, words, instant_seconds, numbers):
    place = tmp_path / "temporary"
    place.mkdir()
    run = begun([word.format(tmp_path) for word in words], place)
    time.sleep(instant_seconds)
    family = psutil.Process(run.pid).children(recursive=True)
    for number in numbers:
        run.send_signal(number)
    _, complaints = run.communicate(timeout=60)
    finished = not run.returncode and not complaints  # on a fast machine
    assert finished or (run.returncode, complaints) == (130, f"{leaving.LINE}\n")
    assert list(place.iterdir()) == []
    assert not [process for process in family if process.is_running()]
    assert not list(tmp_path.glob("out/.llmcost*"))


@needs_signals
def test_what_is_ignored_at_the_start_stays_ignored(tmp_path):
    def nohup():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    run = begun(["accuracy"], tmp_path, nohup)
    time.sleep(0.5)
    run.send_signal(signal.SIGHUP)
    assert run.communicate(timeout=60)[1] == "" and run.returncode == 0


LATE = """
import atexit, os, signal, sys
from llmcost import __main__, leaving
from llmcost.cli import command_line
command_line.done = lambda arguments: 1
atexit.register(lambda: os.kill(os.getpid(), signal.{name}))
sys.argv[1:] = ["accuracy"]
sys.exit(__main__.run())
"""


@needs_signals
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_after_the_work_changes_nothing(tmp_path, name):
    run = begun([], tmp_path, source=LATE.format(name=name))
    assert run.communicate(timeout=60)[1] == "" and run.returncode == 1


@pytest.fixture
def interruptible():
    with leaving.Interruptible() as found:
        yield found


@pytest.fixture
def heard(monkeypatch):
    """All signals as they are where nobody ignores them, put back afterwards."""
    before = {number: signal.getsignal(number) for number in leaving.SIGNALS}
    for number in leaving.SIGNALS:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@needs_signals
@pytest.mark.parametrize("number", leaving.SIGNALS)
def test_only_the_first_signal_interrupts_the_cleaning_up_is_not_disturbed(
    heard, interruptible, number
):
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    for other in leaving.SIGNALS * 2:
        signal.raise_signal(other)
    assert interruptible.was_heard


@needs_signals
def test_who_is_not_listened_to_for_long_may_interrupt_again(heard, interruptible, monkeypatch):
    monkeypatch.setattr(leaving, "CLEANING_SECONDS", -1)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


@needs_signals
def test_an_interrupt_that_a_finalizer_swallows_comes_again(heard, interruptible):
    class Finalized:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Finalized()
        time.sleep(5)


@needs_signals
def test_an_interrupt_waits_for_the_end_of_an_import(heard, interruptible, tmp_path, monkeypatch):
    source = (
        "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\nexcept BaseException:\n   "
        " raise ImportError\n"
    )
    (tmp_path / "package_that_swallows.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        import package_that_swallows  # noqa: F401

        time.sleep(5)


@needs_signals
@pytest.mark.parametrize("number", leaving.SIGNALS)
def test_what_must_not_be_interrupted_is_not(heard, number):
    done = []
    with pytest.raises(KeyboardInterrupt), leaving.uninterrupted(told=lambda: done.append("told")):
        signal.raise_signal(number)
        done.append("done")
    assert done == ["told", "done"]


@needs_signals
def test_the_word_of_a_library_for_an_interrupt_is_one_only_if_there_was_one(
    heard, monkeypatch, capsys
):
    def query(interrupts):
        if interrupts:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(command_line, "done", lambda _: query(True))
    assert command_line.main(["accuracy"]) == 130
    assert capsys.readouterr().err == f"{leaving.LINE}\n"
    monkeypatch.setattr(command_line, "done", lambda _: query(False))
    assert command_line.main(["accuracy"]) == 3
    assert "error of ours" in capsys.readouterr().err


@needs_signals
def test_an_interrupt_cancels_what_prints_pages(heard, interruptible):
    import asyncio

    ends = []

    async def printing():
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(30)
        finally:
            ends.append("in order")

    with pytest.raises(KeyboardInterrupt):
        pdf._run(printing())
    assert ends == ["in order"]


# A damaged environment


@pytest.mark.parametrize(
    "program, cure", [("python3 run.py", "Delete the folder .venv"), ("", "Install the kit again")]
)
def test_a_missing_package_is_one_line(tmp_path, program, cure):
    (tmp_path / "pandas.py").write_text("import not_there_at_all\n")
    environment = os.environ | {
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "LLMCOST_PROGRAM": program,
    }
    run = subprocess.run(
        [sys.executable, "-m", "llmcost", "accuracy"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 3 and len(run.stderr.splitlines()) == 1
    assert "not_there_at_all" in run.stderr and cure in run.stderr


def test_a_package_that_is_cut_short_is_one_line(tmp_path):
    (tmp_path / "pandas.py").write_text("def cut_short(")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    run = subprocess.run(
        [sys.executable, "-m", "llmcost", "accuracy"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 3 and len(run.stderr.splitlines()) == 1 and "pandas.py" in run.stderr


def test_a_long_import_error_is_one_line_too():
    assert (
        "\n" not in damage(ImportError("a\nb" * 1000))
        and len(damage(ImportError("a\nb" * 1000))) < 400
    )


def test_the_package_itself_is_light_and_whole():
    source = (
        "import sys, llmcost; print('pandas' in sys.modules, sorted(set(llmcost.__all__) -"
        " set(dir(llmcost))))"
    )
    run = subprocess.run(
        [sys.executable, "-c", source],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "False []\n", run.stderr
    assert llmcost.InputError is InputError and llmcost.Study.__name__ == "Study"
    with pytest.raises(AttributeError, match="no attribute 'misspelt'"):
        llmcost.misspelt  # noqa: B018


# Temporary folders


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The system's folder for temporary files, for this test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


HOLDER = """
import sys, time
from llmcost.inputs.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "export").write_text("secret")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_cleared_and_nothing_else(place):
    run = begun([], place, None, HOLDER)
    left = Path(run.stdout.readline().strip())
    with temporary.temporary_folder() as mine:
        temporary.clear_left_behind()
        assert left.is_dir() and mine.is_dir(), "their owners live"
        run.kill()
        run.communicate()
        temporary.clear_left_behind()
        assert mine.is_dir() and not left.exists()
    assert list(place.iterdir()) == []


@needs_fork
def test_a_forked_child_neither_keeps_a_lock_alive_nor_removes_the_folder(place):
    with temporary.temporary_folder() as mine:
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
        other = os.fork()
        if not other:
            with contextlib.suppress(BaseException):
                raise_through(mine)
            os._exit(0)
        os.waitpid(other, 0)
        assert mine.is_dir()
    held = filelock.FileLock(f"{mine}.lock")
    held.acquire(blocking=False)
    held.release()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def raise_through(_folder):
    temporary.clear_left_behind()
    raise SystemExit


@needs_fork
def test_commands_that_start_at_once_do_not_remove_each_others_folders(place):
    def many():
        for _ in range(60):
            temporary.clear_left_behind()
            with temporary.temporary_folder() as mine:
                (mine / "file").write_text("mine")
                temporary.clear_left_behind()
                if (mine / "file").read_text() != "mine":
                    return 1
        return 0

    children = [in_a_fork(many) for _ in range(4)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert list(place.iterdir()) == []


def test_planted_links_and_foreign_folders_are_left_alone(place, monkeypatch):
    (place / "precious").mkdir()
    (place / "precious" / "file").write_text("mine")
    (place / "llmcost-0123456789abcdef").symlink_to(place / "precious")
    (place / "llmcost-0123456789abcdef.lock").write_text("")
    (place / "llmcost-ffffffffffffffff").mkdir()
    (place / "llmcost-ffffffffffffffff.lock").symlink_to(place / "precious" / "file")
    (place / "llmcost-my-notes").mkdir()
    (place / "llmcost-my-notes.lock").write_text("")
    (place / "llmcost-eeeeeeeeeeeeeeee").mkdir()
    temporary.clear_left_behind()
    assert (place / "precious" / "file").read_text() == "mine"
    assert (place / "llmcost-ffffffffffffffff").is_dir()
    assert (place / "llmcost-my-notes").is_dir()
    assert (place / "llmcost-eeeeeeeeeeeeeeee").is_dir(), "one without a lock is none of ours"
    if hasattr(os, "geteuid"):
        (place / "llmcost-eeeeeeeeeeeeeeee.lock").write_text("")
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
        temporary.clear_left_behind()
        assert (place / "llmcost-eeeeeeeeeeeeeeee").is_dir(), "of another user"


def test_an_export_outlives_no_command_that_failed(place, tmp_path, capsys):
    (tmp_path / "export.csv").write_text("a,b\n1,2\n")
    assert command_line.main(["usage", str(tmp_path / "export.csv")]) == 2
    assert [path.name for path in place.iterdir()] == ["export.csv"]


@needs_fork
def test_what_a_stopped_client_has_unpacked_is_gone_after_the_run(kit, monkeypatch, place):  # noqa: F811
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    monkeypatch.setattr(
        batch.report_clients, "__defaults__", limited(batch.report_clients.__defaults__)
    )
    insert(kit, "import time; time.sleep(60)")
    clients(kit, "one")
    assert (
        command_line.main(["report", "--clients", str(kit / "clients"), "--out", str(kit / "out")])
        == 1
    )
    assert not list(place.glob("llmcost-*"))


def limited(defaults):
    return tuple(
        Limits(wall_seconds=2) if isinstance(value, Limits) else value for value in defaults
    )


# One run a folder


def test_the_lock_keeps_others_out_and_is_gone_afterwards(tmp_path):
    with (
        one_run(tmp_path),
        pytest.raises(ReportError, match="another run writes into"),
        one_run(tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


LOCKED = """
import sys, time
{taken}
from pathlib import Path
from llmcost.batch.folders import one_run
with one_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@needs_fork
def test_without_fcntl_there_is_a_lock_all_the_same(tmp_path):
    def run(seconds):
        words = [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            LOCKED.format(taken=TAKEN_AWAY),
            str(tmp_path),
            str(seconds),
        ]
        there = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            words, env=there, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    first = run(60)
    assert first.stdout.readline() == "held\n"
    assert "another run writes into" in run(0).communicate(timeout=60)[1]
    first.kill()
    first.communicate()
    said, complaints = run(0).communicate(timeout=60)
    assert said == "held\n", complaints
    assert list(tmp_path.iterdir()) == []


# What a client's process has started


SLEEPER = """
import os, subprocess, sys
from pathlib import Path
sleeper = [sys.executable, "-c", "import time; time.sleep(300)"]
started = subprocess.Popen(sleeper, start_new_session=True)
if not os.fork():
    os.setsid()
    Path({place!r}, str(subprocess.Popen(sleeper, start_new_session=True).pid)).touch()
    os._exit(0)
os.wait()
Path({place!r}, str(started.pid)).touch()
"""


def sleepers_of(kit, end):  # noqa: F811
    """Let client `one` start two sleepers out of its reach, and then end so; returns the folder of
    their ids."""
    place = kit / "sleepers"
    place.mkdir()
    insert(kit, SLEEPER.format(place=str(place)) + end)
    clients(kit, "one")
    return place


def assert_gone(place, within_seconds=0.0):
    until_seconds = time.monotonic() + within_seconds
    names = [path.name for path in place.iterdir()]
    assert len(names) == 2
    while any(map(is_alive, names)) and time.monotonic() < until_seconds:
        time.sleep(0.1)
    assert not [name for name in names if is_alive(name)]


def is_alive(name):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(int(name)).status() != psutil.STATUS_ZOMBIE
    return False


@needs_fork
@pytest.mark.parametrize(
    "end",
    ["", "1 / 0", "import time; time.sleep(60)", "os._exit(0)", "os.kill(os.getpid(), 9)"],
    ids=["well", "failed", "late", "left", "killed"],
)
def test_a_sleeper_in_a_session_of_its_own_ends_with_its_client(kit, end):  # noqa: F811
    place = sleepers_of(kit, end)
    assert bool(make(kit, "one", limits=Limits(wall_seconds=5 if "sleep" in end else 60))) == bool(
        end
    )
    assert_gone(place)


@needs_fork
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_sleeper_ends_with_an_interrupted_and_with_a_killed_run(kit, monkeypatch, number):  # noqa: F811
    monkeypatch.setattr(batch, "notebooks_path", lambda: kit / "notebooks")
    place = sleepers_of(kit, "import time; time.sleep(60)")
    child = in_a_fork(
        lambda: command_line.main(
            ["report", "--clients", str(kit / "clients"), "--out", str(kit / "out")]
        )
    )
    until_seconds = time.monotonic() + 60
    while len(list(place.iterdir())) < 2 and time.monotonic() < until_seconds:
        time.sleep(0.05)
    os.kill(child, number)
    os.waitpid(child, 0)
    assert_gone(place, within_seconds=20 if number == signal.SIGKILL else 0)


@needs_fork
def test_processes_of_others_are_spared():
    mine = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    list(run_jobs(abs, [-1], 1, "fork", Limits()))
    assert mine.poll() is None
    mine.kill()
    mine.wait()


def masked(_job):
    return sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), os.getsid(0) == os.getpid()


@needs_signals
@pytest.mark.parametrize("start_method", ["fork", "spawn"] if batch.HAS_FORK else ["spawn"])
def test_a_child_hears_signals_once_it_has_a_session_of_its_own(start_method):
    [done] = run_jobs(masked, [None], 1, start_method, Limits())
    assert done.returned == ([], True)


SPAWNING = """
import signal, sys
from llmcost.batch.process import Limits, run_jobs
if __name__ == "__main__":
    print("started", flush=True)
    list(run_jobs(abs, [-1] * 20, 2, "spawn", Limits()))
"""


@needs_signals
@pytest.mark.parametrize("instant_seconds", [0.05, 0.1, 0.2, 0.3])
def test_a_starting_child_has_no_last_words(tmp_path, instant_seconds):
    (tmp_path / "spawning.py").write_text(SPAWNING)
    run = subprocess.Popen(
        [sys.executable, str(tmp_path / "spawning.py")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    run.stdout.readline()
    time.sleep(instant_seconds)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does it
    assert run.communicate(timeout=60)[1].count("Traceback") == 1, "the parent's alone"


# A dead kernel


def wait_for_ever(*_words, **_options):
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(1.5)", "ipykernel_launcher"]
    ):
        pass
    time.sleep(60)


def run_of_a_dead_kernel(_job):
    notebook_runs.DEAD_KERNEL_SECONDS = 1
    notebook_runs.papermill_engines.execute_notebook_with_engine = wait_for_ever
    return notebook_runs.run_by(None, None, "python3")


@needs_fork
def test_who_waits_for_a_dead_kernel_is_ended():
    [done] = run_jobs(run_of_a_dead_kernel, [None], 1, "fork", Limits(wall_seconds=40))
    assert done.problem.code == "killed" and done.wall_seconds < 30


# Any exception is one line


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError


class PanicException(BaseException):
    """As a library in Rust raises it."""


def overflow():
    return float(10**400)


def deep():
    return deep()


def unreadable():
    return Path("folder", "no such file").read_text()


def raised(error):
    raise error


@pytest.mark.parametrize(
    "work, code, said",
    [
        (deep, "input", "nested too deeply"),
        (overflow, "input", "too large to reckon with"),
        (unreadable, "input", "no such file: No such file or directory"),
        (lambda: b"\xff".decode(), "input", "Save it as UTF-8"),
        (lambda: raised(MemoryError()), "killed", "more memory than there is"),
        (lambda: raised(OSError(28, "No space left on device")), "input", "Make room"),
        (
            lambda: raised(InputError("client.yaml", "a.b", "is missing", "Add it")),
            "input",
            "client.yaml: a.b: is missing. Add it",
        ),
        (lambda: raised(ReportError("long " * 999 + "cure", "timeout")), "timeout", "cure"),
        (lambda: raised(Unspeakable()), OURS, "Unspeakable"),
        (
            lambda: raised(PanicException("index out of bounds")),
            OURS,
            "a library broke off over it",
        ),
        (
            lambda: raised(KeyError("x\x1b[31m\udcff\n" * 999)),
            OURS,
            "an error of ours, not of your files: KeyError",
        ),
    ],
)
def test_any_exception_of_a_clients_work_is_file_problem_and_cure(work, code, said):
    try:
        work()
    except BaseException as error:
        problem = as_problem(error, "client.yaml")
    text = str(problem)
    assert problem.code == code and said in text
    assert len(text) <= LONGEST_COUNT and text.isprintable() and text.isascii()
    assert ".py, line" in text or (
        isinstance(problem, ReportError) and code in ("input", "timeout")
    )
    assert str(pickle.loads(pickle.dumps(problem))) == text


def test_what_duckdb_and_pydantic_say_is_worded():
    duckdb = pytest.importorskip("duckdb")
    pydantic = pytest.importorskip("pydantic")
    with pytest.raises(duckdb.Error) as caught:
        duckdb.sql("SELECT * FROM nowhere")
    assert "its export cannot be read" in str(as_problem(caught.value, "usage.csv"))
    with pytest.raises(pydantic.ValidationError) as caught:
        pydantic.TypeAdapter(dict[str, int]).validate_python({"a": "b"})
    text = str(as_problem(caught.value, "client.yaml"))
    assert text.startswith("client.yaml: a: ") and "Correct this value" in text


def panic(_job):
    raise PanicException("in a library")


@needs_fork
def test_a_panic_in_a_child_is_a_line_and_no_early_end():
    [done] = run_jobs(panic, [None], 1, "fork", Limits())
    assert "a library broke off over it (in a library)" in str(done.problem)


@needs_fork
def test_a_cell_that_says_too_much_is_cut(kit):  # noqa: F811
    insert(kit, "raise ValueError('x' * 100_000)")
    assert len(make(kit, "one")["one"]) <= LONGEST_COUNT and states(kit / "out") == {
        "one": "failed"
    }


@pytest.mark.parametrize("words", [["audit", "support-assistant"], ["usage", EXPORT], ["accuracy"]])
def test_an_error_of_ours_is_one_line_until_one_looks_for_it(monkeypatch, capsys, words):
    monkeypatch.setattr(command_line, "done", lambda _: {}["a mistake of ours"])
    assert command_line.main(words) == 3
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and "an error of ours" in said and "LLMCOST_DEBUG=1" in said
    monkeypatch.setenv("LLMCOST_DEBUG", "1")
    assert command_line.main(words) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@needs_fork
def test_the_traceback_of_a_client_comes_out_of_its_process(kit, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setenv("LLMCOST_DEBUG", "1")
    monkeypatch.setattr(batch, "build_client", panic)
    assert "one" in make(kit, "one")
    assert "in panic" in capsys.readouterr().err


def test_a_name_that_no_terminal_should_see_breaks_nothing(tmp_path):
    words = [sys.executable, "-m", "llmcost", "usage", os.fsdecode(b"a\xff\x1b[31m.csv")]
    run = subprocess.run(words, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert run.returncode == 2 and b"\x1b" not in run.stderr and len(run.stderr.splitlines()) == 1
