"""Composites along an axis where all entries are near 0, so that no exponential needs a shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lossgen import nodes as n
from lossgen.axis_composites import largest_place, parted, shared
from lossgen.nodes import Node, call, divide, mul, subtract
from lossgen.rewrite import transform


def _beside(node: Node) -> tuple[Node, Node]:
    """The exponentials with 0 in place of that at the index, and their sum."""
    body, index = node.args[:2]
    rest = n.put(call("exp", body), node.axis, index, n.ZERO)
    return rest, n.reduce_axes("sum", rest, (node.axis,))


def _own(node: Node) -> Node:
    return call("exp", n.pick(node.args[0], node.axis, node.args[1]))


def _softmax(node: Node) -> Node:
    exponential = call("exp", node.args[0])
    return divide(exponential, n.reduce_axes("sum", exponential, (node.axis,)))


def _nll_at(node: Node) -> Node:
    """The odds against the entry are all that its logarithm needs."""
    return call("log1p", divide(_beside(node)[1], _own(node)))


def _excess_at(node: Node) -> Node:
    rest, beside = _beside(node)
    return shared(node, rest, beside, n.add(beside, _own(node)))


def _parts(node: Node) -> tuple[Node, Node, Node]:
    """The exponentials but for the largest, their sum, and the largest."""
    body, axis = node.args[0], node.axis
    rest = n.put(call("exp", body), axis, largest_place(node), n.ZERO)
    return rest, n.reduce_axes("sum", rest, (axis,)), call("exp", _largest(node))


def _largest(node: Node) -> Node:
    return n.reduce_axes("amax", node.args[0], (node.axis,))


def _spread(node: Node) -> Node:
    """How far the logarithm of the sum is above the largest."""
    _, others, top = _parts(node)
    return call("log1p", divide(others, top))


def _lse(node: Node) -> Node:
    return n.add(_largest(node), _spread(node))


def _nll(node: Node) -> Node:
    return n.add(_spread(node), subtract(_largest(node), node.args[0]))


def _xent(node: Node) -> Node:
    body, weight = node.args
    behind = mul(weight, subtract(_largest(node), body))
    whole = n.add(*parted(body, weight, node.axis))
    return n.add(mul(_spread(node), whole), n.sum_over(behind, (node.axis,)))


def _excess(node: Node) -> Node:
    """The same but for the largest as elsewhere, where the difference is not to cancel."""
    body, weight = node.args
    own, others = parted(body, weight, node.axis)
    rest, beside, top = _parts(node)
    inverse = call("inverse", n.add(beside, top))
    share = n.make("mul", (rest, mul(n.add(others, own), inverse)))  # one product for each entry
    elsewhere = subtract(share, weight)
    at_top = mul(subtract(mul(others, top), mul(beside, own)), inverse)
    return n.put(elsewhere, node.axis, largest_place(node), at_top)


NEAR_EXPANSIONS: dict[str, Callable[[Node], Node]] = {
    "softmax": _softmax,
    "lse": _lse,
    "nll": _nll,
    "nll_at": _nll_at,
    "xent": _xent,
    "excess_at": _excess_at,
    "grad_at": _excess_at,
    "excess": _excess,
}


def near_expansions(*, exact: bool) -> Mapping[str, Callable[[Node], Node]]:
    """Return the expansions, with exponentials of all digits where a backend has a word for them.

    In general their exponents are differences, whose exponentials have all digits anyway.
    """
    if not exact:
        return NEAR_EXPANSIONS
    return {op: partial(_exactly, expansion) for op, expansion in NEAR_EXPANSIONS.items()}


def _exactly(expansion: Callable[[Node], Node], node: Node) -> Node:
    def step(inner: Node) -> Node:
        return call("exact_exp", *inner.args) if inner.op == "exp" else inner

    return transform((expansion(node),), step)[0]
