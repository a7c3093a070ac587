"""What the elementwise rules match: each function returns the better form of a node, or None.

Nodes come with arguments that are stable already.
"""

from __future__ import annotations

from fractions import Fraction

from lossgen import nodes as n
from lossgen.nodes import Node, call, const, mul, negate


def signed_terms(node: Node) -> list[tuple[Fraction | float, Node]]:
    """Return the terms of a sum as factors and what they multiply."""
    return [n.split_coefficient(arg) for arg in node.args] if node.op == "add" else []


def _plus_one(node: Node) -> Node | None:
    """Return z where the node is 1 + z."""
    if node.op == "add" and len(node.args) == 2 and n.is_const(node.args[1], 1):
        return node.args[0]
    return None


def softplus(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log":
        inner = _plus_one(node.args[0])
    else:
        inner = node.args[0] if node.op == "log1p" else None
    return call("softplus", inner.args[0]) if inner is not None and inner.op == "exp" else None


def softplus_folded(node: Node) -> Node | None:
    """relu(z) + softplus(-|z|), the form that careful authors write."""
    terms = signed_terms(node)
    for k, (factor, term) in enumerate(terms):
        if term.op != "softplus":
            continue
        inner = term.args[0]
        for m, (other, relu) in enumerate(terms):
            if relu.op == "relu" and other == factor and inner is negate(call("abs", relu.args[0])):
                rest = [node.args[i] for i in range(len(terms)) if i not in (k, m)]
                return n.add(mul(const(factor), call("softplus", relu.args[0])), *rest)
    return None


def softplus_difference(node: Node) -> Node | None:
    """Turn c softplus(z) - c t z into c t softplus(-z) + c (1 - t) softplus(z)."""
    terms = signed_terms(node)
    for k, (factor, term) in enumerate(terms):
        if term.op != "softplus":
            continue
        z = term.args[0]
        sign, base = n.split_coefficient(z)
        for m, (other, product) in enumerate(terms):
            if m == k:
                continue
            share = _quotient(product, base)
            if share is None:
                continue
            t = mul(const(-other / factor / sign), share)
            rest = [node.args[i] for i in range(len(terms)) if i not in (k, m)]
            split = (mul(t, call("softplus", negate(z))), mul(n.subtract(n.ONE, t), term))
            return n.add(*(mul(const(factor), part) for part in split), *rest)
    return None


def softplus_pair(node: Node) -> Node | None:
    """Turn a softplus(z) - a softplus(-z) into a z."""
    for arg in node.args if node.op == "add" else ():
        for factor in n.mul_factors(arg):
            if factor.op == "softplus":
                outer = mul(*(other for other in n.mul_factors(arg) if other is not factor))
                z = factor.args[0]
                partner = mul(n.MINUS_ONE, outer, call("softplus", negate(z)))
                if partner in node.args:
                    rest = [term for term in node.args if term is not arg and term is not partner]
                    return n.add(mul(outer, z), *rest)
    return None


def _quotient(product: Node, base: Node) -> Node | None:
    """Return product / base where the factors of the base are among its factors."""
    factors, divisors = n.mul_factors(product), n.mul_factors(base)
    if not set(divisors) <= set(factors):
        return None
    return mul(*(factor for factor in factors if factor not in divisors))


def sigmoid(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "pow" and n.is_const(node.args[1], -1):
        inner = _plus_one(node.args[0])
        if inner is not None and inner.op == "exp":
            return call("sigmoid", negate(inner.args[0]))
    if node.op == "mul":
        for factor in node.args:
            partner = call("sigmoid", negate(factor.args[0])) if factor.op == "exp" else None
            if partner is not None and partner in node.args:
                rest = [arg for arg in node.args if arg is not factor and arg is not partner]
                return mul(*rest, call("sigmoid", factor.args[0]))
    return None


def logistic_bend(node: Node) -> Node | None:
    """Turn a s(z) - a s(-z) into a tanh(z / 2)."""
    for arg in node.args if node.op == "add" else ():
        for factor in n.mul_factors(arg):
            base = factor.args[0] if factor.op == "pow" else factor
            rest = _without(arg, base) if base.op == "sigmoid" else None
            if rest is None:
                continue
            z = base.args[0]
            mirrored = set(n.mul_factors(mul(n.MINUS_ONE, rest, call("sigmoid", negate(z)))))
            for other in node.args:
                if set(n.mul_factors(other)) == mirrored:
                    others = [term for term in node.args if term is not arg and term is not other]
                    half = mul(const(Fraction(1, 2)), z)
                    return n.add(mul(rest, call("tanh", half)), *others)
    return None


def _without(product: Node, base: Node) -> Node | None:
    """Return a product less one factor, of which a positive power may be there."""
    for k, factor in enumerate(factors := n.mul_factors(product)):
        left = None
        if factor is base:
            left = n.ONE
        elif factor.op == "pow" and factor.args[0] is base and n.is_const(factor.args[1]):
            exponent = factor.args[1].value
            left = n.power(base, const(exponent - 1)) if exponent >= 1 else None
        if left is not None:
            return mul(*factors[:k], left, *factors[k + 1 :])
    return None


def sigmoid_power(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op not in ("pow", "sqrt") or node.args[0].op != "sigmoid":
        return None
    exponent = node.args[1] if node.op == "pow" else const(Fraction(1, 2))
    if n.is_const(exponent) and exponent.value == int(exponent.value):
        return None
    return call("sigmoid_power", node.args[0].args[0], exponent)


def log_sigmoid(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log" and node.args[0].op == "sigmoid":
        return negate(call("softplus", negate(node.args[0].args[0])))
    return None


def complement(node: Node) -> Node | None:
    """See the rule of this name."""
    terms = signed_terms(node)
    if len(terms) != 2 or (not n.is_const(terms[1][1]) and terms[1][1] is not n.ONE):
        return None
    (factor, term), constant = terms[0], node.args[1]
    if not n.is_const(constant) or constant.value != -factor:
        return None
    if term.op == "sigmoid":
        return mul(constant, call("sigmoid", negate(term.args[0])))
    if term.op == "softmax":
        return mul(constant, n.over("cosoftmax", term.axis, term.args[0]))
    if term.op == "exp":
        return mul(const(factor), call("expm1", term.args[0]))
    return None


def log1p(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log":
        inner = _plus_one(node.args[0])
        if inner is not None:
            return call("log1p", inner)
    return None


def sign_of_multiples(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op != "sign" or node.args[0].op != "add" or len(node.args[0].args) != 2:
        return None
    left, right = (n.mul_factors(term) for term in node.args[0].args)
    common = [factor for factor in left if factor in right]
    rest = [mul(*(f for f in side if f not in common)) for side in (left, right)]
    return call("sign", mul(n.add(*rest), *common)) if common else None


def log_cosh(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log" and node.args[0].op == "cosh":
        return call("log_cosh", node.args[0].args[0])
    return None
