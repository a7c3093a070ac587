"""What is wrong with a declared loss: one sentence a fault, found before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy.core.basic import Basic
from sympy.core.symbol import Str

from lossgen.errors import SpecError
from lossgen.language import AxisOperation, ParameterSymbol, Pick, Ref, Size
from lossgen.loss import Case, Loss
from lossgen.lower import Lowering, Unknown
from lossgen.program import compile_case

RESERVED = frozenset(
    "axis axis_weight broadcast_weight chainer denominator doubt dtype finish fold index inputs jax jnp "
    "loss math ms np ops parts partials reduction return_parts same_weight self shape single torch upstream "
    "working".split()
)


def check_losses(losses: tuple[Loss, ...]) -> tuple[SpecError, ...]:
    """Return the faults of all losses, in their order."""
    return tuple(fault for loss in losses for fault in check_loss(loss))


def check_loss(loss: Loss) -> list[SpecError]:
    """Return the faults of one loss."""
    faults = [*_reserved(loss), *_signature(loss)]
    for case in loss.all_cases():
        found = list(_case_faults(case))
        faults += found
        if not found:
            faults += _compiled(case)
    return [fault.at(file=loss.source, loss=loss.name) for fault in dict.fromkeys(faults)]


def _fault(problem: str, remedy: str, expression: Basic | str | None = None) -> SpecError:
    return SpecError(
        expression=None if expression is None else str(expression), problem=problem, remedy=remedy
    )


def _reserved(loss: Loss) -> Iterator[SpecError]:
    tensors = {tensor.name for tensor in loss.tensors()}
    parameters = {parameter.name for parameter in loss.parameters()}
    for name in sorted(tensors | parameters):
        if name in RESERVED or name.startswith("d_"):
            yield _fault(f"the name {name!r} is used by generated code", "choose another name", name)
    for name in sorted(tensors & parameters):
        yield _fault(f"{name!r} is both a tensor and a parameter", "rename one of them", name)
    kinds: dict[str, set[str]] = {}
    for tensor in loss.tensors():
        kinds.setdefault(tensor.name, set()).add(tensor.kind)
    for name, found in sorted(kinds.items()):
        if "weight" in found and len(found) > 1:
            yield _fault(f"{name!r} is declared as a weight and as an input", "rename one of them", name)


def _signature(loss: Loss) -> Iterator[SpecError]:
    known = {t.name for t in loss.tensors() if t.kind == "weight"}
    known |= {p.name for p in loss.parameters()}
    for entry in loss.signature or ():
        name = entry if isinstance(entry, str) else _name(entry)
        if name != "reduction" and name not in known:
            remedy = "list the weights and parameters of the formula, and 'reduction'"
            yield _fault(f"the signature names {name!r}, which the formula does not use", remedy)
    if not any(tensor.kind == "float" for tensor in loss.tensors()):
        yield _fault("the loss has no prediction", "declare one, x = tensor('input')")


def _name(symbol: Any) -> str:
    declared = getattr(symbol, "tensor", None) or getattr(symbol, "parameter", None)
    return str(symbol if declared is None else declared.name)


def _case_faults(case: Case) -> Iterator[SpecError]:
    for expression in case.expressions():
        for operation in _operations(expression):
            yield from _axis_faults(operation)
    yield from _denominator_faults(case)


def _operations(expression: Basic) -> list[AxisOperation]:
    return sorted(expression.atoms(AxisOperation), key=str)


def _axis_faults(operation: AxisOperation) -> Iterator[SpecError]:
    axes = free_axes(operation.body)
    if operation.axis not in axes:
        known = ", ".join(sorted(axes)) or "none"
        remedy = f"reduce over an axis that is there ({known}), or multiply by Size('{operation.axis}')"
        yield _fault(f"{operation.body} has no axis {operation.axis!r}", remedy, operation)
    if isinstance(operation, Pick) and not isinstance(operation.args[2], Str):
        label = operation.args[2]
        if not isinstance(label, Ref) or label.tensor.kind != "label":
            remedy = "pick by a label, declared as y = label('target', 'n', classes='c')"
            yield _fault(f"{label} is no integer label", remedy, operation)


def _denominator_faults(case: Case) -> Iterator[SpecError]:
    if case.denominator is None:
        return
    for ref in sorted(case.denominator.atoms(Ref), key=str):
        if ref.tensor.kind == "float":
            remedy = "divide inside the formula, or by labels, weights and sizes only"
            yield _fault(f"the denominator depends on {ref.tensor.name}", remedy, case.denominator)
    left = free_axes(case.denominator)
    if left:
        remedy = f"sum it, as in sum_over(..., '{' '.join(sorted(left))}')"
        yield _fault(f"the denominator still has the axes {', '.join(sorted(left))}", remedy, case.denominator)


def free_axes(expression: Basic) -> frozenset[str]:
    """Return the axes along which an expression varies."""
    if isinstance(expression, Ref):
        return frozenset(expression.indices)
    if isinstance(expression, ParameterSymbol | Size | Str):
        return frozenset()
    if isinstance(expression, Pick):
        place = expression.args[2]
        index = frozenset((str(place.name),)) if isinstance(place, Str) else free_axes(place)
        return (free_axes(expression.body) - {expression.axis}) | index
    found = frozenset().union(*(free_axes(arg) for arg in expression.args)) if expression.args else frozenset()
    if isinstance(expression, AxisOperation) and type(expression).__name__ != "Softmax":
        return found - {expression.axis}
    return found


def _compiled(case: Case) -> Iterator[SpecError]:
    """Lower and differentiate, which finds what has no meaning."""
    try:
        for expression in case.expressions():
            if expression is not case.when:
                Lowering(case.valid).node(expression)
        program = compile_case(Loss("One", case.without_condition()), case.without_condition())
        assert program.gradients is not None and program.curvatures is not None
    except Unknown as unknown:
        yield _fault(unknown.problem, unknown.remedy, unknown.expression)
