"""How many small mistakes in the formulas the tests find: one mutant after another, each a line.

    python benchmarks/mutants.py [--count 30] [--seed 1]

A mutant is the arithmetic with one operator, comparison, number, minimum or maximum, or rounding
changed. It lives in a scratch copy of the checkout, never in the checkout. Tests run from the
quickest to the slowest until one fails: examples in the module's own docstrings, worked cases,
twins, then the rest of what exercises the model, the records of the studies, and the draws. The
tests that must pass without a mutant run first. A mutant that no test finds either changes nothing
(the size of a chunk), or a test is missing.
"""

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("llmcost/model", "llmcost/study/formulas")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", "reports", ".*_cache")
LONGEST_SECONDS = 300
"""A step that takes longer does not end: the mutant is found."""

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
NAMES = {
    "minimum": "maximum",
    "maximum": "minimum",
    "min": "max",
    "max": "min",
    "ceil": "floor",
    "floor": "ceil",
}

TESTS = (
    ("test_cases", "test_twins"),
    ("test_api_bill", "test_capacity", "test_horizon", "test_split", "test_properties"),
    ("test_accuracy", "test_claims", "test_double_counting", "test_reconciliation"),
)
DRAWS = ("test_uncertainty", "test_hybrid", "test_apart")
RECORDS = """
import sys
sys.path.append("tests/golden")
from golden_differences import differences
from golden_plain import text
from golden_records import client_folders, of_study, recorded
import json
import llmcost
for client, folder in client_folders().items():
    made = json.loads(text(of_study(llmcost.open_study(str(folder)))))
    found = differences(recorded(client)["study"], made)
    if found:
        sys.exit(f"FAILED record of {client}, {found[0]}")
"""
"""A program that ends with 1 at the first client whose study is not as recorded."""


@dataclass(frozen=True)
class Mutant:
    """A module with one place changed."""

    module: str
    line_count: int
    change: str
    source: str


def changed(node: ast.AST) -> ast.AST | None:
    """The same node with another operator, comparison, number or name; None where it has none."""
    new = copy.deepcopy(node)
    match new:
        case ast.BinOp() if type(new.op) in OPERATORS:
            new.op = OPERATORS[type(new.op)]()
        case ast.Compare() if type(new.ops[0]) in COMPARISONS:
            new.ops[0] = COMPARISONS[type(new.ops[0])]()
        case ast.Constant() if type(new.value) in (int, float):
            new.value = new.value * 2 if new.value else type(new.value)(1)
        case ast.Attribute() if new.attr in NAMES:
            new.attr = NAMES[new.attr]
        case ast.Name() if new.id in NAMES:
            new.id = NAMES[new.id]
        case _:
            return None
    return new


class Replaced(ast.NodeTransformer):
    """Puts another node in the place of one."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """The new node in the place of the old one; every other as it was."""
        return self.new if node is self.old else self.generic_visit(node)


def places() -> Iterator[tuple[str, int]]:
    """(module, number of the syntax node) of everything that can be changed."""
    paths = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for number, node in enumerate(ast.walk(tree)):
            if changed(node) is not None:
                yield path.relative_to(ROOT).as_posix(), number


def mutant(module: str, number: int) -> Mutant:
    """The mutant of one place."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    old = list(ast.walk(tree))[number]
    new = changed(old)
    assert isinstance(old, ast.expr) and new is not None
    line_count = old.lineno
    change = f"{ast.unparse(old)}  ->  {ast.unparse(new)}"
    return Mutant(module, line_count, change, ast.unparse(Replaced(old, new).visit(tree)))


def steps(modules: list[str]) -> Iterator[list[str]]:
    """Commands in the order in which they run; the first are the quickest."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider"]
    pytest += ["--hypothesis-seed=0"]
    for names in TESTS:
        yield [*pytest, *modules, *(f"tests/{name}.py" for name in names)]
        modules = []
    yield [sys.executable, "-c", RECORDS]
    yield [*pytest, *(f"tests/{name}.py" for name in DRAWS)]


def failure(modules: list[str], copied: Path) -> str | None:
    """What fails first in the copy; None where every step passes."""
    env = os.environ | {"PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1"}
    for command in steps(modules):
        try:
            done = subprocess.run(
                command,
                cwd=copied,
                env=env,
                capture_output=True,
                text=True,
                timeout=LONGEST_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return "the clock"
        if done.returncode:
            told = re.search(
                r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", done.stdout + done.stderr, re.MULTILINE
            )
            return told[1] if told else (done.stdout + done.stderr)[-200:]
    return None


def main() -> None:
    """Print one line per mutant, and how many were found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    drawn = random.Random(asked.seed).sample(list(places()), asked.count)
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "kit"
        shutil.copytree(ROOT, copied, ignore=LEFT_OUT)
        without = failure(sorted({module for module, _ in drawn}), copied)
        if without:
            sys.exit(f"a test fails without a mutant: {without}")
        killed_count = 0
        for place in drawn:
            one = mutant(*place)
            path = copied / one.module
            path.write_text(one.source, encoding="utf-8")
            killer = failure([one.module], copied)
            shutil.copy2(ROOT / one.module, path)
            killed_count += killer is not None
            end = f"killed by {killer}" if killer else "survived"
            print(f"{one.module}:{one.line_count}: {one.change}: {end}", flush=True)
    print(f"killed {killed_count} of {asked.count}")


if __name__ == "__main__":
    main()
