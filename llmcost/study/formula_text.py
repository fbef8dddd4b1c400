"""A formula as text: what a function returns, its steps and the model's formulas written out."""

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import numpy as np

CONVERSIONS = ("float", "np.asarray")
"""Calls that change no number."""


def written_out(function: Callable[..., Any]) -> ast.expr:
    """The expression that a function returns.

    Its named steps stand in it, and a call of a function that is one expression itself is replaced
    by that expression. Raises ValueError for a function that is more than one expression.
    """
    expression = _returned(function)
    if expression is None:
        raise ValueError(f"{function.__name__} is more than one expression")
    written: ast.expr = _Written(inspect.unwrap(function).__globals__).visit(expression)
    return written


def _returned(function: Callable[..., Any]) -> ast.expr | None:
    """What a function returns, its named steps written out; None where it does more than that."""
    statements = _statements(function)
    last = statements[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return None
    named: dict[str, ast.expr] = {}
    for step in statements[:-1]:
        if not isinstance(step, ast.Assign) or not isinstance(step.targets[0], ast.Name):
            return None
        named[step.targets[0].id] = _Filled(named).visit(step.value)
    filled: ast.expr = _Filled(named).visit(last.value)
    return filled


def _statements(function: Callable[..., Any]) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return [each for each in definition.body if not isinstance(each, ast.Expr)]


class _Written(ast.NodeTransformer):
    """Writes formulas of the model out where they are called, and constants as their numbers."""

    def __init__(self, known: Mapping[str, Any]):
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.known.get(node.id)
        return _constant(value) if isinstance(value, float | int) else node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _constant(node.value) if isinstance(node.value, float) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        is_numpy = isinstance(node.value, ast.Name) and self.known.get(node.value.id) is np
        return ast.Name(node.attr) if is_numpy else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.unparse(node.func) in CONVERSIONS:
            bare: ast.AST = self.visit(node.args[0])
            return bare
        function = self.known.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if not inspect.isfunction(function) or not _is_one_expression(function, len(node.args)):
            return self.generic_visit(node)
        arguments = [self.visit(each) for each in node.args]
        filled = _Filled(dict(zip(inspect.signature(function).parameters, arguments, strict=True)))
        inner = _returned(function)
        assert inner is not None
        whole: ast.AST = filled.visit(_Written(function.__globals__).visit(inner))
        return whole


def _constant(value: float) -> ast.Constant:
    """A number as a reader writes it: 730, not 730.0."""
    return ast.Constant(int(value) if value == int(value) else value)


def _is_one_expression(function: Callable[..., Any], count: int) -> bool:
    """Whether a function of so many arguments is one formula, each of its steps used once."""
    if len(inspect.signature(function).parameters) != count or _returned(function) is None:
        return False
    statements = _statements(function)
    used = [node.id for each in statements for node in ast.walk(each) if _is_read(node)]
    steps = [each.targets[0].id for each in statements[:-1]]  # type: ignore[attr-defined]
    return all(used.count(step) == 1 for step in steps)


def _is_read(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


class _Filled(ast.NodeTransformer):
    """Puts arguments in the place of a function's parameters."""

    def __init__(self, arguments: Mapping[str, ast.expr]):
        self.arguments = arguments

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.arguments.get(node.id, node))
