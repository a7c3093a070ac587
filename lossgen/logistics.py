"""Logistic functions that stand for exponentials, where a framework computes them faster."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.memory import remembered
from lossgen.nodes import Node, call, negate
from lossgen.rewrite import transform


@remembered
def logistic_logarithms(roots: tuple[Node, ...], wanted: tuple[bool, ...]) -> tuple[Node, ...]:
    """Return roots that take log(1 + exp(-|z|)) from sigmoid(z) and sigmoid(-z), if both are there.

    The smaller of the two is exp(-|z|) / (1 + exp(-|z|)), so at most 1/2, and the logarithm is
    that of its complement.

    Args:
        roots: the results.
        wanted: for each whether it is computed only if it is wanted; none at all if empty.
    """
    sure = [root for k, root in enumerate(roots) if not any(wanted[k : k + 1])]
    present = {node.args[0] for node in n.walk(*sure) if node.op == "sigmoid"}
    return transform(roots, lambda node: _from_logistics(node, present))


def _from_logistics(node: Node, present: set[Node]) -> Node:
    z = _size_of(node.args[0]) if node.op == "log1p_exp" else None
    if z is None or not {z, negate(z)} <= present:
        return node
    smaller = call("minimum", call("sigmoid", z), call("sigmoid", negate(z)))
    return negate(call("log1p", negate(smaller)))


def _size_of(node: Node) -> Node | None:
    """Return z of a node -|z|."""
    number, rest = n.split_coefficient(node)
    return rest.args[0] if number == -1 and rest.op == "abs" else None
