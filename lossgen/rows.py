"""Rows: the axes along which a loss is made of parts that know nothing of each other.

Along such an axis arguments may be cut into pieces, and every kernel be run piece by piece: value,
tangent, and derivatives by arguments that carry the axis come in pieces as well; derivatives by
the other arguments are sums over the pieces, as each is linear in the upstream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossgen import nodes as n
from lossgen.nodes import Attribute, Node


@dataclass(frozen=True, slots=True)
class Rows:
    """An axis along which each entry of a loss depends on that entry of its arguments alone.

    Attributes:
        axis: its name.
        place: where the unreduced loss carries it.
        places: where each argument of the program carries it, in their order; None for one that
            goes whole to every piece.
        widths: the axes, beside its own, of the largest arrays that are computed for a row.
    """

    axis: str
    place: int
    places: tuple[int | None, ...]
    widths: tuple[tuple[str, ...], ...]


def find_rows(
    output: Node, axes: Sequence[str], arguments: Sequence[tuple[str, tuple[str, ...]]]
) -> tuple[Rows, ...]:
    """Return the independent axes of a loss in their order.

    Args:
        output: the unreduced loss.
        axes: its axes in the order in which arrays carry them.
        arguments: the name and the declared axes of each argument.
    """
    below = tuple(n.walk(output))
    found = []
    for place, axis in enumerate(axes):
        if any(mixes(node, axis) for node in below):
            continue
        carried = [_places(name, own, axis, below) for name, own in arguments]
        if all(len(places) == 1 for places in carried):
            places = tuple(places.pop() for places in carried)
            found.append(Rows(axis, place, places, _widths(below, axis)))
    return tuple(found)


def mixes(node: Node, axis: str) -> bool:
    """Say whether an operation runs along the axis, or asks for a place on it or its length."""
    if node.op == "leaf":
        return False
    lost = axis not in node.axes and any(axis in arg.axes for arg in node.args)
    return lost or any(_mentions(attribute, axis) for attribute in node.attrs)


def _mentions(attribute: Attribute, axis: str) -> bool:
    if isinstance(attribute, tuple):
        return any(_mentions(inner, axis) for inner in attribute)
    return attribute == axis


def _places(name: str, own: tuple[str, ...], axis: str, below: Sequence[Node]) -> set[int | None]:
    """Return where an argument has the axis: several places where it is read in several ways."""
    views = [node.view for node in below if node.op == "leaf" and node.name == name] or [own]
    return {view.index(axis) if axis in view else None for view in views}


def _widths(below: Sequence[Node], axis: str) -> tuple[tuple[str, ...], ...]:
    """Return the largest sets of axes of what is computed; summed products are never stored."""
    summed = {node.args[0] for node in below if node.op == "sum" and node.args[0].op == "mul"}
    sets = {
        node.axes - {axis}
        for node in below
        if axis in node.axes and node.op != "leaf" and node not in summed
    }
    largest = (one for one in sets if not any(one < other for other in sets))
    return tuple(sorted(tuple(sorted(one)) for one in largest))


def is_idle(*roots: Node) -> bool:
    """Say whether nothing is computed for each entry of the largest arrays.

    They are just read at places, or have something at places. To cut them gains nothing.
    """
    nodes = list(n.walk(*roots))
    most = max(len(node.axes) for node in nodes)
    large = (node for node in nodes if len(node.axes) == most and node.op not in ("leaf", "eq"))
    return any(map(n.is_one_hot, roots)) and all(map(n.is_one_hot, large))
