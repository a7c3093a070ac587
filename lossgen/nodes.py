"""Nodes: the mathematics of a loss as a graph over named axes, after SymPy and before any backend.

A node is interned: two nodes with one meaning are one object, so sharing needs no search. The
constructors simplify what is safe (neutral elements, constants, factors that leave a sum) and never
distribute, expand or reorder what rounding would notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from weakref import WeakValueDictionary

Attribute = str | int | float | Fraction | bool | tuple["Attribute", ...] | None

COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
LOGIC = ("and", "or", "not")
BOOLEAN = frozenset((*COMPARISONS, *LOGIC))
AXIS_OPERATIONS = frozenset(
    ("sum", "amax", "amin", "argmax", "norm", "lse", "softmax", "cosoftmax", "nll", "nll_at", "xent", "rest", "pick",
     "excess", "excess_at", "direction")
)


class Node:
    """One operation: its name, the nodes it works on, fixed attributes and the axes of its result."""

    __slots__ = ("op", "args", "attrs", "axes", "__weakref__")

    op: str
    args: tuple[Node, ...]
    attrs: tuple[Attribute, ...]
    axes: frozenset[str]

    def __repr__(self) -> str:
        inner = ", ".join([*map(repr, self.args), *map(str, self.attrs)])
        return f"{self.op}({inner})"

    @property
    def value(self) -> Fraction | float:
        """The number of a constant."""
        return self.attrs[0]  # type: ignore[return-value]


_interned: WeakValueDictionary[tuple[object, ...], Node] = WeakValueDictionary()


def make(
    op: str,
    args: Iterable[Node] = (),
    attrs: tuple[Attribute, ...] = (),
    axes: Iterable[str] | None = None,
) -> Node:
    """Return the one node of this meaning; its axes default to those of its arguments."""
    args = tuple(args)
    axes = frozenset().union(*(arg.axes for arg in args)) if axes is None else frozenset(axes)
    key = (op, tuple(map(id, args)), attrs, tuple(map(type, attrs)), axes)
    node = _interned.get(key)
    if node is None:
        node = Node()
        node.op, node.args, node.attrs, node.axes = op, args, attrs, axes
        _interned[key] = node
    return node


def const(value: Fraction | float | int) -> Node:
    """Return a constant; whole numbers and ratios stay exact."""
    return make("const", (), (value if isinstance(value, float) else Fraction(value),))


ZERO, ONE = const(0), const(1)
MINUS_ONE = const(-1)


def is_const(node: Node, value: int | Fraction | None = None) -> bool:
    """Say whether the node is a constant, or that constant."""
    return node.op == "const" and (value is None or node.value == value)


def leaf(name: str, view: tuple[str, ...] = (), kind: str = "float") -> Node:
    """Return an argument of the kernel, read along the axes of ``view`` in storage order."""
    return make("leaf", (), (name, view, kind), view)


def add(*args: Node) -> Node:
    """Sum; equal and opposite terms cancel, constants fold."""
    total: Fraction | float = Fraction(0)
    terms: dict[Node, Fraction | float] = {}
    for arg in _merged(args):
        if is_const(arg):
            total = total + arg.value
            continue
        coefficient, rest = split_coefficient(arg)
        terms[rest] = terms.get(rest, Fraction(0)) + coefficient
    parts = [mul(const(c), rest) for rest, c in terms.items() if c != 0]
    if total != 0:
        parts.append(const(total))
    if not parts:
        return ZERO
    return parts[0] if len(parts) == 1 else make("add", parts)


def _merged(args: tuple[Node, ...]) -> tuple[Node, ...]:
    """Open an inner sum where one of its terms meets its like outside."""
    for k, arg in enumerate(args):
        others = (*args[:k], *args[k + 1 :])
        if arg.op == "add" and {split_coefficient(a)[1] for a in arg.args} & {
            split_coefficient(a)[1] for a in others if not is_const(a)
        }:
            return _merged((*args[:k], *arg.args, *args[k + 1 :]))
    return args


def split_coefficient(node: Node) -> tuple[Fraction | float, Node]:
    """Return the constant factor of a product and what it multiplies."""
    if node.op == "mul" and is_const(node.args[0]):
        rest = node.args[1:]
        return node.args[0].value, rest[0] if len(rest) == 1 else make("mul", rest)
    return Fraction(1), node


def mul(*args: Node) -> Node:
    """Product; flattened, with one constant factor in front and equal factors gathered in powers."""
    coefficient: Fraction | float = Fraction(1)
    powers: dict[Node, Fraction | float] = {}
    for arg in _factors(args):
        if is_const(arg):
            coefficient = coefficient * arg.value
        elif arg.op == "pow" and is_const(arg.args[1]):
            _raise_power(powers, arg.args[0], arg.args[1].value, arg)
        else:
            _raise_power(powers, arg, Fraction(1), arg)
    if coefficient == 0:
        return ZERO
    parts = [power(base, const(exponent)) for base, exponent in powers.items()]
    if coefficient < 0:
        coefficient, parts = _absorb_sign(coefficient, parts)
    if coefficient != 1 or not parts:
        parts.insert(0, const(coefficient))
    return parts[0] if len(parts) == 1 else make("mul", parts)


def _absorb_sign(
    coefficient: Fraction | float, parts: list[Node]
) -> tuple[Fraction | float, list[Node]]:
    """Turn a sum round rather than negate it, which is exact."""
    for k, part in enumerate(parts):
        if part.op == "add":
            signs = [split_coefficient(term)[0] < 0 for term in part.args]
            if all(signs) or len(parts) == 1 and coefficient == -1:
                turned = add(*(mul(MINUS_ONE, term) for term in part.args))
                return -coefficient, [*parts[:k], turned, *parts[k + 1 :]]
    return coefficient, parts


def _raise_power(powers: dict[Node, Fraction | float], base: Node, exponent: Fraction | float, whole: Node) -> None:
    """Gather equal factors; x * x**-1 stays, since it is not 1 at 0."""
    present = powers.get(base)
    if present is None:
        powers[base] = exponent
    elif (present > 0) == (exponent > 0):
        powers[base] = present + exponent
    else:
        powers[whole] = powers.get(whole, Fraction(0)) + 1 if whole is not base else present + exponent


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


def power(base: Node, exponent: Node) -> Node:
    """Return base ** exponent."""
    if is_const(exponent, 0) or is_const(base, 1):
        return ONE
    if is_const(exponent, 1):
        return base
    if is_const(base) and is_const(exponent):
        if isinstance(base.value, Fraction) and exponent.value == int(exponent.value) and base.value != 0:
            return const(base.value ** int(exponent.value))
        if base.value > 0:
            return const(float(base.value) ** float(exponent.value))
    if is_const(exponent, Fraction(1, 2)):
        return make("sqrt", (base,))
    return make("pow", (base, exponent))


def divide(top: Node, bottom: Node) -> Node:
    """Return top / bottom."""
    return mul(top, power(bottom, MINUS_ONE))


def select(condition: Node, yes: Node, no: Node) -> Node:
    """Return ``yes`` where the condition holds and ``no`` elsewhere."""
    return yes if yes is no else make("select", (condition, yes, no))


def compare(op: str, left: Node, right: Node) -> Node:
    """Return a comparison, one of COMPARISONS."""
    return make(op, (left, right))


def call(op: str, *args: Node) -> Node:
    """Return an elementwise function of the arguments; |-z| is |z|."""
    if op == "abs" and split_coefficient(args[0])[0] == -1:
        args = (negate(args[0]),)
    return make(op, args)


def position(axis: str) -> Node:
    """Return the index along an axis."""
    return make("position", (), (axis,), (axis,))


def size(axis: str) -> Node:
    """Return the number of entries along an axis."""
    return make("size", (), (axis,), ())


def sum_over(body: Node, axes: Iterable[str]) -> Node:
    """Sum over axes; factors and axes that the sum does not touch leave it."""
    for axis in sorted(axes):
        body = _sum_one(body, axis)
    return body


def _sum_one(body: Node, axis: str) -> Node:
    if is_const(body, 0):
        return ZERO
    if axis not in body.axes:
        return mul(body, size(axis))
    if body.op == "add" and all(_is_outer(term) for term in body.args):
        return add(*(_sum_one(term, axis) for term in body.args))
    factors = mul_factors(body)
    outside = [factor for factor in factors if axis not in factor.axes]
    inside = [factor for factor in factors if axis in factor.axes]
    for k, factor in enumerate(inside):
        picked = _one_hot_index(factor, axis)
        if picked is not None:
            rest = mul(*inside[:k], factor.args[1], *inside[k + 1 :])
            return mul(*outside, pick(rest, axis, picked))
    return mul(*outside, reduce_axes("sum", mul(*inside), (axis,)))


def _is_outer(term: Node) -> bool:
    """Say whether no factor has all axes of a product, whose sum is then a matrix product."""
    return term.op == "mul" and all(factor.axes < term.axes for factor in term.args)


def _one_hot_index(factor: Node, axis: str) -> Node | None:
    """Return k if the factor is zero except where the place along the axis is k."""
    if factor.op != "select" or not is_const(factor.args[2], 0) or factor.args[0].op != "eq":
        return None
    left, right = factor.args[0].args
    return right if left is position(axis) and axis not in right.axes else None


def reduce_axes(op: str, body: Node, axes: tuple[str, ...]) -> Node:
    """Return a reduction over axes; nested sums are one."""
    if op == "sum" and body.op == "sum":
        axes = tuple(sorted((*axes, *body.attrs[0])))  # type: ignore[misc]
        body = body.args[0]
    return make(op, (body,), (axes,), body.axes - set(axes))


def over(op: str, axis: str, *args: Node) -> Node:
    """Return an operation along an axis that keeps the axis (softmax and its kin)."""
    return make(op, args, (axis,))


def fold(op: str, axis: str, *args: Node) -> Node:
    """Return an operation along an axis that removes it."""
    axes = frozenset().union(*(arg.axes for arg in args)) - {axis}
    return make(op, args, (axis,), axes)


def fold_at(op: str, axis: str, body: Node, index: Node) -> Node:
    """Return an operation that removes an axis and reads it at an index."""
    return make(op, (body, index), (axis,), (body.axes - {axis}) | index.axes)


def pick(body: Node, axis: str, index: Node) -> Node:
    """Return the body at one place along the axis."""
    if axis not in body.axes:
        return body
    return make("pick", (body, index), (axis,), (body.axes - {axis}) | index.axes)


def one_hot(axis: str, index: Node, value: Node) -> Node:
    """Return ``value`` at one place along the axis and 0 elsewhere."""
    return select(compare("eq", position(axis), index), value, ZERO)


def walk(*roots: Node) -> Iterator[Node]:
    """Yield every node below the roots once, arguments before what uses them."""
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args))
