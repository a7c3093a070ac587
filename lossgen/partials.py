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


def _share(first: str) -> Callable[[Node], tuple[Node, ...]]:
    def partials(node: Node) -> tuple[Node, ...]:
        left, right = node.args
        tie = compare("eq", left, right)
        wins = compare(first, left, right)
        mine = select(tie, HALF, select(wins, n.ONE, n.ZERO))
        return mine, select(tie, HALF, select(wins, n.ZERO, n.ONE))

    return partials


PARTIALS: dict[str, Callable[[Node], tuple[Node, ...]]] = {
    "pow": _power,
    "unit": _unit,
    "maximum": _share("gt"),
    "minimum": _share("lt"),
    "exp": lambda y: (y,),
    "expm1": lambda y: (call("exp", y.args[0]),),
    "log": lambda y: (power(y.args[0], n.MINUS_ONE),),
    "log1p": lambda y: (power(n.add(n.ONE, y.args[0]), n.MINUS_ONE),),
    "sqrt": lambda y: (divide(HALF, y),),
    "abs": lambda y: (call("sign", y.args[0]),),
    "sign": lambda y: (n.ZERO,),
    "relu": lambda y: (select(compare("gt", y.args[0], n.ZERO), n.ONE, n.ZERO),),
    "sin": lambda y: (call("cos", y.args[0]),),
    "cos": lambda y: (negate(call("sin", y.args[0])),),
    "atan": lambda y: (power(n.add(n.ONE, power(y.args[0], const(2))), n.MINUS_ONE),),
    "sinh": lambda y: (call("cosh", y.args[0]),),
    "cosh": lambda y: (call("sinh", y.args[0]),),
    "tanh": lambda y: (call("sech2", y.args[0]),),
    "sech2": lambda y: (mul(const(-2), call("tanh", y.args[0]), y),),
    "sigmoid": lambda y: (mul(y, call("sigmoid", negate(y.args[0]))),),
    "softplus": lambda y: (call("sigmoid", y.args[0]),),
    "log_cosh": lambda y: (call("tanh", y.args[0]),),
    "erf": lambda y: (
        mul(const(2 / math.sqrt(math.pi)), call("exp", negate(power(y.args[0], const(2))))),
    ),
}
