"""Quicker forms of logistic functions, where a framework has the operations for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.nodes import Node, call, negate, subtract
from lossgen.rewrite import Pass, rebuild


def quicker(
    roots: tuple[Node, ...],
    words: Mapping[Node, str],
    wanted: Sequence[str],
    backend: Backend,
) -> tuple[tuple[Node, ...], dict[Node, str]]:
    """Return roots in quicker forms, and what their nodes are called then.

    log(1 + exp(-|z|)) is taken from sigmoid(z) and sigmoid(-z), where both are there. The smaller
    of the two is exp(-|z|) / (1 + exp(-|z|)), so at most 1/2, and the logarithm is that of its
    complement. And (1 - t) p + t q is one operation for logistic functions p and q, and for
    relu(z) and relu(-z), of which one is 0: no difference of these overflows or loses digits that
    the mixture has.

    Args:
        roots: the results.
        words: the names of nodes among them.
        wanted: for each whether it is computed only if it is wanted; none at all if empty.
        backend: says what the framework has.
    """
    mixes, has_logarithm = "lerp" in backend.operations, "log1p_exp" in backend.operations
    if not mixes and not has_logarithm:
        return roots, dict(words)
    sure = [root for k, root in enumerate(roots) if not any(wanted[k : k + 1])]
    present = {node.args[0] for node in n.walk(*sure) if node.op == "sigmoid"}

    def renew(node: Node, args: tuple[Node, ...]) -> Node:
        if node.op == "sum":  # an entry that is read by comparing stays one, and is no pick again
            node = n.make(node.op, args, node.attrs, node.axes)
        else:
            node = rebuild(node, args)
        if node.op == "add":
            return _mixture(node) if mixes else node
        return _from_logistics(node, present)

    found = Pass(renew)((*roots, *words))
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
    """Return (1 - t) p + t q as one operation, of a p and q for which that is exact."""
    if len(node.args) != 2:
        return node
    for start, end in (node.args, node.args[::-1]):
        factors = n.mul_factors(end)
        for k, weight in enumerate(factors):
            share = subtract(n.ONE, weight)
            if share in start.args and start.op == "mul":
                rest = (arg for arg in start.args if arg is not share)
                other = n.mul(*factors[:k], *factors[k + 1 :])
                return _mixed(n.mul(*rest), other, weight) or node
    return node


def _mixed(p: Node, q: Node, weight: Node) -> Node | None:
    if _is_share(p) and _is_share(q):
        return n.make("lerp", (p, q, weight))
    common = [term for term in p.args if p.op == q.op == "add" and term in q.args]
    ramps = [_without(each, common) for each in (p, q)]
    if common and all(ramp.op == "relu" for ramp in ramps):
        (z,), (mirrored,) = (ramp.args for ramp in ramps)
        if mirrored is negate(z):  # one of the two is 0
            return n.add(n.make("lerp", (*ramps, weight)), *common)
    return None


def _is_share(node: Node) -> bool:
    """Say whether a node is between -1 and 1."""
    return n.split_coefficient(node)[0] in (1, -1) and n.split_coefficient(node)[1].op == "sigmoid"


def _without(total: Node, terms: Sequence[Node]) -> Node:
    return n.add(*(term for term in total.args if term not in terms))
