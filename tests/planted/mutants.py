"""Faults put into the source of rules: each sign, factor, branch, operand and axis in turn.

A module is parsed, changed in one place and run again beside itself; its functions then take over
the code of the changed ones, so that whoever imported them has the fault.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

import pytest
import selections
from fault import Fault, Test

from lossgen.nodes import Node

# Modules, and the tests that must see what is wrong in them.
MODULES: dict[str, Callable[[], Iterable[Test]]] = {
    "partials": selections.derivatives,
    "regions": selections.derivatives,
    "derive": selections.derivatives,
    "diagonal": partial(selections.derivatives, first="hessian_diagonal"),
    "composites": selections.expansions,
    "axis_composites": selections.expansions,
    "power_composites": selections.expansions,
    "patterns": selections.rules,
    "axis_patterns": selections.rules,
    "square_patterns": selections.rules,
    "spelling": selections.printed,
}
SIGNS = {"-": "+", "+": "-", " * ": " + ", " / ": " * "}
OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
Change = tuple[str, ast.expr]


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _with(call: ast.Call, args: list[ast.expr], name: str = "") -> ast.Call:
    changed = copy.copy(call)
    changed.args = args
    if name:
        changed.func = copy.copy(call.func)
        setattr(changed.func, "attr" if hasattr(call.func, "attr") else "id", name)
    return changed


def _changes(node: ast.AST) -> Iterator[Change]:
    """Yield what may go wrong at a node of the syntax tree."""
    if isinstance(node, ast.Attribute) and node.attr == "MINUS_ONE":
        changed = copy.copy(node)
        changed.attr = "ONE"
        yield "sign", changed
    if isinstance(node, ast.Constant) and node.value in SIGNS:
        yield "sign", ast.Constant(SIGNS[node.value])
    if not isinstance(node, ast.Call) or any(isinstance(a, ast.Starred) for a in node.args):
        return
    name, args = _called(node), node.args
    if name == "negate":
        yield "sign", args[0]
    elif name == "subtract":
        yield "sign", _sum(node)
    elif name == "const" and isinstance(args[0], ast.Constant) and args[0].value in range(2, 9):
        yield "factor", _with(node, [ast.Constant(args[0].value + 1)])
    elif name == "mul" and len(args) > 1:
        yield "factor", _with(node, args[1:])
    elif name == "select" and len(args) == 3:
        yield "branch", _with(node, [args[0], args[2], args[1]])
    elif name == "compare" and isinstance(args[0], ast.Constant):
        yield "branch", _with(node, [ast.Constant(OPPOSITE[args[0].value]), *args[1:]])
    elif name == "divide" or (name == "call" and ast.unparse(args[0]) == "'unit'"):
        yield "operand", _with(node, [*args[:-2], args[-1], args[-2]])
    elif name in ("sum_over", "_sum") and len(args) == 2:
        yield "axis", args[0]


def _sum(call: ast.Call) -> ast.Call:
    """Return the sum instead of the difference: by whatever names the module has them."""
    changed = copy.copy(call)
    changed.func = ast.parse("__import__('lossgen.nodes').nodes.add", mode="eval").body
    return changed


class _Replace(ast.NodeTransformer):
    """Puts a change in the place of one node."""

    def __init__(self, target: ast.AST, new: ast.expr) -> None:
        self._target, self._new = target, new

    def visit(self, node: ast.AST) -> Any:
        if node is self._target:
            return ast.copy_location(self._new, node)
        return self.generic_visit(node)


def _functions(namespace: Any) -> Iterator[tuple[str, FunctionType]]:
    """Yield all functions of a module by where they are: in classes and tables, too."""
    for name, value in list(namespace.items()):
        if isinstance(value, FunctionType):
            yield name, value
        elif hasattr(value, "__wrapped__"):
            yield name, value.__wrapped__
        elif isinstance(value, dict):
            table = {f"{name}[{k}]": v for k, v in value.items() if isinstance(v, FunctionType)}
            yield from table.items()
        elif isinstance(value, type):
            yield from ((f"{name}.{key}", f) for key, f in _functions(dict(vars(value))))


def _plant(
    module: ModuleType, tree: ast.Module, node: ast.AST, new: ast.AST, patch: pytest.MonkeyPatch
) -> None:
    changed = ast.fix_missing_locations(_copied(tree, node, _Replace(node, new)))
    source = ast.unparse(changed)
    namespace = {"__name__": module.__name__}
    exec(compile(source, str(module.__file__), "exec"), namespace)
    ours = dict(_functions(vars(module)))
    for name, function in _functions(namespace):
        if name in ours and function.__module__ == ours[name].__module__ == module.__name__:
            patch.setattr(ours[name], "__code__", function.__code__)
    for name, value in namespace.items():
        if isinstance(value, Node) and vars(module)[name] is not value:
            patch.setattr(module, name, value)


def mutants(name: str) -> Iterator[Fault]:
    """Yield a fault for every place of a module where one can be."""
    module = importlib.import_module(f"lossgen.{name}")
    text = inspect.getsource(module)
    tree = ast.parse(text)
    seen: Counter[str] = Counter()
    for top in tree.body:
        if isinstance(top, ast.Import | ast.ImportFrom):
            continue
        entry = getattr(top, "name", "a table")
        for node in ast.walk(top):
            for kind, new in _changes(node):
                where = " ".join((ast.get_source_segment(text, node) or "").split())
                plant = partial(_plant, module, tree, node, new)
                fault = Fault(name, entry, kind, plant, MODULES[name], where)
                seen[str(fault)] += 1
                if seen[str(fault)] > 1:
                    where += f" ({seen[str(fault)]})"
                yield replace(fault, where=where)


def _copied(tree: ast.Module, node: ast.AST, change: _Replace) -> ast.Module:
    """Apply a change to a copy of the tree, of which the node is the same object."""
    return change.visit(copy.deepcopy(tree, {id(node): node}))


def faults() -> Iterator[Fault]:
    """Yield the faults of all modules."""
    for name in MODULES:
        yield from mutants(name)
