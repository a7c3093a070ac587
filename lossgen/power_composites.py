"""Power transforms spelled in primitive operations (Box and Cox, 1964).

Their family is B(k) = the integral of s**(k - 1) (1 + z)**s over s from 0 to p, where k counts
derivatives by p: everything but powers of L = log(1 + z) depends on u = p L alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from lossgen import nodes as n
from lossgen.nodes import Node, call, compare, const, divide, mul, select, subtract

# Beyond this size of u nothing cancels; up to it, so many terms leave out less than a double has.
NEAR, TERMS = Fraction(3, 2), 21


def _power1p(node: Node) -> Node:
    """(1 + z)**p: a power magnifies the rounding of 1 + z, exp that of a large logarithm."""
    z, p = node.args
    small = call("exp", mul(p, call("log1p", z)))
    return select(compare("gt", call("abs", z), n.ONE), n.power(n.add(n.ONE, z), p), small)


def _parts(node: Node) -> tuple[Node, Node, Node, Node]:
    """Return log(1 + z), p times that, the same where it may be divided by, and the power."""
    z, p = node.args
    logarithm = call("log1p", z)
    u = mul(p, logarithm)
    return logarithm, u, select(compare("eq", u, n.ZERO), n.ONE, u), call("power1p", z, p)


def _box_cox(node: Node) -> Node:
    """((1 + z)**p - 1) / p, the logarithm of 1 + z where p is 0."""
    z, p = node.args
    logarithm = call("log1p", z)
    u = mul(p, logarithm)
    small = compare("lt", call("abs", u), const(Fraction(1, 2)))
    excess = select(small, call("expm1", u), subtract(call("power1p", z, p), n.ONE))
    return select(compare("eq", u, n.ZERO), logarithm, divide(excess, p))


def _moment(order: int) -> Callable[[Node], Node]:
    """Return the integral of s**order exp(u s) over s from 0 to 1, by its series in u."""

    def expansion(node: Node) -> Node:
        (u,) = node.args
        terms = [Fraction(1, math.factorial(j) * (j + order + 1)) for j in range(TERMS)]
        total = const(terms[-1])
        for term in reversed(terms[:-1]):
            total = n.add(const(term), mul(u, total))
        return total

    return expansion


def _box_cox_slope(node: Node) -> Node:
    logarithm, u, divisor, grown = _parts(node)
    far = divide(n.add(mul(grown, subtract(u, n.ONE)), n.ONE), n.power(divisor, const(2)))
    near = compare("lt", call("abs", u), const(NEAR))
    return mul(n.power(logarithm, const(2)), select(near, call("exp_moment1", u), far))


def _box_cox_bend(node: Node) -> Node:
    logarithm, u, divisor, grown = _parts(node)
    inner = n.add(mul(u, subtract(u, const(2))), const(2))
    far = divide(subtract(mul(grown, inner), const(2)), n.power(divisor, const(3)))
    near = compare("lt", call("abs", u), const(NEAR))
    return mul(n.power(logarithm, const(3)), select(near, call("exp_moment2", u), far))


POWER_EXPANSIONS: dict[str, Callable[[Node], Node]] = {
    "power1p": _power1p,
    "exp_moment1": _moment(1),
    "exp_moment2": _moment(2),
    "box_cox": _box_cox,
    "box_cox_slope": _box_cox_slope,
    "box_cox_bend": _box_cox_bend,
}
