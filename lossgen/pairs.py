"""Pairs of composites, a value and its gradient, that one function gives together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lossgen.expand import PAIRS
from lossgen.nodes import Node

Pair = tuple[Node, Node, str]


def find_pairs(nodes: Sequence[Node], is_common: Callable[[Node], bool]) -> dict[Node, Pair]:
    """Return both nodes and the name of the function, by either node.

    Args:
        nodes: all that is printed.
        is_common: whether a node is computed in any case; others stay apart.
    """
    found: dict[Node, Pair] = {}
    for (first, second), name in PAIRS.items():
        partners = {(node.args, node.attrs): node for node in nodes if node.op == second}
        for node in nodes:
            partner = partners.get((node.args, node.attrs)) if node.op == first else None
            if partner is not None and is_common(node) and is_common(partner):
                found[node] = found[partner] = (node, partner, name)
    return found


__all__ = ["Pair", "find_pairs"]
