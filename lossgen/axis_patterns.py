"""What the rules over an axis match: norms, softmax and cross-entropy."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.nodes import Node, const, mul, negate
from lossgen.patterns import signed_terms


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
                others = n.over("cosoftmax", soft.axis, soft.args[0])
                return n.add(mul(outer, soft, others), *rest)
    return None


def deviation(node: Node) -> Node | None:
    """See the rule of this name."""
    for k, arg in enumerate(node.args if node.op == "add" else ()):
        factor, mean = n.split_coefficient(arg)
        total = next((f for f in n.mul_factors(mean) if f.op == "sum"), None)
        if factor != -1 or total is None or len(total.reduced) != 1:
            continue
        axis, body = total.reduced[0], total.args[0]
        share = n.power(n.size(axis), n.MINUS_ONE)
        if set(n.mul_factors(mean)) == {total, share} and body in node.args:
            rest = [a for m, a in enumerate(node.args) if m != k and a is not body]
            return n.add(n.deviation(axis, body), *rest)
    return None


def norm(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op != "sqrt" or node.args[0].op != "sum" or len(node.args[0].reduced) != 1:
        return None
    body = node.args[0].args[0]
    if body.op == "pow" and n.is_const(body.args[1], 2):
        return n.fold("norm", node.args[0].reduced[0], body.args[0])
    return None


def direction(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "unit" and node.args[1].op == "norm" and node.args[1].args[0] is node.args[0]:
        return n.over("direction", node.args[1].axis, node.args[0])
    return None


def logsumexp(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "log" and node.args[0].op == "sum":
        inner = node.args[0]
        if inner.args[0].op == "exp" and len(inner.reduced) == 1:
            return n.fold("lse", inner.reduced[0], inner.args[0].args[0])
    if node.op == "log" and node.args[0].op == "softmax":
        soft = node.args[0]
        return negate(n.over("nll", soft.axis, soft.args[0]))
    if node.op == "log" and node.args[0].op == "pick" and node.args[0].args[0].op == "softmax":
        soft, index = node.args[0].args
        return negate(n.fold_at("nll_at", soft.axis, soft.args[0], index))
    return None


def cross_entropy_gap(node: Node) -> Node | None:
    """logsumexp(a) - a, at a label or everywhere."""
    terms = signed_terms(node)
    for k, (factor, term) in enumerate(terms):
        if term.op != "lse":
            continue
        axis, body = term.axis, term.args[0]
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
        if set(n.mul_factors(mul(*picked))) == set(n.mul_factors(term)):
            return pick.args[1]
    return None


def pick_nll(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op == "pick" and node.args[0].op == "nll" and node.attrs == node.args[0].attrs:
        return n.fold_at("nll_at", node.axis, node.args[0].args[0], node.args[1])
    if node.op == "pick" and node.args[0].op == "mul":
        axis = node.axis
        return mul(*(n.pick(factor, axis, node.args[1]) for factor in node.args[0].args))
    return None


def weighted_nll(node: Node) -> Node | None:
    """See the rule of this name."""
    if node.op != "sum" or len(node.reduced) != 1:
        return None
    axis = node.reduced[0]
    body = node.args[0]
    factors = body.args if body.op == "mul" else (body,)
    for factor in factors:
        if factor.op == "nll" and factor.attrs[0] == axis:
            rest = mul(*(other for other in factors if other is not factor))
            return n.fold("xent", axis, factor.args[0], rest)
    return None
