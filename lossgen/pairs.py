"""Pairs that one function gives together: a value and its gradient, sigmoids of both signs."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence, Set

from lossgen import nodes as n
from lossgen.expand import PAIRS
from lossgen.nodes import Node, negate

Pair = tuple[Node, Node, str]
SIGMOIDS = "sigmoids"  # where a backend's runtime has it, one exponential does for both signs


def find_pairs(
    nodes: Sequence[Node], is_common: Callable[[Node], bool], helpers: Set[str] = frozenset()
) -> dict[Node, Pair]:
    """Return both nodes and the name of the function, by either node.

    Args:
        nodes: all that is printed.
        is_common: whether a node is computed in any case; others stay apart.
        helpers: functions of the backend's runtime.
    """
    found: dict[Node, Pair] = {}
    for (first, second), name in PAIRS.items():
        partners = {(node.args[:2], node.attrs): node for node in nodes if node.op == second}
        for node in nodes:
            partner = partners.get((node.args, node.attrs)) if node.op == first else None
            if partner is not None and is_common(node) and is_common(partner):
                found[node] = found[partner] = (node, partner, name)
    for node, mirrored in _mirrored(nodes) if SIGMOIDS in helpers else ():
        if is_common(node) and is_common(mirrored):
            found[node] = found[mirrored] = (node, mirrored, SIGMOIDS)
    return found


def first_needed(second: Node, nodes: Sequence[Node], written: Container[Node]) -> list[Node]:
    """Return what is to be written before a pair, of what its second node alone is given."""
    below = set(n.walk(*second.args[2:]))
    return [node for node in nodes if node in below and node not in written]


def _mirrored(nodes: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Yield sigmoids, and those of the same with the other sign, whose operands come later."""
    sigmoids = {node.args[0]: node for node in nodes if node.op == "sigmoid"}
    for operand, node in sigmoids.items():
        mirrored = sigmoids.get(negate(operand))
        if mirrored is not None and operand in mirrored.args[0].args:
            yield node, mirrored


__all__ = ["Pair", "find_pairs", "first_needed"]
