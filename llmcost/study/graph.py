"""One formula, one function: a quantity is a function whose arguments name its inputs.

A scope works a name out: from a fact, from an assumption, or from the quantity of that name. It
keeps what it worked out as nodes, so that a bill, its draws and its explanation are one thing.
"""

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from llmcost.study.assumptions import Assumption, Values
from llmcost.study.formula_text import written_out

P = ParamSpec("P")
R = TypeVar("R")

QUANTITIES: dict[str, "Quantity[..., Any]"] = {}
"""Every quantity by its name."""


class Group(Enum):
    """What a line of a bill belongs to; the value is what a reader sees."""

    GPUS = "GPUs"
    POWER = "power, space, upkeep"
    PEOPLE = "people"
    REFRESHES = "refreshes"
    ONCE = "paid once"
    TOOLS = "tools, storage"
    API = "stays with an API"


class Timing(Enum):
    """When the cash of a line is paid."""

    RUNNING = "month by month"
    ONCE = "at the start"
    LEAVING = "at the end"
    HARDWARE = "with each purchase of hardware"


@dataclass(eq=False, repr=False)
class Quantity(Generic[P, R]):
    """A named function of other quantities.

    Its name is the function's. Its arguments name its inputs, its docstring says what it means,
    and the last line of its code is the formula that is printed.
    """

    function: Callable[P, R]
    unit: str

    def __post_init__(self) -> None:
        update_wrapper(self, self.function)
        QUANTITIES[self.name] = self

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        """The name under which other quantities ask for it."""
        return self.function.__name__

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it is worked out from."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def meaning(self) -> str:
        """The first sentence of its docstring, without the full stop."""
        said = " ".join((inspect.getdoc(self.function) or "").split("\n\n")[0].split())
        return said.rstrip(".")

    @cached_property
    def formula(self) -> str:
        """The expression that it returns, as it stands in the code."""
        return ast.unparse(self.expression)

    @cached_property
    def expression(self) -> ast.expr:
        """The syntax of what it returns.

        A call of a function that is one expression itself is replaced by that expression.
        """
        return written_out(self.function)


@dataclass(eq=False, repr=False)
class Line(Quantity[P, R]):
    """A quantity that stands on a bill, with all that anybody asks of a line.

    shared       whether all workloads have it once
    timing       when its cash is paid
    ways         ways of hosting that carry it: rented | owned | serverless; spot for rented GPUs
                 that may be taken away
    per_replica  whether each replica that stands carries it, or own serving as a whole
    """

    label: str = ""
    group: Group = Group.API
    shared: bool = False
    timing: Timing = Timing.RUNNING
    ways: tuple[str, ...] = ()
    per_replica: bool = False


@dataclass(eq=False, repr=False)
class Part(Quantity[P, R]):
    """A quantity that is a part of a line, under its own label."""

    label: str = ""


def quantity(unit: str) -> Callable[[Callable[P, R]], Quantity[P, R]]:
    """Makes a function a quantity in this unit."""
    return lambda function: Quantity(function, unit)


def part(label: str) -> Callable[[Callable[P, R]], Part[P, R]]:
    """Makes a function a part of a line, in USD per month."""
    return lambda function: Part(function, "USD/month", label)


def line(
    label: str, group: Group, shared: bool = False, timing: Timing = Timing.RUNNING
) -> Callable[[Callable[P, R]], Line[P, R]]:
    """Makes a function a line of a bill, in USD per month."""
    return lambda function: Line(function, "USD/month", label, group, shared, timing)


def fixed_line(
    label: str, group: Group, ways: tuple[str, ...], timing: Timing = Timing.RUNNING
) -> Callable[[Callable[P, R]], Line[P, R]]:
    """Makes a function a line that these ways of hosting carry once, whatever the volume."""
    return lambda function: Line(function, "USD/month", label, group, True, timing, ways)


def replica_line(
    label: str, group: Group, ways: tuple[str, ...], timing: Timing = Timing.RUNNING
) -> Callable[[Callable[P, R]], Line[P, R]]:
    """Makes a function a line that each replica which stands carries in these ways of hosting."""
    return lambda function: Line(function, "USD/month", label, group, False, timing, ways, True)


@dataclass(frozen=True, eq=False)
class Node:
    """A quantity worked out: what a figure is, and what it is made of.

    what       the quantity that it is; None for an input, a sum, and an algorithm's answer
    algorithm  name of the function that worked it out from all its parts at once
    parts      name in the formula -> node; a whole chain ends in inputs
    low, high  P10 and P90 of an uncertain input; None for what is certain or follows from others
    path       of an assumption, else ""
    source, date, confidence  who says so, of an input
    """

    name: str
    value: Any
    unit: str
    what: Quantity[..., Any] | None = None
    parts: Mapping[str, "Node"] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    path: str = ""
    source: str = ""
    date: str = ""
    confidence: str = ""
    algorithm: str = ""

    @property
    def formula(self) -> str:
        """An expression in the names of its parts; "" for an input."""
        if self.what:
            return self.what.formula
        if self.algorithm and self.parts:
            return f"{self.algorithm}({', '.join(self.parts)})"
        return " + ".join(self.parts)

    def inputs(self) -> Iterator["Node"]:
        """The ends of its chain."""
        if not self.parts:
            yield self
        for each in self.parts.values():
            yield from each.inputs()


@dataclass(frozen=True)
class Told:
    """A fact that a scope is told: a price of a dated row, a count, hours of a load."""

    value: Any
    unit: str
    source: str
    name: str = ""
    date: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Assumed:
    """The assumption of a path."""

    path: str


@dataclass(frozen=True)
class Same:
    """Another quantity of the same scope under this name."""

    name: str


Given = Told | Assumed | Same | Node


class Scope:
    """Where names find their values: what it is told, assumptions, quantities, a scope around it.

    values       path -> number, or array of draws
    told         name -> fact, assumption, other name, or node
    prefixes     where the path of an assumption may begin that has a name as its end
    around       the scope that knows what all its inner scopes share
    assumptions  path -> who says so; nothing in draws, where nobody asks
    from_hours   whether the load is worked out from its hours again, to explain it
    """

    def __init__(
        self,
        values: Values,
        told: Mapping[str, Given],
        prefixes: tuple[str, ...] = (),
        around: "Scope | None" = None,
        assumptions: Mapping[str, Assumption] | None = None,
        from_hours: bool = False,
    ):
        self.values, self.told, self.prefixes, self.around = values, told, prefixes, around
        self.assumptions: Mapping[str, Assumption] | None = assumptions
        self.from_hours: bool = from_hours
        self.read: set[str] = set()
        if around is not None:
            self.assumptions = around.assumptions
            self.from_hours = around.from_hours
            self.read = around.read
        self._kept: dict[str, Node] = {}
        self._own: dict[str, bool] = {}

    def __call__(self, name: str) -> Any:
        """The value of a name."""
        return self.node(name).value

    def inside(self, told: Mapping[str, Given], prefixes: tuple[str, ...] = ()) -> "Scope":
        """A scope in this one that is told more."""
        return Scope(self.values, told, prefixes, self)

    def node(self, name: str) -> Node:
        """A name worked out. Raises KeyError for one that nothing here gives."""
        if name not in self._kept:
            self._kept[name] = self._worked_out(name)
        return self._kept[name]

    def _worked_out(self, name: str) -> Node:
        given = self._given(name)
        if isinstance(given, Node):
            return given
        if isinstance(given, Told):
            about = (given.source, given.date, given.confidence)
            return Node(
                given.name or name, given.value, given.unit, None, {}, None, None, "", *about
            )
        if isinstance(given, Assumed):
            return self._assumed(given.path)
        if isinstance(given, Same):
            return self.node(given.name)
        if self.around is not None and not self._is_own(name):
            return self.around.node(name)
        return self.apply(QUANTITIES[name])

    def apply(self, what: Quantity[..., Any], **instead: Node) -> Node:
        """A quantity worked out here, some of its inputs from elsewhere."""
        others = {each: self.node(each) for each in what.inputs if each not in instead}
        return applied(what, **instead, **others)

    def _given(self, name: str) -> Given | None:
        if name in self.told:
            return self.told[name]
        for prefix in self.prefixes:
            if prefix + name in self.values:
                return Assumed(prefix + name)
        return None

    def _is_own(self, name: str) -> bool:
        """Whether this scope gives anything that a quantity rests on."""
        if name not in self._own:
            under = _names_under(name)
            self._own[name] = any(self._given(each) is not None for each in under)
        return self._own[name]

    def _assumed(self, path: str) -> Node:
        self.read.add(path)
        about = self.assumptions.get(path) if self.assumptions else None
        if about is None:
            return Node(path, self.values[path], "", path=path, source="client.yaml or the catalog")
        low, high = (None, None) if about.certain else (about.low, about.high)
        said = (f"{about.origin}: {about.source}", about.date, about.confidence)
        return Node(path, self.values[path], about.unit, None, {}, low, high, path, *said)


def applied(what: Quantity[..., Any], **nodes: Node) -> Node:
    """A quantity worked out from these nodes, one for each of its inputs."""
    parts = {each: nodes[each] for each in what.inputs}
    value = what.function(*(node.value for node in parts.values()))
    return Node(what.name, value, what.unit, what, parts)


def summed(name: str, nodes: Mapping[str, Node], unit: str = "USD/month") -> Node:
    """The node that adds others up."""
    total = sum(node.value for node in nodes.values())
    return Node(name, total, unit, None, dict(nodes))


_UNDER: dict[str, frozenset[str]] = {}


def _names_under(name: str) -> frozenset[str]:
    if name not in _UNDER:
        what = QUANTITIES.get(name)
        below = [_names_under(each) for each in what.inputs] if what else []
        _UNDER[name] = frozenset({name}).union(*below)
    return _UNDER[name]
