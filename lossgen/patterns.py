"""What the rules match: each function returns the better form of a node, or None.

Nodes come with arguments that are stable already.
"""

from __future__ import annotations

from fractions import Fraction

from lossgen import nodes as n
from lossgen.nodes import Node, call, const, mul, negate


def _terms(node: Node) -> list[tuple[Fraction | float, Node]]:
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
    terms = _terms(node)
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
    terms = _terms(node)
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
    """Return product / base where base is one of its factors."""
    if product is base:
        return n.ONE
    if product.op == "mul" and base in product.args:
        return mul(*(arg for arg in product.args if arg is not base))
    return None


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


def log_sigmoid(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log" and node.args[0].op == "sigmoid":
        return negate(call("softplus", negate(node.args[0].args[0])))
    return None


def complement(node: Node) -> Node | None:
    """See the rule of this name."""
    terms = _terms(node)
    if len(terms) != 2 or (not n.is_const(terms[1][1]) and terms[1][1] is not n.ONE):
        return None
    (factor, term), constant = terms[0], node.args[1]
    if not n.is_const(constant) or constant.value != -factor:
        return None
    if term.op == "sigmoid":
        return mul(constant, call("sigmoid", negate(term.args[0])))
    if term.op == "softmax":
        return mul(constant, n.over("cosoftmax", str(term.attrs[0]), term.args[0]))
    if term.op == "exp":
        return mul(const(factor), call("expm1", term.args[0]))
    return None


def variance(node: Node) -> Node | None:
    """Turn c p - c p**2 into c p (1 - p), the diagonal of softmax's Hessian."""
    for square in node.args if node.op == "add" else ():
        for factor in square.args if square.op == "mul" else (square,):
            if (
                factor.op != "pow"
                or factor.args[0].op != "softmax"
                or not n.is_const(factor.args[1], 2)
            ):
                continue
            soft = factor.args[0]
            outer = mul(n.MINUS_ONE, *(arg for arg in n.mul_factors(square) if arg is not factor))
            if mul(outer, soft) in node.args:
                rest = [
                    arg for arg in node.args if arg is not square and arg is not mul(outer, soft)
                ]
                others = n.over("cosoftmax", str(soft.attrs[0]), soft.args[0])
                return n.add(mul(outer, soft, others), *rest)
    return None


def log1p(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log":
        inner = _plus_one(node.args[0])
        if inner is not None:
            return call("log1p", inner)
    return None


def log_cosh(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log" and node.args[0].op == "cosh":
        return call("log_cosh", node.args[0].args[0])
    return None


def norm(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op != "sqrt" or node.args[0].op != "sum" or len(node.args[0].attrs[0]) != 1:  # type: ignore[arg-type]
        return None
    body = node.args[0].args[0]
    if body.op == "pow" and n.is_const(body.args[1], 2):
        return n.fold("norm", str(node.args[0].attrs[0][0]), body.args[0])  # type: ignore[index]
    return None


def direction(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "unit" and node.args[1].op == "norm" and node.args[1].args[0] is node.args[0]:
        return n.over("direction", str(node.args[1].attrs[0]), node.args[0])
    return None


def logsumexp(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log" and node.args[0].op == "sum":
        inner = node.args[0]
        if inner.args[0].op == "exp" and len(inner.attrs[0]) == 1:  # type: ignore[arg-type]
            return n.fold("lse", str(inner.attrs[0][0]), inner.args[0].args[0])  # type: ignore[index]
    if node.op == "log" and node.args[0].op == "softmax":
        soft = node.args[0]
        return negate(n.over("nll", str(soft.attrs[0]), soft.args[0]))
    if node.op == "log" and node.args[0].op == "pick" and node.args[0].args[0].op == "softmax":
        soft, index = node.args[0].args
        return negate(n.fold_at("nll_at", str(soft.attrs[0]), soft.args[0], index))
    return None


def cross_entropy_gap(node: Node) -> Node | None:
    """logsumexp(a) - a, at a label or everywhere."""
    terms = _terms(node)
    for k, (factor, term) in enumerate(terms):
        if term.op != "lse":
            continue
        axis, body = str(term.attrs[0]), term.args[0]
        for m, arg in enumerate(node.args):
            gap = _gap(axis, body, mul(const(-1 / factor), arg)) if m != k else None
            if gap is not None:
                rest = [node.args[i] for i in range(len(terms)) if i not in (k, m)]
                return n.add(mul(const(factor), gap), *rest)
    return None


def _gap(axis: str, body: Node, term: Node) -> Node | None:
    if term is body:
        return n.over("nll", axis, body)
    if term.op == "pick" and term.attrs[0] == axis and term.args[0] is body:
        return n.fold_at("nll_at", axis, body, term.args[1])
    index = _diagonal_index(term, body, axis)
    return None if index is None else n.fold_at("nll_at", axis, body, index)


def _diagonal_index(term: Node, body: Node, axis: str) -> Node | None:
    """Return the index where the term is the body picked along the axis, factor by factor."""
    for pick in (node for node in n.walk(term) if node.op == "pick" and node.attrs[0] == axis):
        picked = (n.pick(factor, axis, pick.args[1]) for factor in n.mul_factors(body))
        if mul(*picked) is term:
            return pick.args[1]
    return None


def pick_nll(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "pick" and node.args[0].op == "nll" and node.attrs == node.args[0].attrs:
        return n.fold_at("nll_at", str(node.attrs[0]), node.args[0].args[0], node.args[1])
    if node.op == "pick" and node.args[0].op == "mul":
        axis = str(node.attrs[0])
        return mul(*(n.pick(factor, axis, node.args[1]) for factor in node.args[0].args))
    return None


def weighted_nll(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op != "sum" or len(node.attrs[0]) != 1:  # type: ignore[arg-type]
        return None
    axis = str(node.attrs[0][0])  # type: ignore[index]
    body = node.args[0]
    factors = body.args if body.op == "mul" else (body,)
    for factor in factors:
        if factor.op == "nll" and factor.attrs[0] == axis:
            rest = mul(*(other for other in factors if other is not factor))
            return n.fold("xent", axis, factor.args[0], rest)
    return None
