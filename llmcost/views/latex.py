"""Formulas as LaTeX, from the code that works them out."""

import ast
import re
from typing import Any

from llmcost.study.graph import QUANTITIES, Quantity

MARK = re.compile(r"(<!-- formula: (\w+) -->\n)\$\$.*?\$\$", re.DOTALL)
"""A formula in the Markdown of a lesson: a comment that names its quantity, then its LaTeX."""
FUNCTIONS = {"maximum": r"\max", "minimum": r"\min"}
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: " + ",
    ast.Sub: " - ",
    ast.Mult: r" \times ",
}
SUMS = (ast.Add, ast.Sub)


def latex(quantity: Quantity[..., Any]) -> str:
    """A quantity and its formula, as LaTeX without its dollars.

    >>> from llmcost.study.formulas.fixed_costs import set_up
    >>> print(latex(set_up))
    \\text{set\\_up} = \\frac{\\text{setup\\_usd}}{\\text{horizon\\_months}}
    """
    return f"{_name(quantity.name)} = {_written(quantity.expression)}"


def with_formulas(markdown: str) -> str:
    """Markdown whose marked formulas are those of the code. Raises KeyError for an unknown one."""
    return MARK.sub(lambda mark: f"{mark[1]}$${latex(QUANTITIES[mark[2]])}$$", markdown)


def _name(name: str) -> str:
    return rf"\text{{{_escaped(name)}}}"


def _escaped(words: str) -> str:
    return words.replace("_", r"\_")


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return _name(node.id)
    if isinstance(node, ast.Constant):
        return str(ast.unparse(node))
    if isinstance(node, ast.BinOp):
        return _operation(node)
    if isinstance(node, ast.UnaryOp):
        return f"-{_factor(node.operand)}"
    if isinstance(node, ast.Call):
        return _call(node)
    if isinstance(node, ast.Compare):
        return f"{_written(node.left)} > {_written(node.comparators[0])}"
    if isinstance(node, ast.Attribute):
        return rf"{_written(node.value)}.{_name(node.attr)}"
    return rf"\texttt{{{_escaped(ast.unparse(node))}}}"


def _operation(node: ast.BinOp) -> str:
    if isinstance(node.op, ast.Div):
        return rf"\frac{{{_written(node.left)}}}{{{_written(node.right)}}}"
    if isinstance(node.op, ast.Pow):
        return f"{_factor(node.left)}^{{{_written(node.right)}}}"
    if isinstance(node.op, ast.Mult):
        return f"{_factor(node.left)}{OPERATORS[ast.Mult]}{_factor(node.right)}"
    right = _factor(node.right) if isinstance(node.op, ast.Sub) else _written(node.right)
    return f"{_written(node.left)}{OPERATORS.get(type(node.op), ' ? ')}{right}"


def _factor(node: ast.expr) -> str:
    """A part of a product: a sum stands in brackets."""
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, SUMS)
    return rf"\left({_written(node)}\right)" if is_sum else _written(node)


def _call(node: ast.Call) -> str:
    assert isinstance(node.func, ast.Name), ast.unparse(node)
    arguments = ", ".join(_written(each) for each in node.args)
    if node.func.id == "ceil":
        return rf"\left\lceil {arguments} \right\rceil"
    name = FUNCTIONS.get(node.func.id) or rf"\operatorname{{{_escaped(node.func.id)}}}"
    return rf"{name}\left({arguments}\right)"
