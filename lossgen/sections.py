"""Sections of a printed body: what only one of its results needs stands under its condition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from lossgen.nodes import Node

LONG = 32  # an expression up to this length may be one side of a condition
PLAIN = re.compile(r"[a-z_]\w*|-?[0-9.]+")  # a name or a number, which costs nothing
INDENT = "    "


class Sections:
    """The statements that results alone need, of which a caller may want none.

    Args:
        roots: the results.
        operands: what a node is printed from.
        wanted: for each result the word that says whether it is, or nothing.
    """

    def __init__(
        self,
        roots: Sequence[Node],
        operands: Callable[[Node], Iterable[Node]],
        wanted: Sequence[str] = (),
    ) -> None:
        self._wanted = dict(enumerate(wanted))
        self._lines: dict[int, list[str]] = {k: [] for k, word in self._wanted.items() if word}
        self._owners: dict[Node, int | None] = {}
        for k, root in enumerate(roots if self._lines else ()):
            self._claim(root, k, operands)

    def _claim(self, root: Node, k: int, operands: Callable[[Node], Iterable[Node]]) -> None:
        """Give the nodes under a root to it; what has an owner already belongs to all."""
        owner = k if k in self._lines else None
        stack, seen = [root], set[Node]()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            self._owners[node] = owner if node not in self._owners else None
            stack.extend(operands(node))

    def of(self, node: Node) -> int | None:
        """Return the one result that needs a node, or None."""
        return self._owners.get(node)

    def lines(self, section: int | None, common: list[str]) -> list[str]:
        """Return the statements of a section; those of none are the common ones."""
        return common if section is None else self._lines[section]

    def is_open(self, k: int) -> bool:
        """Say whether a result is only computed where it is wanted."""
        return k in self._lines

    def close(self, k: int, name: str, code: str, common: list[str]) -> str:
        """Write a section into the common statements, and return its result."""
        lines, condition = self._lines[k], f'"{self._wanted[k]}" in wanted'
        if not lines and PLAIN.fullmatch(code):
            return code
        if not lines and len(code) <= LONG:
            return f"{code} if {condition} else None"
        if lines and lines[-1].startswith(f"{code} = "):
            code = lines.pop().removeprefix(f"{code} = ")
        common.append(f"{name} = None")
        common.append(f"if {condition}:")
        common.extend(f"{INDENT}{line}" for line in (*lines, f"{name} = {code}"))
        return name
