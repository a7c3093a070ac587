"""Derivatives of a graph: forward mode along tangents, reverse mode from an upstream gradient.

Both work in two layers. Within an elementwise region a derivative is symbolic, so that a Piecewise
stays one selection and a region has one coefficient for each of its inputs. Between regions, at the
cuts (arguments, differences of arguments, operations over an axis), the chain rule is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lossgen import nodes as n
from lossgen.nodes import AXIS_OPERATIONS, Node
from lossgen.partials import PARTIALS

Seeds = Callable[[Node], Node]
ENDS = frozenset(("leaf", "relabel", "like"))
INERT = n.BOOLEAN | {"const", "position", "size", "argmax", "sign"}


def is_cut(node: Node) -> bool:
    """Say whether regions end at this node."""
    return node.op in ENDS or node.op in AXIS_OPERATIONS or _is_difference(node)


def _is_difference(node: Node) -> bool:
    """A sum of arguments, such as ``input - target``, is a place of its own."""
    if node.op != "add" or sum(not n.is_const(arg) for arg in node.args) < 2:
        return False
    return all(n.is_const(arg) or n.split_coefficient(arg)[1].op == "leaf" for arg in node.args)


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
        if is_cut(top):
            found[top] = None
        else:
            stack.extend(reversed(top.args))
    return tuple(found)


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
    if node.op in INERT or (is_cut(node) and not _is_difference(node)):
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


def slope(region: Node, cut: Node) -> Node:
    """Return the partial derivative of a region with respect to one of its inputs."""
    return n.ONE if region is cut else elementwise(region, {cut: n.ONE})


def axis_slope(node: Node) -> Node | None:
    """Return s where the differential is the sum over the axis of s times the body's."""
    body = node.args[0]
    axis = str(node.attrs[0])
    if node.op in ("amax", "amin"):
        hit = n.compare("eq", body, node)
        ties = n.reduce_axes("sum", n.select(hit, n.ONE, n.ZERO), (axis,))
        return n.select(hit, n.power(ties, n.MINUS_ONE), n.ZERO)
    if node.op == "norm":
        return n.call("unit", body, node)
    if node.op == "lse":
        return n.over("softmax", axis, body)
    if node.op in ("nll_at", "xent"):
        op = "excess_at" if node.op == "nll_at" else "excess"
        return n.over(op, axis, body, node.args[1])
    return None


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
            return n.sum_over(self.tangent(node.args[0]), node.attrs[0])  # type: ignore[arg-type]
        if node.op in AXIS_OPERATIONS:
            return self._along_axis(node)
        if node.op == "select" and node.args[0] is self._valid:
            return n.select(node.args[0], *map(self.tangent, node.args[1:]))
        if node.op in ("relabel", "like"):
            return _wrap(node, self.tangent(node.args[0]))
        if _is_difference(node):
            return n.add(
                *(
                    n.mul(n.const(c), self.tangent(t))
                    for c, t in map(n.split_coefficient, node.args)
                )
            )
        moving = [(cut, self.tangent(cut)) for cut in region_inputs(node)]
        return n.add(*(n.mul(slope(node, cut), t) for cut, t in moving if not n.is_const(t, 0)))

    def _along_axis(self, node: Node) -> Node:
        axis = str(node.attrs[0])
        body = node.args[0]
        inner = self.tangent(body)
        if node.op == "pick":
            return n.pick(inner, axis, node.args[1])
        if node.op == "rest":
            return n.ZERO if n.is_const(inner, 0) else n.over("rest", axis, inner)
        s = axis_slope(node)
        total = n.ZERO if s is None else n.sum_over(n.mul(s, inner), (axis,))
        if node.op == "xent":
            weight = self.tangent(node.args[1])
            return n.add(total, n.sum_over(n.mul(n.over("nll", axis, body), weight), (axis,)))
        return keeping_tangent(node, inner, self.tangent) if s is None else total


def keeping_tangent(node: Node, inner: Node, tangent: Seeds) -> Node:
    """Return the tangent of an operation that keeps its axis, given that of its body."""
    axis, body = str(node.attrs[0]), node.args[0]
    if node.op == "direction":
        along = n.mul(node, n.sum_over(n.mul(node, inner), (axis,)))
        return n.mul(inverse_norm(node), n.subtract(inner, along))
    soft = n.over("softmax", axis, body)
    mean = n.sum_over(n.mul(soft, inner), (axis,))
    if node.op == "nll":
        return n.subtract(mean, inner)
    change = n.mul(soft, n.subtract(inner, mean))
    if node.op == "excess":
        weight, moved = node.args[1], tangent(node.args[1])
        change = n.mul(n.sum_over(weight, (axis,)), change)
        return (
            change if n.is_const(moved, 0) else n.add(change, n.over("excess", axis, body, moved))
        )
    return n.negate(change) if node.op == "cosoftmax" else change


def inverse_norm(direction: Node) -> Node:
    """Return 1 / norm of the vector whose direction is given, and 0 for the zero vector."""
    return n.call("unit", n.ONE, n.fold("norm", str(direction.attrs[0]), direction.args[0]))


def _wrap(node: Node, inner: Node) -> Node:
    return (
        n.ZERO
        if n.is_const(inner, 0)
        else n.make(node.op, (inner, *node.args[1:]), node.attrs, node.axes)
    )


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
    for cut in reversed([node for node in n.walk(output) if is_cut(node)]):
        shares = adjoints.pop(cut, ())
        adjoint = n.add(*shares)
        if n.is_const(adjoint, 0):
            continue
        if cut.op == "leaf":
            leaves[cut] = mask(adjoint, valid)
        elif _is_difference(cut):
            for coefficient, term in map(n.split_coefficient, cut.args):
                _collect(term, n.mul(n.const(coefficient), adjoint), adjoints)
        else:
            _pull_axis(cut, adjoint, adjoints)
    return leaves


def mask(node: Node, valid: Node | None) -> Node:
    """Return the node where valid and 0 elsewhere, if it runs along the axes of the condition."""
    fits = valid is not None and valid.axes <= node.axes
    return n.select(valid, node, n.ZERO) if valid is not None and fits else node


def _pull(region: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """Pass an adjoint through an elementwise region to the cuts it reads."""
    for cut in region_inputs(region):
        _collect(cut, n.mul(adjoint, slope(region, cut)), adjoints)


def _collect(cut: Node, share: Node, adjoints: Adjoints) -> None:
    if cut.op not in INERT and not n.is_const(share, 0):
        if cut.op == "leaf" and share.axes - cut.axes:
            share = mask(share, adjoints.valid)
        adjoints.setdefault(cut, []).append(n.sum_over(share, share.axes - cut.axes))


def _pull_axis(node: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """Pass an adjoint through an operation over an axis to its body."""
    body = node.args[0]
    if node.op == "sum":
        return _pull(body, adjoint, adjoints)
    axis = str(node.attrs[0])
    if node.op == "pick":
        return _pull(body, n.one_hot(axis, node.args[1], adjoint), adjoints)
    if node.op == "rest":
        return _pull(body, n.over("rest", axis, adjoint), adjoints)
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
        kept = n.mul(soft, n.over("rest", axis, adjoint))
        return _pull(body, n.subtract(kept, n.mul(others, adjoint)), adjoints)
    signed = adjoint if node.op == "softmax" else n.negate(adjoint)
    mean = n.sum_over(n.mul(signed, soft), (axis,))
    return _pull(body, n.mul(soft, n.subtract(signed, mean)), adjoints)
