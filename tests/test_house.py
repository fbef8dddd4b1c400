"""The house stands: arrows point down, names carry their units, everything public says what it is,
nothing is too long, and no file tells where it was made."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "llmcost"
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py"))
TREES = {name: ast.parse((ROOT / name).read_text(encoding="utf-8")) for name in MODULES}
every_module = pytest.mark.parametrize("module", MODULES)

FLOORS = [
    "model",
    "inputs",
    "study",
    "",
    "views",
    "lessons",
    "claims",
    "ledger",
    "report",
    "batch",
    "cli",
]
"""From the bottom up. "" is the package itself, which shows the study to notebooks."""
KEPT_TO = {
    "pydantic": {"inputs", "report"},
    "duckdb": {"inputs"},
    "ruamel": {"inputs"},
    "genai_prices": {"inputs"},
    "altair": {"views", "lessons", "claims", "report"},
}
"""Packages that only these floors know."""
BESIDE = {"claims": set(), "ledger": {"cli"}}
"""Rooms beside the house, and the floors that know them: without them all else stands."""

UNITS = [
    "usd", "usd_per_hour", "usd_per_month", "usd_per_year", "usd_per_mtok", "usd_per_kwh", "usd_per_gb_month", "fte",
    "per_month", "per_year", "years", "fraction_per_month", "fraction_per_year", "percentile", "bytes", "tokens", "mtok",
    "mtok_per_month", "tokens_per_second", "per_second", "seconds", "hours", "months", "gb", "gb_per_second", "tflops",
    "watts", "kwh", "fraction", "multiplier", "count", "ratio", "date", "replicas", "usd_per_replica_hour", "per_hour", "per_minute",
]  # fmt: skip
"""The one closed list of units in which a number's name ends."""
OF_A_BAND = {"low", "typical", "high", "floor", "ceiling"}
"""P10, mode, P90 and limits of something: in the unit of what they belong to."""
LIMIT_OF_MODULE, LIMIT_OF_FUNCTION = 390, 75


STUDY_ROOMS = [
    "ties", "wording", "names", "once_per_case", "question", "assumptions", "judgement",
    "formula_text", "graph", "formulas", "loads", "capacity", "market", "problem", "lines", "scopes", "bill", "choices",
    "case", "fleets", "prices", "uncertainty", "horizon", "verdict", "audit", "frames", "results",
    "study",
]  # fmt: skip
"""The rooms of `study`, and its modules that stand in none, from the bottom up. Answers are
functions of a case; `study` is the face."""
STILL_IMPORT_FOR_ANNOTATIONS = ("llmcost/views/readings/",)
STILL_TWICE = {
    "accuracy", "claims", "errors", "figures", "fleet", "hidden_costs", "horizon", "judge", "load",
    "people", "pricing", "reconciliation", "results", "split", "table", "uncertainty",
    "utilization", "verdict",
}  # fmt: skip
"""Names of files that stand twice until the rest of the package is renamed."""


def floor_of(dotted):
    """The floor of a module of ours: "study" for llmcost.study.bill.bills, "" for llmcost
    itself."""
    part = (dotted.split(".") + [""])[1]
    return "cli" if part == "__main__" else part if part in FLOORS else ""


def imported(tree):
    """Dotted names of all modules that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            if node.module == "llmcost":
                yield from (f"llmcost.{alias.name}" for alias in node.names)


@every_module
def test_imports_only_go_down(module):
    here = floor_of(module.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    for name in imported(TREES[module]):
        if name.split(".")[0] == "llmcost":
            there = floor_of(name)
            assert FLOORS.index(there) <= FLOORS.index(here), f"{module} imports {name}"
            assert here in {there, *BESIDE.get(there, FLOORS)}, f"{module} imports {name}"
        assert here in KEPT_TO.get(name.split(".")[0], FLOORS), f"{module} imports {name}"


def dotted(module):
    """The dotted name of a file of the package."""
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported_modules(tree):
    """Dotted names of the modules of ours that a module imports: a name that it takes from a module
    is none, a module that it takes from a package is."""
    ours = {dotted(module) for module in MODULES}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in ours else node.module for name in whole)


def room_level(name):
    """How high in `study` a module of it stands."""
    room = name.removeprefix("llmcost.study.").split(".")[0]
    assert room in STUDY_ROOMS, f"{name} stands in no room of STUDY_ROOMS"
    return STUDY_ROOMS.index(room)


@pytest.mark.parametrize(
    "module",
    [m for m in MODULES if m.startswith("llmcost/study/") and "/claims/" not in m],
)
def test_arrows_inside_the_study_go_one_way(module):
    if module == "llmcost/study/__init__.py":
        return
    here = room_level(dotted(module))
    for name in imported_modules(TREES[module]):
        if name.startswith("llmcost.study"):
            assert name != "llmcost.study", f"{module} takes the study from its package"
            assert room_level(name) <= here, f"{module} imports {name}"


def test_only_the_face_knows_the_study():
    face = ("llmcost/study/__init__.py", "llmcost/study/study.py")
    knowing = [
        module
        for module in MODULES
        if module.startswith("llmcost/study/")
        and "llmcost.study.study" in imported_modules(TREES[module])
    ]
    assert [module for module in knowing if not module.startswith(face)] == []


def test_nothing_of_ours_is_imported_for_annotations_alone():
    allowed = ("llmcost/__init__.py", *STILL_IMPORT_FOR_ANNOTATIONS)
    for module in MODULES:
        for node in ast.walk(TREES[module]):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                for name in imported(node):
                    ours = name.split(".")[0] == "llmcost"
                    assert not ours or module.startswith(allowed), f"{module} imports {name}"


def test_a_file_name_stands_once():
    names = [Path(module).stem for module in MODULES if not module.endswith("/__init__.py")]
    assert {name for name in names if names.count(name) > 1} <= STILL_TWICE


def test_the_model_needs_numpy_and_nothing_else():
    allowed = {*sys.stdlib_module_names, "numpy", "llmcost"} - {"pathlib", "io", "os"}
    outside = {
        name
        for module in MODULES
        if "/model/" in module
        for name in imported(TREES[module])
        if name.split(".")[0] not in allowed
    }
    assert outside == set()


def public(body, prefix=""):
    """(dotted name, node) of every public function and class, and of the methods of classes that
    are nobody's heir."""
    for node in body:
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef) and not node.bases:
                yield from public(node.body, f"{node.name}.")


@every_module
def test_everything_public_says_what_it_is(module):
    silent = [name for name, node in public(TREES[module].body) if not ast.get_docstring(node)]
    assert silent == []
    assert ast.get_docstring(TREES[module]) or not TREES[module].body, (
        "a module says what it is for"
    )


def is_number(annotation):
    """Whether an annotation allows a number or an array of them; without one, it is taken to."""
    words = (
        re.split(r"\W+", re.sub(r"\[.*\]", "", ast.unparse(annotation)))
        if annotation
        else ["float"]
    )
    return not {"float", "int", "ndarray", "Number", "Numbers", "Array", "Band"}.isdisjoint(words)


def ends_in_a_unit(name):
    return name in OF_A_BAND or any(name == unit or name.endswith(f"_{unit}") for unit in UNITS)


def is_dataclass(node):
    return isinstance(node, ast.ClassDef) and any(
        "dataclass" in ast.unparse(each) for each in node.decorator_list
    )


@every_module
def test_fields_of_dataclasses_end_in_their_unit(module):
    wrong = []
    for name, node in public(TREES[module].body):
        if is_dataclass(node):
            fields = {
                field.target.id: field.annotation
                for field in node.body
                if isinstance(field, ast.AnnAssign)
            }
            if "unit" not in fields:  # else the unit stands beside the number
                wrong += [
                    f"{name}.{field}"
                    for field, annotation in fields.items()
                    if is_number(annotation) and not ends_in_a_unit(field)
                ]
    assert wrong == []


@pytest.mark.parametrize("module", [module for module in MODULES if "/model/" in module])
def test_arguments_of_the_model_end_in_their_unit(module):
    wrong = []
    for name, node in public(TREES[module].body):
        functions = (
            [node]
            if isinstance(node, ast.FunctionDef)
            else [n for n in node.body if getattr(n, "name", "") == "__init__"]
        )
        for function in functions:
            arguments = [*function.args.args, *function.args.kwonlyargs]
            wrong += [
                f"{name}({a.arg})"
                for a in arguments
                if a.arg != "self" and is_number(a.annotation) and not ends_in_a_unit(a.arg)
            ]
    assert wrong == []


@every_module
def test_nothing_is_too_long_to_read(module):
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= LIMIT_OF_MODULE
    functions = (
        node
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    lengths = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length > LIMIT_OF_FUNCTION} == {}


def test_examples_in_docstrings_are_run():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "pytest"
    ]["ini_options"]
    assert "--doctest-modules" in options["addopts"].split()
    assert "llmcost" in options["testpaths"]
    for module in MODULES:
        if "/model/" in module and any(
            isinstance(node, ast.FunctionDef) for node in TREES[module].body
        ):
            assert ">>> " in (ROOT / module).read_text(encoding="utf-8"), (
                f"{module} has no worked example"
            )


MACHINE_PATH = re.compile(
    r"(?<![\w.:/<-])(/(?:home|root|Users|work|mnt|tmp|usr/local|opt)/\w|[A-Z]:\\{1,2}Users)"
)
REGISTRY = re.compile(
    "|".join(
        [
            "files[.]python" + "hosted",
            "pypi[.]org" + "/simple",
            "registry[.]npm" + "js",
            "--(?:extra-)?index" + "-url",
        ]
    )
)


def committed_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_tells_where_it_was_made():
    told = []
    for path in committed_files():
        data = path.read_bytes()
        if b"\0" in data or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
            found = MACHINE_PATH.search(line) or REGISTRY.search(line)
            if found:
                told.append(f"{path.relative_to(ROOT)}:{number}: {found.group()}")
    assert told == []


@every_module
def test_no_module_reads_the_clock(module):
    """An answer is of its client's day, whenever it is made; `time.monotonic` only measures."""
    calls = [
        ast.unparse(node.func) for node in ast.walk(TREES[module]) if isinstance(node, ast.Call)
    ]
    assert not [
        call
        for call in calls
        if re.search(r"\b(now|utcnow|date[.]today|time[.]time|localtime|gmtime|ctime)$", call)
    ]
