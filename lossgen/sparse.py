"""Arrays of zeros but for one entry of each row: how they are found, and made in one go."""

from __future__ import annotations

from collections.abc import Mapping

from lossgen import nodes as n
from lossgen.nodes import Node
from lossgen.rewrite import transform


def placed(
    roots: tuple[Node, ...], words: Mapping[Node, str]
) -> tuple[tuple[Node, ...], dict[Node, str]]:
    """Return roots in which such arrays are one operation, and what their nodes are called then.

    It is left where a mask is needed anyway, or where the value runs along other axes.
    """
    masks = {arg for node in n.walk(*roots) if not n.is_one_hot(node) for arg in node.args}

    def step(node: Node) -> Node:
        if not n.is_one_hot(node) or node.args[0] in masks:
            return node
        (place, index), value = node.args[0].args, node.args[1]
        if value.axes != index.axes or not value.axes:
            return node
        return n.make("placed", (value, index), (place.axis,), node.axes)

    found = transform((*roots, *words), step)
    return found[: len(roots)], dict(zip(found[len(roots) :], words.values(), strict=True))


__all__ = ["placed"]
