"""Rooms outside the study: no two files of one name, and no lesson that leans on another."""

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "llmcost"
MODULES = [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))]
HOLD_FORMULAS = {"model", "study"}
"""There a module of the study may be called as the arithmetic that it stands on."""


def test_the_name_of_a_file_stands_once_in_the_package():
    counts = Counter(path.name for path in MODULES if path.name != "__init__.py")
    outside = [path for path in MODULES if path.parts[0] not in HOLD_FORMULAS]
    assert [str(path) for path in outside if counts[path.name] > 1] == []


def test_no_lesson_imports_another():
    found = []
    for path in MODULES:
        if path.parts[0] == "lessons" and len(path.parts) == 3:
            tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
            names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            others = [name for name in names if name.startswith("llmcost.lessons")]
            mine = f"llmcost.lessons.{path.parts[1]}"
            found += [f"{path}: {name}" for name in others if not name.startswith(mine)]
    assert found == []
