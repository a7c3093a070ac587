"""What the rules about products with exponentials match."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.nodes import Node, call, is_const, mul, power

# Operations whose results are never negative.
NEVER_NEGATIVE = frozenset(
    (
        *("abs", "relu", "softplus", "exp", "sigmoid", "softmax", "cosoftmax", "sqrt", "norm"),
        *("p_norm", "floored_norm", "nll", "nll_at", "log_cosh", "hypot1", "gauss"),
    )
)


def scaled_exp(node: Node) -> Node | None:
    """Turn z exp(a) into one function, where a may be large while z is small or 0.

    A power of z takes its share of the exponent inside: neither it nor the exponential overflows.
    """
    if node.op != "mul":
        return None
    for factor in node.args:
        if factor.op != "exp" or _never_positive(factor.args[0]):
            continue
        a = factor.args[0]
        rest = [arg for arg in node.args if arg is not factor]
        for k, arg in enumerate(rest):
            base, times = _repeated(arg)
            share = mul(power(times, n.MINUS_ONE), a)
            if base.op == "scaled_exp":
                base, share = base.args[0], n.add(base.args[1], share)
            if _is_given(base) and base.axes >= a.axes and not base.reads <= a.reads:
                scaled = call("scaled_exp", base, share)
                return mul(*rest[:k], *rest[k + 1 :], power(scaled, times))
    return None


def common_exponential(node: Node) -> Node | None:
    """Turn c z exp(a) + k c exp(a) into c (z + k) exp(a), which cancels before it is scaled."""
    for term in node.args if node.op == "add" else ():
        for scaled in n.mul_factors(term):
            if scaled.op != "scaled_exp":
                continue
            z, a = scaled.args
            outer = mul(*(f for f in n.mul_factors(term) if f is not scaled))
            ours, base = n.split_coefficient(mul(outer, call("exp", a)))
            for other in node.args:
                factor, like = n.split_coefficient(other)
                if set(n.mul_factors(like)) == set(n.mul_factors(base)):
                    rest = [arg for arg in node.args if arg is not term and arg is not other]
                    whole = call("scaled_exp", n.add(z, n.const(factor / ours)), a)
                    return n.add(mul(outer, whole), *rest)
    return None


def _repeated(factor: Node) -> tuple[Node, Node]:
    """Return what a factor is a whole power of, and the exponent."""
    if factor.op == "pow" and is_const(factor.args[1]):
        exponent = factor.args[1].value
        if exponent == int(exponent) and exponent > 0:
            return factor.args[0], factor.args[1]
    return factor, n.ONE


def _is_given(factor: Node) -> bool:
    """Say whether a factor is made of the loss's inputs: not what comes from above, no tangent."""
    names = {name for name in factor.reads if name != "upstream" and not name.startswith("d_")}
    return bool(names) and names == factor.reads and factor.op not in ("pow", "exp", "scaled_exp")


def _never_positive(a: Node) -> bool:
    """Say whether an exponent is a sum of terms that plainly are not positive."""
    terms = a.args if a.op == "add" else (a,)
    signed = map(n.split_coefficient, terms)
    return all(factor <= 0 and _never_negative(term) for factor, term in signed)


def _never_negative(node: Node) -> bool:
    if is_const(node):
        return node.value >= 0
    if node.op in ("mul", "add", "sum"):
        return all(map(_never_negative, node.args))
    if node.op == "pow" and is_const(node.args[1]):
        return node.args[1].value % 2 == 0 or _never_negative(node.args[0])
    return node.op in NEVER_NEGATIVE or (node.op == "leaf" and "positive" in node.attrs[3:])
