"""Set the kit up and run it, with nothing but Python 3.11 or newer.

    python3 run.py report [CLIENT ...]   reports of the example clients, or of yours
    python3 run.py test                  all tests, notebooks included
    python3 run.py lab                   JupyterLab on the notebooks
    python3 run.py new DIR               a client file to fill in; so any command of the kit, each with --help

Everything installed lands in .venv beside this file and nowhere else.
"""

import hashlib
import importlib.util
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PROBE = "import pip, sys, sysconfig; print(sysconfig.get_path('purelib')); sys.exit(sys.version_info < (3, 11))"


def main(command="--help", *words):
    """Run what was asked for; what is neither test nor lab is a command of the kit."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python hears of it
        stop("The kit needs Python 3.11 or newer; this is {}.{}.".format(*sys.version_info))
    if command in ("-h", "--help"):
        print(__doc__)
    elif command == "test":
        run(["lab"], "pytest", *words, folder=ROOT)
    elif command == "lab":
        run(["lab"], "jupyterlab", "notebooks", *words, folder=ROOT)
    else:
        run(["report", "lab"], "llmcost", command, *words, folder=".")


def run(locks, module, *words, folder):
    """Become `python -m module` in an environment that holds one of the locks, the first of them if need be."""
    set_up([ROOT / f"requirements-{lock}.lock" for lock in locks])
    command = [str(PYTHON), "-m", module, *words]
    os.environ["LLMCOST_PROGRAM"] = "{} run.py".format("py" if os.name == "nt" else "python3")  # for messages
    os.chdir(folder)
    if os.name == "nt":  # where execv would give the prompt back at once
        sys.exit(subprocess.run(command).returncode)
    os.execv(command[0], command)


def set_up(locks):
    """Make .venv what one of the locks says; the stamp in it names the lock last installed, and is empty meanwhile."""
    packages = packages_folder()
    stamp = packages / "llmcost.lock" if packages else None
    digests = [hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks]
    installed = stamp.read_text() if stamp and stamp.exists() else None
    if installed in digests:
        return
    print(f"Setting up {VENV.name} (a minute or two, only now) ...", file=sys.stderr, flush=True)
    if packages is None or installed == "":
        packages = make_venv()
        stamp = packages / "llmcost.lock"
    stamp.write_text("")
    # The lock is complete, so pip has nothing to resolve; wheels only, so nothing downloaded is run or compiled.
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    if subprocess.run([*pip, "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", locks[0]]).returncode:
        stop("pip could not install the packages; its words are above. Mended (network, disk?), run the same again.")
    # Relative, so that the folder may move.
    (packages / "llmcost.pth").write_text(os.path.relpath(ROOT, packages) + "\n")
    stamp.write_text(digests[0])


def packages_folder():
    """The site-packages of .venv; None if .venv is absent, half made or of a Python too old."""
    try:
        probe = subprocess.run([PYTHON, "-c", PROBE], capture_output=True, text=True)
    except OSError:
        return None
    return None if probe.returncode else pathlib.Path(probe.stdout.strip())


def make_venv():
    """Site-packages of a new, empty .venv."""
    if importlib.util.find_spec("ensurepip") is None:
        stop("This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt install python3-venv")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV])
    packages = packages_folder()
    if made.returncode or packages is None:
        stop(f"Could not make {VENV}; the words above say why.")
    return packages


def stop(message):
    print(message, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
