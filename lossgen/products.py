"""What several products have in common, so that it is multiplied once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from functools import partial
from itertools import combinations

from lossgen import nodes as n
from lossgen.layout import denominator
from lossgen.matrices import matrix_pair
from lossgen.nodes import Node
from lossgen.rewrite import Pass

Two = frozenset[Node]


def shared_products(roots: tuple[Node, ...], always: Sequence[Node]) -> tuple[Node, ...]:
    """Multiply first what several products have in common.

    The first result is rounded as it would be alone: a loss has one value, whoever asks for what.

    Args:
        roots: the results.
        always: those that are computed in any case; products of others alone are left apart.
    """
    nodes = tuple(n.walk(*roots))
    first = set(n.walk(*roots[:1]))
    apart = {node.args[0] for node in nodes if matrix_pair(node) is not None}
    products = [node for node in nodes if node.op == "mul" and node not in apart]
    factors = {node: _Factors(node, leading=node in first) for node in products}
    needed = {node for node in n.walk(*always) if node in factors}
    counts = Counter(pair for node in factors if node in needed for pair in factors[node].pairs)
    place = {node: k for k, node in enumerate(nodes)}
    while counts:
        pair = max(counts, key=counts.__getitem__)
        if counts[pair] < 2:
            break
        product = n.make("mul", sorted(pair, key=place.__getitem__))
        place[product] = len(place)
        for node, each in factors.items():
            if pair in each.pairs:
                before, after = each.join(pair, product)
                if node in needed:
                    counts.subtract(before)
                    counts.update(after)
        counts.pop(pair, None)
    return _written(roots, nodes, factors)


class _Factors:
    """The factors of a product, of which some two at a time become one.

    Attributes:
        args: the factors.
        pairs: those that may be multiplied first; only the first two, if these are ``leading``.
    """

    def __init__(self, node: Node, *, leading: bool) -> None:
        self.args = list(node.args)
        self._leading = leading
        self.pairs = self._find()

    def join(self, pair: Two, product: Node) -> tuple[Iterable[Two], Iterable[Two]]:
        """Put a product for a pair; return the pairs that there were, and that there are."""
        before = self.pairs
        if len(self.args) > 2:
            place = min(map(self.args.index, pair))
            self.args = [arg for arg in self.args if arg not in pair]
            self.args.insert(place, product)
        self.pairs = self._find() if len(self.args) > 2 else []
        return before, self.pairs

    def _find(self) -> list[Two]:
        """Find the pairs; what comes from above may be a number, and then first meets numbers."""
        factors = [arg for arg in self.args if not n.is_const(arg, -1)]
        if any(n.is_const(arg) or denominator(arg) is not None for arg in factors):
            return []
        above = [arg for arg in factors if arg.op == "leaf" and arg.name == "upstream"]
        if len(set(factors)) < len(factors) or (self._leading and above):
            return []
        rest = [arg for arg in factors if arg not in above and (arg.axes or not above)]
        pairs = combinations(rest[:2] if self._leading else rest, 2)
        return [frozenset((a, b)) for a, b in pairs if a.axes == b.axes or not a.axes]


def ordered(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """Write a b for b a, where a b is there before, and a + b likewise: bit by bit the same."""
    known: dict[tuple[str, frozenset[Node]], Node] = {}

    def first(node: Node, args: tuple[Node, ...]) -> Node:
        if args != node.args:
            node = n.make(node.op, args, node.attrs, node.axes)
        if node.op == "select" and args[1] is args[2] and args[1].axes == node.axes:
            return args[1]
        if node.op not in ("add", "mul") or len(args) != 2:
            return node
        return known.setdefault((node.op, frozenset(args)), node)

    return Pass(first)(roots)


def _collected(node: Node, args: tuple[Node, ...]) -> Node:
    """Write a b - c b as (a - c) b: a product less, and no digit lost that the sum keeps."""
    if args != node.args and node.op == "mul":  # a sum that became a product is no factor alone
        pairs = zip(node.args, args, strict=True)
        args = tuple(
            factor
            for old, new in pairs
            for factor in (new.args if new.op == "mul" and old.op == "add" else (new,))
        )
    if args != node.args:
        node = n.make(node.op, args, node.attrs, node.axes)
    terms = [arg.args if arg.op == "mul" else (arg,) for arg in args] if node.op == "add" else []
    common = [
        factor
        for factor in (terms[0] if terms else ())
        if factor.axes == node.axes
        and denominator(factor) is None
        and all(term.count(factor) == 1 and len(term) > 1 for term in terms)
    ]
    if not common:
        return node
    rests = [[factor for factor in term if factor not in common] for term in terms]
    if not all(any(factor.axes for factor in rest) for rest in rests):
        return node
    parts = [n.make("mul", rest) if rest[1:] else rest[0] for rest in rests]
    total = n.add(*parts)
    if n.is_const(total):  # shares of a whole, as 1 - t and t
        return n.mul(total, *common)
    return n.make("mul", [*common, n.make("add", parts)])


collected = Pass(_collected)


def gathered(root: Node, coefficients: Set[Node]) -> Node:
    """Write c a + c b as c (a + b), where c is one of the coefficients of a linear map.

    In reverse mode, what arrives is then multiplied by it once.
    """
    return Pass(partial(_gathered, coefficients))((root,))[0]


def _gathered(coefficients: Set[Node], node: Node, args: tuple[Node, ...]) -> Node:
    if args != node.args:
        node = n.make(node.op, args, node.attrs, node.axes)
    if node.op != "add":
        return node
    shares = {c: [t for t in node.args if _is_share(t, c)] for c in _wide(node, coefficients)}
    common = max(shares, key=lambda c: len(shares[c]), default=None)
    if common is None or len(shares[common]) < 2:
        return node
    rests = [n.mul(*(f for f in t.args if f is not common)) for t in shares[common]]
    joined = n.make("mul", (common, n.make("add", rests)))
    others = [term for term in node.args if term not in shares[common]]
    if not others:
        return joined
    node = n.make("add", (joined, *others))
    return _gathered(coefficients, node, node.args)


def _wide(node: Node, coefficients: Set[Node]) -> list[Node]:
    """Return the coefficients in the terms of a sum that have its axes."""
    factors = dict.fromkeys(factor for term in node.args for factor in n.mul_factors(term))
    return [each for each in factors if each in coefficients and each.axes == node.axes]


def _is_share(term: Node, coefficient: Node) -> bool:
    """Say whether a term is an array times the coefficient, which is no square there."""
    rest = [factor for factor in n.mul_factors(term) if factor is not coefficient]
    return len(n.mul_factors(term)) == len(rest) + 1 and any(factor.axes for factor in rest)


def _written(
    roots: tuple[Node, ...], nodes: Sequence[Node], factors: dict[Node, _Factors]
) -> tuple[Node, ...]:
    """Return the roots with the products as they were joined."""
    done: dict[Node, Node] = {}
    for node in nodes:
        args = factors[node].args if node in factors else node.args
        renewed = tuple([_joined(arg, done) for arg in args])
        done[node] = (
            node if renewed == node.args else n.make(node.op, renewed, node.attrs, node.axes)
        )
    return tuple([done[root] for root in roots])


def _joined(node: Node, done: dict[Node, Node]) -> Node:
    if node not in done:  # a product that was made of factors written before
        done[node] = n.make("mul", [_joined(arg, done) for arg in node.args])
    return done[node]
