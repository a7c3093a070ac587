"""Composite operations spelled in primitive ones, which every framework computes exactly.

Here stand the elementwise ones; `axis_composites` has those along an axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from lossgen import nodes as n
from lossgen.axis_composites import AXIS_EXPANSIONS
from lossgen.nodes import Node, call, compare, const, divide, mul, negate, select, subtract
from lossgen.power_composites import POWER_EXPANSIONS


def _softplus(node: Node) -> Node:
    z = node.args[0]
    return n.add(call("relu", z), call("log1p_exp", negate(call("abs", z))))


def _log1p_exp(node: Node) -> Node:
    return call("log1p", call("exp", node.args[0]))


# From here on bell curves are 0; the square can still be represented.
FAR = 10**18
# The last whole number whose exponential is one of float32.
LAST = 88
# B(2), B(4), ..., as many as leave out less than half a unit of a double beyond 8.
BERNOULLI = tuple(
    Fraction(above, below)
    for above, below in (
        *((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6)),
        *((-3617, 510), (43867, 798), (-174611, 330), (854513, 138)),
    )
)


def _decay(z: Node) -> Node:
    return call("exp", mul(const(-2), call("abs", z)))


def _sech2(node: Node) -> Node:
    e = _decay(node.args[0])
    return divide(mul(const(4), e), n.power(n.add(n.ONE, e), const(2)))


def _log_cosh(node: Node) -> Node:
    """Near 0 by the series of cosh(z) - 1, since expm1 and sinh err by up to 8 units in places."""
    z = node.args[0]
    size, square = call("abs", z), n.power(z, const(2))
    series = _series(square, tuple(Fraction(1, math.factorial(2 * k)) for k in range(1, 10)))
    near = call("log1p", mul(square, series))
    far = n.add(size, call("log1p", _decay(z)), const(-math.log(2)))
    return select(compare("lt", size, n.ONE), near, far)


def _signed_power(node: Node) -> Node:
    base, exponent = node.args
    return mul(call("sign", base), n.power(call("abs", base), exponent))


def _power_slope(node: Node) -> Node:
    """At 0 it is 1 for the exponent 1, by 0**0, and else 0: below 1 no slope is finite."""
    base, exponent = node.args
    size, reduced = call("abs", base), subtract(exponent, n.ONE)
    at_zero = n.power(size, n.power(reduced, const(2)))
    slope = mul(exponent, n.power(size, reduced))
    return select(compare("eq", base, n.ZERO), at_zero, slope)


def _gauss(node: Node) -> Node:
    """exp(-c z**2): the square is exact of what 1/16 divides, and the rest is small."""
    z, factor = call("minimum", call("abs", node.args[0]), const(FAR)), node.args[1]
    coarse = mul(const(Fraction(1, 16)), call("floor", mul(const(16), z)))
    rest = mul(subtract(z, coarse), n.add(z, coarse))
    square = n.power(coarse, const(2))
    return mul(call("exp", negate(mul(factor, square))), call("exp", negate(mul(factor, rest))))


def _shifted_up(z: Node) -> tuple[Node, Node]:
    """Return 8 + z where z is small, and what was added: asymptotic series want large arguments."""
    small = compare("lt", z, const(8))
    return small, select(small, n.add(z, const(8)), z)


def _series(z: Node, coefficients: tuple[Fraction, ...]) -> Node:
    """Return the polynomial with these coefficients, the constant one first."""
    total = const(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = n.add(const(coefficient), mul(z, total))
    return total


def _digamma(node: Node) -> Node:
    """psi(z) = psi(z + 8) - sum 1/(z + k), and the asymptotic series (Abramowitz and Stegun)."""
    z = node.args[0]
    small, large = _shifted_up(z)
    inverse = n.power(large, n.MINUS_ONE)
    bernoulli = tuple(b / (2 * k) for k, b in enumerate(BERNOULLI[:10], 1))
    terms = _series(n.power(inverse, const(2)), bernoulli)
    far = n.add(
        call("log", large),
        mul(const(Fraction(-1, 2)), inverse),
        negate(mul(n.power(inverse, const(2)), terms)),
    )
    steps = n.add(*(n.power(n.add(z, const(k)), n.MINUS_ONE) for k in range(8)))
    return subtract(far, select(small, steps, n.ZERO))


def _trigamma(node: Node) -> Node:
    z = node.args[0]
    small, large = _shifted_up(z)
    inverse = n.power(large, n.MINUS_ONE)
    terms = _series(n.power(inverse, const(2)), BERNOULLI)
    far = n.add(
        inverse,
        mul(const(Fraction(1, 2)), n.power(inverse, const(2))),
        mul(n.power(inverse, const(3)), terms),
    )
    steps = n.add(*(n.power(n.add(z, const(k)), const(-2)) for k in range(8)))
    return n.add(far, select(small, steps, n.ZERO))


def _hypot1(node: Node) -> Node:
    """Where the square has no digits of the 1, it is not needed."""
    size = call("abs", node.args[0])
    root = call("sqrt", n.add(n.ONE, n.power(node.args[0], const(2))))
    return select(compare("gt", size, const(2**30)), size, root)


def _hypot1m1(node: Node) -> Node:
    """The root less 1 is z (z / (1 + the root)), where nothing cancels or overflows."""
    z = node.args[0]
    return n.make("mul", (call("quotient", z, n.add(n.ONE, call("hypot1", z))), z))


def _log1p_square(node: Node) -> Node:
    """Where the square has no digits of the 1, its logarithm is twice that of its root."""
    z = node.args[0]
    size = call("abs", z)
    far = compare("gt", size, const(2**60))
    logarithm = call("log1p", select(far, size, n.power(z, const(2))))
    return select(far, mul(const(2), logarithm), logarithm)


def _over_square1(node: Node) -> Node:
    """1 / (z + 1 / z), which overflows nowhere, and is 0 at 0."""
    z = node.args[0]
    return n.power(n.add(z, n.power(z, n.MINUS_ONE)), n.MINUS_ONE)


def _scaled_exp(node: Node) -> Node:
    """In two steps, the second of which counts where the first alone is near the end of float32."""
    z, exponent = node.args
    first = call("exp", call("minimum", exponent, const(LAST)))
    rest = call("exp", call("relu", subtract(exponent, const(LAST))))
    return mul(z, first, select(compare("eq", z, n.ZERO), n.ONE, rest))


def _unit(node: Node) -> Node:
    top, bottom = node.args
    zero = compare("eq", bottom, n.ZERO)
    return select(zero, n.ZERO, divide(top, select(zero, n.ONE, bottom)))


EXPANSIONS: dict[str, Callable[[Node], Node]] = {
    **AXIS_EXPANSIONS,
    "softplus": _softplus,
    "log1p_exp": _log1p_exp,
    "sech2": _sech2,
    "log_cosh": _log_cosh,
    "signed_power": _signed_power,
    "power_slope": _power_slope,
    "sigmoid_power": lambda node: n.power(call("sigmoid", node.args[0]), node.args[1]),
    "hinge": lambda node: call("relu", node.args[0]),
    "raise_to": lambda node: call("maximum", *node.args),
    "unit": _unit,
    "scaled_exp": _scaled_exp,
    "gauss": _gauss,
    "hypot1": _hypot1,
    "hypot1m1": _hypot1m1,
    "over_hypot1": lambda node: divide(node.args[0], call("hypot1", node.args[0])),
    "log1p_square": _log1p_square,
    "over_square1": _over_square1,
    **POWER_EXPANSIONS,
    "digamma": _digamma,
    "trigamma": _trigamma,
    "with_slope": lambda node: node.args[0],
    "stop_gradient": lambda node: node.args[0],
}
