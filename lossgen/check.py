"""What is wrong with a declared loss: one sentence a fault, found before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sympy import Expr
from sympy.core.basic import Basic
from sympy.core.symbol import Str
from sympy.logic.boolalg import Boolean

from lossgen.compile import compile_case
from lossgen.errors import SpecError
from lossgen.faults import declaration_faults, fault
from lossgen.language import AxisOperation, ParameterSymbol, Pick, Ref, Size, Softmax
from lossgen.loss import Case, Loss
from lossgen.lower import Lowering, UnknownError


def check_losses(losses: tuple[Loss, ...]) -> tuple[SpecError, ...]:
    """Return the faults of all losses, in their order."""
    return tuple(fault for loss in losses for fault in check_loss(loss))


def check_loss(loss: Loss) -> list[SpecError]:
    """Return the faults of one loss."""
    faults = [*declaration_faults(loss), *_choices(loss)]
    for case in loss.all_cases():
        found = list(_case_faults(case))
        faults += found
        if not found:
            faults += _compiled(case)
    return [fault.at(file=loss.source, loss=loss.name) for fault in dict.fromkeys(faults)]


def _choices(loss: Loss) -> Iterator[SpecError]:
    """The last case must always apply and the others must not; a part has one formula."""
    for name, cases in loss.parts:
        if len(cases) != 1:
            yield fault(f"part {name!r} has {len(cases)} formulas", "give each part one formula")
    if not loss.all_cases():
        yield fault("the loss has no formula", "write Loss(name, formula)")
    dense = {tensor.name for tensor in loss.tensors() if tensor.kind == "float"}
    for case in loss.cases[:-1]:
        labels = {t.name for t in Loss("One", case).tensors() if t.kind == "label"}
        if case.when is None and not labels & dense:
            remedy = "say when it applies, as in Case(..., when=Eq(parameter, 0))"
            yield fault("no case after this one is ever used", remedy, case.value)
    for case in loss.all_cases():
        yield from _condition(case)
    if loss.cases and loss.cases[-1].when is not None:
        remedy = "end with a Case that has no when="
        yield fault("the last case does not always apply", remedy, loss.cases[-1].when)


def _condition(case: Case) -> Iterator[SpecError]:
    if case.when is None:
        return
    remedy = "compare a parameter with a number, as in when=Eq(parameter, 0)"
    if not isinstance(case.when, Boolean):
        yield fault("the condition of a case is no comparison", remedy, case.when)
    elif (
        case.when.free_symbols != case.when.atoms(ParameterSymbol)
        or len(case.when.free_symbols) != 1
    ):
        yield fault("the condition of a case is not about one parameter", remedy, case.when)


def _case_faults(case: Case) -> Iterator[SpecError]:
    if not isinstance(case.value, Expr):
        yield fault("the formula is no number", "write an expression of the inputs", case.value)
    if case.valid is not None and isinstance(case.valid, Expr):  # a symbol is Boolean, too
        remedy = "write a comparison, as in valid=Ne(labels, ignored)"
        yield fault("valid= is no condition", remedy, case.valid)
    for expression in case.expressions():
        for operation in sorted(expression.atoms(AxisOperation), key=str):
            yield from _axis_faults(operation)
    yield from _denominator_faults(case)
    yield from _undeclared_axes(case)


def _axis_faults(operation: AxisOperation) -> Iterator[SpecError]:
    axes = free_axes(operation.body)
    if operation.axis not in axes:
        known = ", ".join(sorted(axes)) or "none"
        remedy = (
            f"reduce over an axis that is there ({known}), or multiply by Size('{operation.axis}')"
        )
        yield fault(f"{operation.body} has no axis {operation.axis!r}", remedy, operation)
    if isinstance(operation, Pick) and not isinstance(operation.args[2], Str):
        label = operation.args[2]
        if not isinstance(label, Ref) or label.tensor.kind != "label":
            remedy = "pick by a label, declared as y = label('target', 'n', classes='c')"
            yield fault(f"{label} is no integer label", remedy, operation)


def _denominator_faults(case: Case) -> Iterator[SpecError]:
    if case.denominator is None:
        return
    for ref in sorted(case.denominator.atoms(Ref), key=str):
        if ref.tensor.kind == "float":
            remedy = "divide inside the formula, or by labels, weights and sizes only"
            yield fault(f"the denominator depends on {ref.tensor.name}", remedy, case.denominator)
    left = free_axes(case.denominator)
    if left:
        remedy = f"sum it, as in sum_over(..., '{' '.join(sorted(left))}')"
        yield fault(
            f"the denominator still has the axes {', '.join(sorted(left))}",
            remedy,
            case.denominator,
        )


def _undeclared_axes(case: Case) -> Iterator[SpecError]:
    """Every axis that is mentioned must have a length, that of some argument."""
    refs = {ref for expression in case.expressions() for ref in expression.atoms(Ref)}
    declared = {axis for ref in refs for axis in ref.tensor.axes}
    read = declared | {axis for ref in refs for axis in ref.indices}
    for axis in sorted(free_axes(case.value) - declared):
        remedy = "reduce over it, or declare a tensor along it"
        yield fault(f"the loss has the axis {axis!r}, which no tensor declares", remedy, case.value)
    places = {(op, str(op.args[2].name)) for e in case.expressions() for op in _diagonals(e)}
    sizes = {(size, size.axis) for e in case.expressions() for size in e.atoms(Size)}
    for expression, axis in sorted(places | sizes, key=str):
        if axis not in read:
            yield fault(
                f"no tensor has the axis {axis!r}", f"name one of {_listed(read)}", expression
            )
    for tensor in sorted({ref.tensor for ref in refs}, key=lambda tensor: tensor.order):
        words = {"classes": (tensor.classes, declared), "batch": (tensor.batch, set(tensor.axes))}
        for word, (axis, allowed) in words.items():
            if axis is not None and axis not in allowed:
                problem = f"{word}={axis!r} of {tensor.name!r} is no axis"
                yield fault(problem, f"name one of {_listed(allowed)}")
        if not set(tensor.fewer or ()) <= set(tensor.axes):
            problem = (
                f"fewer={' '.join(tensor.fewer or ())!r} of {tensor.name!r} is not among its axes"
            )
            yield fault(problem, f"name some of {_listed(tensor.axes)}")


def _diagonals(expression: Basic) -> list[Pick]:
    return [pick for pick in expression.atoms(Pick) if isinstance(pick.args[2], Str)]


def _listed(axes: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(axes)) or "none"


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
    found = frozenset().union(*map(free_axes, expression.args))
    if isinstance(expression, AxisOperation) and not isinstance(expression, Softmax):
        return found - {expression.axis}
    return found


def _compiled(case: Case) -> Iterator[SpecError]:
    """Lower and differentiate, which finds what has no meaning."""
    try:
        for expression in case.expressions():
            if expression is not case.when:
                Lowering(case.valid).node(expression)
        program = compile_case(Loss("One", case.without_condition()), case.without_condition())
        assert program.gradients is not None
        assert program.curvatures is not None
    except UnknownError as unknown:
        yield fault(unknown.problem, unknown.remedy, unknown.expression)


__all__ = ["check_loss", "check_losses", "free_axes"]
