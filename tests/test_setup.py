"""What a newcomer installs: locks, environment.yml and wheel say the same thing and are whole."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec, Version, VersionSpec
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"python-duckdb": "duckdb"}  # where conda-forge's name is not the index's


def locked_versions(name):
    """{(package, version)} of a lock; a package may stand there once per range of Pythons."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", lock_text(name), re.MULTILINE)
    return {(canonicalize_name(package), version) for package, version in pins}


def lock_text(name):
    return (ROOT / f"requirements-{name}.lock").read_text()


def declared(*extras):
    """{package: Requirement} of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [
        line for extra in extras for line in project["optional-dependencies"][extra]
    ]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def conda_specs():
    """{package as the index calls it: MatchSpec} of environment.yml, and its pip lines."""
    *lines, pip = YAML(typ="safe").load(ROOT / "environment.yml")["dependencies"]
    specs = [MatchSpec(line, strict=True) for line in lines]
    names = [spec.name.normalized for spec in specs]
    return {
        canonicalize_name(CONDA_NAMES.get(name, name)): spec
        for name, spec in zip(names, specs, strict=True)
    }, pip


@pytest.mark.parametrize("name", ["report", "lab"])
def test_lock_is_pinned_by_hash_and_names_no_address(name):
    entries = re.split(r"\n(?=[\w#])", lock_text(name))
    pins = [entry for entry in entries if not entry.startswith("#")]
    assert len(pins) > 50
    for entry in pins:
        assert re.match(r"[\w.-]+==\S+", entry) and "--hash=sha256:" in entry, entry
    options = {word for word in lock_text(name).split() if word.startswith("--")}
    assert {option.split("=")[0] for option in options} == {"--hash"}
    assert not re.search(r"://|file:| @ |rfc3987-syntax==", lock_text(name))


@pytest.mark.parametrize(("name", "extras"), [("report", []), ("lab", ["lab"])])
def test_lock_holds_what_pyproject_asks_for(name, extras):
    locked = locked_versions(name)
    for package, requirement in declared(*extras).items():
        versions = [version for locked_package, version in locked if locked_package == package]
        assert versions and all(requirement.specifier.contains(version) for version in versions), (
            requirement
        )


def test_report_needs_no_jupyterlab_and_lab_adds_to_it():
    assert "jupyterlab" not in dict(locked_versions("report"))
    assert locked_versions("report") < locked_versions("lab")


def test_conda_environment_says_what_pyproject_says():
    specs, pip = conda_specs()
    bounds = {
        package: VersionSpec(str(requirement.specifier))
        for package, requirement in declared("lab").items()
    }
    bounds["python"] = VersionSpec(">=3.11")
    assert {
        package: VersionSpec(spec.version) for package, spec in specs.items() if package != "pip"
    } == bounds
    assert pip == {"pip": ["-e ."]}


def test_conda_bounds_admit_every_locked_version():
    specs, _ = conda_specs()
    checked = [
        (package, version, VersionSpec(specs[package].version).matches(Version(version)))
        for package, version in locked_versions("lab")
        if package in specs
    ]
    assert len(checked) >= len(declared("lab")) and all(admitted for *_, admitted in checked), (
        checked
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        str(folder),
    ]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_wheel_carries_catalog_notebooks_and_template(wheel):
    carried = set(zipfile.ZipFile(wheel).namelist())
    assert "llmcost/py.typed" in carried  # or nobody's type checker reads the types
    for source, target in {
        "data/catalog": "llmcost/_data/catalog",
        "data/load_shapes": "llmcost/_data/load_shapes",
        "data/clients": "llmcost/_data/clients",
        "notebooks": "llmcost/_data/notebooks",
        "llmcost/report/template": "llmcost/report/template",
        "llmcost/cli/template": "llmcost/cli/template",
    }.items():
        files = [
            path
            for path in (ROOT / source).rglob("*")
            if path.is_file() and "." not in path.parent.name
        ]
        wanted = {f"{target}/{path.relative_to(ROOT / source).as_posix()}" for path in files}
        assert wanted and wanted <= carried, source


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    """An empty folder, and a function that runs the installed `llmcost` in it; the checkout is out
    of reach."""
    environment = tmp_path_factory.mktemp("venv")
    venv.create(environment)
    paths = {"base": str(environment), "platbase": str(environment)}
    scripts, packages = (
        Path(sysconfig.get_path(kind, "venv", paths)) for kind in ("scripts", "purelib")
    )
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(environment),
        "install",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    (packages / "dependencies.pth").write_text(
        sysconfig.get_path("purelib")
    )  # its own .pth files are not followed
    folder = tmp_path_factory.mktemp("elsewhere")
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    outside["JUPYTER_PATH"] = str(Path(sys.prefix, "share", "jupyter"))  # nbconvert's templates

    def run(program, *words):
        command = [str(scripts / program), *words]
        return subprocess.run(
            command, cwd=folder, env=outside, capture_output=True, text=True, encoding="utf-8"
        )

    where = run("python", "-c", "import llmcost; print(llmcost.__file__)").stdout
    assert where.startswith(str(packages)), where
    return folder, run


def test_installed_wheel_reports_from_an_empty_folder(elsewhere):
    folder, run = elsewhere
    done = run("llmcost", "report", "support-assistant", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert (folder / "out/support-assistant/report.html").stat().st_size > 100_000


def test_installed_wheel_writes_a_new_client(elsewhere):
    folder, run = elsewhere
    done = run("llmcost", "new", "acme")
    assert done.returncode == 0, done.stderr
    assert list((folder / "acme").rglob("client.yaml"))
