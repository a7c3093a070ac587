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
    if body.op == "select" and is_const(body.args[2], 0):
        masked = _masked_sum(body, axis)
        if masked is not None:
            return masked
    factors = mul_factors(_half_masked(body, axis))
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


def _masked_sum(body: Node, axis: str) -> Node | None:
    """Sum what is 0 where a condition fails, where that is less than summing entry by entry."""
    condition, kept, zero = body.args
    if axis not in condition.axes:
        return make("select", (condition, _sum_one(kept, axis), zero))
    terms = kept.args if kept.op == "add" else (kept,)
    if not all(_is_outer(term) for term in terms):
        return None
    masked = [_masked_product(term, condition) for term in terms]
    if any(term is None for term in masked):
        return None
    return add(*(_sum_one(term, axis) for term in masked if term is not None))


def _masked_product(term: Node, condition: Node) -> Node | None:
    """Mask each matrix of a product, so that it stays one: the others' entries may be infinite."""
    matrices: dict[frozenset[str], list[Node]] = {}
    for factor in sorted(term.args, key=lambda factor: -len(factor.axes)):
        bare = factor.args[1] if _is_masked(factor, condition) else factor
        axes = next((axes for axes in matrices if factor.axes <= axes), factor.axes)
        matrices.setdefault(axes, []).append(bare)
    if not all(condition.axes <= axes for axes in matrices):
        return None
    return mul(*(make("select", (condition, mul(*f), ZERO)) for f in matrices.values()))


def _is_masked(factor: Node, condition: Node) -> bool:
    return factor.op == "select" and factor.args[0] is condition and is_const(factor.args[2], 0)


def _half_masked(body: Node, axis: str) -> Node:
    """Mask both matrices of a product where one is: a tangent may be infinite where the other."""
    if body.op != "mul" or not _is_outer(body):
        return body
    for factor in body.args:
        if factor.op == "select" and axis in factor.args[0].axes:
            condition = factor.args[0]
            if _is_masked(factor, condition):
                return _masked_product(body, condition) or body
    return body


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


def put(body: Node, axis: str, index: Node, value: Node) -> Node:
    """Return the body with a value of its own at one place along the axis."""
    return make("put", (body, index, value), (axis,), body.axes)
