"""A program: the value of a case and all its derivatives as stable graphs over canonical arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lossgen import nodes as n
from lossgen.axes import ELLIPSIS
from lossgen.derive import Forward, reverse
from lossgen.diagonal import hessian_diagonal
from lossgen.nodes import Node
from lossgen.regions import mask
from lossgen.rewrite import transform
from lossgen.rows import Rows, find_rows, is_idle
from lossgen.rules import Rule, stabilise
from lossgen.totals import Totals, find_totals


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a program: ``kind`` is that of its declaration."""

    name: str
    axes: tuple[str, ...]
    kind: str

    @property
    def differentiable(self) -> bool:
        """Say whether the argument has a gradient."""
        return self.kind == "float"


@dataclass(frozen=True)
class Program:
    """One case of a loss.

    Attributes:
        arguments: tensors, then parameters, in declared order.
        order: all axes in the order in which arrays carry them.
        value: the unreduced loss.
        valid: where it counts, or None.
        denominator: what a mean divides by, or None for the number of entries.
        names: the author's words for parts of the formula.
        rules: what made the value stable.
        homes: for each axis the argument that has it, the place there, and the argument's rank.
        weight: that of the entries, which multiplies the value and is none of the arguments.
    """

    arguments: tuple[Argument, ...]
    order: tuple[str, ...]
    value: Node
    valid: Node | None
    denominator: Node | None
    names: dict[Node, str] = field(hash=False)
    rules: tuple[Rule, ...]
    homes: Mapping[str, tuple[str, int, int]] = field(default_factory=dict, hash=False)
    weight: Argument | None = None

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the unreduced loss."""
        return self.sorted_axes(self.value.axes)

    def sorted_axes(self, axes: frozenset[str]) -> tuple[str, ...]:
        """Return axes in the order in which arrays carry them."""
        return tuple(axis for axis in self.order if axis in axes)

    @property
    def given(self) -> tuple[Argument, ...]:
        """The arguments, and the weight of the entries."""
        return self.arguments if self.weight is None else (*self.arguments, self.weight)

    @cached_property
    def named(self) -> Mapping[str, Argument]:
        """The arguments, and the weight of the entries, by their names."""
        return {argument.name: argument for argument in self.given}

    @cached_property
    def wrt(self) -> tuple[Argument, ...]:
        """The arguments that have a gradient."""
        return tuple(argument for argument in self.arguments if argument.differentiable)

    @cached_property
    def upstream(self) -> Node:
        """The gradient that arrives from above."""
        return n.leaf("upstream", self.axes)

    @cached_property
    def output(self) -> Node:
        """The unreduced loss, exactly 0 where it does not count."""
        return mask(self.value, self.valid)

    @cached_property
    def rows(self) -> tuple[Rows, ...]:
        """The axes along which the loss, and with it every kernel, may be computed in pieces."""
        declared = [(argument.name, argument.axes) for argument in self.arguments]
        return find_rows(self.output, self.axes, declared)

    @cached_property
    def totals(self) -> Totals | None:
        """The sums through which alone samples know of each other, where they do."""
        if not self.arguments[0].axes or self.arguments[0].axes[0] in self.value.axes:
            return None
        pairs = zip(self.wrt, self.gradients, strict=True)
        gradients = [(frozenset(argument.axes), gradient) for argument, gradient in pairs]
        return find_totals(self.output, gradients, self.order)

    @cached_property
    def scales(self) -> bool:
        """Whether gradients just multiply by the upstream, which then may be one number."""
        if not self.is_entrywise:
            return False
        users = [node for node in n.walk(*self.gradients) if self.upstream in node.args]
        products = (node.op == "mul" and any(_is_array(arg) for arg in node.args) for node in users)
        return all(products) and self.upstream not in self.gradients

    @property
    def is_entrywise(self) -> bool:
        """Whether entries of all arguments belong together one by one, in any shape."""
        rows = {tuple(rows.axis for rows in self.rows), *(a.axes for a in self.arguments)}
        return self.axes == (ELLIPSIS,) and rows <= {(ELLIPSIS,), ()}

    @property
    def declared_axes(self) -> tuple[str, ...]:
        """The axes of the unreduced loss, by the names under which arguments are declared."""
        own = {argument.name: argument.axes for argument in self.given}
        homes = (self.homes[axis] for axis in self.axes)
        return tuple(own[name][place] for name, place, _ in homes)

    def can_cut(self, rows: Rows) -> bool:
        """Say whether every argument that has the rows is declared along them, where it is read."""
        declared = (argument.axes for argument in self.arguments)
        places = (axes.index(rows.axis) if rows.axis in axes else None for axes in declared)
        return self.declared_axes.count(rows.axis) == 1 and tuple(places) == rows.places

    @cached_property
    def is_idle(self) -> bool:
        """Whether the loss and its gradients just read and write entries at places."""
        return is_idle(self.output, *self.gradients)

    @cached_property
    def mass(self) -> Node | None:
        """How much each entry counts in a mean, where the denominator is the sum of just that."""
        below = self.denominator
        if below is None or below.op != "sum" or set(below.reduced) != self.value.axes:
            return None
        return below.args[0]

    @cached_property
    def gradients(self) -> tuple[Node, ...]:
        """The gradient with respect to each argument in `wrt`."""
        found = reverse(self.value, self.upstream, self.valid)
        totals = [self._gather_views(argument, found) for argument in self.wrt]
        return stabilise(*totals)

    def _gather_views(self, argument: Argument, found: dict[Node, Node]) -> Node:
        own = n.leaf(argument.name, argument.axes)
        shares = [
            _relabelled(n.spread(adjoint, view.view, view.name), view.view, argument.axes)
            for view, adjoint in found.items()
            if view.attrs[0] == argument.name
        ]
        return _spread(n.add(*shares), own)

    @cached_property
    def _forward(self) -> Forward:
        moving = {argument.name for argument in self.wrt}

        def seed(view: Node) -> Node:
            return n.leaf(tangent_name(view.name), view.view) if view.name in moving else n.ZERO

        return Forward(seed, self.valid)

    @cached_property
    def tangent(self) -> Node:
        """The directional derivative of the unreduced loss."""
        moved = mask(self._forward.tangent(self.value), self.valid)
        # Fused, a coefficient would be lost in an operation on what moves.
        stable = stabilise(moved, skipped=frozenset(("weighted cross-entropy",)))[0]
        if stable.axes == self.output.axes:
            return stable
        return n.make("like", (stable, self.output), (), self.output.axes)

    @cached_property
    def curvatures(self) -> tuple[Node, ...]:
        """The directional derivative of each gradient."""
        moved = (self._forward.tangent(gradient) for gradient in self.gradients)
        leaves = (n.leaf(argument.name, argument.axes) for argument in self.wrt)
        return stabilise(*(_spread(node, own) for node, own in zip(moved, leaves, strict=True)))

    @cached_property
    def diagonals(self) -> tuple[Node, ...]:
        """The diagonal of the Hessian for each tensor in `wrt`."""
        found = []
        for argument in self.wrt:
            if argument.axes:
                own = n.leaf(argument.name, argument.axes)
                bent = hessian_diagonal(
                    self.value, self.upstream, argument.name, argument.axes, self.valid
                )
                found.append(_spread(stabilise(bent)[0], own))
        return tuple(found)

    @cached_property
    def linear(self) -> Node:
        """The tangent as a linear map: it reads the arguments through `partials` alone.

        What moves is taken relative to the largest entry, whose place is such a partial too. In
        reverse mode, that entry then receives what the others do: multiplied by 0, what it would
        receive itself is not there to be taken off again, which a compiler may round otherwise.
        """

        def step(node: Node) -> Node:
            if node.op not in ("centred", "softmax_tangent") or self._moves(node.args[0]):
                return node
            (body, moved), axis = node.args, node.axis
            largest = n.select(n.over("is_largest", axis, body), n.ONE, n.ZERO)
            own = n.sum_over(n.mul(largest, moved), (axis,))
            offset = n.mul(n.subtract(n.ONE, largest), n.subtract(moved, own))
            if node.op == "centred":
                return offset
            soft = n.over("softmax", axis, body)
            return n.mul(soft, n.subtract(offset, n.sum_over(n.mul(soft, offset), (axis,))))

        return transform((self.tangent,), step)[0]

    @cached_property
    def partials(self) -> tuple[Node, ...]:
        """The parts of the tangent that do not move: functions of the arguments alone."""
        still: dict[Node, None] = {}
        for node in n.walk(self.linear):
            if self._moves(node):
                for arg in node.args[:1] if node.op == "like" else node.args:  # the rest is a shape
                    if (
                        not self._moves(arg)
                        and self._depends(arg)
                        and arg.op not in ("leaf", "const")
                    ):
                        still[arg] = None
        return tuple(still)

    @cached_property
    def partial_tangents(self) -> tuple[Node, ...]:
        """The directional derivative of each partial."""
        moved = (_spread(self._forward.tangent(partial), partial) for partial in self.partials)
        return transform(stabilise(*moved), self._straight)

    def _straight(self, node: Node) -> Node:
        """Spell what is linear in the tangents so that it can be transposed: nothing is chosen."""
        if node.op != "excess" or not self._moves(node.args[1]):
            return node
        (body, weight), axis = node.args, node.axis
        others = n.subtract(n.sum_over(weight, (axis,)), weight)
        soft, rest = n.over("softmax", axis, body), n.over("cosoftmax", axis, body)
        return n.subtract(n.mul(soft, others), n.mul(rest, weight))

    def _moves(self, node: Node) -> bool:
        return not node.reads.isdisjoint(tangent_name(argument.name) for argument in self.wrt)

    def _depends(self, node: Node) -> bool:
        return not node.reads.isdisjoint(argument.name for argument in self.wrt)


def _is_array(node: Node) -> bool:
    """Say whether a node is an array of the arguments' precision; a choice of numbers is not."""
    stack, seen = [node], set[Node]()
    while stack:
        top = stack.pop()
        if top.op == "leaf" and top.axes and top.name != "upstream":
            return True
        inner = top.args[1:] if top.op == "select" else () if top.op in n.BOOLEAN else top.args
        stack.extend(arg for arg in inner if arg not in seen)
        seen.update(inner)
    return False


def tangent_name(name: str) -> str:
    """Return the name of an argument's tangent."""
    return f"d_{name}"


def _relabelled(node: Node, old: tuple[str, ...], new: tuple[str, ...]) -> Node:
    return node if old == new else n.make("relabel", (node,), (old, new), new)


def _spread(node: Node, own: Node) -> Node:
    """Return the node in the shape of an argument; parameters may be numbers, and have none."""
    if not own.axes:
        return node
    return (
        node
        if node.axes == own.axes and node.op not in ("leaf", "const")
        else n.make("like", (node, own), (), own.axes)
    )
