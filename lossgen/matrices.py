"""Sums of products that are products of matrices."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.memory import remembered
from lossgen.nodes import Node


@remembered
def matrix_pair(node: Node) -> tuple[Node, Node] | None:
    """Return the two factors where a sum over one axis is a matrix product."""
    if node.op != "sum" or len(node.reduced) != 1 or node.args[0].op != "mul":
        return None
    factors = node.args[0].args
    widest = [arg.axes for arg in factors if not any(arg.axes < other.axes for other in factors)]
    groups = list(dict.fromkeys(widest))
    if len(groups) != 2:
        return None
    split: dict[frozenset[str], list[Node]] = {group: [] for group in groups}
    for arg in factors:
        split[next(group for group in groups if arg.axes <= group)].append(arg)
    left, right = (n.make("mul", args) if len(args) > 1 else args[0] for args in split.values())
    return left, right
