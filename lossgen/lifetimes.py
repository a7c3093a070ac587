"""Which arrays nobody reads any more, so that what comes next may take their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lossgen import nodes as n
from lossgen.code import Text
from lossgen.nodes import Node

MAKERS = frozenset(("add", "exact_exp", "exp", "exp_difference", "mul"))


def is_fresh(node: Node) -> bool:
    """Say whether an operation makes an array; where that has no name, it may be written into."""
    return node.op in MAKERS


def is_last_read(product: Node, nodes: Sequence[Node], text: Mapping[Node, Text]) -> bool:
    """Say whether a product is the last to read its first factor, an own array of its shape.

    Others that read it are surely computed before, where the second factor is computed from them.

    Args:
        product: what may be one; a quotient is none, whose second factor is never written.
        nodes: all that is written.
        text: how; an array that has a name is its own variable.
    """
    if product.op != "mul" or any(factor not in text for factor in product.args):
        return False
    first, second = product.args
    made = first.args[0] if first.op == "put" else first
    if not (is_fresh(made) and text[first].code.isidentifier() and first.axes > second.axes):
        return False
    before = {product, *n.walk(second)}
    return all(node in before for node in nodes if first in node.args)


__all__ = ["is_fresh", "is_last_read"]
