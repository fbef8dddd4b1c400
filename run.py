"""Set the kit up and run it, with nothing but Python 3.11 or newer.

    python3 run.py report [CLIENT ...]   reports of the example clients, or of yours
    python3 run.py test                  all tests, notebooks included
    python3 run.py lab                   JupyterLab on the notebooks
    python3 run.py new DIR               a client file to fill in; so any command of the kit, each
                                         with --help

Everything installed lands in .venv beside this file and nowhere else.
"""

import _signal as signal  # there at once; the signal module reads half a dozen others first
import os

NAMES = ["SIGINT", "SIGTERM", "SIGHUP"]
SIGNALS = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
CHILDREN = []


def end_family(child):
    """End a process that has a session of its own, and all that it started."""
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()


def leave(*_):
    """End at once, together with whatever we started; nothing half made counts as installed."""
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for child in CHILDREN:
            end_family(child)
        os.write(2, b"Interrupted. The same command starts again.\n")
    finally:
        os._exit(130)


for number in SIGNALS:
    if signal.getsignal(number) != signal.SIG_IGN:  # else nohup has said so
        signal.signal(number, leave)

import ast  # noqa: E402
import hashlib  # noqa: E402
import importlib.util  # noqa: E402
import pathlib  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from subprocess import PIPE  # noqa: E402

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROOT = pathlib.Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
PROGRAMS = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = PROGRAMS / ("python.exe" if WINDOWS else "python")
LAUNCHER = PROGRAMS / ("llmcost.cmd" if WINDOWS else "llmcost")
STAMP = "llmcost.lock"

PROBE = """
import os, pip, sys, sysconfig
print(os.path.relpath(sysconfig.get_path("purelib"), sys.prefix))
sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (3, 11))
"""
NEEDED = ["llmcost", "ipykernel", "nbconvert", "xlsxwriter", "zstandard", "filelock", "psutil"]
NEEDED_IN_THE_LAB = ["jupyterlab", "pytest", "nbval", "xdist", "hypothesis", "scipy"]
IMPORTS = """
import importlib, pkgutil, sys
try:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    for _, name, _ in pkgutil.walk_packages(sys.modules["llmcost"].__path__, "llmcost."):
        if not name.endswith("__main__"):
            importlib.import_module(name)
except BaseException as error:
    while error.__cause__:
        error = error.__cause__
    print(name + ": " + type(error).__name__ + ":", *str(error).split())
    sys.exit(1)
"""

SOURCES = {
    "index-url", "pypi-url", "extra-index-url", "no-index", "find-links",
    "trusted-host", "cert", "client-cert", "proxy",
    "timeout", "default-timeout", "retries", "resume-retries",
    "cache-dir", "no-cache-dir", "keyring-provider", "no-input",
    "use-feature", "use-deprecated",  # say whose certificates count
}  # fmt: skip
"""What pip may be told from outside: where packages come from, and how they are reached."""


def main(command="--help", *words):
    """Run what was asked for; what is neither test nor lab is a command of the kit."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python hears of it
        stop("The kit needs Python 3.11 or newer; this is {}.{}.".format(*sys.version_info))
    if command in ("-h", "--help"):
        print(__doc__)
    elif command == "test":
        set_up("lab")
        os.chdir(ROOT)
        become("-m", "pytest", *words)
    elif command == "lab":
        set_up("lab")
        os.chdir(ROOT)
        become("-m", "jupyterlab", "notebooks", *words)
    else:
        set_up("report", "lab")
        hold_signals()  # llmcost lets them through as soon as it can leave cleanly
        become("-P", "-m", "llmcost", command, *words)  # -P: no numpy.py of the current folder


def become(*words):
    """Go on as the environment's Python."""
    for name in ("PYTHONPATH", "PYTHONHOME"):  # other packages would come before those of the lock
        os.environ.pop(name, None)
    program = "{} run.py".format("py" if WINDOWS else "python3")
    os.environ["LLMCOST_PROGRAM"] = program  # for messages
    command = [str(PYTHON), *words]
    if WINDOWS:  # where execv would give the prompt back at once
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command hears of Ctrl-C too, and answers
        sys.exit(subprocess.run(command).returncode)
    os.execv(command[0], command)


def set_up(*locks):
    """Make .venv what one of the locks says, the first of them if need be."""
    if not is_whole(locks):
        wait_for_other_runs()
        if not is_whole(locks):
            install(locks[0])


def is_whole(locks):
    """Whether one of the locks was installed, and nothing of it was lost since."""
    packages = packages_folder()
    installed, names = read_stamp(packages)
    known = installed in [digest(lock) for lock in locks]
    return known and names <= entries(packages) and LAUNCHER.exists()


def install(lock):
    """Install a lock into .venv, or into a new one after a run that did not come to its end."""
    packages = packages_folder()
    installed, names = read_stamp(packages)
    lost = sorted(names - entries(packages)) if packages else []
    again = f" again, {lost[0]} is missing" if lost else ""
    say(f"Setting up {VENV.name}{again} (a minute or two, only now) ...")
    if packages:
        (packages / STAMP).write_text("")  # nothing counts as installed before the end
    if packages is None or installed == "":
        packages = make_venv()
        (packages / STAMP).write_text("")
        options, theirs = [], entries(packages)
    elif names:
        options, theirs = ["--force-reinstall"] if lost else [], entries(packages) - names
    else:  # made by somebody else
        options, theirs = ["--force-reinstall"], set()
    install_packages(lock, options)
    # Relative, so that the folder may move.
    (packages / "llmcost.pth").write_text(os.path.relpath(ROOT, packages) + "\n")
    write_launcher()
    check_imports([*NEEDED, *NEEDED_IN_THE_LAB] if lock == "lab" else NEEDED)
    names = sorted(entries(packages) - theirs)
    (packages / STAMP).write_text("\n".join([digest(lock), *names]), encoding="utf-8")


def lock_file(lock):
    """The file of a lock."""
    return ROOT / f"requirements-{lock}.lock"


def digest(lock):
    """What stands for the content of a lock."""
    return hashlib.sha256(lock_file(lock).read_bytes()).hexdigest()


def read_stamp(packages):
    """Digest of the lock that was installed and the names that it added to site-packages.

    The digest is "" after a run that did not come to its end, None where no run was.
    """
    stamp = packages / STAMP if packages else None
    if stamp is None or not stamp.exists():
        return None, set()
    lines = stamp.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    return (None if len(lines) == 1 and lines[0] else lines[0]), set(lines[1:])


def entries(packages):
    """The names in site-packages; Python makes and unmakes its caches by itself."""
    return set(os.listdir(packages)) - {"__pycache__"}


def packages_folder():
    """The site-packages of .venv; None if .venv is absent, half made or of a Python too old."""
    try:
        code, words = call(PYTHON, "-I", "-c", PROBE, stdout=PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    return None if code else VENV / words.strip()


def make_venv():
    """Site-packages of a new, empty .venv."""
    if importlib.util.find_spec("ensurepip") is None:
        stop(
            "This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt install"
            " python3-venv"
        )
    code, _ = call(sys.executable, "-I", "-m", "venv", "--clear", VENV)
    packages = packages_folder()
    if code or packages is None:
        stop(f"Could not make {VENV}; the words above say why.")
    return packages


def install_packages(lock, options):
    """Have pip install a lock.

    A lock is complete, so pip has nothing to resolve; wheels only, so nothing downloaded is run.
    """
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", *options]
    pip = [PYTHON, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    code, _ = call(*pip, *options, "-r", lock_file(lock), env=pip_environment())
    if code:
        stop(
            "pip could not install the packages; its words are above. Mended (network, disk?), run"
            " the same again."
        )


def pip_environment():
    """Our environment, where nothing tells pip anything but its SOURCES.

    A target, a user's folder, a dry run or a constraint would leave .venv without its packages.
    """
    told = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    files = pip_files()
    settings = [(key, files[key]) for key in files if key.startswith("global.")]
    settings += [(key, files[key]) for key in files if key.startswith("install.")]
    settings += [(name[4:].lower().replace("_", "-"), told[name]) for name in told]
    sources = {}
    for key, value in settings:  # as with pip the last that says something holds
        name = key.rpartition(".")[2]
        if value and name in SOURCES:
            sources["PIP_" + name.upper().replace("-", "_")] = value
    plain = {name: value for name, value in os.environ.items() if name not in told}
    return {**plain, **sources, "PIP_CONFIG_FILE": os.devnull}


def pip_files():
    """{section.key: value} of all files that pip reads."""
    environment = {name: value for name, value in os.environ.items() if name[:4] != "PIP_"}
    if "PIP_CONFIG_FILE" in os.environ:
        environment["PIP_CONFIG_FILE"] = os.environ["PIP_CONFIG_FILE"]
    for name in ["QUIET", "VERBOSE", "ISOLATED", "USER", "GLOBAL", "SITE"]:
        environment[f"PIP_{name}"] = "0"  # in a file they would shorten the list

    def config(*words):
        command = [PYTHON, "-I", "-m", "pip", "--disable-pip-version-check", "config", *words]
        code, text = call(*command, env=environment, stdout=PIPE)
        if code:
            stop("pip cannot read its settings; its words are above. Mended, run the same again.")
        return text

    pairs = [line.partition("=")[::2] for line in config("list").splitlines()]
    values = {key: ast.literal_eval(value) for key, value in pairs}
    keys = [key for key, _ in pairs]
    for key in values:
        if keys.count(key) > 1:  # newer pips list each file by its name; `get` says which one holds
            values[key] = config("get", key).strip()
    return values


def write_launcher():
    """Put the command that messages name beside the environment's Python."""
    here = '$(dirname "$(readlink -f "$0" || echo "$0")")'  # the folder may move
    script = f'#!/bin/sh\nexec "{here}/python" -P -m llmcost "$@"\n'
    LAUNCHER.write_text('@"%~dp0python.exe" -P -m llmcost %*\n' if WINDOWS else script)
    LAUNCHER.chmod(0o755)


def check_imports(modules):
    """Import modules, and every one of llmcost, before anything counts as installed."""
    probe = [PYTHON, "-I", "-c", IMPORTS, *modules]
    code, words = call(*probe, stdout=PIPE, stderr=subprocess.DEVNULL)
    if code:
        cause = words.strip().rpartition("\n")[2] or f"Python ended with {code}"
        stop(f"The packages do not work: {cause}. Mended, run the same again; it starts anew.")


def wait_for_other_runs():
    """Until this process ends or becomes another, no other run sets up the same .venv."""
    VENV.mkdir(exist_ok=True)
    if fcntl is None:
        return
    folder = os.open(VENV, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"Another run is setting up {VENV.name}; waiting for it ...")
        fcntl.flock(folder, fcntl.LOCK_EX)
    except OSError:  # a network drive without locks
        pass


def call(*command, **options):
    """Run a command to its end; returns its exit code, and its output where that is a pipe.

    It is out of the reach of Ctrl-C, at which it and its children would each say something: `leave`
    ends them all.
    """
    held = hold_signals()  # until the child is known, or it would outlive us
    try:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            universal_newlines=True,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            **options,
        )
        CHILDREN.append(child)
    finally:
        release_signals(held)
    text, _ = child.communicate()
    CHILDREN.remove(child)
    return child.returncode, text


def hold_signals():
    """Have signals wait; returns those that waited before."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return None
    return signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def release_signals(held):
    """Let signals through again, but those that waited before."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def say(message):
    """Print a line for the person, at once."""
    print(message, file=sys.stderr, flush=True)


def stop(message):
    """Say what is wrong and end with 2."""
    say(message)
    sys.exit(2)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        stop(f"{error.filename or 'run.py'}: {error.strerror}. Mend that, then run the same again.")
