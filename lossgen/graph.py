"""The graph: nodes over named axes, each interned, so that one meaning is one object."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from fractions import Fraction
from typing import cast
from weakref import ref

from lossgen.memory import remembered

Attribute = str | int | float | Fraction | bool | tuple["Attribute", ...] | None

COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
LOGIC = ("and", "or", "not")
BOOLEAN = frozenset((*COMPARISONS, *LOGIC))
_ALONG = """
    sum amax amin argmax norm floored_norm p_norm lse deviation softmax cosoftmax nll nll_at xent
    rest pick excess excess_at grad_at direction
"""
_KEEPING = """
    deviation softmax softmax_tangent cosoftmax nll rest centred excess excess_at grad_at direction
"""
AXIS_OPERATIONS = frozenset(_ALONG.split())
AT_LABEL = frozenset(("nll_at", "excess_at", "grad_at"))  # whose index has the other axes
KEEPS_AXIS = frozenset(_KEEPING.split())  # those whose result still has the axis


class Node:
    """One operation: its name, its arguments, fixed attributes and the axes of its result.

    ``reads`` are the names of the leaves below it.
    """

    __slots__ = ("__weakref__", "args", "attrs", "axes", "op", "reads")

    op: str
    args: tuple[Node, ...]
    attrs: tuple[Attribute, ...]
    axes: frozenset[str]
    reads: frozenset[str]

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
        if type(value) is Fraction or type(value) is float:  # quicker than to ask for instances
            return value
        raise TypeError(f"{self} is no constant")


def _words(attribute: Attribute) -> tuple[str, ...]:
    if type(attribute) is tuple:
        return cast("tuple[str, ...]", attribute)
    return (str(attribute),)


class _Link(ref[Node]):
    """A weak reference to a node, which takes its entry away when the node goes."""

    __slots__ = ("key",)

    key: tuple[object, ...]


_interned: dict[tuple[object, ...], _Link] = {}


def _unlink(link: ref[Node]) -> None:
    if isinstance(link, _Link) and _interned.get(link.key) is link:
        del _interned[link.key]


def _reads(args: tuple[Node, ...]) -> frozenset[str]:
    widest = max((arg.reads for arg in args), key=len, default=frozenset[str]())
    return (
        widest
        if all(arg.reads <= widest for arg in args)
        else widest.union(*[arg.reads for arg in args])
    )


def make(
    op: str,
    args: Iterable[Node] = (),
    attrs: tuple[Attribute, ...] = (),
    axes: Iterable[str] | None = None,
) -> Node:
    """Return the one node of this meaning; its axes default to those of its arguments."""
    args = tuple(args)
    if axes is not None:
        axes = frozenset(axes)
    elif len(args) == 1:
        axes = args[0].axes
    else:
        axes = frozenset().union(*[arg.axes for arg in args])
    key = (op, args, attrs, tuple(map(type, attrs)), axes)
    link = _interned.get(key)
    node = link() if link is not None else None
    if node is None:
        node = Node()
        node.op, node.args, node.attrs, node.axes = op, args, attrs, axes
        node.reads = frozenset((node.name,)) if op == "leaf" else _reads(args)
        link = _interned[key] = _Link(node, _unlink)
        link.key = key
    return node


@remembered
def const(value: Fraction | float | int) -> Node:
    """Return a constant; whole numbers and ratios stay exact."""
    return make("const", (), (value if isinstance(value, float) else Fraction(value),))


ZERO, ONE = const(0), const(1)
MINUS_ONE = const(-1)


def is_const(node: Node, value: int | Fraction | None = None) -> bool:
    """Say whether the node is a constant, or that constant."""
    return node.op == "const" and (value is None or node.attrs[0] == value)


def leaf(
    name: str, view: tuple[str, ...] = (), kind: str = "float", *, positive: bool = False
) -> Node:
    """Return an argument of the kernel, read along the axes of ``view`` in storage order."""
    return make("leaf", (), (name, view, kind, *(("positive",) if positive else ())), view)


def walk(*roots: Node, known: Container[Node] = ()) -> Iterator[Node]:
    """Yield every node below the roots once, arguments before what uses them.

    What is ``known`` is left out, and with it what only such nodes use.
    """
    return _walked(roots, known) if known else iter(_below(roots))


@remembered
def _below(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return the nodes below some roots; most are asked for again and again."""
    return tuple(_walked(roots, ()))


def _walked(roots: tuple[Node, ...], known: Container[Node]) -> Iterator[Node]:
    seen: set[Node] = set()
    stack: list[Node | None] = [*reversed(roots)]
    open_nodes: list[Node] = []  # whose arguments are on the way, each with a None on the stack
    while stack:
        node = stack.pop()
        if node is None:
            yield open_nodes.pop()
        elif node not in seen and node not in known:
            seen.add(node)
            if node.args:
                open_nodes.append(node)
                stack.append(None)
                stack += node.args[::-1]
            else:
                yield node
