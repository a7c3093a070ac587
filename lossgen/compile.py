"""From a declared case to its program: lowered, stable, its axes in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from sympy.core.basic import Basic

from lossgen import nodes as n
from lossgen.atoms import atoms
from lossgen.language import Applied, Call, Ref, Tensor
from lossgen.loss import Case, Loss, alone
from lossgen.lower import Lowering
from lossgen.memory import remembered
from lossgen.names import is_taken
from lossgen.nodes import Node
from lossgen.program import Argument, Program
from lossgen.rewrite import transform
from lossgen.rules import Rule, stabilise

FEW = 32  # programs, each with all of its derivatives


@cache
def compile_case(loss: Loss, case: Case) -> Program:
    """Return the program of one case; what a caller's functions give are arguments of it."""
    case = with_results(case, loss.names)
    lowering = Lowering(case.valid)
    rules: dict[str, Rule] = {}
    value = stabilise(lowering.node(case.value), applied=rules)[0]
    valid = None if case.valid is None else stabilise(lowering.node(case.valid))[0]
    arguments = _arguments(case)
    denominator = (
        None if case.denominator is None else stabilise(lowering.node(case.denominator))[0]
    )
    weight = None
    if valid is None:
        value, weight = _without_weight(value, _free(case, arguments))
    if valid is not None:
        count = n.sum_over(n.select(valid, n.ONE, n.ZERO), value.axes)
        denominator = count if denominator is None else _masked_sums(denominator, valid)
    names = {stabilise(lowering.node(e))[0]: name for name, e in loss.names if e in lowering.seen}
    names |= {stabilise(label)[0]: "label" for label in lowering.labels}
    if valid is not None:
        names[valid] = "valid"
    program = Program(
        tuple(argument for argument in arguments if argument is not weight),
        _axis_order(case),
        value,
        valid,
        denominator,
        names,
        tuple(rules.values()),
        _homes(case),
        weight,
    )
    return _first(program, tuple(names.items()), tuple(program.homes.items()))


@lru_cache(maxsize=FEW)
def _first(program: Program, *_: object) -> Program:
    """Return the first program that was this one: cases share it that differ in what follows."""
    return program


def _free(case: Case, arguments: Sequence[Argument]) -> list[Argument]:
    """Return the weights that may be absent as far as the mean is concerned."""
    below = set() if case.denominator is None else {r.tensor for r in atoms(case.denominator, Ref)}
    fixed = {tensor.name for tensor in below if tensor.optional} if len(below) > 1 else set()
    return [a for a in arguments if a.kind == "weight" and a.name not in fixed]


def _without_weight(value: Node, arguments: Sequence[Argument]) -> tuple[Node, Argument | None]:
    """Take out the weight of entries that the whole formula is multiplied by, if there is one.

    It is applied to the loss and to the gradient from above, so that formulas are free of it.
    """
    leaves = {node.name: node for node in value.args if value.op == "mul" and node.op == "leaf"}
    for argument in arguments:
        leaf = leaves.get(argument.name)
        if leaf is not None and leaf.view == argument.axes:
            rest = n.mul(*(factor for factor in value.args if factor is not leaf))
            below = {node.name for node in n.walk(rest) if node.op == "leaf"}
            if rest.axes == value.axes == leaf.axes and argument.name not in below:
                return rest, argument
    return value, None


@remembered
def with_results(case: Case, names: Sequence[tuple[str, Basic]] = ()) -> Case:
    """Return a case as a formula of what functions of the caller's give, by the author's words."""
    called = {a for e in case.expressions() for a in atoms(e, Applied)}
    if not called:
        return case
    order, words = _axis_order(case), {e: name for name, e in names}
    taken = {
        symbol.tensor.name if isinstance(symbol, Ref) else str(symbol)
        for e in case.expressions()
        for symbol in e.free_symbols
    }
    table: dict[Basic, Basic] = {}
    last = max(ref.tensor.order for ref in _refs(case))
    for applied in sorted(called, key=lambda a: [ref.tensor.order for ref in a.inputs]):
        inputs = tuple(ref.tensor.name for ref in applied.inputs)
        name = words.get(applied, "_and_".join(inputs))
        while name in taken or is_taken(name):
            name = f"{name}_result"
        taken.add(name)
        varying = Lowering(None).node(applied.meaning(0)).axes
        axes = tuple(axis for axis in order if axis in varying)
        last += 1  # results come after all that is declared
        result = Tensor(name, axes, call=Call(applied.parameter.name, inputs), order=last)
        table[applied] = Ref(result, axes)
    return case.replaced(table)


def forget() -> None:
    """Let go of losses, once nothing more is made of them; others may have their programs."""
    compile_case.cache_clear()


def _masked_sums(denominator: Node, valid: Node) -> Node:
    """Return the denominator with only what counts in its sums."""

    def step(node: Node) -> Node:
        if node.op != "sum" or not valid.axes <= node.args[0].axes:
            return node
        return n.sum_over(n.select(valid, node.args[0], n.ZERO), node.reduced)

    return transform((denominator,), step)[0]


def _arguments(case: Case) -> tuple[Argument, ...]:
    one = alone(case.without_condition())
    tensors = tuple(Argument(t.name, t.axes, t.kind) for t in one.tensors())
    return tensors + tuple(Argument(p.name, (), p.kind) for p in one.parameters())


def _homes(case: Case) -> dict[str, tuple[str, int, int]]:
    """Return where the length of an axis can be read, also of one that is but another name."""
    homes: dict[str, tuple[str, int, int]] = {}
    for ref in sorted(_refs(case), key=lambda ref: (ref.tensor.kind == "weight", *_rank(ref))):
        for place, axes in enumerate(zip(ref.indices, ref.tensor.axes, strict=True)):
            for axis in axes:
                homes.setdefault(axis, (ref.tensor.name, place, len(ref.indices)))
    return homes


def _refs(case: Case) -> set[Ref]:
    return {ref for expression in case.expressions() for ref in atoms(expression, Ref)}


def _rank(ref: Ref) -> tuple[int, bool, tuple[str, ...]]:
    """Declared axes come before other names for them."""
    return ref.tensor.order, ref.indices != ref.tensor.axes, ref.indices


def _axis_order(case: Case) -> tuple[str, ...]:
    """Declared axes first come first; another name for an axis stands behind it.

    Where all tensors can agree on an order, so that none is transposed, that is it.
    """
    order: list[str] = []
    follows: dict[str, set[str]] = {}
    for ref in sorted(_refs(case), key=_rank):
        for own, axis in zip(ref.tensor.axes, ref.indices, strict=True):
            if own not in order:  # a pick may lead to it, though no tensor is read along it
                order.append(own)
            if axis not in order:
                order.insert(order.index(own) + 1, axis)
            if axis != own:
                follows.setdefault(axis, set()).add(own)
        for before, axis in pairwise(ref.indices):
            follows.setdefault(axis, set()).add(before)
    try:
        return tuple(_agreed(order, follows))
    except CycleError:
        return tuple(order)


def _agreed(order: Sequence[str], follows: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield each axis after those that it follows, otherwise in the given order."""
    sorter = TopologicalSorter({axis: follows.get(axis, ()) for axis in order})
    sorter.prepare()
    ready: set[str] = set()
    while sorter.is_active():
        ready.update(sorter.get_ready())
        first = min(ready, key=order.index)
        ready.remove(first)
        yield first
        sorter.done(first)
