"""What suits a compiler that decides itself what is shared, and what becomes a loop.

What a loss and its slopes both need, XLA on a CPU writes to memory and reads again for each of
them. Whichever comes last may be written in its place, and is then computed entry by entry. So it
is faster to take twice what is shared if that is little work, and more is left to do for the
slopes; with little left, or with logarithms to share, it is slower
(``benchmarks.jax_losses --all``).
"""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.expand import Expansion
from lossgen.nodes import Node
from lossgen.program import Program

# What takes many times as long as a product.
FUNCTIONS = frozenset(
    ("sin", "cos", "tanh", "sinh", "cosh", "atan", "erf", "exp", "expm1", "log", "log1p")
)
LITTLE = frozenset(("sigmoid", "sqrt", "unit"))
LONG = FUNCTIONS | LITTLE
CHEAP_POWERS = (-1, -2, -3)  # a quotient, and products of it
SHORT = 100  # operations of a gradient that XLA unrolls over places of an axis, and then shares


def better_apart(program: Program) -> bool:
    """Say whether a loss and its slopes had better share nothing.

    Of one that reduces axes, it is never so.
    """
    spell = Expansion(frozenset(("unit",)))  # each of these divides anew
    (value,), slopes = spell.expand(program.output), spell.expand(*program.partials)
    if any(node.op in n.AXIS_OPERATIONS for node in n.walk(value, *slopes)):
        return False
    work, later = _work(value), _work(*slopes)
    shared = work & later
    return bool(shared and later - work) and all(map(_is_little, shared))


def better_chosen(program: Program) -> bool:
    """Say whether the places of an axis that a loss reads by number had better be chosen by it.

    The derivative of reading one place is an entry among zeros. Their sum, XLA on a CPU computes
    entry by entry, with a branch for each place; of a short gradient it makes one loop without any.
    """
    picks = any(node.op == "pick" and n.is_const(node.args[1]) for node in n.walk(program.output))
    return picks and sum(bool(node.axes) for node in n.walk(*program.gradients[:1])) > SHORT


def _work(*roots: Node) -> set[Node]:
    """Return the nodes that take long, entry by entry."""
    return {node for node in n.walk(*roots) if node.axes and _takes_long(node)}


def _takes_long(node: Node) -> bool:
    if node.op == "pow":
        return not (n.is_const(node.args[1]) and node.args[1].value in (1, 2, 3, 4))
    return node.op in LONG


def _is_little(node: Node) -> bool:
    if node.op == "pow":
        return n.is_const(node.args[1]) and node.args[1].value in CHEAP_POWERS
    return node.op in LITTLE


__all__ = ["better_apart", "better_chosen"]
