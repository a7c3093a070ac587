"""Derivatives of a graph: forward mode along tangents, reverse mode from an upstream gradient.

Both apply the chain rule between regions; within a region, `regions` derives symbolically.
"""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.nodes import AXIS_OPERATIONS, Node
from lossgen.regions import (
    INERT,
    Seeds,
    axis_slope,
    inverse_norm,
    is_cut,
    is_difference,
    mask,
    region_inputs,
    rest_of,
    slope,
)


class Forward:
    """Forward mode: the tangent of any node, given those of the arguments.

    What is not ``valid`` stays outside: no product with something infinite may come before.
    """

    def __init__(self, seed: Seeds, valid: Node | None = None) -> None:
        self._seed = seed
        self._valid = valid
        self._memo: dict[Node, Node] = {}

    def tangent(self, node: Node) -> Node:
        """Return the directional derivative of a node."""
        if node not in self._memo:
            self._memo[node] = self._tangent(node)
        return self._memo[node]

    def _tangent(self, node: Node) -> Node:
        if node.op in INERT:
            return n.ZERO
        if node.op == "leaf":
            return self._seed(node)
        if node.op == "sum":
            return n.sum_over(self.tangent(node.args[0]), node.reduced)
        if node.op in AXIS_OPERATIONS:
            return self._along_axis(node)
        if node.op == "select" and node.args[0] is self._valid:
            return n.select(node.args[0], *map(self.tangent, node.args[1:]))
        if node.op in ("relabel", "like"):
            return _wrap(node, self.tangent(node.args[0]))
        if is_difference(node):
            return n.add(
                *(
                    n.mul(n.const(c), self.tangent(t))
                    for c, t in map(n.split_coefficient, node.args)
                )
            )
        moving = [(cut, self.tangent(cut)) for cut in region_inputs(node)]
        return n.add(*(n.mul(slope(node, cut), t) for cut, t in moving if not n.is_const(t, 0)))

    def _along_axis(self, node: Node) -> Node:
        axis = node.axis
        body = node.args[0]
        inner = self.tangent(body)
        if node.op == "pick":
            return n.pick(inner, axis, node.args[1])
        if node.op == "rest":
            return rest_of(axis, inner)
        s = axis_slope(node)
        total = n.ZERO if s is None else n.sum_over(n.mul(s, inner), (axis,))
        if node.op == "xent":
            weight = self.tangent(node.args[1])
            return n.add(total, n.sum_over(n.mul(n.over("nll", axis, body), weight), (axis,)))
        return keeping_tangent(node, inner, self.tangent) if s is None else total


def keeping_tangent(node: Node, inner: Node, tangent: Seeds) -> Node:
    """Return the tangent of an operation that keeps its axis, given that of its body.

    Softmax does not see what all entries have in common, so tangents are taken relative to that of
    the largest entry: where one probability is nearly 1, nothing then cancels.
    """
    axis, body = node.axis, node.args[0]
    if node.op == "deviation":
        return n.deviation(axis, inner)
    if node.op == "direction":
        along = n.mul(node, n.sum_over(n.mul(node, inner), (axis,)))
        return n.mul(inverse_norm(node), n.subtract(inner, along))
    still = n.is_const(inner, 0) or axis not in inner.axes
    if node.op == "nll":
        if still:
            return n.ZERO
        offset = n.over("centred", axis, body, inner)
        return n.subtract(n.sum_over(n.mul(n.over("softmax", axis, body), offset), (axis,)), offset)
    change = n.ZERO if still else n.over("softmax_tangent", axis, body, inner)
    if node.op == "excess":
        weight, moved = node.args[1], tangent(node.args[1])
        change = n.mul(n.sum_over(weight, (axis,)), change)
        return (
            change if n.is_const(moved, 0) else n.add(change, n.over("excess", axis, body, moved))
        )
    return n.negate(change) if node.op == "cosoftmax" else change


def _wrap(node: Node, inner: Node) -> Node:
    if n.is_const(inner, 0):
        return n.ZERO
    if node.op == "relabel" and inner.axes != node.args[0].axes:
        inner = n.make("like", (inner, node.args[0]), (), node.args[0].axes)
    return n.make(node.op, (inner, *node.args[1:]), node.attrs, node.axes)


class Adjoints(dict[Node, list[Node]]):
    """What each cut has received so far, and the condition outside which nothing counts."""

    def __init__(self, valid: Node | None) -> None:
        super().__init__()
        self.valid = valid


def reverse(output: Node, upstream: Node, valid: Node | None = None) -> dict[Node, Node]:
    """Reverse mode: the gradient with respect to every leaf view that the output reads.

    Entries that are not ``valid`` contribute exactly 0, whatever they hold.
    """
    adjoints = Adjoints(valid)
    leaves: dict[Node, Node] = {}
    _pull(output, upstream, adjoints)
    for cut in reversed(list(n.walk(output))):
        adjoint = n.add(*adjoints.pop(cut, ()))
        if n.is_const(adjoint, 0):
            continue
        if cut.op == "leaf":
            leaves[cut] = mask(adjoint, valid)
        elif is_difference(cut):
            for coefficient, term in map(n.split_coefficient, cut.args):
                _collect(term, n.mul(n.const(coefficient), adjoint), cut.axes, adjoints)
        elif not is_cut(cut):
            _pull(cut, adjoint, adjoints)
        else:
            _pull_axis(cut, adjoint, adjoints)
    return leaves


def _pull(region: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """Pass an adjoint through an elementwise region to the cuts it reads."""
    for cut in region_inputs(region):
        _collect(cut, n.mul(adjoint, slope(region, cut)), region.axes, adjoints)


def _collect(cut: Node, share: Node, axes: frozenset[str], adjoints: Adjoints) -> None:
    """Add up a share over all axes of its region, also over those along which it is constant."""
    axes |= share.axes
    if cut.op not in INERT and not n.is_const(share, 0):
        valid = adjoints.valid
        lost = axes - cut.axes
        last = cut.op == "leaf" or (valid is not None and valid.axes & lost)
        if valid is not None and lost and last and valid.axes <= axes:
            share = n.select(valid, share, n.ZERO)
        adjoints.setdefault(cut, []).append(n.sum_over(share, axes - cut.axes))


def _pull_axis(node: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """Pass an adjoint through an operation over an axis to its body."""
    body = node.args[0]
    if node.op == "sum":
        return _pull(body, adjoint, adjoints)
    axis = node.axis
    if node.op == "pick":
        return _pull(body, n.one_hot(axis, node.args[1], adjoint), adjoints)
    if node.op == "rest":
        return _pull(body, rest_of(axis, adjoint), adjoints)
    if node.op == "deviation":
        return _pull(body, n.deviation(axis, adjoint), adjoints)
    s = axis_slope(node)
    if s is not None:
        if node.op == "xent":
            _pull(node.args[1], n.mul(adjoint, n.over("nll", axis, body)), adjoints)
        return _pull(body, n.mul(adjoint, s), adjoints)
    if node.op == "direction":
        along = n.mul(node, n.sum_over(n.mul(adjoint, node), (axis,)))
        return _pull(body, n.mul(inverse_norm(node), n.subtract(adjoint, along)), adjoints)
    soft = n.over("softmax", axis, body)
    if node.op == "nll":
        others = n.over("cosoftmax", axis, body)
        kept = n.mul(soft, rest_of(axis, adjoint))
        return _pull(body, n.subtract(kept, n.mul(others, adjoint)), adjoints)
    signed = adjoint if node.op == "softmax" else n.negate(adjoint)
    own = n.mul(n.over("cosoftmax", axis, body), signed)  # where one is nearly 1, both are small
    return _pull(body, n.mul(soft, n.subtract(own, rest_of(axis, n.mul(soft, signed)))), adjoints)
