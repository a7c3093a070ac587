"""The graphs that each kernel of a generated module holds, and what the kernel is given."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lossgen import nodes as n
from lossgen.apart import better_chosen
from lossgen.backends import Backend
from lossgen.bounds import bounded
from lossgen.code import TOTAL
from lossgen.common import Common, find_common
from lossgen.names import is_taken
from lossgen.nodes import Node
from lossgen.products import gathered
from lossgen.program import Program, tangent_name
from lossgen.rewrite import substitute

GIVEN = ("value", "gradient")  # what is given what both take long to compute
STEP = ("value", "partials")  # what a compiler finds in both, it computes once
UPSTREAM = ("upstream",)
PARTIALS = "partials"  # the argument that holds the coefficients of the tangents
WANTED = "wanted"  # the argument that says which gradients to compute


@dataclass(frozen=True, slots=True)
class Contents:
    """The graphs of a kernel, and its arguments before and after those of the program.

    ``names`` are words for nodes that the program does not have.
    """

    roots: tuple[Node, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    names: tuple[tuple[Node, str], ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether only those gradients are computed that are wanted."""
        return self.after[-1:] == (WANTED,)


def sums_first(program: Program, backend: Backend) -> bool:
    """Say whether sums over samples are a kernel, whose results the gradient's is given."""
    return backend.sums and program.totals is not None


def contents(program: Program, kind: str, backend: Backend) -> Contents:
    """Return what a kernel of a kind holds."""
    common = find_common(program, backend) if kind in ("common", *GIVEN) else None
    if common is not None:
        return _of_common(common, kind)
    if kind in STEP:
        own = (program.output,) if kind == "value" else program.partials
        if sums_first(program, backend):
            own = tuple(_of_totals(program, root) for root in own)
        return Contents(own)
    if kind == "gradient":
        return Contents(program.gradients, UPSTREAM)
    if kind == "sums" and program.totals is not None:
        return Contents(program.totals.sums)
    if kind == "value_and_gradient":
        roots = (program.output, *program.gradients)
        if not sums_first(program, backend):
            return Contents(roots, UPSTREAM, (WANTED,))
        given = (*total_names(program), WANTED)
        return Contents(tuple(_of_totals(program, root) for root in roots), UPSTREAM, given)
    if kind == "hessian_diagonal":
        return Contents(program.diagonals, UPSTREAM)
    tangents = tuple(tangent_name(argument.name) for argument in program.wrt)
    if kind == "curvature":
        chosen = (WANTED,) if "value_and_gradient" in backend.kernels else ()
        return Contents(program.curvatures, UPSTREAM, (*tangents, *chosen))
    if kind == "partials_tangent":
        return Contents(program.partial_tangents, (), tangents)
    if kind == "tangent" and "partials" in backend.kernels:
        return Contents((_linear(program, backend),), (PARTIALS,), tangents)
    if kind == "tangent":
        return Contents((program.tangent,), (), tangents)
    raise KeyError(f"no graphs are known for a kernel {kind!r}")


def _of_common(common: Common, kind: str) -> Contents:
    if kind == "common":
        words = tuple(zip(common.roots, common.words, strict=True))
        return Contents(common.roots, names=words)
    if kind == "value":
        return Contents((common.value,), (), common.words, common.names)
    return Contents(common.gradients, UPSTREAM, common.words, common.names)


def written(
    program: Program, backend: Backend, kind: str, outputs: Sequence[Node]
) -> tuple[Node, ...]:
    """Return the graphs of a kernel as they are printed, where entries may not count."""
    if backend.masks_inputs and kind not in ("value", "sums"):  # nothing differentiates these
        mask = _masked_outputs if kind == "partials" else _guarded
        outputs = mask(program, outputs)
    return bounded(tuple(outputs))


def step_roots(program: Program, backend: Backend) -> tuple[Node, ...]:
    """Return what a step of training computes, where value and slopes are kernels of their own."""
    if not set(STEP) <= set(backend.kernels):
        return ()
    kinds = ("sums", *STEP) if sums_first(program, backend) else STEP
    parts = ((kind, contents(program, kind, backend).roots) for kind in kinds)
    return tuple(root for kind, found in parts for root in written(program, backend, kind, found))


def total_names(program: Program) -> tuple[str, ...]:
    """Return a word for each sum over samples, the author's if there is one and it is free."""
    taken = [argument.name for argument in program.arguments]
    words: list[str] = []
    for node in program.totals.sums if program.totals is not None else ():
        word = program.names.get(node, "sums")
        word = "sums" if is_taken(word) else word
        candidates = itertools.chain([word], (f"{word}_{k}" for k in itertools.count(2)))
        words.append(next(name for name in candidates if name not in (*taken, *words)))
    return tuple(words)


def _of_totals(program: Program, root: Node) -> Node:
    """Return a graph that is given the sums over samples."""
    sums = program.totals.sums if program.totals is not None else ()
    table = {
        node: n.leaf(word, program.sorted_axes(node.axes), TOTAL)
        for node, word in zip(sums, total_names(program), strict=True)
    }
    return substitute(root, table)


def partial_names(program: Program) -> tuple[str, ...]:
    """Return a word for each partial: ``by_input`` where it multiplies the tangent of input.

    Elsewhere it has the author's word, if there is one.
    """
    taken = [argument.name for argument in program.arguments]
    words = list(taken)
    known = {partial: program.names.get(partial, "coefficient") for partial in program.partials}
    for node in n.walk(program.linear):
        if node.op == "mul" and not known.keys().isdisjoint(node.args):
            moving = [a for a in node.args if a.op == "leaf" and a.name.startswith("d_")]
            if len(moving) == 1:
                word = f"by_{str(moving[0].attrs[0])[2:]}"
                known |= dict.fromkeys(known.keys() & set(node.args), word)
    for word in known.values():
        count = sum(
            w == word or (w.startswith(f"{word}_") and w[len(word) + 1 :].isdigit()) for w in words
        )
        words.append(word if not count else f"{word}_{count + 1}")
    return tuple(words[len(taken) :])


def _linear(program: Program, backend: Backend) -> Node:
    table = {
        partial: n.leaf(name, program.sorted_axes(partial.axes))
        for partial, name in zip(program.partials, partial_names(program), strict=True)
    }
    linear = gathered(substitute(program.linear, table), frozenset(table.values()))
    if "entry" not in backend.operations or not better_chosen(program):
        return linear
    picks = (node for node in n.walk(linear) if node.op == "pick" and n.is_const(node.args[1]))
    return substitute(
        linear, {pick: n.make("entry", pick.args, pick.attrs, pick.axes) for pick in picks}
    )


def _masked_outputs(program: Program, outputs: Sequence[Node]) -> tuple[Node, ...]:
    """Make slopes 0 where an input does not count, rather than the input, if they have its axes.

    What is masked last costs no pass of its own before a reduction.
    """
    valid = program.valid
    if valid is None:
        return tuple(outputs)
    inside = _guarded(program, outputs)
    return tuple(
        outside
        if masked is outside
        else n.select(valid, outside, n.ZERO)
        if valid.axes <= outside.axes
        else masked
        for outside, masked in zip(outputs, inside, strict=True)
    )


def _guarded(program: Program, outputs: Sequence[Node]) -> tuple[Node, ...]:
    """Read 0 where an input does not count, so that nothing there can be infinite."""
    if program.valid is None:
        return tuple(outputs)
    table: dict[Node, Node] = {program.valid: program.valid}  # what counts, the inputs say as given
    for argument in program.wrt:
        own = n.leaf(argument.name, argument.axes)
        if argument.axes and program.valid.axes <= own.axes:
            table[own] = n.select(program.valid, own, n.ZERO)
    return tuple(substitute(output, table) for output in outputs)
