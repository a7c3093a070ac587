"""The exact diagonal of the Hessian: forward mode with tangents that carry Kronecker deltas.

A tangent is a sum of terms. Each term is a coefficient and the set of axes that a delta ties to the
axes (written with a prime) of the entry that moves; the primed axes that no delta ties are free in
the coefficient. Sums over a tied axis therefore cost nothing, and no Jacobian is ever formed.
"""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.nodes import Node
from lossgen.regions import INERT, axis_slope, inverse_norm, is_cut, region_inputs, slope
from lossgen.rewrite import rename_axis

Tied = frozenset[str]
Terms = dict[Tied, Node]
PRIME = "'"


def hessian_diagonal(
    gradient: Node, leaf_name: str, axes: tuple[str, ...], valid: Node | None = None
) -> Node:
    """Return d gradient / d leaf at the entry itself, over the leaf's declared axes."""
    if valid is not None and gradient.op == "select" and gradient.args[0] is valid:
        inner = hessian_diagonal(gradient.args[1], leaf_name, axes)
        return n.select(valid, inner, n.ZERO)
    if gradient.op == "relabel":
        view = gradient.reduced
        inner = n.spread(_entry_diagonal(gradient.args[0], leaf_name, view), view, leaf_name)
        return n.make("relabel", (inner,), gradient.attrs, gradient.axes)
    return _entry_diagonal(gradient, leaf_name, axes)


def _entry_diagonal(gradient: Node, leaf_name: str, axes: tuple[str, ...]) -> Node:
    terms = Deltas(leaf_name, axes).terms(gradient)
    parts: list[Node] = []
    for tied, coefficient in terms.items():
        for axis in axes:
            coefficient = rename_axis(coefficient, axis + PRIME, axis)
        parts += _flat(_at_entry(tied, coefficient))
    return n.add(*parts)


def _at_entry(tied: Tied, coefficient: Node) -> Node:
    """Return a term where a delta that ties two axes of the entry itself is 0 off its diagonal."""
    for tie in sorted(tied):
        here, there = tie.removesuffix(PRIME).split("=")
        if here != there:
            apart = n.compare("ne", n.position(here), n.position(there))
            coefficient = n.select(apart, n.ZERO, coefficient)
    return coefficient


def _flat(node: Node) -> list[Node]:
    """Return the terms of nested sums, so that p and -p**2 meet."""
    if node.op == "add":
        return [term for arg in node.args for term in _flat(arg)]
    if node.op == "mul":
        for k, factor in enumerate(node.args):
            if factor.op == "add" and any(map(_has_softmax, factor.args)):
                rest = (*node.args[:k], *node.args[k + 1 :])
                return [term for t in factor.args for term in _flat(n.mul(*rest, t))]
    return [node]


def _has_softmax(term: Node) -> bool:
    """Say whether a term is a multiple of a probability or of its square."""
    bases = (f.args[0] if f.op == "pow" else f for f in n.mul_factors(term))
    return any(base.op == "softmax" for base in bases)


class Deltas:
    """Tangents of every node when one entry of one argument moves."""

    def __init__(self, leaf_name: str, axes: tuple[str, ...]) -> None:
        self._leaf = leaf_name
        self._axes = axes
        self._memo: dict[Node, Terms] = {}

    def terms(self, node: Node) -> Terms:
        """Return the tangent of a node as terms."""
        if node not in self._memo:
            found = {tied: c for tied, c in self._terms(node).items() if not n.is_const(c, 0)}
            self._memo[node] = found
        return self._memo[node]

    def _terms(self, node: Node) -> Terms:
        if node.op in INERT:
            return {}
        if node.op == "leaf":
            return self._leaf_terms(node)
        if node.op == "sum":
            return self._sum(self.terms(node.args[0]), node.reduced)
        if node.op == "like":
            return self.terms(node.args[0])
        if node.op == "relabel":
            return self._relabel(node)
        if is_cut(node) and node.op != "add":
            return self._along_axis(node)
        if is_cut(node):
            inputs = [
                (n.split_coefficient(arg)[1], n.const(n.split_coefficient(arg)[0]))
                for arg in node.args
            ]
        else:
            inputs = [(cut, slope(node, cut)) for cut in region_inputs(node)]
        return _add(*(_scale(self.terms(cut), s) for cut, s in inputs))

    def _leaf_terms(self, node: Node) -> Terms:
        if node.attrs[0] != self._leaf:
            return {}
        ties = frozenset(
            f"{here}={there}{PRIME}" for here, there in zip(node.view, self._axes, strict=True)
        )
        return {ties: n.ONE}

    def _sum(self, terms: Terms, axes: tuple[str, ...]) -> Terms:
        for axis in axes:
            terms = _add(
                *({_untie(tied, axis): _sum_term(tied, c, axis)} for tied, c in terms.items())
            )
        return terms

    def _relabel(self, node: Node) -> Terms:
        old, new = node.reduced, node.view
        table = dict(zip(old, new, strict=True))
        found: Terms = {}
        for tied, coefficient in self.terms(node.args[0]).items():
            moved = frozenset(
                f"{table.get(t.split('=')[0], t.split('=')[0])}={t.split('=')[1]}" for t in tied
            )
            moving = {here: there for here, there in table.items() if here != there}
            for here, there in moving.items():  # all at once: two axes may change places
                coefficient = rename_axis(coefficient, here, f"{there}{PRIME}{PRIME}")
            for there in moving.values():
                coefficient = rename_axis(coefficient, f"{there}{PRIME}{PRIME}", there)
            found = _add(found, {moved: coefficient})
        return found

    def _along_axis(self, node: Node) -> Terms:
        axis, body = node.axis, node.args[0]
        inner = self.terms(body)
        if node.op == "pick":
            return _add(*(_pick_term(tied, c, axis, node.args[1]) for tied, c in inner.items()))
        if node.op == "rest":
            return _add(self._sum(inner, (axis,)), _scale(inner, n.MINUS_ONE))
        if node.op == "deviation":
            share = n.power(n.size(axis), n.MINUS_ONE)
            mean = _scale(self._sum(inner, (axis,)), share)
            return _add(inner, _scale(mean, n.MINUS_ONE))
        s = axis_slope(node)
        if s is not None:
            total = self._sum(_scale(inner, s), (axis,))
            return total if node.op != "xent" else _add(total, self._xent_by_weight(node))
        if node.op == "direction":
            along = _scale(self._sum(_scale(inner, node), (axis,)), n.negate(node))
            return _scale(_add(inner, along), inverse_norm(node))
        soft = n.over("softmax", axis, body)
        mean = self._sum(_scale(inner, soft), (axis,))
        if node.op == "nll":
            return _add(mean, _scale(inner, n.MINUS_ONE))
        change = _scale(_add(inner, _scale(mean, n.MINUS_ONE)), soft)
        if node.op == "excess":
            change = _scale(change, n.sum_over(node.args[1], (axis,)))
            return _add(change, self._excess_by_weight(node))
        if node.op == "cosoftmax":
            return _scale(change, n.MINUS_ONE)
        if node.op in ("softmax", "excess_at"):
            return change
        raise ValueError(f"no Hessian diagonal through {node.op}")

    def _xent_by_weight(self, node: Node) -> Terms:
        axis = node.axis
        nll = n.over("nll", axis, node.args[0])
        return self._sum(_scale(self.terms(node.args[1]), nll), (axis,))

    def _excess_by_weight(self, node: Node) -> Terms:
        """p_j times the others' weights, less (1 - p_j) times one's own: linear in the weights."""
        axis, body = node.axis, node.args[0]
        soft = n.over("softmax", axis, body)
        moved = self.terms(node.args[1])
        return _add(_scale(self._sum(moved, (axis,)), soft), _scale(moved, n.MINUS_ONE))


def _add(*groups: Terms) -> Terms:
    total: Terms = {}
    for group in groups:
        for tied, coefficient in group.items():
            total[tied] = n.add(total.get(tied, n.ZERO), coefficient)
    return total


def _scale(terms: Terms, factor: Node) -> Terms:
    return {tied: n.mul(factor, coefficient) for tied, coefficient in terms.items()}


def _partner(tied: Tied, axis: str) -> str | None:
    return next((tie.split("=")[1] for tie in sorted(tied) if tie.split("=")[0] == axis), None)


def _untie(tied: Tied, axis: str) -> Tied:
    return frozenset(tie for tie in tied if tie.split("=")[0] != axis)


def _sum_term(tied: Tied, coefficient: Node, axis: str) -> Node:
    partner = _partner(tied, axis)
    if partner is None:
        return _reordered_sum(coefficient, axis)
    return rename_axis(coefficient, axis, partner)


def _reordered_sum(body: Node, axis: str) -> Node:
    """Sum over an axis first where an inner sum has primed factors without it."""
    if body.op == "add":
        return n.add(*(_reordered_sum(term, axis) for term in body.args))
    factors = n.mul_factors(body)
    for k, factor in enumerate(factors):
        others = [*factors[:k], *factors[k + 1 :]]
        if (
            factor.op != "sum"
            or not any(PRIME in a for a in factor.axes)
            or axis not in factor.axes
        ):
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
        if part.op == "add" and axis in part.axes and any(PRIME in a for a in part.axes):
            rest = (*parts[:k], *parts[k + 1 :])
            return n.add(
                *(_reordered_parts(n.mul(*rest, t), others, axis, inner) for t in part.args)
            )
    without = [part for part in parts if axis not in part.axes]
    within = [part for part in parts if axis in part.axes]
    first = n.sum_over(n.mul(*within, *others), (axis,))
    return n.sum_over(n.mul(*without, first), inner)


def _pick_term(tied: Tied, coefficient: Node, axis: str, index: Node) -> Terms:
    partner = _partner(tied, axis)
    if partner is None:
        return {tied: n.pick(coefficient, axis, index)}
    here = n.compare("eq", n.position(partner), index)
    return {_untie(tied, axis): n.select(here, rename_axis(coefficient, axis, partner), n.ZERO)}
