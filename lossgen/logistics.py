"""Quicker forms of logistic functions, where a framework has the operations for them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from lossgen import nodes as n
from lossgen.nodes import Node, call, negate, subtract
from lossgen.rewrite import transform

OPERATIONS = frozenset(("log1p_exp", "lerp"))


def quicker(
    roots: tuple[Node, ...],
    words: Mapping[Node, str],
    wanted: Sequence[str],
    operations: Container[str],
) -> tuple[tuple[Node, ...], dict[Node, str]]:
    """Return roots in quicker forms, and what their nodes are called then.

    log(1 + exp(-|z|)) is taken from sigmoid(z) and sigmoid(-z), where both are there. The smaller
    of the two is exp(-|z|) / (1 + exp(-|z|)), so at most 1/2, and the logarithm is that of its
    complement. And (1 - t) p + t q is one operation for p and q between 0 and 1: no difference of
    these overflows, and none of their mixtures cancels.

    Args:
        roots: the results.
        words: the names of nodes among them.
        wanted: for each whether it is computed only if it is wanted; none at all if empty.
        operations: what the framework has.
    """
    if not all(operation in operations for operation in OPERATIONS):
        return roots, dict(words)
    sure = [root for k, root in enumerate(roots) if not any(wanted[k : k + 1])]
    present = {node.args[0] for node in n.walk(*sure) if node.op == "sigmoid"}
    if not present:
        return roots, dict(words)

    def step(node: Node) -> Node:
        return _mixture(node) if node.op == "add" else _from_logistics(node, present)

    found = transform((*roots, *words), step)
    return found[: len(roots)], dict(zip(found[len(roots) :], words.values(), strict=True))


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


def _mixture(node: Node) -> Node:
    if len(node.args) != 2 or not all(len(_factors(term)) == 2 for term in node.args):
        return node
    for start, end in (node.args, node.args[::-1]):
        for own, weight in (_factors(start), _factors(start)[::-1]):
            share = subtract(n.ONE, weight)
            if own.op == "sigmoid" and share in end.args:
                other = next(iter(arg for arg in end.args if arg is not share), own)
                if other.op == "sigmoid":
                    return n.make("lerp", (other, own, weight))
    return node


def _factors(term: Node) -> tuple[Node, ...]:
    return term.args if term.op == "mul" else ()
