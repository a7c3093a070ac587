"""The graph: nodes over named axes, each interned, so that one meaning is one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from weakref import WeakValueDictionary

Attribute = str | int | float | Fraction | bool | tuple["Attribute", ...] | None

COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
LOGIC = ("and", "or", "not")
BOOLEAN = frozenset((*COMPARISONS, *LOGIC))
AXIS_OPERATIONS = frozenset(
    (
        "sum",
        "amax",
        "amin",
        "argmax",
        "norm",
        "floored_norm",
        "p_norm",
        "lse",
        "deviation",
        "softmax",
        "cosoftmax",
        "nll",
        "nll_at",
        "xent",
        "rest",
        "pick",
        "excess",
        "excess_at",
        "direction",
    )
)
# Those whose result still has the axis along which they run.
KEEPS_AXIS = frozenset(
    (
        "deviation",
        "softmax",
        "softmax_tangent",
        "cosoftmax",
        "nll",
        "rest",
        "centred",
        "excess",
        "excess_at",
        "direction",
    )
)


class Node:
    """One operation: its name, its arguments, fixed attributes and the axes of its result."""

    __slots__ = ("__weakref__", "args", "attrs", "axes", "op")

    op: str
    args: tuple[Node, ...]
    attrs: tuple[Attribute, ...]
    axes: frozenset[str]

    def __repr__(self) -> str:
        inner = ", ".join([*map(repr, self.args), *map(str, self.attrs)])
        return f"{self.op}({inner})"

    @property
    def name(self) -> str:
        """The name of an argument."""
        return str(self.attrs[0])

    @property
    def view(self) -> tuple[str, ...]:
        """The axes of an argument in storage order."""
        return _words(self.attrs[1])

    @property
    def axis(self) -> str:
        """The axis of an operation along one axis."""
        return str(self.attrs[0])

    @property
    def reduced(self) -> tuple[str, ...]:
        """The axes that a reduction removes."""
        return _words(self.attrs[0])

    @property
    def value(self) -> Fraction | float:
        """The number of a constant."""
        (value,) = self.attrs
        if isinstance(value, Fraction | float):
            return value
        raise TypeError(f"{self} is no constant")


def _words(attribute: Attribute) -> tuple[str, ...]:
    return tuple(map(str, attribute)) if isinstance(attribute, tuple) else (str(attribute),)


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


def leaf(
    name: str, view: tuple[str, ...] = (), kind: str = "float", *, positive: bool = False
) -> Node:
    """Return an argument of the kernel, read along the axes of ``view`` in storage order."""
    return make("leaf", (), (name, view, kind, *(("positive",) if positive else ())), view)


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
