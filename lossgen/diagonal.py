"""The exact diagonal of the Hessian: second derivatives along one entry, forward from the value.

Each node has a first and a second derivative along the entry that moves, both as terms with
Kronecker deltas. Those of softmax and its kin are written for the entry and for the others apart:
probabilities p of the entry and 1 - p of the others are both exact, and no term cancels another.
"""

from __future__ import annotations

from lossgen import deltas
from lossgen import nodes as n
from lossgen.deltas import PRIME, Terms
from lossgen.nodes import Node
from lossgen.regions import (
    INERT,
    axis_slope,
    inverse_norm,
    is_cut,
    mask,
    region_inputs,
    rest_of,
    slope,
)
from lossgen.rewrite import rename_axis
from lossgen.rules import stabilise

TWO, MINUS_TWO = n.const(2), n.const(-2)
LINEAR = frozenset(("sum", "like", "relabel", "pick", "rest", "deviation"))


def hessian_diagonal(
    value: Node, upstream: Node, leaf_name: str, axes: tuple[str, ...], valid: Node | None = None
) -> Node:
    """Return the second derivative by each entry of a leaf, along its declared axes.

    Args:
        value: the unreduced loss.
        upstream: what each entry of it counts.
        leaf_name: the argument.
        axes: those along which the argument is declared.
        valid: the condition outside which an entry of the loss counts for nothing.
    """
    bent = _Jets(leaf_name, axes).second(value)
    counted = {tied: mask(n.mul(upstream, c), valid) for tied, c in bent.items()}
    total = n.add(*deltas.sum_over(counted, sorted(value.axes)).values())
    for axis in axes:
        total = rename_axis(total, axis + PRIME, axis)
    return total


class _Jets:
    """First and second derivatives of every node when one entry of one argument moves."""

    def __init__(self, leaf_name: str, axes: tuple[str, ...]) -> None:
        self._leaf = leaf_name
        self._axes = axes
        self._firsts: dict[Node, Terms] = {}
        self._seconds: dict[Node, Terms] = {}

    def first(self, node: Node) -> Terms:
        """Return the first derivative of a node."""
        if node not in self._firsts:
            self._firsts[node] = self._first(node) if self._moves(node) else {}
        return self._firsts[node]

    def second(self, node: Node) -> Terms:
        """Return the second derivative of a node."""
        if node not in self._seconds:
            self._seconds[node] = self._second(node) if self._moves(node) else {}
        return self._seconds[node]

    def _moves(self, node: Node) -> bool:
        return self._leaf in node.reads and node.op not in INERT

    def _first(self, node: Node) -> Terms:
        if node.op == "leaf":
            return deltas.at_leaf(node.view, self._axes)
        if node.op in LINEAR:
            return _linear(node, self.first(node.args[0]))
        if is_cut(node) and node.op != "add":
            return self._first_along_axis(node)
        return deltas.add(*(deltas.scale(self.first(cut), s) for cut, s in _slopes(node)))

    def _second(self, node: Node) -> Terms:
        if node.op == "leaf":
            return {}
        if node.op in LINEAR:
            return _linear(node, self.second(node.args[0]))
        if is_cut(node) and node.op != "add":
            return self._second_along_axis(node)
        found: list[Terms] = []
        for cut, s in _slopes(node):
            found.append(deltas.scale(self.second(cut), s))
            found.append(deltas.multiply(self.first(cut), self.first(s)))
        return deltas.add(*found)

    def _first_along_axis(self, node: Node) -> Terms:
        axis, inner = node.axis, self.first(node.args[0])
        s = axis_slope(node)
        if s is not None:
            total = deltas.sum_over(deltas.scale(inner, s), (axis,))
            return total if node.op != "xent" else deltas.add(total, self._by_weight(node, 1))
        if node.op == "direction":
            return deltas.scale(_across(node, inner), inverse_norm(node))
        fallen = _relative(node, inner)
        if node.op == "nll":
            return fallen
        soft = n.over("softmax", axis, node.args[0])
        return deltas.scale(fallen, soft if node.op == "cosoftmax" else n.negate(soft))

    def _second_along_axis(self, node: Node) -> Terms:
        axis, body = node.axis, node.args[0]
        inner, bent = self.first(body), self.second(body)
        if node.op == "direction":
            return _bent_direction(node, inner, bent)
        s = axis_slope(node)
        if s is not None:
            straight = deltas.sum_over(deltas.scale(bent, s), (axis,))
            return deltas.add(straight, self._bent_sum(node, s, inner))
        if node.op == "nll":
            return deltas.add(_relative(node, bent), _variance(node, inner))
        soft = n.over("softmax", axis, body)
        share = deltas.scale(_relative(node, bent), n.MINUS_ONE)
        found = deltas.scale(deltas.add(share, _bent_logarithm(node, inner)), soft)
        return found if node.op == "softmax" else deltas.scale(found, n.MINUS_ONE)

    def _bent_sum(self, node: Node, s: Node, inner: Terms) -> Terms:
        """Return the second derivative where the body moves at a steady pace."""
        if node.op in ("lse", "nll_at"):
            return _variance(node, inner)
        if node.op == "xent":
            weight = n.sum_over(node.args[1], (node.axis,))
            both = deltas.multiply(self.first(node.args[1]), _relative(node, inner))
            mixed = deltas.sum_over(deltas.scale(both, TWO), (node.axis,))
            spread = deltas.scale(_variance(node, inner), weight)
            return deltas.add(spread, mixed, self._by_weight(node, 2))
        if node.op == "norm":
            unit = n.call("unit", n.ONE, node)
            return deltas.scale(_squared_length(s, node.axis, inner), unit)
        return deltas.sum_over(deltas.multiply(inner, self.first(s)), (node.axis,))

    def _by_weight(self, node: Node, order: int) -> Terms:
        weight = node.args[1]
        moved = self.first(weight) if order == 1 else self.second(weight)
        nll = n.over("nll", node.axis, node.args[0])
        return deltas.sum_over(deltas.scale(moved, nll), (node.axis,))


def _slopes(node: Node) -> list[tuple[Node, Node]]:
    """Return what an elementwise region reads, and its slopes along that."""
    if is_cut(node):
        parts = map(n.split_coefficient, node.args)
        return [(rest, n.const(coefficient)) for coefficient, rest in parts]
    return [(cut, stabilise(slope(node, cut))[0]) for cut in region_inputs(node)]


def _linear(node: Node, inner: Terms) -> Terms:
    """Return a derivative of what is linear in its body, of any order."""
    if node.op == "sum":
        return deltas.sum_over(inner, node.reduced)
    if node.op == "like":
        return inner
    if node.op == "relabel":
        return deltas.relabel(inner, node.reduced, node.view)
    if node.op == "pick":
        return deltas.pick(inner, node.axis, node.args[1])
    total = deltas.sum_over(inner, (node.axis,))
    if node.op == "rest":
        return deltas.add(total, deltas.scale(inner, n.MINUS_ONE))
    share = n.negate(n.power(n.size(node.axis), n.MINUS_ONE))
    return deltas.add(inner, deltas.scale(total, share))


def _relative(node: Node, inner: Terms) -> Terms:
    """Return by how much logits rise less than their mean, weighted by softmax."""
    axis, body = node.axis, node.args[0]
    soft = n.over("softmax", axis, body)
    found: list[Terms] = []
    for tied, coefficient in inner.items():
        one = {tied: coefficient}
        moved = deltas.alone(one, axis)
        if moved is not None:
            others, tie, rise = moved
            found.append({tied: n.mul(n.MINUS_ONE, n.over("cosoftmax", axis, body), coefficient)})
            found.append({others | {tie.opposite}: n.mul(rename_axis(soft, axis, tie.there), rise)})
        elif axis in coefficient.axes or deltas.ties_of(tied, axis):
            offset = one if deltas.ties_of(tied, axis) else {tied: _offset(axis, body, coefficient)}
            found.append(deltas.sum_over(deltas.scale(offset, soft), (axis,)))
            found.append(deltas.scale(offset, n.MINUS_ONE))
    return deltas.add(*found)


def _offset(axis: str, body: Node, moved: Node) -> Node:
    """Return a rise relative to that of the largest logit, so that its own is exactly 0."""
    largest = n.select(n.over("is_largest", axis, body), n.ONE, n.ZERO)
    return n.subtract(moved, n.sum_over(n.mul(largest, moved), (axis,)))


def _variance(node: Node, inner: Terms) -> Terms:
    """Return the variance of the logits' rise, weighted by softmax."""
    axis, body = node.axis, node.args[0]
    soft = n.over("softmax", axis, body)
    moved = deltas.alone(inner, axis)
    if moved is None:
        relative = _relative(node, inner)
        return deltas.sum_over(deltas.scale(deltas.multiply(relative, relative), soft), (axis,))
    others, tie, rise = moved
    spread = n.mul(soft, n.over("cosoftmax", axis, body))
    return {others: n.mul(rename_axis(spread, axis, tie.there), rise, rise)}


def _bent_logarithm(node: Node, inner: Terms) -> Terms:
    """Return the square of softmax's relative rise, less the variance."""
    axis, body = node.axis, node.args[0]
    moved = deltas.alone(inner, axis)
    if moved is None:
        relative = _relative(node, inner)
        spread = deltas.scale(_variance(node, inner), n.MINUS_ONE)
        return deltas.add(deltas.multiply(relative, relative), spread)
    others, tie, rise = moved
    soft, rest = (
        rename_axis(n.over(op, axis, body), axis, tie.there) for op in ("softmax", "cosoftmax")
    )
    lead = n.mul(n.subtract(rest, soft), rise, rise)
    return {
        others | {tie}: n.mul(rest, lead),
        others | {tie.opposite}: n.mul(n.MINUS_ONE, soft, lead),
    }


def _across(direction: Node, inner: Terms) -> Terms:
    """Return the part of a vector's movement that is at right angles to it."""
    along = deltas.sum_over(deltas.scale(inner, direction), (direction.axis,))
    return deltas.add(inner, deltas.scale(along, n.negate(direction)))


def _squared_length(unit: Node, axis: str, inner: Terms) -> Terms:
    """Return the squared length of what is at right angles to a unit vector."""
    moved = deltas.alone(inner, axis)
    if moved is not None:
        others, tie, rise = moved
        left = rename_axis(rest_of(axis, n.mul(unit, unit)), axis, tie.there)
        return {others: n.mul(left, rise, rise)}
    along = deltas.sum_over(deltas.scale(inner, unit), (axis,))
    across = deltas.add(inner, deltas.scale(along, n.negate(unit)))
    return deltas.sum_over(deltas.multiply(across, across), (axis,))


def _bent_direction(node: Node, inner: Terms, bent: Terms) -> Terms:
    """Return what turns a direction u of length r: (x'' across u - 2 r' u')/r - u |u'|**2."""
    axis, inverse = node.axis, inverse_norm(node)
    straight = deltas.scale(_across(node, bent), inverse)
    moved = deltas.alone(inner, axis)
    if moved is None:
        turn = deltas.scale(_across(node, inner), inverse)
        along = deltas.sum_over(deltas.scale(inner, node), (axis,))
        slowed = deltas.scale(deltas.multiply(along, turn), n.mul(MINUS_TWO, inverse))
        pull = deltas.sum_over(deltas.multiply(turn, turn), (axis,))
        return deltas.add(straight, slowed, deltas.scale(pull, n.negate(node)))
    others, tie, rise = moved
    own, left = (
        rename_axis(part, axis, tie.there) for part in (node, rest_of(axis, n.mul(node, node)))
    )
    pace = n.mul(inverse, inverse, rise, rise)
    inwards = n.subtract(n.mul(TWO, own, own), left)
    turned: Terms = {
        others | {tie}: n.mul(MINUS_TWO, own, pace),
        others: n.mul(node, inwards, pace),
    }
    return deltas.add(straight, turned)


__all__ = ["hessian_diagonal"]
