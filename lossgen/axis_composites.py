"""Composite operations along an axis spelled in primitive ones."""

from __future__ import annotations

from collections.abc import Callable

from lossgen import nodes as n
from lossgen.nodes import Node, call, compare, const, divide, mul, negate, select, subtract


def _shifted(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    return subtract(body, n.reduce_axes("amax", body, (axis,)))


def _exp_shifted(node: Node) -> Node:
    """exp(body - max); exp would magnify what the difference rounds away."""
    body, axis = node.args[0], node.axis
    return call("exp_difference", body, n.reduce_axes("amax", body, (axis,)))


def _is_largest(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    return compare("eq", n.position(axis), n.reduce_axes("argmax", body, (axis,)))


def largest_place(node: Node) -> Node:
    """Return the place of the largest entry."""
    return n.reduce_axes("argmax", node.args[0], (node.axis,))


def _others(node: Node) -> Node:
    """The sum of exp(body - max) over all but the largest."""
    body, axis = node.args[0], node.axis
    decayed = n.over("exp_shifted", axis, body)
    return n.reduce_axes("sum", n.put(decayed, axis, largest_place(node), n.ZERO), (axis,))


def _softmax(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    return divide(n.over("exp_shifted", axis, body), n.add(n.ONE, n.fold("others", axis, body)))


def _cosoftmax(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    others = n.fold("others", axis, body)
    total = n.add(n.ONE, others)
    rest = subtract(total, n.over("exp_shifted", axis, body))
    return divide(n.put(rest, axis, largest_place(node), others), total)


def _lse(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    return n.add(n.reduce_axes("amax", body, (axis,)), call("log1p", n.fold("others", axis, body)))


def _nll(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    return subtract(call("log1p", n.fold("others", axis, body)), n.over("shifted", axis, body))


def _beside(node: Node) -> tuple[Node, Node]:
    """exp(body - max) with 0 in place of the entry at the index, and the sum of that."""
    body, index = node.args[:2]
    rest = n.put(n.over("exp_shifted", node.axis, body), node.axis, index, n.ZERO)
    return rest, n.reduce_axes("sum", rest, (node.axis,))


def _behind(node: Node) -> Node:
    """How far the entry at the index is behind the largest."""
    body, index = node.args[:2]
    largest = n.reduce_axes("amax", body, (node.axis,))
    return subtract(n.pick(body, node.axis, index), largest)


def _nll_at(node: Node) -> Node:
    """How far the entry is behind the largest, and log1p of the others, which may be tiny."""
    _, beside = _beside(node)
    behind = _behind(node)
    return subtract(call("log1p", n.add(beside, call("expm1", behind))), behind)


def parted(body: Node, weight: Node, axis: str) -> tuple[Node, Node]:
    """Return the weight where the body is largest, and the sum of the others."""
    if axis not in weight.axes:  # the others of m equal weights are m - 1 of them
        return weight, mul(weight, subtract(n.size(axis), n.ONE))
    top = n.reduce_axes("argmax", body, (axis,))
    spread = n.make("like", (weight, body), (), body.axes)  # one row may serve all samples
    rest = n.reduce_axes("sum", n.put(spread, axis, top, n.ZERO), (axis,))
    return n.pick(spread, axis, top), rest


def _xent(node: Node) -> Node:
    """An entry without weight counts for nothing, also where its logit is minus infinity.

    The logarithm is one for a row, and is kept out of what is done for each entry.
    """
    body, weight = node.args
    axis = node.axis
    behind = mul(weight, negate(n.over("shifted", axis, body)))
    counted = n.sum_over(select(compare("eq", weight, n.ZERO), n.ZERO, behind), (axis,))
    whole = n.add(*parted(body, weight, axis))
    return n.add(mul(call("log1p", n.fold("others", axis, body)), whole), counted)


def _excess_at(node: Node) -> Node:
    """The total is at least 1, so that its inverse, one for a row, loses half a unit at most."""
    rest, beside = _beside(node)
    return shared(node, rest, beside, n.add(n.ONE, n.add(beside, call("expm1", _behind(node)))))


def shared(node: Node, rest: Node, beside: Node, total: Node) -> Node:
    """Return the shares of the total, and at the index minus that of all others."""
    share = call("quotient", node.args[2], total) if node.args[2:] else call("inverse", total)
    return n.put(mul(rest, share), node.axis, node.args[1], negate(mul(beside, share)))


def _excess(node: Node) -> Node:
    """The probability times the sum of the weights, less the weight.

    Where a probability may be near 1, which only the largest is, that would cancel: there it is
    p times the sum of the other weights, less 1 - p times its own.
    """
    body, weight = node.args
    axis = node.axis
    own, rest = parted(body, weight, axis)
    others = n.fold("others", axis, body)
    total, decayed = n.add(n.ONE, others), n.over("exp_shifted", axis, body)
    inverse = call("inverse", total)
    elsewhere = subtract(mul(decayed, mul(n.add(rest, own), inverse)), weight)
    return n.put(
        elsewhere, axis, largest_place(node), mul(subtract(rest, mul(others, own)), inverse)
    )


def _centred(node: Node) -> Node:
    """A tangent less that of the largest entry of the body."""
    body, tangent = node.args
    axis = node.axis
    at_largest = select(n.over("is_largest", axis, body), tangent, n.ZERO)
    return subtract(tangent, n.reduce_axes("sum", at_largest, (axis,)))


def _softmax_tangent(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    soft, offset = n.over("softmax", axis, body), n.over("centred", axis, *node.args)
    return mul(soft, subtract(offset, n.sum_over(mul(soft, offset), (axis,))))


def _rest(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    largest = n.reduce_axes("argmax", call("abs", body), (axis,))
    others = n.reduce_axes("sum", n.put(body, axis, largest, n.ZERO), (axis,))
    return n.put(subtract(n.sum_over(body, (axis,)), body), axis, largest, others)


def _norm(node: Node) -> Node:
    return n.fold("length", node.axis, node.args[0])


def _length(node: Node) -> Node:
    """Scaled by the largest entry, so that no square overflows."""
    body, axis = node.args[0], node.axis
    scale = n.reduce_axes("amax", call("abs", body), (axis,))
    scaled = call("unit", body, scale)
    return mul(scale, call("sqrt", n.sum_over(n.power(scaled, const(2)), (axis,))))


def _floored_norm(node: Node) -> Node:
    """The norm of a vector with one more entry, scaled likewise."""
    (body, floor), axis = node.args, node.axis
    scale = call("maximum", n.reduce_axes("amax", call("abs", body), (axis,)), floor)
    squares = n.sum_over(n.power(divide(body, scale), const(2)), (axis,))
    return mul(scale, call("sqrt", n.add(squares, n.power(divide(floor, scale), const(2)))))


def _p_norm(node: Node) -> Node:
    return n.fold("p_length", node.axis, *node.args)


def _p_length(node: Node) -> Node:
    """Scaled by the largest entry, so that no power overflows."""
    (body, order), axis = node.args, node.axis
    size = call("abs", body)
    scale = n.reduce_axes("amax", size, (axis,))
    powers = n.sum_over(n.power(call("unit", size, scale), order), (axis,))
    return mul(scale, n.power(powers, n.power(order, n.MINUS_ONE)))


def _deviation(node: Node) -> Node:
    body, axis = node.args[0], node.axis
    return subtract(body, divide(n.sum_over(body, (axis,)), n.size(axis)))


def _direction(node: Node) -> Node:
    return call("unit", node.args[0], n.fold("norm", node.axis, node.args[0]))


AXIS_EXPANSIONS: dict[str, Callable[[Node], Node]] = {
    "shifted": _shifted,
    "exp_shifted": _exp_shifted,
    "is_largest": _is_largest,
    "others": _others,
    "softmax": _softmax,
    "cosoftmax": _cosoftmax,
    "lse": _lse,
    "nll": _nll,
    "nll_at": _nll_at,
    "xent": _xent,
    "excess": _excess,
    "excess_at": _excess_at,
    "grad_at": _excess_at,
    "rest": _rest,
    "centred": _centred,
    "softmax_tangent": _softmax_tangent,
    "norm": _norm,
    "length": _length,
    "floored_norm": _floored_norm,
    "p_norm": _p_norm,
    "p_length": _p_length,
    "deviation": _deviation,
    "direction": _direction,
}
