"""What the notebooks of a client show, undrawn: sentences, tables, and the frames behind charts."""

import ast
import contextlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
from golden_plain import plain

from llmcost import lessons
from llmcost.inputs.paths import notebooks_path
from llmcost.views.notebook_results import Results
from llmcost.views.tables import Table
from llmcost.views.text import Prose

NOT_IN_A_REPORT = {"lesson", "playground"}
STOPS = "stops"


@dataclass(frozen=True)
class Undrawn:
    """A chart that was asked for: the function that would draw it, and what it was given."""

    name: str
    given: dict[str, Any]


def shown_by_notebooks(client: str) -> dict[str, Any]:
    """Notebook -> cell -> what the cell shows, of each notebook that a report is made of."""
    with charts_left_undrawn():
        paths = sorted(notebooks_path().glob("0[1-5]_*.ipynb"))
        return {path.stem: _shown(path, client) for path in paths}


@contextlib.contextmanager
def charts_left_undrawn() -> Iterator[None]:
    """Inside it, what would draw a chart gives back what it was asked to draw."""
    with contextlib.ExitStack() as undone:
        for found in pkgutil.walk_packages(lessons.__path__, f"{lessons.__name__}."):
            module = import_module(found.name)
            for name in [name for name in vars(module) if name.endswith("_chart")]:
                undrawn = _undrawn(name, getattr(module, name))
                undone.enter_context(mock.patch.object(module, name, undrawn))
        yield


def _undrawn(name: str, draw: Callable[..., Any]) -> Callable[..., Undrawn]:
    def asked(*given: Any, **named: Any) -> Undrawn:
        return Undrawn(name, dict(signature(draw).bind(*given, **named).arguments))

    return asked


def _shown(path: Path, client: str) -> dict[str, Any]:
    """Cell -> what it shows, of one notebook run from its top in this process.

    A notebook that stops is held up to there, with its error under STOPS.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for cell in [cell for cell in cells if cell["cell_type"] == "code"]:
        tags = set(cell["metadata"].get("tags", []))
        if "parameters" in tags:
            names |= {"client": client, "as_of": "", "what_if": {}}
        elif not tags & NOT_IN_A_REPORT:
            try:
                shown = _run("".join(cell["source"]), names, path.name)
            except Exception as error:
                return found | {STOPS: f"cell {cell['id']}, {type(error).__name__}: {error}"}
            found |= {cell["id"]: [_held(each) for each in shown]} if shown else {}
    return found


def _run(source: str, names: dict[str, Any], where: str) -> list[Any]:
    """What a cell displays, and the value that it ends in."""
    shown: list[Any] = []
    names["display"] = lambda *values: shown.extend(values)
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with mock.patch("IPython.display.display", names["display"]):
        exec(compile(tree, where, "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), where, "eval"), names))
    return [each for each in shown if each is not None]


def _held(shown: Any) -> Any:
    """One thing that a cell shows, as a record holds it."""
    if isinstance(shown, Prose):
        return shown.text
    if isinstance(shown, Table):
        return {"table": shown.caption or "", "rows": [shown.columns, *shown.rows]}
    if isinstance(shown, Results):
        return {"results": shown.payload["results"]}
    if isinstance(shown, Undrawn):
        return {"chart": shown.name} | {name: _given(value) for name, value in shown.given.items()}
    return plain(shown)


def _given(value: Any) -> Any:
    """What a chart was given; the index of a frame counts nothing."""
    return plain(value.reset_index(drop=True) if isinstance(value, pd.DataFrame) else value)
