"""Selections that are bounds: where a branch begins as the other ends, nothing need be chosen.

A selection by a mask costs ten times what a minimum does. These forms hold to the last bit, and for
NaN; they come after the derivatives, whose kinks they must not touch.
"""

from __future__ import annotations

from fractions import Fraction

from lossgen import nodes as n
from lossgen.nodes import Node, call, const, divide, mul, negate, subtract
from lossgen.rewrite import Pass, rebuild

HALF = const(Fraction(1, 2))


def _step(node: Node) -> Node:
    if node.op != "select" or node.args[0].op not in ("le", "lt"):
        return node
    condition, inside, outside = node.args
    size, bound = condition.args
    return _bounded(node, size, bound, inside, outside) if size.op == "abs" else node


def _bounded(node: Node, size: Node, bound: Node, inside: Node, outside: Node) -> Node:
    x = size.args[0]
    near = call("maximum", call("minimum", x, bound), negate(bound))
    if inside is x and _same(outside, mul(call("sign", x), bound)):
        return near
    if n.is_const(inside, 0) and _same(outside, subtract(size, bound)):
        return call("relu", outside)
    half = mul(HALF, bound)
    square = mul(HALF, n.power(x, const(2)))
    if _same(inside, square) and _same(outside, mul(bound, subtract(size, half))):
        return mul(near, subtract(x, mul(HALF, near)))
    part = call("maximum", call("minimum", divide(x, bound), n.ONE), n.MINUS_ONE)
    if _same(inside, divide(x, bound)) and _same(outside, call("sign", x)):
        return part
    if _same(inside, divide(square, bound)) and _same(outside, subtract(size, half)):
        return mul(part, subtract(x, mul(HALF, near)))
    parts = n.power(divide(x, bound), const(2))
    if outside.op == "const" and _same(inside, mul(outside, parts)):
        return mul(outside, n.power(part, const(2)))
    return node


_pass = Pass(lambda node, args: _step(rebuild(node, args)))


def bounded(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return graphs without selections by abs(x) and a bound, as far as minima say the same."""
    return _pass(roots)


def _same(left: Node, right: Node) -> bool:
    """Say whether nodes are equal but for the order in which they add and multiply."""
    if left is right:
        return True
    if left.op != right.op or left.attrs != right.attrs or len(left.args) != len(right.args):
        return False
    if left.op not in ("add", "mul"):
        return all(map(_same, left.args, right.args))
    rest = list(right.args)
    for arg in left.args:
        match = next((other for other in rest if _same(arg, other)), None)
        if match is None:
            return False
        rest.remove(match)
    return True
