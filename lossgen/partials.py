"""The derivative of each elementwise operation with respect to each argument.

Kinks follow the default policy: the slope of abs and of the positive part is 0 at 0, the two
arguments of a maximum share its slope where they are equal. Conditions have no derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from lossgen import nodes as n
from lossgen.nodes import Node, call, compare, const, divide, mul, negate, power, select, subtract

HALF = const(Fraction(1, 2))


def _power(node: Node) -> tuple[Node, ...]:
    """Where the base is 0, 0 * 0**-1 and 0 * log 0 would be NaN; both are 0."""
    base, exponent = node.args
    by_base = mul(exponent, power(base, subtract(exponent, n.ONE)))
    if n.is_const(exponent):
        return by_base, n.ZERO
    nowhere = compare("eq", base, n.ZERO)
    flat = call("and", nowhere, compare("eq", exponent, n.ZERO))
    return (
        select(flat, n.ZERO, by_base),
        select(nowhere, n.ZERO, mul(node, call("log", base))),
    )


def _unit(node: Node) -> tuple[Node, ...]:
    _, bottom = node.args
    return call("unit", n.ONE, bottom), negate(call("unit", node, bottom))


def _power1p(z: Node, exponent: Node) -> Node:
    """Return (1 + z)**exponent."""
    if n.is_const(exponent) and exponent.value == int(exponent.value):
        return power(n.add(n.ONE, z), exponent)
    return call("power1p", z, exponent)


def _leading(left: Node, right: Node) -> Node:
    """Return 1 where left is larger, 0 where right is and 1/2 for a tie; NaN stays NaN."""
    return n.add(HALF, mul(HALF, call("sign", subtract(left, right))))


def _is_positive(x: Node) -> Node:
    """1 above 0, else 0; where a comparison would lose a NaN, this keeps it."""
    return call("relu", call("sign", x))


PARTIALS: dict[str, Callable[[Node], tuple[Node, ...]]] = {
    "pow": _power,
    "unit": _unit,
    "maximum": lambda y: (_leading(*y.args), _leading(*reversed(y.args))),
    "minimum": lambda y: (_leading(*reversed(y.args)), _leading(*y.args)),
    "exp": lambda y: (y,),
    "scaled_exp": lambda y: (call("exp", y.args[1]), y),
    "expm1": lambda y: (call("exp", y.args[0]),),
    "log": lambda y: (power(y.args[0], n.MINUS_ONE),),
    "log1p": lambda y: (power(n.add(n.ONE, y.args[0]), n.MINUS_ONE),),
    "sqrt": lambda y: (divide(HALF, y),),
    "abs": lambda y: (call("sign", y.args[0]),),
    "sign": lambda y: (n.ZERO,),
    "hinge": lambda y: (n.add(n.ONE, negate(_is_positive(negate(y.args[0])))),),
    "raise_to": lambda y: (n.ONE, n.ZERO),
    "signed_power": lambda y: (call("power_slope", *y.args), n.ZERO),
    "relu": lambda y: (_is_positive(y.args[0]),),
    "sin": lambda y: (call("cos", y.args[0]),),
    "cos": lambda y: (negate(call("sin", y.args[0])),),
    "atan": lambda y: (power(n.add(n.ONE, power(y.args[0], const(2))), n.MINUS_ONE),),
    "sinh": lambda y: (call("cosh", y.args[0]),),
    "cosh": lambda y: (call("sinh", y.args[0]),),
    "tanh": lambda y: (call("sech2", y.args[0]),),
    "sech2": lambda y: (mul(const(-2), call("tanh", y.args[0]), y),),
    "sigmoid": lambda y: (mul(y, call("sigmoid", negate(y.args[0]))),),
    "sigmoid_power": lambda y: (
        mul(y.args[1], y, call("sigmoid", negate(y.args[0]))),
        negate(mul(y, call("softplus", negate(y.args[0])))),
    ),
    "softplus": lambda y: (call("sigmoid", y.args[0]),),
    "log_cosh": lambda y: (call("tanh", y.args[0]),),
    "erf": lambda y: (mul(const(2 / math.sqrt(math.pi)), call("gauss", y.args[0], n.ONE)),),
    "gauss": lambda y: (mul(const(-2), y.args[1], y.args[0], y), n.ZERO),
    "hypot1": lambda y: (call("over_hypot1", y.args[0]),),
    "hypot1m1": lambda y: (call("over_hypot1", y.args[0]),),
    "over_hypot1": lambda y: (power(call("hypot1", y.args[0]), const(-3)),),
    "log1p_square": lambda y: (mul(const(2), call("over_square1", y.args[0])),),
    "over_square1": lambda y: (
        subtract(power(call("hypot1", y.args[0]), const(-2)), mul(const(2), power(y, const(2)))),
    ),
    "power1p": lambda y: (
        mul(y.args[1], _power1p(y.args[0], subtract(y.args[1], n.ONE))),
        mul(y, call("log1p", y.args[0])),
    ),
    "box_cox": lambda y: (
        _power1p(y.args[0], subtract(y.args[1], n.ONE)),
        call("box_cox_slope", *y.args),
    ),
    "box_cox_slope": lambda y: (
        mul(call("log1p", y.args[0]), _power1p(y.args[0], subtract(y.args[1], n.ONE))),
        call("box_cox_bend", *y.args),
    ),
    "loggamma": lambda y: (call("digamma", y.args[0]),),
    "digamma": lambda y: (call("trigamma", y.args[0]),),
    "with_slope": lambda y: (n.ZERO, y.args[2], n.ZERO),
}
