"""The front door sets up an environment that works, whatever surrounds it, and leaves cleanly."""

import ast
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
TREE = ast.parse((ROOT / "run.py").read_text())
posix = pytest.mark.skipif(os.name == "nt", reason="signals and sh")

TELL = """
import json, os, signal, sys
NAMES = ["SIGINT", "SIGTERM", "SIGHUP"]
numbers = {name: getattr(signal, name) for name in NAMES if hasattr(signal, name)}
held = signal.pthread_sigmask(signal.SIG_BLOCK, []) if os.name == "posix" else []
ignored = [name for name in numbers if signal.getsignal(numbers[name]) == signal.SIG_IGN]
if __name__ == "__main__":
    held = [name for name in numbers if numbers[name] in held]
    words = [os.path.basename(__file__), *sys.argv[1:]]
    print(json.dumps(dict(words=words, held=held, ignored=ignored, path=sys.path)))
"""
"""A module that tells how it was started."""

FAKE_PIP = """
import os, pathlib, sys, time
if "install" in sys.argv:
    pathlib.Path("pip-started").write_text(str(os.getpid()))
    time.sleep(60)
"""


def needed(name):
    """One of run.py's lists of modules."""
    assigned = (node for node in TREE.body if isinstance(node, ast.Assign))
    return next(ast.literal_eval(node.value) for node in assigned if node.targets[0].id == name)


def make_wheel(folder, name, modules):
    """A wheel of modules that tell; returns the line of a lock."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    files = {f"{module}.py": TELL for module in modules}
    files[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    files[f"{about}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = f"{about}/RECORD"
    files[record] = "".join(f"{file},,\n" for file in [*files, record])
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def environment(wheels, **settings):
    """Ours, where nothing leads pip or Python anywhere but to some wheels."""
    kept = {name: os.environ[name] for name in os.environ if name[:4] not in ("PIP_", "PYTH")}
    return {**kept, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), **settings}


def with_signals():
    """Let no signal be ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def without_hangup():
    """As `nohup` starts a command."""
    with_signals()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


class Kit:
    """A small kit with run.py at its door."""

    def __init__(self, folder, wheels):
        self.folder, self.wheels = folder, wheels

    def command(self, *words):
        return [sys.executable, "-E", str(self.folder / "run.py"), *words]

    def run(self, *words, cwd=None, **settings):
        cwd = cwd or self.folder
        told = environment(self.wheels, **settings)
        return subprocess.run(
            self.command(*words), cwd=cwd, env=told, capture_output=True, text=True, timeout=120
        )

    def start(self, *words, **options):
        """Run it and go on, its signals as in a terminal: the suite may have been started with some
        ignored."""
        options.setdefault("preexec_fn", with_signals if os.name == "posix" else None)
        told = environment(self.wheels)
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    @property
    def packages(self):
        return next((self.folder / ".venv").rglob("site-packages"))

    @property
    def stamp(self):
        return self.packages / "llmcost.lock"

    def lose(self):
        """Take the first package away, as `pip uninstall` does."""
        for path in self.packages.glob("needed-*"):
            shutil.rmtree(path)
        for module in needed("NEEDED")[1:]:
            (self.packages / f"{module}.py").unlink()


def told(done):
    """What the module that run.py became has told."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    report = make_wheel(folder, "needed", needed("NEEDED")[1:])
    lab = make_wheel(folder, "lab", needed("NEEDED_IN_THE_LAB"))
    (folder / "requirements-report.lock").write_text(report)
    (folder / "requirements-lab.lock").write_text(report + lab)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory, wheels):
    """A kit that was set up, and what its first run said; nobody changes it."""
    kit = Kit(tmp_path_factory.mktemp("first") / "a kit", wheels)
    (kit.folder / "llmcost").mkdir(parents=True)
    (kit.folder / "llmcost/__init__.py").touch()
    (kit.folder / "llmcost/__main__.py").write_text(TELL)
    for path in [ROOT / "run.py", *wheels.glob("*.lock")]:
        shutil.copy(path, kit.folder)
    return kit, kit.run("report")


def moved(first, folder):
    """A copy of the kit that was set up: a kit that was moved, so to speak."""
    shutil.copytree(first.folder, folder / "moved kit", symlinks=True)
    return Kit(folder / "moved kit", first.wheels)


@pytest.fixture
def kit(first, tmp_path):
    """A kit that a test may damage."""
    yield moved(first[0], tmp_path)
    shutil.rmtree(tmp_path)  # thousands of files each


@pytest.fixture(scope="module")
def mended_kit(first, tmp_path_factory):
    """A kit that each test leaves as it was."""
    return moved(first[0], tmp_path_factory.mktemp("mended"))


def assert_whole(kit, done):
    """The run set the environment up again and became llmcost in it."""
    assert told(done)["words"] == ["__main__.py", "report"]
    assert done.stderr.startswith("Setting up .venv")
    assert list(kit.packages.glob("needed-1.0.dist-info"))
    assert len(kit.stamp.read_text().splitlines()) > 5


def test_first_run_sets_up_and_later_ones_do_not(first, kit):
    assert told(first[1])["words"] == ["__main__.py", "report"]
    assert first[1].stderr.count("\n") == 1
    again = kit.run("report")
    assert told(again)["words"] == ["__main__.py", "report"]
    assert again.stderr == ""


def test_the_lab_is_added_and_serves_reports_too(kit):
    assert told(kit.run("test", "-q"))["words"] == ["pytest.py", "-q"]
    assert told(kit.run("lab"))["words"] == ["jupyterlab.py", "notebooks"]
    done = kit.run("report")
    assert told(done) and done.stderr == ""


HARMFUL = {
    "PIP_TARGET": "elsewhere",
    "PIP_PREFIX": "elsewhere",
    "PIP_ROOT": "elsewhere",
    "PIP_USER": "1",
    "PIP_DRY_RUN": "1",
    "PIP_PYTHON": "no-python",
    "PIP_CONSTRAINT": "told.txt",
    "PIP_REQUIREMENT": "told.txt",
    "PIP_EDITABLE": ".",
    "PIP_NO_BINARY": ":all:",
    "PIP_PLATFORM": "win32",
    "PIP_PYTHON_VERSION": "3.6",
    "PIP_REPORT": "elsewhere",
    "PIP_LOG": "elsewhere",
    "PIP_QUIET": "3",
    "PIP_ISOLATED": "1",
}


@pytest.mark.parametrize("name", HARMFUL)
def test_no_variable_leads_pip_away(mended_kit, tmp_path, name):
    kit = mended_kit
    (tmp_path / "told.txt").write_text("needed==2.0\n")
    kit.lose()
    done = kit.run("report", cwd=tmp_path, **{name: HARMFUL[name]})
    assert_whole(kit, done)
    assert not (tmp_path / "elsewhere").exists()


def test_a_pip_conf_says_where_packages_are_and_nothing_else(kit, tmp_path):
    (tmp_path / "pip.conf").write_text(
        f"[global]\nquiet = 2\nuser = true\nisolated = true\nconstraint = {tmp_path}/no-file\n"
        f"no-index = true\nfind-links = {tmp_path}/no-wheels\n"
        f"[install]\nfind-links =\n    {tmp_path}\n    {kit.wheels}\n"
        f"target = {tmp_path}/elsewhere\nuser = true\ndry-run = true\n"
        f"report = {tmp_path}/elsewhere\n"
    )
    kit.lose()
    conf = str(tmp_path / "pip.conf")
    done = kit.run("report", PIP_FIND_LINKS="", PIP_NO_INDEX="", PIP_CONFIG_FILE=conf)
    assert_whole(kit, done)
    assert not (tmp_path / "elsewhere").exists()


def pip_variables(kit, **settings):
    """What run.py tells pip in variables."""
    code = "import json, run; print(json.dumps(run.pip_environment()))"
    command = [sys.executable, "-c", code]
    told = environment(kit.wheels, **settings)
    done = subprocess.run(command, cwd=kit.folder, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    variables = json.loads(done.stdout)
    return {name: variables[name] for name in variables if name.startswith("PIP_")}


def test_all_that_says_where_packages_come_from_reaches_pip(kit, tmp_path):
    conf = tmp_path / "pip.conf"
    conf.write_text(
        "[install]\nindex-url = https://in.example/100%\n"
        "[global]\nindex-url = https://out.example\nproxy = http://proxy.example\n"
        "retries = 1\ncert = a.pem\nuser = yes\n"
    )
    known = {
        "PIP_EXTRA_INDEX_URL": "https://one.example https://two.example",
        "PIP_TRUSTED_HOST": "in.example",
        "PIP_CLIENT_CERT": "b.pem",
        "PIP_CERT": "c.pem",
        "PIP_DEFAULT_TIMEOUT": "180",
        "PIP_TIMEOUT": "60",
        "PIP_CACHE_DIR": "cache",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_KEYRING_PROVIDER": "subprocess",
    }
    more = {"PIP_UPGRADE": "1", "PIP_RETRIES": "", "PIP_CONFIG_FILE": str(conf)}
    variables = pip_variables(kit, **known, **more)
    assert variables == {
        **known,
        "PIP_INDEX_URL": "https://in.example/100%",
        "PIP_PROXY": "http://proxy.example",
        "PIP_RETRIES": "1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(kit.wheels),
        "PIP_CONFIG_FILE": os.devnull,
    }


def test_of_two_files_the_stronger_holds(kit):
    """Newer pips list a key once a file, sorted by the names of the files."""
    listed = "global.index-url='https://strong'\nglobal.index-url='https://weak'"
    (kit.packages / "pip/__main__.py").write_text(
        f"import sys\nprint({listed!r} if sys.argv[-1] == 'list' else 'https://strong')\n"
    )
    assert pip_variables(kit)["PIP_INDEX_URL"] == "https://strong"


def test_a_broken_pip_conf_is_named_and_nothing_counts_as_installed(kit, tmp_path):
    (tmp_path / "pip.conf").write_text("garbage\n")
    kit.lose()
    done = kit.run("report", PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "pip.conf" in done.stderr
    assert kit.stamp.read_text() == ""


@pytest.mark.parametrize("lost", [True, False])
def test_nothing_around_python_shadows_the_environment(kit, tmp_path, lost):
    for module in ["pip", "nbconvert", "llmcost", "json", "sysconfig", "venv"]:
        (tmp_path / f"{module}.py").write_text("raise SystemExit('shadowed')\n")
    if lost:
        kit.lose()
    around = dict.fromkeys(["PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE"], str(tmp_path))
    assert str(tmp_path) not in told(kit.run("report", cwd=tmp_path, **around))["path"]


@pytest.mark.parametrize("name", ["nbconvert.py", "needed-1.0.dist-info", "llmcost.pth"])
def test_what_was_lost_is_installed_again_once(kit, name):
    path = kit.packages / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = kit.run("report")
    assert_whole(kit, done)
    assert done.stderr.startswith(f"Setting up .venv again, {name} is missing")
    assert kit.run("report").stderr == ""


def test_a_package_changed_by_hand_is_set_back_once(kit):
    (kit.packages / "needed-1.0.dist-info").rename(kit.packages / "needed-2.0.dist-info")
    for name in ["METADATA", "RECORD"]:
        path = kit.packages / "needed-2.0.dist-info" / name
        path.write_text(path.read_text().replace("1.0", "2.0"))
    assert_whole(kit, kit.run("report"))
    assert not list(kit.packages.glob("needed-2.0*"))
    assert kit.run("report").stderr == ""


def test_what_a_person_added_stays_and_may_go(kit):
    added = kit.packages / "playwright.py"
    added.touch()
    assert kit.run("report").stderr == ""
    kit.lose()
    assert_whole(kit, kit.run("report"))
    assert added.exists()
    told(kit.run("test"))
    added.unlink()
    shutil.rmtree(next(kit.packages.glob("pip-*")))  # as after `pip install --upgrade pip`
    for command in ["report", "test"]:
        assert kit.run(command).stderr == ""


def test_an_environment_of_somebody_else_is_kept_and_completed(kit):
    kit.stamp.unlink()
    (kit.packages / "mine.py").touch()
    (kit.packages / "nbconvert.py").unlink()
    assert_whole(kit, kit.run("report"))
    assert (kit.packages / "mine.py").exists()


@posix
def test_a_folder_that_is_no_environment_any_more_is_made_anew(kit):
    """Without its pyvenv.cfg the Python in it is the system's, and pip would install there."""
    (kit.folder / ".venv/pyvenv.cfg").unlink()
    assert_whole(kit, kit.run("report"))


def test_packages_that_cannot_be_imported_do_not_count_as_installed(kit):
    module = kit.folder / "llmcost/deep.py"
    cause = "raise ImportError('no\\n\\nlibrary') from OSError('lib.so:\\nabsent')"
    module.write_text(f"print('hello')\n{cause}\n")
    kit.lose()
    done = kit.run("report")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "llmcost.deep: OSError: lib.so: absent." in done.stderr
    assert done.stderr.count("\n") == 2
    assert kit.stamp.read_text() == ""
    module.unlink()
    assert_whole(kit, kit.run("report"))


def test_a_missing_lock_is_one_line(kit):
    (kit.folder / "requirements-lab.lock").unlink()
    done = kit.run("test")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "requirements-lab.lock: No such file" in done.stderr


@posix
def test_the_command_of_the_environment_moves_with_its_folder(first, kit, tmp_path):
    (tmp_path / "llmcost.py").write_text("raise SystemExit('shadowed')\n")
    program = kit.folder / ".venv/bin/llmcost"
    link = tmp_path / "a link"
    link.symlink_to(program)
    for command in [program, link, os.path.relpath(program, tmp_path)]:
        words = [command, "audit", "a b"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert told(done)["words"] == ["__main__.py", "audit", "a b"]
        assert str(kit.folder) in json.loads(done.stdout)["path"]
    program.unlink()
    told(kit.run("report"))
    assert program.exists()


@posix
def test_signals_wait_for_llmcost_and_for_nobody_else(kit):
    assert told(kit.run("accuracy"))["held"] == ["SIGINT", "SIGTERM", "SIGHUP"]
    assert told(kit.run("test"))["held"] == []
    assert told(kit.run("lab"))["held"] == []


@posix
def test_nohup_holds(kit):
    kit.lose()
    process = kit.start("report", preexec_fn=without_hangup)
    os.kill(process.pid, signal.SIGHUP)
    words, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "SIGHUP" in json.loads(words)["ignored"]


def wait_until(known):
    """Wait until something is so; fails after a minute."""
    end = time.monotonic() + 60
    while not known():
        assert time.monotonic() < end
        time.sleep(0.01)


def runs(number):
    """Whether a process still runs."""
    return psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE


def runs_in(folder):
    """Whether a process runs that names a folder in its command."""
    commands = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    return any(str(folder) in " ".join(command) for command in commands)


def assert_left_cleanly(process):
    """130, one line beside the one that was there, nothing of the children."""
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130, words
    lines = [line for line in words.splitlines() if not line.startswith("Setting up")]
    assert lines == ["Interrupted. The same command starts again."]


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(("whom", "times"), [("run.py", 1), ("everybody", 6)])
def test_leaving_while_pip_runs(kit, name, whom, times):
    kit.lose()
    (kit.packages / "pip/__main__.py").write_text(FAKE_PIP)
    process = kit.start("report")
    started = kit.folder / "pip-started"
    wait_until(lambda: started.exists() and started.read_text())
    for _ in range(times):
        send = os.kill if whom == "run.py" else os.killpg
        send(process.pid, getattr(signal, name))
    assert_left_cleanly(process)
    wait_until(lambda: not runs(int(started.read_text())))
    assert kit.stamp.read_text() == ""


@posix
def test_leaving_while_the_environment_is_made(kit):
    shutil.rmtree(kit.folder / ".venv")
    process = kit.start("report")
    wait_until(lambda: (kit.folder / ".venv/bin/python").is_symlink())
    os.killpg(process.pid, signal.SIGINT)
    assert_left_cleanly(process)
    wait_until(lambda: not runs_in(kit.folder))
    assert_whole(kit, kit.run("report"))


@posix
def test_two_first_runs_take_turns(kit):
    import fcntl

    kit.lose()
    folder = os.open(kit.folder / ".venv", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    process = kit.start("report")
    assert process.stderr.readline().startswith("Another run is setting up .venv")
    other = kit.start("report")
    assert other.stderr.readline().startswith("Another run")
    os.killpg(other.pid, signal.SIGINT)
    assert_left_cleanly(other)
    os.close(folder)
    words, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and json.loads(words)


def test_nothing_slow_comes_before_the_handlers():
    loop = [isinstance(node, ast.For) for node in TREE.body].index(True)
    early = [ast.unparse(node) for node in TREE.body[:loop]]
    imports = [line for line in early if line.startswith("import")]
    assert imports == ["import _signal as signal", "import os"]
    assert "_signal" in sys.builtin_module_names


def test_an_older_python_can_read_the_file_and_hear_of_its_age():
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 6))


def test_run_py_needs_the_standard_library_only():
    imports = [node for node in ast.walk(TREE) if isinstance(node, ast.Import)]
    names = [alias.name for node in imports for alias in node.names]
    names += [node.module for node in ast.walk(TREE) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
