"""What a graph looks like on the page, before any backend: products, quotients, matrix products."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.matrices import matrix_pair
from lossgen.memory import remembered
from lossgen.nodes import Node
from lossgen.rewrite import Pass, rebuild

# What is at most 1, so that its square cannot overflow, or made of quotients already.
BOUNDED = ("sigmoid", "softmax", "cosoftmax", "direction", "unit", "sign", "select")


@remembered
def operands(node: Node) -> tuple[Node, ...]:
    """Return what the printed form of a node mentions."""
    if node.op == "add":
        return tuple(magnitude(arg) for arg in node.args)
    if node.op == "mul":
        return tuple(denominator(arg) or arg for arg in node.args)
    if node.op == "pow":
        inverse = denominator(node)
        return node.args if inverse is None else (inverse,)
    pair = matrix_pair(node)
    return pair if pair is not None else node.args


@remembered
def is_negative(term: Node) -> bool:
    """Say whether a term of a sum stands behind a minus."""
    return n.is_below_zero(term.value if n.is_const(term) else n.split_coefficient(term)[0])


@remembered
def terms_in_order(node: Node) -> tuple[Node, ...]:
    """Return the terms of a sum, positive ones first; behind a difference come the numbers.

    What two entries of any size leave is exact where they are close (Sterbenz, 1974), and then a
    margin counts; added to the first of them, it would be rounded away.
    """
    entries = [term for term in node.args if _is_entry(term)]
    if len({is_negative(term) for term in entries}) == 1:
        entries = []
    return tuple(
        sorted(node.args, key=lambda term: (entries and term not in entries, is_negative(term)))
    )


@remembered
def _is_entry(term: Node) -> bool:
    """Say whether a term depends on a tensor, and not on parameters alone."""
    return any(inner.op == "leaf" and inner.view for inner in n.walk(term))


@remembered
def magnitude(term: Node) -> Node:
    """Return a term of a sum as it stands behind its sign."""
    return n.mul(n.MINUS_ONE, term) if is_negative(term) else term


@remembered
def denominator(factor: Node) -> Node | None:
    """Return what is divided by, where the factor is a negative power."""
    if factor.op == "pow" and n.is_const(factor.args[1]) and factor.args[1].value < 0:
        return n.power(factor.args[0], n.const(-factor.args[1].value))
    return None


@remembered
def arranged_products(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """Multiply what has fewer axes first, and write -(c a b) where c a b is there already."""
    roots = _divided(_grouped(roots))
    present = set(n.walk(*roots))
    if not any(_is_long_negative(node) for node in present):
        return roots

    def share(node: Node, args: tuple[Node, ...]) -> Node:
        if args == node.args and _is_long_negative(node):
            number = n.const(-node.args[0].value)
            positive = n.make("mul", (number, *node.args[1:])[number is n.ONE :])
            return n.make("mul", (n.MINUS_ONE, positive)) if positive in present else node
        return _as_it_is(node, args)

    return Pass(share)(roots)


def _is_long_negative(node: Node) -> bool:
    return node.op == "mul" and len(node.args) > 2 and is_negative(node)


def _balanced(node: Node, args: tuple[Node, ...]) -> Node:
    """Divide factor by factor: r**2 / v is r (r / v), since the square alone may overflow."""
    if node.op != "mul" or args != node.args:
        return _as_it_is(node, args)
    below = [(k, arg) for k, arg in enumerate(node.args) if _is_divisor(arg)]
    above = [factor for arg in node.args if not _is_divisor(arg) for factor in _repeated(arg)]
    if not below or len(above) == len(node.args) - len(below):  # nothing is a square
        return node
    divisors = [n.power(arg.args[0], n.MINUS_ONE) for _, arg in below for _ in range(_depth(arg))]
    above.sort(key=lambda factor: (above.count(factor), not n.is_const(factor), len(factor.axes)))
    quotients: list[Node] = []
    for divisor in divisors:
        top = above.pop() if above else quotients.pop() if quotients else None
        quotients.append(divisor if top is None else n.make("mul", (top, divisor)))
    parts = [*above, *quotients]
    if len(parts) > 1 and parts[-1] is parts[-2]:
        parts[-2:] = [n.make("pow", (parts[-1], n.const(2)))]
    return n.make("mul", parts) if len(parts) > 1 else parts[0]


def _is_divisor(factor: Node) -> bool:
    return denominator(factor) is not None and factor.args[0].op != "size" and _depth(factor) > 0


def _depth(factor: Node) -> int:
    """Return how often a factor divides, 0 unless that is a whole number."""
    exponent = factor.args[1].value
    return int(-exponent) if exponent == int(exponent) else 0


def _repeated(factor: Node) -> tuple[Node, ...]:
    square = factor.op == "pow" and n.is_const(factor.args[1], 2)
    if square and factor.args[0].op not in BOUNDED:
        return factor.args[0], factor.args[0]
    return (factor,)


@remembered
def printed(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return every node of which something is written, once, operands first."""
    found: dict[Node, None] = {}
    for root in roots:
        _print_order(root, found)
    return tuple(found)


def _print_order(node: Node, found: dict[Node, None]) -> None:
    for arg in operands(node):
        if arg not in found:
            _print_order(arg, found)
    found.setdefault(node)


@remembered
def leaves(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return the arguments that graphs read, in the order they read them."""
    return tuple(node for node in n.walk(*roots) if node.op == "leaf")


def _group_factors(node: Node) -> Node:
    """Multiply first what has fewer axes than the product, and with it numbers and lengths."""
    if node.op != "mul":
        return node
    narrow = [
        arg for arg in node.args if arg.axes and arg.axes != node.axes and denominator(arg) is None
    ]
    if not narrow:
        return node
    groups: dict[frozenset[str], list[Node]] = {}
    for arg in narrow:
        groups.setdefault(arg.axes, []).append(arg)
    numbers = [arg for arg in node.args if _is_number(arg) and not n.is_const(arg)]
    next(iter(groups.values())).extend(numbers)
    wide = [arg for arg in node.args if arg not in narrow and arg not in numbers]
    if not wide or all(len(group) == 1 for group in groups.values()):
        return node
    minus = [arg for arg in wide if n.is_const(arg)]
    rest = [arg for arg in wide if not n.is_const(arg)]
    return n.make("mul", [*minus, *(n.mul(*group) for group in groups.values()), *rest])


@remembered
def _is_number(node: Node) -> bool:
    """Say whether a node is made of numbers and lengths alone, and divides by no number."""
    divisor = denominator(node)
    if divisor is not None:
        return divisor.op == "size"
    return not node.axes and all(not inner.axes for inner in n.walk(node))


def _as_it_is(node: Node, args: tuple[Node, ...]) -> Node:
    """Return the node over other arguments, and nothing simplified."""
    return node if args == node.args else n.make(node.op, args, node.attrs, node.axes)


def _over(node: Node, args: tuple[Node, ...]) -> Node:
    """Return the node over other arguments, simplified; a sum over what is masked stays one.

    An index would take its place again, which reads row by row and was found not to fit.
    """
    found = rebuild(node, args)
    indexed = node.op == "sum" and any(factor.op == "pick" for factor in n.mul_factors(found))
    return _as_it_is(node, args) if indexed else found


_grouped = Pass(lambda node, args: _group_factors(_over(node, args)))
_divided = Pass(_balanced)
