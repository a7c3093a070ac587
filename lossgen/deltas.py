"""Tangents of a node when one entry of one argument moves, as sums of terms.

A term is a coefficient and ties between axes of the node and axes of the entry (written with a
prime): it counts where the two places are the same, or where they are not. Primed axes that nothing
ties are free in the coefficient. Sums over a tied axis therefore cost nothing, no Jacobian is ever
formed, and what one entry and all others contribute stays apart, so that it need not cancel.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lossgen import nodes as n
from lossgen.nodes import Node
from lossgen.regions import rest_of
from lossgen.rewrite import rename_axis

PRIME = "'"


class Tie(NamedTuple):
    """An axis of the node and one of the entry that moves: at the same place, or at any other."""

    here: str
    there: str
    same: bool = True

    @property
    def opposite(self) -> Tie:
        """The tie that holds wherever this one does not."""
        return self._replace(same=not self.same)


Tied = frozenset[Tie]
Terms = dict[Tied, Node]


def at_leaf(view: Iterable[str], axes: Iterable[str]) -> Terms:
    """Return the tangent of the argument that moves, read along the axes of a view."""
    pairs = zip(view, axes, strict=True)
    return {frozenset(Tie(here, there + PRIME) for here, there in pairs): n.ONE}


def add(*groups: Terms) -> Terms:
    """Return the sum of tangents."""
    total: Terms = {}
    for group in groups:
        for tied, coefficient in group.items():
            total[tied] = n.add(total.get(tied, n.ZERO), coefficient)
    return {tied: c for tied, c in total.items() if not n.is_const(c, 0)}


def scale(terms: Terms, factor: Node) -> Terms:
    """Return a tangent times a node."""
    return {tied: n.mul(factor, coefficient) for tied, coefficient in terms.items()}


def multiply(left: Terms, right: Terms) -> Terms:
    """Return the product of two tangents, entry by entry."""
    return add(
        *(
            {one | other: n.mul(a, b)}
            for one, a in left.items()
            for other, b in right.items()
            if not any(tie.opposite in other for tie in one)
        )
    )


def ties_of(tied: Tied, axis: str) -> list[Tie]:
    """Return the ties of an axis, those at the same place first."""
    return sorted((tie for tie in tied if tie.here == axis), key=lambda tie: (not tie.same, tie))


def alone(terms: Terms, axis: str) -> tuple[Tied, Tie, Node] | None:
    """Return the one term of a tangent that moves one entry along an axis and no other.

    As the other ties, that along the axis, and the coefficient along the axis of the entry.
    """
    if len(terms) != 1:
        return None
    ((tied, coefficient),) = terms.items()
    ties = ties_of(tied, axis)
    if len(ties) != 1 or not ties[0].same:
        return None
    (tie,) = ties
    return tied - {tie}, tie, rename_axis(coefficient, axis, tie.there)


def sum_over(terms: Terms, axes: Iterable[str]) -> Terms:
    """Return the tangent of a sum over axes."""
    for axis in axes:
        terms = add(
            *(
                {frozenset(tie for tie in tied if tie.here != axis): _sum_term(tied, c, axis)}
                for tied, c in terms.items()
            )
        )
    return terms


def pick(terms: Terms, axis: str, index: Node) -> Terms:
    """Return the tangent of what stands at an index along an axis."""
    return add(*(_pick_term(tied, c, axis, index) for tied, c in terms.items()))


def relabel(terms: Terms, old: tuple[str, ...], new: tuple[str, ...]) -> Terms:
    """Return the tangent of a node whose axes are read by other names."""
    table = dict(zip(old, new, strict=True))
    found: Terms = {}
    for tied, coefficient in terms.items():
        moved = frozenset(tie._replace(here=table.get(tie.here, tie.here)) for tie in tied)
        moving = {here: there for here, there in table.items() if here != there}
        for here, there in moving.items():  # all at once: two axes may change places
            coefficient = rename_axis(coefficient, here, f"{there}{PRIME}{PRIME}")
        for there in moving.values():
            coefficient = rename_axis(coefficient, f"{there}{PRIME}{PRIME}", there)
        found = add(found, {moved: coefficient})
    return found


def _sum_term(tied: Tied, coefficient: Node, axis: str) -> Node:
    ties = ties_of(tied, axis)
    if not ties:
        return _reordered_sum(coefficient, axis)
    first, *others = ties
    if first.same:
        body = rename_axis(coefficient, axis, first.there)
        for tie in others:  # two axes of the entry itself
            body = _where(tie.same, n.position(first.there), n.position(tie.there), body)
        return body
    if not others:
        return _sum_of_others(coefficient, axis, first.there)
    for tie in ties:
        coefficient = _where(False, n.position(axis), n.position(tie.there), coefficient)
    return n.sum_over(coefficient, (axis,))


def _where(same: bool, left: Node, right: Node, body: Node) -> Node:
    return n.select(n.compare("eq" if same else "ne", left, right), body, n.ZERO)


def _sum_of_others(body: Node, axis: str, there: str) -> Node:
    """Sum over an axis but for the place of the entry: products of both come apart."""
    if body.op == "add" and body.axes >= {axis, there}:
        return n.add(*(_sum_of_others(term, axis, there) for term in body.args))
    outside = [factor for factor in n.mul_factors(body) if axis not in factor.axes]
    inside = [factor for factor in n.mul_factors(body) if axis in factor.axes]
    mixed = next((factor for factor in inside if there in factor.axes), None)
    if mixed is None:
        others = rest_of(axis, n.mul(*inside)) if inside else n.subtract(n.size(axis), n.ONE)
        return n.mul(*outside, rename_axis(others, axis, there))
    if mixed.op == "add":
        rest = [factor for factor in inside if factor is not mixed]
        parts = (_sum_of_others(n.mul(*rest, term), axis, there) for term in mixed.args)
        return n.mul(*outside, n.add(*parts))
    inner = _where(False, n.position(axis), n.position(there), n.mul(*inside))
    return n.mul(*outside, n.sum_over(inner, (axis,)))


def _reordered_sum(body: Node, axis: str) -> Node:
    """Sum over an axis first where an inner sum has primed factors without it."""
    if body.op == "add":
        return n.add(*(_reordered_sum(term, axis) for term in body.args))
    factors = n.mul_factors(body)
    for k, factor in enumerate(factors):
        others = [*factors[:k], *factors[k + 1 :]]
        if factor.op != "sum" or not _is_mixed(factor, axis):
            continue
        inner = set(factor.reduced)
        if any(other.axes & inner for other in others):
            continue
        return _reordered_parts(factor.args[0], others, axis, inner)
    return n.sum_over(body, (axis,))


def _reordered_parts(body: Node, others: list[Node], axis: str, inner: set[str]) -> Node:
    if body.op == "add":
        return n.add(*(_reordered_parts(term, others, axis, inner) for term in body.args))
    parts = n.mul_factors(body)
    for k, part in enumerate(parts):
        if part.op == "add" and _is_mixed(part, axis):
            rest = (*parts[:k], *parts[k + 1 :])
            return n.add(
                *(_reordered_parts(n.mul(*rest, t), others, axis, inner) for t in part.args)
            )
    without = [part for part in parts if axis not in part.axes]
    within = [part for part in parts if axis in part.axes]
    first = n.sum_over(n.mul(*within, *others), (axis,))
    return n.sum_over(n.mul(*without, first), inner)


def _is_mixed(node: Node, axis: str) -> bool:
    """Say whether a node runs along an axis and along some of the entry that moves."""
    return axis in node.axes and any(PRIME in other for other in node.axes)


def _pick_term(tied: Tied, coefficient: Node, axis: str, index: Node) -> Terms:
    ties = ties_of(tied, axis)
    left = tied.difference(ties)
    if ties and ties[0].same:
        picked = rename_axis(coefficient, axis, ties[0].there)
    else:
        picked = n.pick(coefficient, axis, index)
    for tie in ties:
        picked = _where(tie.same, n.position(tie.there), index, picked)
    return {left: picked}


__all__ = [
    "PRIME", "Terms", "Tie", "Tied", "add", "alone", "at_leaf", "multiply", "pick", "relabel",
    "scale", "sum_over", "ties_of",
]  # fmt: skip
