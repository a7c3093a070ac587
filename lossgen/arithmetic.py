"""Sums, products and powers of nodes, simplified where that is safe.

Neutral elements, constants and equal terms fold; nothing is distributed, expanded or reordered that
rounding would notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from lossgen.graph import MINUS_ONE, ONE, ZERO, Node, const, is_const, make
from lossgen.memory import remembered

_ONE = Fraction(1)  # most factors are this very one, of which nothing need be computed


def is_below_zero(number: Fraction | float) -> bool:
    """Say whether a number is negative; a fraction's own comparison takes ten times as long."""
    return (number.numerator if type(number) is Fraction else number) < 0


@remembered
def add(*args: Node) -> Node:
    """Sum; equal and opposite terms cancel, constants fold."""
    total: Fraction | float = Fraction(0)
    terms: dict[frozenset[Node], tuple[Node, Fraction | float]] = {}
    for arg in _merged(args):
        if is_const(arg):
            total = total + arg.value
            continue
        coefficient, rest = split_coefficient(arg)
        like = _like(rest)
        if like in terms:
            rest, so_far = terms[like]
            coefficient = so_far + coefficient
        terms[like] = rest, coefficient
    parts = [mul(ONE if c is _ONE else const(c), rest) for rest, c in terms.values() if c]
    if total:
        parts.append(const(total))
    if not parts:
        return ZERO
    return parts[0] if len(parts) == 1 else make("add", parts)


def _merged(args: tuple[Node, ...]) -> tuple[Node, ...]:
    """Open an inner sum where one of its terms meets its like outside."""
    for k, arg in enumerate(args):
        others = (*args[:k], *args[k + 1 :])
        if arg.op == "add" and set(map(_like, arg.args)) & {
            _like(other) for other in others if not is_const(other)
        }:
            return _merged((*args[:k], *arg.args, *args[k + 1 :]))
    return args


@remembered
def _like(term: Node) -> frozenset[Node]:
    """Return what terms have in common that add up: all factors but the constant, in any order."""
    return frozenset(mul_factors(split_coefficient(term)[1]))


@remembered
def split_coefficient(node: Node) -> tuple[Fraction | float, Node]:
    """Return the constant factor of a product and what it multiplies."""
    if node.op == "mul" and is_const(node.args[0]):
        rest = node.args[1:]
        return node.args[0].value, rest[0] if len(rest) == 1 else make("mul", rest)
    return _ONE, node


@remembered
def mul(*args: Node) -> Node:
    """Product, flattened: one constant factor in front, equal factors gathered in powers."""
    coefficient: Fraction | float = _ONE
    powers: dict[Node, Fraction | float] = {}
    for arg in _factors(args):
        if is_const(arg):
            coefficient = arg.value if coefficient is _ONE else coefficient * arg.value
        elif arg.op == "pow" and is_const(arg.args[1]):
            _raise_power(powers, arg.args[0], arg.args[1].value, arg)
        else:
            _raise_power(powers, arg, _ONE, arg)
    if not coefficient:
        return ZERO
    _drop_steps(powers)
    parts = [
        base if exponent is _ONE else power(base, const(exponent))
        for base, exponent in powers.items()
    ]
    if is_below_zero(coefficient):
        coefficient, parts = _absorb_sign(coefficient, parts)
    if not parts or (coefficient is not _ONE and coefficient != 1):
        parts.insert(0, const(coefficient))
    return parts[0] if len(parts) == 1 else make("mul", parts)


def _absorb_sign(
    coefficient: Fraction | float, parts: list[Node]
) -> tuple[Fraction | float, list[Node]]:
    """Turn a sum round rather than negate it, which is exact."""
    for k, part in enumerate(parts):
        if part.op == "add":
            signs = [is_below_zero(split_coefficient(term)[0]) for term in part.args]
            if all(signs) or (len(parts) == 1 and coefficient == -1):
                turned = add(*(mul(MINUS_ONE, term) for term in part.args))
                return -coefficient, [*parts[:k], turned, *parts[k + 1 :]]
    return coefficient, parts


def _raise_power(
    powers: dict[Node, Fraction | float], base: Node, exponent: Fraction | float, whole: Node
) -> None:
    """Gather equal factors; x * x**-1 stays, since it is not 1 at 0, unless x is positive."""
    present = powers.get(base)
    if present is None:
        powers[base] = exponent
    elif (present > 0) == (exponent > 0) or "positive" in base.attrs[3:]:
        powers[base] = present + exponent
    else:
        powers[whole] = (
            powers.get(whole, Fraction(0)) + 1 if whole is not base else present + exponent
        )


def _drop_steps(powers: dict[Node, Fraction | float]) -> None:
    """Drop a step beside its positive part: max(z, 0) * (z > 0) is the first, at 0 and NaN too."""
    for step in [base for base in powers if base.op == "relu" and base.args[0].op == "sign"]:
        positive = make("relu", step.args[0].args)
        if positive in powers and powers[positive] > 0:
            del powers[step]


def mul_factors(node: Node) -> tuple[Node, ...]:
    """Return the factors of a product, or the node itself."""
    return node.args if node.op == "mul" else (node,)


def _factors(args: Iterable[Node]) -> Iterator[Node]:
    for arg in args:
        if arg.op == "mul":
            yield from arg.args
        else:
            yield arg


def negate(node: Node) -> Node:
    """Return -node; a difference is turned round."""
    return mul(MINUS_ONE, node)


def subtract(left: Node, right: Node) -> Node:
    """Return left - right."""
    return add(left, negate(right))


@remembered
def power(base: Node, exponent: Node) -> Node:
    """Return base ** exponent."""
    if is_const(exponent, 0) or is_const(base, 1):
        return ONE
    if is_const(exponent, 1):
        return base
    if is_const(base) and is_const(exponent):
        if (
            isinstance(base.value, Fraction)
            and exponent.value == int(exponent.value)
            and base.value != 0
        ):
            return const(base.value ** int(exponent.value))
        if base.value > 0:
            return const(float(base.value) ** float(exponent.value))
    if is_const(exponent, Fraction(1, 2)):
        return make("sqrt", (base,))
    if base.op == "sqrt" and "positive" in base.args[0].attrs[3:] and is_even(exponent):
        return power(base.args[0], const(exponent.value / 2))
    if base.op == "exp" and is_const(exponent) and exponent.value > 1:
        return make("exp", (mul(exponent, base.args[0]),))
    return make("pow", (base, exponent))


def is_even(exponent: Node) -> bool:
    """Say whether an exponent is an even number."""
    return is_const(exponent) and exponent.value % 2 == 0


def divide(top: Node, bottom: Node) -> Node:
    """Return top / bottom."""
    return mul(top, power(bottom, MINUS_ONE))
