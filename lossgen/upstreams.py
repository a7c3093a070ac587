"""Factors of whole rows that a composite takes in, where it has one number for each row anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from lossgen import nodes as n
from lossgen.nodes import Node
from lossgen.rewrite import Pass

# Gradients of values, and these times what they are given from above.
GIVEN = {"excess_at": "grad_at"}
VALUES = {"excess_at": "nll_at"}


def taken_in(
    roots: tuple[Node, ...], words: Mapping[Node, str]
) -> tuple[tuple[Node, ...], dict[Node, str]]:
    """Return roots in which such a factor is an operand, and what their nodes are called then.

    It stays where something else reads the gradient, or where it is computed from the value, which
    one function gives beside the gradient.
    """
    users = Counter(arg for node in n.walk(*roots) for arg in node.args)
    users.update(roots)
    found = Pass(partial(_taken_in, users))((*roots, *words))
    return found[: len(roots)], dict(zip(found[len(roots) :], words.values(), strict=True))


def _taken_in(users: Mapping[Node, int], node: Node, args: tuple[Node, ...]) -> Node:
    renewed = node if args == node.args else n.make(node.op, args, node.attrs, node.axes)
    if node.op != "mul":
        return renewed
    for k, gradient in enumerate(node.args):
        if gradient.op in GIVEN and users[gradient] == 1:
            return _times(renewed, args[k])
    return renewed


def _times(product: Node, gradient: Node) -> Node:
    """Return a product of which the gradient takes in the factors that lack its axis."""
    body, index = gradient.args
    rows = body.axes - {gradient.axis}
    factors = [arg for arg in product.args if gradient.axis not in arg.axes]
    if not factors or index.axes != rows:
        return product
    factor = n.make("mul", factors) if factors[1:] else factors[0]
    value = n.make(VALUES[gradient.op], gradient.args, gradient.attrs, rows)
    if factor.axes != rows or value in n.walk(factor):
        return product
    rest = [arg for arg in product.args if arg not in (*factors, gradient)]
    taken = n.make(GIVEN[gradient.op], (body, index, factor), gradient.attrs, gradient.axes)
    return n.make("mul", [*rest, taken]) if rest else taken


__all__ = ["taken_in"]
