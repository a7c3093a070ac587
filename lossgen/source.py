"""What the text of a spec shows and its symbols do not.

Python itself decides ``==``, ``and`` and ``or``, and SymPy drops the branches of a Piecewise that
are never used: the formula that is left looks right, and means something else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sympy.core.basic import Basic

from lossgen.errors import SpecError

LOGIC = {ast.And: ("and", "a & b"), ast.Or: ("or", "a | b")}
EQUALITY = {ast.Eq: ("==", "Eq(a, b)"), ast.NotEq: ("!=", "Ne(a, b)")}


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a spec and its syntax tree, None where it is no Python."""

    text: str
    tree: ast.Module | None

    def loss_at(self, line: int | None) -> str:
        """Return the name of the loss that a line declares, or of the only loss of the file."""
        found = list(_named_losses(self.tree)) if self.tree else []
        here = [name for name, node in found if line and node.lineno <= line <= _end(node)]
        names = here or [name for name, _ in found]
        return names[0] if len(names) == 1 else ""

    def segment(self, line: int, column: int, end_line: int, end_column: int) -> str:
        """Return the text between two places; columns count bytes, as Python's own do."""
        lines = [text.encode() for text in self.text.splitlines()[line - 1 : end_line]]
        if not lines:
            return ""
        lines[-1] = lines[-1][:end_column]
        lines[0] = lines[0][column:]
        return b" ".join(lines).decode(errors="replace")


def parse(text: str) -> Source:
    """Return the text with its tree."""
    try:
        return Source(text, ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Source(text, None)


def text_faults(source: Source, names: Mapping[str, object]) -> list[SpecError]:
    """Return what Python or SymPy has silently made of the formulas."""
    symbols = {name for name, value in names.items() if isinstance(value, Basic)}
    found = []
    for node in ast.walk(source.tree) if source.tree else ():
        line = getattr(node, "lineno", None)
        for problem, remedy, culprit in _node_faults(node, symbols):
            text = ast.unparse(culprit)
            fault = SpecError(line=line, expression=text, problem=problem, remedy=remedy)
            found.append(fault.at(loss=source.loss_at(line)))
    return found


def _node_faults(node: ast.AST, symbols: set[str]) -> Iterator[tuple[str, str, ast.AST]]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        sides, instead = [node.operand], ("not", "~a")
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in EQUALITY:
        sides, instead = [node.left, *node.comparators], EQUALITY[type(node.ops[0])]
    elif isinstance(node, ast.BoolOp):
        sides, instead = node.values, LOGIC[type(node.op)]
    else:
        sides, instead = [], ("", "")
    if any(_is_symbolic(side, symbols) for side in sides):
        problem = f"Python decides {instead[0]!r} at once, by how the formulas are written"
        yield problem, f"write {instead[1]}", node
    if isinstance(node, ast.Call) and _called(node) == "Piecewise":
        yield from _branch_faults(node)


def _branch_faults(node: ast.Call) -> Iterator[tuple[str, str, ast.AST]]:
    """Find the branches of a Piecewise that those before them leave nothing to."""
    seen: set[str] = set()
    for branch in node.args:
        if not isinstance(branch, ast.Tuple) or len(branch.elts) != 2:
            return
        condition = ast.unparse(branch.elts[1])
        if condition in ("1", "1.0"):  # SymPy takes it for True
            condition = "True"
        if "True" in seen or condition in {*seen, "False", "0"}:
            remedy = "put the special conditions first, and True last"
            yield "a branch of the Piecewise is never used", remedy, branch
        seen.add(condition)


def _is_symbolic(node: ast.AST, symbols: set[str]) -> bool:
    """Say whether an operand is a formula: names, operators and numbers only."""
    if isinstance(node, ast.BinOp):
        return _is_symbolic(node.left, symbols) or _is_symbolic(node.right, symbols)
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
        return _is_symbolic(node.operand, symbols)
    if isinstance(node, ast.Compare):
        return any(_is_symbolic(side, symbols) for side in (node.left, *node.comparators))
    return isinstance(node, ast.Name) and node.id in symbols


def _named_losses(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "Loss" and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, node


def _called(node: ast.Call) -> str:
    target = node.func
    return target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")


def _end(node: ast.Call) -> int:
    return node.end_lineno or node.lineno


__all__ = ["Source", "parse", "text_faults"]
