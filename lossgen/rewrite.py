"""Rebuilding a graph: one rule at a time, bottom-up, or one axis for another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lossgen import nodes as n
from lossgen.memory import NODES, remembered
from lossgen.nodes import Node

SIMPLE: dict[str, Callable[..., Node]] = {
    "add": n.add,
    "mul": n.mul,
    "pow": n.power,
    "select": n.select,
}


def rebuild(node: Node, args: tuple[Node, ...]) -> Node:
    """Return the node over other arguments, simplified again."""
    if args == node.args:
        return node
    if node.op in SIMPLE:
        return SIMPLE[node.op](*args)
    if node.op == "sum":
        return n.sum_over(args[0], node.reduced)
    if node.op == "pick":
        return n.pick(args[0], node.axis, args[1])
    if node.op in ("relabel", "like", "placed"):
        return n.make(node.op, args, node.attrs, node.axes)
    if node.op in ("direction", "norm", "p_norm") and n.is_const(args[0], 0):
        return n.ZERO
    axes = frozenset().union(*(arg.axes for arg in args))
    removed = frozenset().union(*(arg.axes for arg in node.args)) - node.axes
    return n.make(node.op, args, node.attrs, axes - removed)


def transform(roots: tuple[Node, ...], step: Callable[[Node], Node]) -> tuple[Node, ...]:
    """Return the roots with ``step`` applied to every node after its arguments."""
    done: dict[Node, Node] = {}
    for node in n.walk(*roots):
        args = tuple([done[arg] for arg in node.args])
        done[node] = step(node if args == node.args else rebuild(node, args))
    return tuple([done[root] for root in roots])


class Pass:
    """A function of whole graphs, given what a node becomes over what its arguments became.

    It remembers that of each node: the derivatives of a loss share most of theirs.
    """

    def __init__(self, renew: Callable[[Node, tuple[Node, ...]], Node]) -> None:
        self._renew = renew
        self._done: dict[Node, Node] = {}
        self._depth = 0  # a step may need the pass itself, for graphs that it makes

    def cache_clear(self) -> None:
        """Forget everything, as functions of ``functools`` do that remember."""
        self._done.clear()

    def __call__(self, roots: tuple[Node, ...]) -> tuple[Node, ...]:
        """Return the roots after the pass."""
        done = self._done
        if len(done) > NODES and not self._depth:
            self.cache_clear()
        self._depth += 1
        try:
            for node in n.walk(*roots, known=done):
                done[node] = self._renew(node, tuple([done[arg] for arg in node.args]))
        finally:
            self._depth -= 1
        return tuple([done[root] for root in roots])


def substitute(root: Node, table: Mapping[Node, Node]) -> Node:
    """Return the graph with some nodes replaced."""
    done: dict[Node, Node] = dict(table)
    for node in n.walk(root):
        if node not in done:
            done[node] = rebuild(node, tuple([done[arg] for arg in node.args]))
    return done[root]


@remembered
def rename_axis(root: Node, old: str, new: str) -> Node:
    """Return the graph with the free axis ``old`` read as ``new``; bound axes give way."""
    if old not in root.axes:
        return root
    if root.op == "leaf":
        if new in root.view:  # its diagonal
            fresh = fresh_axis(root, new)
            return n.pick(rename_axis(root, old, fresh), fresh, n.position(new))
        view = tuple(new if axis == old else axis for axis in root.view)
        return n.leaf(root.name, view, str(root.attrs[2]))
    if root.op == "position":
        return n.position(new)
    if root.op == "relabel":
        raise ValueError("a relabelled gradient has no free axis to rename")
    if new in root.axes and root.op in n.KEEPS_AXIS and root.axis in (old, new):
        return _on_one_axis(root, old, new)
    bound = bound_axes(root)
    if new in bound:
        root = free_axis(root, new)
    args = tuple(rename_axis(arg, old, new) for arg in root.args)
    if root.attrs and root.attrs[0] == old:
        axes = frozenset().union(*(arg.axes for arg in args))
        return n.make(root.op, args, (new, *root.attrs[1:]), axes)
    return rebuild(root, args)


def _on_one_axis(root: Node, old: str, new: str) -> Node:
    """Return an operation that runs along one axis where it stands at the same place on another."""
    fresh = fresh_axis(root, new)
    apart = rename_axis(rename_axis(root, root.axis, fresh), old, new)
    return n.pick(apart, fresh, n.position(new))


def bound_axes(node: Node) -> frozenset[str]:
    """Return the axes that a reduction hides."""
    return (
        frozenset().union(*(arg.axes for arg in node.args)) - node.axes
        if node.args
        else frozenset()
    )


def fresh_axis(node: Node, axis: str) -> str:
    """Return another name for an axis, which nothing below the node uses."""
    fresh = f"{axis}_"
    while any(fresh in inner.axes for inner in n.walk(node)):
        fresh += "_"
    return fresh


def free_axis(node: Node, axis: str) -> Node:
    """Return a reduction over ``axis`` written over a fresh axis."""
    fresh = fresh_axis(node, axis)
    args = tuple(rename_axis(arg, axis, fresh) for arg in node.args)
    if node.op in ("sum", "amax", "amin", "argmax"):
        reduced = tuple(fresh if a == axis else a for a in node.reduced)
        return n.make(node.op, args, (reduced,), node.axes)
    return n.make(node.op, args, (fresh, *node.attrs[1:]), node.axes)
