"""Totals: sums over axes of the inputs through which alone entries of a loss know of each other.

Given them, all else is computed entry by entry. So the arguments may be cut along these axes, too:
first the pieces' sums are added up, then each piece has its gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossgen import nodes as n
from lossgen.nodes import Node
from lossgen.rewrite import substitute
from lossgen.rows import mixes


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a loss.

    Attributes:
        sums: what is summed first.
        axes: the axes that are summed, in the order in which arrays carry them.
    """

    sums: tuple[Node, ...]
    axes: tuple[str, ...]


def find_totals(
    output: Node,
    gradients: Sequence[tuple[frozenset[str], Node]],
    order: Sequence[str],
) -> Totals | None:
    """Return the sums through which entries know of each other, or None where there is more.

    Args:
        output: the unreduced loss.
        gradients: for each differentiable argument its axes and the gradient.
        order: all axes in the order in which arrays carry them.
    """
    sums = [node for node in n.walk(output) if node.op == "sum"]
    if not sums or any(inner.op == "sum" for node in sums for inner in n.walk(*node.args)):
        return None
    cut = frozenset[str]().union(*(node.reduced for node in sums))
    if any(frozenset(node.reduced) != cut for node in sums) or cut & output.axes:
        return None
    terms = [arg for node in sums for arg in node.args]
    table = {node: n.leaf(f"total_{k}", tuple(node.axes)) for k, node in enumerate(sums)}
    whole = substitute(output, table)
    entries = [substitute(gradient, table) for axes, gradient in gradients if cut <= axes]
    below = list(n.walk(*terms, whole, *entries))
    if cut & whole.axes or any(mixes(node, axis) for node in below for axis in cut):
        return None
    return Totals(tuple(sums), tuple(axis for axis in order if axis in cut))
