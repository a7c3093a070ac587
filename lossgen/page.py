"""What a body is printed from, before any backend: arranged graphs, and how their nodes are used.

All backends print the same graphs, so this is worked out once for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lossgen import nodes as n
from lossgen.code import FOUND, INTEGER_KINDS, TOTAL, sorted_axes
from lossgen.expand import FUNCTIONS
from lossgen.layout import arranged_products, leaves, operands, printed
from lossgen.memory import remembered
from lossgen.nodes import Node
from lossgen.products import collected, ordered, shared_products

# Those that only compare a position, or read at it.
PLACES = n.BOOLEAN | {"pick", "placed", "put", "relabel", "select", *n.AT_LABEL}


@dataclass(frozen=True, slots=True)
class Page:
    """Graphs as they are written.

    Attributes:
        roots: the results.
        nodes: every node of which something is written, once, operands first.
        uses: how often each is mentioned.
        ordinals: the positions that formulas count with.
        aligned: the nodes of which a use needs new axes, which read badly behind an expression.
        places: where the length of each axis can be read: an argument, the place, and its rank.
        floats: the floating-point arguments that are arrays.
    """

    roots: tuple[Node, ...]
    nodes: tuple[Node, ...]
    uses: Mapping[Node, int]
    ordinals: frozenset[Node]
    aligned: frozenset[Node]
    places: Mapping[str, tuple[str, int, int]]
    floats: tuple[str, ...]


@remembered
def page(
    roots: tuple[Node, ...],
    order: tuple[str, ...],
    optional: tuple[bool, ...],
    *,
    keep: bool,
    asked: tuple[int, ...] | None = None,
) -> Page:
    """Return what graphs are printed from.

    Args:
        roots: the results.
        order: all axes in the order in which arrays carry them.
        optional: for each result whether it is computed only if wanted; none at all if empty.
        keep: reductions keep their axis, so that no use needs another.
        asked: which of the roots are printed here, all of them if None. The others are computed
            beside them, and products that both need are the same.
    """
    roots = _arranged(roots, optional)
    roots = roots if asked is None else tuple(roots[k] for k in asked)
    nodes = printed(roots)
    uses = Counter(arg for node in nodes for arg in operands(node))
    uses.update(roots)
    places: dict[str, tuple[str, int, int]] = {}
    # A weight that is absent may be a number; and an argument says more than what is found of it.
    last = (*INTEGER_KINDS, "weight", FOUND)
    views = sorted(leaves(roots), key=lambda leaf: leaf.attrs[2] in last)
    arrays = [leaf for leaf in views if leaf.axes or leaf.attrs[2] == TOTAL]
    floats = [leaf for leaf in arrays if leaf.attrs[2] not in INTEGER_KINDS]
    for node in views:
        for place, axis in enumerate(node.view):
            places.setdefault(axis, (node.name, place, len(node.view)))
    return Page(
        roots,
        nodes,
        uses,
        _ordinals(nodes),
        frozenset() if keep else _aligned(nodes, order),
        places,
        tuple(dict.fromkeys(leaf.name for leaf in floats)),
    )


@remembered
def _arranged(roots: tuple[Node, ...], optional: tuple[bool, ...]) -> tuple[Node, ...]:
    """Return graphs with their products in order, and what several of these share in one."""
    roots = ordered(collected(arranged_products(roots)))
    always = [root for k, root in enumerate(roots) if not any(optional[k : k + 1])]
    return shared_products(roots, always)


@remembered
def new_axes(node: Node, user: Node, order: tuple[str, ...]) -> tuple[int, ...]:
    """Return where a node lacks axes that a user of it has, from the first of its own on."""
    if node.axes == user.axes or not node.axes:
        return ()
    mine, target = sorted_axes(node.axes, order), sorted_axes(user.axes, order)
    first = target.index(mine[0])
    return tuple(k for k, axis in enumerate(target[first:]) if axis not in mine)


def _ordinals(nodes: tuple[Node, ...]) -> frozenset[Node]:
    users = (user for user in nodes if user.op not in PLACES)
    return frozenset(arg for user in users for arg in operands(user) if arg.op == "position")


def _aligned(nodes: tuple[Node, ...], order: tuple[str, ...]) -> frozenset[Node]:
    return frozenset(
        node
        for user in nodes
        if user.op not in n.AXIS_OPERATIONS and user.op not in ("placed", "relabel")
        for node in operands(user)
        if new_axes(node, user, order)
    ) | frozenset(
        arg
        for user in nodes
        if user.op in ("xent", "excess") and user.op in FUNCTIONS
        for arg in user.args[1:]
        if new_axes(arg, user.args[0], order)
    )


__all__ = ["Page", "new_axes", "page"]
