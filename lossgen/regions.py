"""Elementwise regions, within which derivatives are symbolic, and the cuts between them.

A Piecewise stays one selection, and a region has one coefficient for each of its inputs. The cuts
are arguments, differences of arguments, operations over an axis, and what was computed from these
along fewer axes than the region has, or as a sum: it has one derivative that all its users share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lossgen import nodes as n
from lossgen.memory import remembered
from lossgen.nodes import AXIS_OPERATIONS, Node
from lossgen.partials import PARTIALS

Seeds = Callable[[Node], Node]
ENDS = frozenset(("leaf", "relabel", "like"))
INERT = n.BOOLEAN | {
    *("const", "position", "size", "argmax", "is_largest", "sign", "floor", "stop_gradient")
}


def is_cut(node: Node) -> bool:
    """Say whether regions end at this node."""
    return node.op in ENDS or node.op in AXIS_OPERATIONS or is_difference(node)


@remembered
def is_difference(node: Node) -> bool:
    """A sum of arguments, such as ``input - target``, is a place of its own."""
    if node.op != "add" or sum(not n.is_const(arg) for arg in node.args) < 2:
        return False
    return all(n.is_const(arg) or n.split_coefficient(arg)[1].op == "leaf" for arg in node.args)


@remembered
def region_inputs(node: Node) -> tuple[Node, ...]:
    """Return the cuts that an elementwise region reads, in the order it reads them."""
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = [node]
    while stack:
        top = stack.pop()
        if top in seen or top.op in INERT:
            continue
        seen.add(top)
        if is_cut(top) or (top is not node and _is_shared(top, node)):
            found[top] = None
        else:
            stack.extend(reversed(top.args))
    return tuple(found)


def _is_shared(node: Node, region: Node) -> bool:
    """Say whether a part of a region is made of reductions, and small or a sum of its own."""
    if node.op == "add" and sum(map(_is_reduced, node.args)) > 1:
        return all(n.is_const(term) or _is_reduced(term) for term in node.args)
    return node.axes < region.axes and _is_reduced(node)


@remembered
def _is_reduced(node: Node) -> bool:
    """Say whether a node depends on the result of a reduction within its region."""
    if node.op in n.KEEPS_AXIS:
        return False
    inner = not is_cut(node) or is_difference(node)
    return node.op in AXIS_OPERATIONS or (inner and any(map(_is_reduced, node.args)))


def elementwise(
    node: Node, seeds: Mapping[Node, Node], memo: dict[Node, Node] | None = None
) -> Node:
    """Return the derivative of a region along the seeds of its inputs; other cuts are constant."""
    memo = {} if memo is None else memo
    if node in seeds:
        return seeds[node]
    if node not in memo:
        memo[node] = _elementwise(node, seeds, memo)
    return memo[node]


def _elementwise(node: Node, seeds: Mapping[Node, Node], memo: dict[Node, Node]) -> Node:
    if node.op in INERT or (is_cut(node) and not is_difference(node)):
        return n.ZERO
    tangents = [
        n.ZERO if arg.op in n.BOOLEAN else elementwise(arg, seeds, memo) for arg in node.args
    ]
    if node.op == "add":
        return n.add(*tangents)
    if node.op == "select":
        return n.select(node.args[0], tangents[1], tangents[2])
    if all(n.is_const(tangent, 0) for tangent in tangents):
        return n.ZERO
    if node.op == "mul":
        return n.add(*(_product(node.args, k, tangent) for k, tangent in enumerate(tangents)))
    slopes = PARTIALS[node.op](node)
    return n.add(*(n.mul(slope, t) for slope, t in zip(slopes, tangents, strict=True)))


def _product(factors: tuple[Node, ...], k: int, tangent: Node) -> Node:
    return n.mul(*factors[:k], tangent, *factors[k + 1 :])


@remembered
def slope(region: Node, cut: Node) -> Node:
    """Return the partial derivative of a region with respect to one of its inputs."""
    if region is cut:
        return n.ONE
    return elementwise(region, dict.fromkeys(region_inputs(region), n.ZERO) | {cut: n.ONE})


def axis_slope(node: Node) -> Node | None:
    """Return s where the differential is the sum over the axis of s times the body's."""
    body = node.args[0]
    axis = node.axis
    if node.op in ("amax", "amin"):
        hit = n.compare("eq", body, node)
        ties = n.reduce_axes("sum", n.select(hit, n.ONE, n.ZERO), (axis,))
        return n.divide(n.select(hit, n.ONE, n.ZERO), ties)  # NaN has no ties: 0 / 0
    if node.op in ("norm", "floored_norm"):
        return n.call("unit", body, node)
    if node.op == "p_norm":
        order = n.subtract(node.args[1], n.ONE)
        return n.call("signed_power", n.call("unit", body, node), order)
    if node.op == "lse":
        return n.over("softmax", axis, body)
    if node.op in ("nll_at", "xent"):
        op = "excess_at" if node.op == "nll_at" else "excess"
        return n.over(op, axis, body, node.args[1])
    return None


def mask(node: Node, valid: Node | None) -> Node:
    """Return the node where valid and 0 elsewhere, if it runs along the axes of the condition."""
    if valid is None or not valid.axes <= node.axes:
        return node
    if n.is_one_hot(node) and valid.axes <= node.args[1].axes:  # all but one entry is 0 already
        return n.select(node.args[0], mask(node.args[1], valid), n.ZERO)
    return n.select(valid, node, n.ZERO)


def inverse_norm(direction: Node) -> Node:
    """Return 1 / norm of the vector whose direction is given, and 0 for the zero vector."""
    return n.call("unit", n.ONE, n.fold("norm", direction.axis, direction.args[0]))


def rest_of(axis: str, node: Node) -> Node:
    """Return, for every place of an axis, the sum of a node over the other places."""
    if node.op == "softmax" and node.axis == axis:
        return n.over("cosoftmax", axis, node.args[0])
    if axis in node.axes:
        return n.over("rest", axis, node)
    return n.mul(node, n.subtract(n.size(axis), n.ONE))
