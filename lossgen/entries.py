"""Which axes must have entries: over none there is no largest, and no softmax."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.program import Program

REDUCTIONS = frozenset(("amax", "amin", "argmax"))
# What looks for the largest entry first, or for one that a label names.
ALONG = n.AT_LABEL | frozenset(
    ("softmax", "cosoftmax", "nll", "xent", "excess", "lse", "rest", "pick")
)


def filled_axes(program: Program) -> frozenset[str]:
    """Return the axes along which the loss needs an entry."""
    found: set[str] = set()
    for node in n.walk(program.output):
        if node.op in REDUCTIONS:
            found.update(node.reduced)
        elif node.op in ALONG:
            found.add(node.axis)
    return frozenset(found)


__all__ = ["filled_axes"]
