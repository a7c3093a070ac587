"""Sections of a printed body: what not all of its results need stands under their conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from lossgen.nodes import Node

LONG = 32  # an expression up to this length may be one side of a condition
PLAIN = re.compile(r"[a-z_]\w*|-?[0-9.]+")  # a name or a number, which costs nothing
WORDLESS = frozenset(("const", "leaf", "size"))  # what has no statement that could be shared
INDENT = "    "
Section = frozenset[int]  # the results that share it
COMMON: Section = frozenset()


class Sections:
    """The statements that only some results need, of which a caller may want none.

    Results that share such statements stand together: what they share comes first.

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
        self._wanted = {k: word for k, word in enumerate(wanted) if word}
        self._claims: dict[Node, Section] = {}
        for k, root in enumerate(roots if self._wanted else ()):
            self._claim(root, k, operands)
        self._groups = {k: frozenset((k,)) for k in self._wanted}
        for claim in sorted(set(self._claims.values()), key=sorted):
            if claim and claim <= self._wanted.keys():
                group = claim.union(*(self._groups[k] for k in claim))
                self._groups |= dict.fromkeys(group, group)
        self._lines: dict[Section, list[str]] = {}

    def _claim(self, root: Node, k: int, operands: Callable[[Node], Iterable[Node]]) -> None:
        """Say of the nodes under a root that it needs them; one that is always wanted needs all."""
        stack, seen = [root], set[Node]()
        while stack:
            node = stack.pop()
            if node in seen or node.op in WORDLESS:
                continue
            seen.add(node)
            self._claims[node] = self._claims.get(node, COMMON) | {k}
            stack.extend(operands(node))

    def of(self, node: Node) -> Section:
        """Return the results that share a node and stand together, none if all may need it."""
        claim = self._claims.get(node, COMMON)
        if not claim <= self._wanted.keys():
            return COMMON
        return claim if len(claim) < 2 else self._groups[min(claim)]

    def around(self, section: Section) -> tuple[Section, ...]:
        """Return the sections whose names can be read in one, itself the last."""
        group = self._groups[min(section)] if section else COMMON
        return tuple(dict.fromkeys((COMMON, group, section)))

    def lines(self, section: Section, common: list[str]) -> list[str]:
        """Return the statements of a section; those of none are the common ones."""
        return common if not section else self._lines.setdefault(section, [])

    def is_open(self, k: int) -> bool:
        """Say whether a result is only computed where it is wanted."""
        return k in self._wanted

    def close(self, names: Sequence[str], results: list[str], common: list[str]) -> None:
        """Write all sections into the common statements, and their names into the results."""
        for group in sorted(set(self._groups.values()), key=sorted):
            shared = self._lines.get(group, []) if len(group) > 1 else []
            inner: list[str] = []
            for k in sorted(group):
                results[k] = self._closed(k, names[k], results[k], inner, nested=bool(shared))
            if shared:
                common.append(f"{' = '.join(names[k] for k in sorted(group))} = None")
                words = ", ".join(f'"{self._wanted[k]}"' for k in sorted(group))
                common.append(f"if wanted & {{{words}}}:")
                inner = [f"{INDENT}{line}" for line in (*shared, *inner)]
            common.extend(inner)

    def _closed(self, k: int, name: str, code: str, common: list[str], *, nested: bool) -> str:
        """Write the section of one result, and return what it is then called."""
        lines, condition = self._lines.get(frozenset((k,)), []), f'"{self._wanted[k]}" in wanted'
        if not nested and not lines and PLAIN.fullmatch(code):
            return code
        if not nested and not lines and len(code) <= LONG:
            return f"{code} if {condition} else None"
        if lines and lines[-1].startswith(f"{code} = "):
            code = lines.pop().removeprefix(f"{code} = ")
        if not nested:
            common.append(f"{name} = None")
        common.append(f"if {condition}:")
        common.extend(f"{INDENT}{line}" for line in (*lines, f"{name} = {code}"))
        return name
