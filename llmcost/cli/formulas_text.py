"""Every quantity of the cost math on one page: what it is, its unit, its formula, its inputs."""

import datetime as dt
import html
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import mistune

from llmcost.inputs.catalog import HiddenCost, hidden_costs
from llmcost.inputs.paths import data_path
from llmcost.study.bill.bills import option_bills
from llmcost.study.graph import QUANTITIES, Line, Node, Quantity
from llmcost.study.lines import FORMULAS
from llmcost.study.names import plain_name
from llmcost.study.study import open_study
from llmcost.study.wording import number
from llmcost.views.latex import latex

TITLE = "How the kit works out what it says"
INTRODUCTION = (
    "This page is made from the code that works the figures out. A quantity is a function: its"
    " arguments are its inputs, and its last line is the formula that stands here. A month has 730"
    " hours. Prices are in USD. `llmcost audit CLIENT` shows the same formulas with one client's"
    " numbers, and who says each of them."
)
STYLE = (
    "body{max-width:52rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}"
    "code,pre{font-size:.9rem;white-space:pre-wrap}table{border-collapse:collapse}"
    "td,th{border:1px solid #8886;padding:.2rem .5rem;text-align:left;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}"
)


def markdown(with_latex: bool = True) -> str:
    """The page as Markdown; `with_latex` shows each formula as LaTeX too."""
    parts = [f"# {TITLE}", INTRODUCTION]
    for module in FORMULAS:
        parts.append(f"## {_first_sentence(module)}")
        for quantity in quantities_of(module):
            parts += _told(quantity, with_latex)
    parts += ["## Inputs", "What no formula works out, and where it comes from.", _inputs()]
    return "\n\n".join(parts) + "\n"


def page() -> str:
    """The page as HTML, complete in itself."""
    body = mistune.create_markdown(plugins=["table"])(markdown(with_latex=False))
    head = f'<meta charset="utf-8"><title>{html.escape(TITLE)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'


def quantities_of(module: ModuleType) -> list[Quantity[..., Any]]:
    """The quantities that a module of formulas defines, in its order."""
    return [each for each in QUANTITIES.values() if each.function.__module__ == module.__name__]


def _first_sentence(module: ModuleType) -> str:
    return (inspect.getdoc(module) or "").partition("\n")[0].rstrip(".")


def _told(quantity: Quantity[..., Any], with_latex: bool) -> Iterator[str]:
    yield f"### {quantity.name}"
    yield f"{quantity.meaning}. Unit: {quantity.unit}.{_on_a_bill(quantity)}"
    yield f"```\n{quantity.name} = {quantity.formula}\n```"
    if with_latex:
        yield f"$${latex(quantity)}$$"
    yield "Inputs: " + ", ".join(f"`{name}`" for name in quantity.inputs) + "."


def _on_a_bill(quantity: Quantity[..., Any]) -> str:
    if not isinstance(quantity, Line):
        return ""
    shared = "once for all workloads" if quantity.shared else "for each workload"
    return (
        f' It is the line "{quantity.label}" of a bill ({quantity.group.value}), {shared}, and its'
        f" cash is paid {quantity.timing.value}."
    )


def _inputs() -> str:
    """A table of the names that no formula works out, each with who says it.

    Hidden costs have their newest row; of the rest an example client shows the source.
    """
    asked = dict.fromkeys(name for each in QUANTITIES.values() for name in each.inputs)
    hidden, seen = hidden_costs(dt.date.max, []), _seen_in_examples()
    rows = ["| input | what it is | where it comes from |", "| --- | --- | --- |"]
    for name in sorted(asked.keys() - QUANTITIES.keys()):
        plain = plain_name(name)
        source = _of_row(hidden[name]) if name in hidden else seen.get(name, "the option's bill")
        rows.append(f"| `{name}` | {plain} | {source.replace('|', '/')} |")
    return "\n".join(rows)


def _of_row(row: HiddenCost) -> str:
    low, typical, high = (number(each) for each in (row.band.low, row.band.typical, row.band.high))
    band = f"{low} to {high}, typically {typical} {row.unit}"
    said = ", ".join(filter(None, (row.source, row.date, row.confidence)))
    return f"{band}; {said}"


def _seen_in_examples() -> dict[str, str]:
    """Name of an input -> where the first example client that has it takes it from."""
    found: dict[str, str] = {}
    for file in sorted(data_path("clients").glob("*/client.yaml")):
        study = open_study(str(file.parent))
        bills = option_bills(study.decision, study.values, study.inputs, from_hours=True)
        for bill in bills.values():
            for node in bill.values():
                _note(node, found)
    return found


def _note(node: Node, found: dict[str, str]) -> None:
    for name, part in node.parts.items():
        if name not in found:
            found[name] = _where(name, part)
        _note(part, found)


def _where(name: str, node: Node) -> str:
    if node.what is not None and node.what.name != name:
        return f"`{node.what.name}`"
    if not node.path:
        return f"for example: {node.source}" if node.source else "a sum of parts"
    place, *middle, last = node.path.split(".")
    ids = dict.fromkeys(("gpu_purchase", "gpu_hardware"), "<gpu>")
    ids |= {"workloads": "<id>", "alternatives": "<model>", "capacity": "<model>"}
    written = [place]
    for step in middle:
        written.append(ids.get(written[-1], step))
    return f"`{'.'.join([*written, last])}`"
