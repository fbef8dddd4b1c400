"""The package reads well: short lines, one step a line, few branches and arguments a function."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "llmcost"
LONGEST_LINE = 100
FOLDERS = [
    ("llmcost", 12, 18),
    ("llmcost/model", 10, 14),
    ("llmcost/study/formulas", 10, 14),
]
"""Folder -> syntax nodes a line that its functions have at most: in the median, at P90."""
SHORTEST_FUNCTION = 5
"""Lines from which a function counts, its docstring among them."""
BRANCHES = ["C901", "PLR0912", "PLR0913"]
"""Ruff's rules on complexity, branches and arguments of a function.

Cyclomatic complexity stands for cognitive complexity: the packages that measure that one are a
binary of 13 MB and one that nobody has released since 2022, and at these limits ruff names the
same kind of function without a further package to install.
"""
LIMITS = ["lint.mccabe.max-complexity=10", "lint.pylint.max-branches=12", "lint.pylint.max-args=6"]
REASON = "# reason: "

FORMULAS = "llmcost/study/formulas/"
"""A quantity has as many arguments as it has inputs."""


def lines_of(name):
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def python_files(*folders):
    """Names of the Python files in these folders of the checkout."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def test_no_line_is_longer_than_a_hundred_characters():
    """Examples in docstrings and SQL too, which the formatter leaves alone."""
    long = [
        f"{name}:{number}"
        for name in python_files("llmcost", "benchmarks")
        for number, line in enumerate(lines_of(name), 1)
        if len(line) > LONGEST_LINE
    ]
    assert long == []


def nodes_a_line(function):
    """Syntax nodes of a function's body over the lines that carry one, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    nodes = [node for statement in body for node in ast.walk(statement)]
    lines = {node.lineno for node in nodes if hasattr(node, "lineno")}
    return len(nodes) / len(lines) if lines else 0.0


def functions_in(tree):
    """Every function that is long enough to count."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.end_lineno - node.lineno + 1 >= SHORTEST_FUNCTION:
            yield node


@pytest.mark.parametrize(("folder", "middle_count", "high_count"), FOLDERS)
def test_a_line_does_one_thing(folder, middle_count, high_count):
    if not (ROOT / folder).is_dir():
        pytest.skip(f"there is no {folder} yet")
    trees = [ast.parse("\n".join(lines_of(name))) for name in python_files(folder)]
    counts = [nodes_a_line(function) for tree in trees for function in functions_in(tree)]
    assert median(counts) <= middle_count
    assert quantiles(counts, n=10)[-1] <= high_count


def test_the_measure_counts_nodes_and_lines():
    source = "def f(a):\n    '''Says.'''\n    b = a\n\n    return b\n"
    (function,) = functions_in(ast.parse(source))
    assert nodes_a_line(function) == (5 + 3) / 2
    assert list(functions_in(ast.parse("def f(a):\n    return a\n"))) == []


def ruff_finds(*paths):
    """(file, line number, rule) of every function of too many branches or arguments."""
    options = [word for limit in LIMITS for word in ("--config", limit)]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--ignore-noqa"]
    command += ["--select", ",".join(BRANCHES), *options, "--output-format", "json", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode in (0, 1), done.stderr
    for finding in json.loads(done.stdout):
        yield Path(finding["filename"]), finding["location"]["row"], finding["code"]


def without_a_reason(path, number):
    """The name of the function that is defined in this line; nothing if a reason stands beside."""
    line = path.read_text(encoding="utf-8").splitlines()[number - 1]
    if REASON in line:
        return None
    return line.partition("def ")[2].partition("(")[0]


def test_a_function_has_few_branches_and_few_arguments_or_says_why():
    found = set()
    for path, number, rule in ruff_finds("llmcost"):
        name = without_a_reason(path, number)
        place = path.relative_to(ROOT).as_posix()
        if name and not (place.startswith(FORMULAS) and rule == "PLR0913"):
            found.add(f"{place}: {name}: {rule}")
    assert found == set()


def test_what_is_too_much_is_found_unless_its_reason_stands_beside_it(tmp_path):
    branches = "".join(f"    if a == {number}:\n        a = 0\n" for number in range(13))
    path = tmp_path / "some.py"
    path.write_text(
        f"def branching(a):\n{branches}    return a\n"
        "def asking(a, b, c, d, e, f, g):\n    return a\n"
        "def explained(a, b, c, d, e, f, g):  # reason: seven things\n    return a\n"
    )
    found = {(without_a_reason(path, number), rule) for _, number, rule in ruff_finds(str(path))}
    assert found == {
        ("branching", "C901"),
        ("branching", "PLR0912"),
        ("asking", "PLR0913"),
        (None, "PLR0913"),
    }
