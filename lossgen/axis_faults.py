"""What is wrong with the axes of a formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sympy import default_sort_key
from sympy.core.basic import Basic
from sympy.core.symbol import Str

from lossgen.atoms import atoms
from lossgen.axes import ELLIPSIS
from lossgen.errors import SpecError
from lossgen.faults import fault
from lossgen.language import (
    Applied,
    AxisOperation,
    ParameterSymbol,
    Pick,
    Position,
    Ref,
    Size,
    Softmax,
    SumOver,
)
from lossgen.loss import Case
from lossgen.quote import quoted


def axis_faults(expression: Basic) -> Iterator[SpecError]:
    """Yield the operations over axes that their bodies do not have."""
    for operation in sorted(expression.atoms(AxisOperation), key=default_sort_key):
        yield from _operation_faults(operation)


def _operation_faults(operation: AxisOperation) -> Iterator[SpecError]:
    axes = free_axes(operation.body)
    if operation.axis not in axes:
        remedy = f"name an axis that is there ({_listed(axes)})"
        if isinstance(operation, SumOver):
            remedy += f", or multiply by Size('{operation.axis}')"
        yield fault(f"{quoted(operation.body)} has no axis {operation.axis!r}", remedy, operation)
    if isinstance(operation, Pick) and not isinstance(operation.args[2], Str):
        label = operation.args[2]
        if label.is_Integer:
            yield from _place_faults(operation)
        elif not label.is_integer or not label.atoms(Ref):
            remedy = "pick by a label, declared as y = label('target', 'n', classes='c')"
            yield fault(f"{quoted(label)} is no integer label", remedy, operation)
        for ref in sorted(label.atoms(Ref), key=str):
            if ref.tensor.kind == "label" and ref.tensor.classes is None:
                remedy = f"declare it with classes='{operation.axis}'"
                yield fault(f"{ref.tensor.name} indexes no axis", remedy, operation)


def _place_faults(pick: Pick) -> Iterator[SpecError]:
    """A place can be named by number only along an axis whose length is known."""
    lengths = {dict(ref.tensor.sizes).get(pick.axis, 0) for ref in pick.body.atoms(Ref)}
    if not 0 <= int(pick.args[2]) < max(lengths, default=0):
        remedy = "pick by a label, declared as y = label('target', 'n', classes='c')"
        remedy += f", or fix the length: tensor(..., sizes={{'{pick.axis}': 4}})"
        yield fault(f"the axis {pick.axis!r} has no place {pick.args[2]} for sure", remedy, pick)


def undeclared_axes(case: Case) -> Iterator[SpecError]:
    """Every axis that is mentioned must have a length, that of some argument."""
    refs = {ref for expression in case.expressions() for ref in atoms(expression, Ref)}
    declared = {axis for ref in refs for axis in ref.tensor.axes}
    read = declared | {axis for ref in refs for axis in ref.indices}
    for axis in sorted(free_axes(case.value) - declared):
        remedy = "reduce over it, or declare a tensor along it"
        yield fault(f"the loss has the axis {axis!r}, which no tensor declares", remedy, case.value)
    places = {(op, str(op.args[2].name)) for e in case.expressions() for op in _diagonals(e)}
    sizes = {(size, size.axis) for e in case.expressions() for size in e.atoms(Size)}
    spots = {(spot, spot.axis) for e in case.expressions() for spot in e.atoms(Position)}
    for expression, place in sorted(places | sizes | spots, key=str):
        if place not in read:
            remedy = f"name one of {_listed(read)}" if read else "declare a tensor along it"
            yield fault(f"no tensor has the axis {place!r}", remedy, expression)
    for tensor in sorted({ref.tensor for ref in refs}, key=lambda tensor: tensor.order):
        for axis, length in tensor.sizes:
            if axis not in tensor.axes or axis == ELLIPSIS or not length > 0:
                problem = f"sizes={{{axis!r}: {length!r}}} of {tensor.name!r} fix no axis"
                yield fault(problem, f"name one of {_listed(tensor.axes)}, and its length")
        words = {"classes": (tensor.classes, declared), "batch": (tensor.batch, set(tensor.axes))}
        for word, (named, allowed) in words.items():
            if named is not None and named not in allowed:
                problem = f"{word}={named!r} of {tensor.name!r} is no axis"
                yield fault(problem, f"name one of {_listed(allowed)}")
        first = tensor.axes[: len(tensor.fewer or ())]
        if tensor.fewer is not None and (not tensor.fewer or tensor.fewer != first):
            problem = f"fewer={' '.join(tensor.fewer)!r} of {tensor.name!r} are not its first axes"
            yield fault(problem, f"name the first of '{' '.join(tensor.axes)}'")


def function_faults(expression: Basic) -> Iterator[SpecError]:
    """Whatever a caller chooses, the formula goes on along the same axes."""
    for applied in sorted(atoms(expression, Applied), key=str):
        words = applied.parameter.words
        axes = [free_axes(applied.meaning(place)) for place in range(len(words))]
        for word, found in zip(words, axes, strict=True):
            if found != axes[0]:
                problem = (
                    f"{word!r} leaves the axes {_listed(found)}, {words[0]!r} {_listed(axes[0])}"
                )
                yield fault(problem, "let each of the functions leave the same axes", applied)


def axis_conflicts(case: Case) -> Iterator[SpecError]:
    """Arrays of any shape are taken entry by entry, or are reduced as a whole; not both."""
    alone = {ref for ref in atoms(case.value, Ref) if ref.tensor.axes == (ELLIPSIS,)}
    if not alone or ELLIPSIS not in free_axes(case.value):
        return
    for operation in sorted(case.value.atoms(AxisOperation, Position), key=default_sort_key):
        if isinstance(operation, AxisOperation | Position) and operation.axis == ELLIPSIS:
            names = sorted({ref.tensor.name for ref in alone})
            problem = "it runs along '...', and the loss still varies along it"
            remedy = f"name the axis, as in tensor({names[0]!r}, 'n d')"
            yield fault(problem, remedy, operation)


def _diagonals(expression: Basic) -> list[Pick]:
    return [pick for pick in expression.atoms(Pick) if isinstance(pick.args[2], Str)]


def _listed(axes: Iterable[str]) -> str:
    return ", ".join(repr(a) if a == ELLIPSIS else a for a in sorted(axes)) or "none"


def free_axes(expression: Basic) -> frozenset[str]:
    """Return the axes along which an expression varies."""
    if isinstance(expression, Ref):
        return frozenset(expression.indices)
    if isinstance(expression, Position):
        return frozenset((expression.axis,))
    if isinstance(expression, ParameterSymbol | Size | Str):
        return frozenset()
    if isinstance(expression, Pick):
        place = expression.args[2]
        index = frozenset((str(place.name),)) if isinstance(place, Str) else free_axes(place)
        return (free_axes(expression.body) - {expression.axis}) | index
    found = frozenset().union(*map(free_axes, expression.args))
    if isinstance(expression, AxisOperation) and not isinstance(expression, Softmax):
        return found - {expression.axis}
    return found


__all__ = ["axis_conflicts", "axis_faults", "free_axes", "function_faults", "undeclared_axes"]
