"""Operations over axes: sums, deviations, folds and picks, simplified where that is safe."""

from __future__ import annotations

from collections.abc import Iterable

from lossgen.arithmetic import add, mul, mul_factors
from lossgen.graph import ZERO, Node, is_const, leaf, make


def position(axis: str) -> Node:
    """Return the index along an axis."""
    return make("position", (), (axis,), (axis,))


def size(axis: str) -> Node:
    """Return the number of entries along an axis."""
    return make("size", (), (axis,), ())


def sum_over(body: Node, axes: Iterable[str]) -> Node:
    """Sum over axes; factors and axes that the sum does not touch leave it."""
    for axis in sorted(axes):
        body = _sum_one(body, axis)
    return body


def _sum_one(body: Node, axis: str) -> Node:
    if is_const(body, 0) or (body.op == "deviation" and body.attrs == (axis,)):
        return ZERO
    if axis not in body.axes:
        return mul(body, size(axis))
    if body.op == "add" and all(_is_outer(term) for term in body.args):
        return add(*(_sum_one(term, axis) for term in body.args))
    factors = mul_factors(body)
    outside = [factor for factor in factors if axis not in factor.axes]
    inside = [factor for factor in factors if axis in factor.axes]
    if len(inside) == 1 and inside[0].op == "deviation" and inside[0].attrs == (axis,):
        return ZERO
    for k, factor in enumerate(inside):
        picked = _one_hot_index(factor, axis)
        if picked is not None:
            rest = mul(*inside[:k], factor.args[1], *inside[k + 1 :])
            return mul(*outside, pick(rest, axis, picked))
    return mul(*outside, reduce_axes("sum", mul(*inside), (axis,)))


def _is_outer(term: Node) -> bool:
    """Say whether no factor has all axes of a product, whose sum is then a matrix product."""
    return term.op == "mul" and all(factor.axes < term.axes for factor in term.args)


def _one_hot_index(factor: Node, axis: str) -> Node | None:
    """Return k if the factor is zero except where the place along the axis is k."""
    if factor.op != "select" or not is_const(factor.args[2], 0) or factor.args[0].op != "eq":
        return None
    left, right = factor.args[0].args
    return right if left is position(axis) and axis not in right.axes else None


def reduce_axes(op: str, body: Node, axes: tuple[str, ...]) -> Node:
    """Return a reduction over axes; nested sums are one."""
    if op == "sum" and body.op == "sum":
        axes = tuple(sorted((*axes, *body.reduced)))
        body = body.args[0]
    return make(op, (body,), (axes,), body.axes - set(axes))


def over(op: str, axis: str, *args: Node) -> Node:
    """Return an operation along an axis that keeps the axis (softmax and its kin)."""
    return make(op, args, (axis,))


def deviation(axis: str, body: Node) -> Node:
    """Return the body less its mean over an axis; what does not vary along it drops out."""
    terms = [term for term in body.args if axis in term.axes] if body.op == "add" else [body]
    factors = [factor for term in terms for factor in mul_factors(term)]
    if all(axis in factor.axes for factor in factors) and not any(
        factor.op == "deviation" and factor.attrs == (axis,) for factor in factors
    ):
        return over("deviation", axis, add(*terms))
    return add(*(_deviation_of(axis, term) for term in terms))


def _deviation_of(axis: str, term: Node) -> Node:
    outside = [factor for factor in mul_factors(term) if axis not in factor.axes]
    inside = [factor for factor in mul_factors(term) if axis in factor.axes]
    if not inside:
        return ZERO
    whole = mul(*inside)
    flat = len(inside) == 1 and whole.op == "deviation" and whole.attrs == (axis,)
    return mul(*outside, whole if flat else over("deviation", axis, whole))


def fold(op: str, axis: str, *args: Node) -> Node:
    """Return an operation along an axis that removes it."""
    axes = frozenset().union(*(arg.axes for arg in args)) - {axis}
    return make(op, args, (axis,), axes)


def fold_at(op: str, axis: str, body: Node, index: Node) -> Node:
    """Return an operation that removes an axis and reads it at an index."""
    return make(op, (body, index), (axis,), (body.axes - {axis}) | index.axes)


def pick(body: Node, axis: str, index: Node) -> Node:
    """Return the body at one place along the axis."""
    if axis not in body.axes:
        return body
    if body.op == "leaf" and index.op == "position" and index.axis not in body.axes:
        view = tuple(index.axis if own == axis else own for own in body.view)
        return leaf(body.name, view, str(body.attrs[2]))
    return make("pick", (body, index), (axis,), (body.axes - {axis}) | index.axes)
