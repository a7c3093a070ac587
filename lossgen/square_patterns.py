"""What the rules about squares, bell curves and power transforms match."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations

from lossgen import nodes as n
from lossgen.nodes import Node, call, const, mul, negate, power
from lossgen.patterns import signed_terms

TWO, HALF = const(2), const(Fraction(1, 2))


def quotient_power(node: Node) -> Node | None:
    """See the rule of this name."""
    for k in (2, 3, 4) if node.op == "mul" else ():
        up, down = const(k), const(-k)
        powers = [f for f in node.args if f.op == "pow" and f.args[1] in (up, down)]
        if {f.args[1] for f in powers} == {up, down}:
            rest = [f for f in node.args if f not in powers]
            root = Fraction(1, k)
            quotient = mul(*(power(f.args[0], const(root * f.args[1].value)) for f in powers))
            return mul(*rest, power(over_hypot(quotient) or quotient, up))
    return None


def gauss(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "gauss":
        factor, z = n.split_coefficient(node.args[0])
        width = _power_of_two(float(factor) ** 2 * float(node.args[1].value))
        better = node if width is None else _bell(z, width)
        return None if better is node else better
    if node.op != "exp":
        return None
    factor, square = n.split_coefficient(node.args[0])
    width = _power_of_two(-float(factor))
    if width is None or square.op != "pow" or square.args[1] is not TWO:
        return None
    return _bell(square.args[0], width)


def _bell(z: Node, width: Fraction) -> Node:
    """Return exp(-width z**2), the factors of z in one order, so that equal curves are one."""
    return call("gauss", mul(*sorted(n.mul_factors(z), key=repr)), const(width))


def _power_of_two(value: float) -> Fraction | None:
    """Return the power of two that a number is, but for the rounding of a square root."""
    if value <= 0:
        return None
    nearest = Fraction(2) ** round(math.log2(value))
    return nearest if math.isclose(value, nearest, rel_tol=1e-15) else None


def gauss_complement(node: Node) -> Node | None:
    """Turn gauss(z) - 1 back, whose difference only the exponent has."""
    terms = signed_terms(node)
    if len(terms) != 2 or terms[0][1].op != "gauss" or not n.is_const(node.args[1]):
        return None
    (factor, bell), constant = terms[0], node.args[1]
    if constant.value != -factor:
        return None
    z, width = bell.args
    return mul(const(factor), call("expm1", negate(mul(width, power(z, TWO)))))


def _plus_square(node: Node) -> Node | None:
    """Return z where the node is 1 + z**2."""
    if _is_plus_one(node):
        square = node.args[0]
        if square.op == "pow" and n.is_const(square.args[1], 2):
            return square.args[0]
    return None


def _is_plus_one(node: Node) -> bool:
    return node.op == "add" and len(node.args) == 2 and n.is_const(node.args[1], 1)


def hypot(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "sqrt" and _is_plus_one(node.args[0]):
        leg = _square_root(node.args[0].args[0])
        return None if leg is None else call("hypot1", leg)
    z = _plus_square(node.args[0]) if node.op == "pow" else None
    if z is None:
        return None
    exponent = node.args[1]
    if not n.is_const(exponent) or exponent.value >= 0 or 2 * exponent.value % 1:
        return None
    return power(call("hypot1", z), const(2 * exponent.value))


def hypot_less_leg(node: Node) -> Node | None:
    """See the rule of this name."""
    for k, term in enumerate(node.args) if node.op == "add" else ():
        for factor, leg, z in _hypotenuses(term):
            size = mul(factor, leg)
            for m, other in enumerate(node.args):
                if m != k and n.add(size, other) is n.ZERO:
                    rest = [arg for j, arg in enumerate(node.args) if j not in (k, m)]
                    return n.add(*rest, mul(size, call("hypot1m1", n.divide(z, leg))))
    return None


def _hypotenuses(term: Node) -> Iterator[tuple[Node, Node, Node]]:
    """Yield a factor, a positive leg and another of which the term is factor sqrt(a**2 + z**2)."""
    factors = n.mul_factors(term)
    for root in factors:
        factor = mul(*(arg for arg in factors if arg is not root))
        if root.op == "hypot1":
            yield factor, n.ONE, root.args[0]
        elif root.op == "sqrt" and root.args[0].op == "add" and len(root.args[0].args) == 2:
            for square, other in permutations(root.args[0].args):
                leg, z = _positive_root(square), _square_root(other)
                if leg is not None and z is not None:
                    yield factor, leg, z


def log_square(node: Node) -> Node | None:
    """Turn log1p(c z**2) into log1p_square(sqrt(c) z) for what is plainly positive."""
    leg = _square_root(node.args[0]) if node.op == "log1p" else None
    return None if leg is None else call("log1p_square", leg)


def _square_root(square: Node) -> Node | None:
    """Return sqrt(c) z of c z**2 for what is plainly positive."""
    factors = n.mul_factors(square)
    squares = [f for f in factors if f.op == "pow" and f.args[1] is TWO]
    rest = [root for f in factors if f not in squares if (root := _positive_root(f)) is not None]
    if len(squares) != 1 or len(rest) != len(factors) - 1:
        return None
    return mul(*rest, squares[0].args[0])


def _positive_root(factor: Node) -> Node | None:
    """Return the square root of a positive number or parameter, or of its inverse."""
    if n.is_const(factor):
        return power(factor, HALF) if factor.value > 0 else None
    base, exponent = factor.args if factor.op == "pow" else (factor, n.ONE)
    positive = base.op == "leaf" and "positive" in base.attrs[3:]
    return power(power(base, HALF), exponent) if positive and n.is_const(exponent) else None


def over_hypot(node: Node) -> Node | None:
    """See the rule of this name."""
    for factor in node.args if node.op == "mul" else ():
        root = factor.args[0] if factor.op == "pow" else factor
        if root.op != "hypot1" or root is factor or factor.args[1].value > -1:
            continue
        z = root.args[0]
        coefficient, _ = n.split_coefficient(z)
        parts = [part for part in n.mul_factors(z) if not n.is_const(part)]
        others = [arg for arg in node.args if arg is not factor]
        if coefficient != 0 and all(part in others for part in parts):
            rest = [arg for arg in others if arg not in parts]
            left = power(root, const(factor.args[1].value + 1))
            return mul(const(1 / coefficient), *rest, left, call("over_hypot1", z))
    return None


def box_cox(node: Node) -> Node | None:
    """See the rule of this name."""
    terms = signed_terms(node)
    if len(terms) != 2 or not n.is_const(node.args[1]):
        return None
    (factor, term), constant = terms[0], node.args[1]
    if term.op not in ("pow", "sqrt") or constant.value != -factor:
        return None
    base = term.args[0]
    exponent = const(Fraction(1, 2)) if term.op == "sqrt" else term.args[1]
    if base.op != "add" or not n.is_const(base.args[-1], 1) or _is_small(exponent):
        return None
    z = n.add(*base.args[:-1])
    return mul(const(factor), exponent, call("box_cox", z, exponent))


def _is_small(exponent: Node) -> bool:
    return n.is_const(exponent) and exponent.value in (-2, -1, 2)


def box_cox_quotient(node: Node) -> Node | None:
    """See the rule of this name."""
    powers = [arg for arg in node.args if arg.op == "box_cox"] if node.op == "mul" else []
    for transform in powers:
        for factor in n.mul_factors(transform.args[1]):
            inverse = power(factor, n.MINUS_ONE)
            if not n.is_const(factor) and factor in node.args and inverse in node.args:
                return mul(*(arg for arg in node.args if arg not in (factor, inverse)))
    return None
