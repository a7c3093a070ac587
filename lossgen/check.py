"""What is wrong with a declared loss: one sentence a fault, found before anything is rendered."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

from sympy import Expr, Symbol
from sympy.core.basic import Basic
from sympy.logic.boolalg import Boolean

from lossgen.axis_faults import (
    axis_conflicts,
    axis_faults,
    free_axes,
    function_faults,
    undeclared_axes,
)
from lossgen.class_faults import chunk_faults, class_faults
from lossgen.compile import compile_case, with_results
from lossgen.conditions import REMEDY, ConditionError, as_python
from lossgen.dialect_faults import dialect_faults
from lossgen.errors import Found, SpecError
from lossgen.faults import declaration_faults, fault
from lossgen.formulas import constant_parts, formula_faults
from lossgen.language import Applied, ParameterSymbol, Ref
from lossgen.loss import Case, Loss, alone
from lossgen.lower import UnknownError
from lossgen.memory import remembered


def check_file(losses: tuple[Loss, ...], known: tuple[SpecError, ...]) -> Found:
    """Return the faults of the losses of one file, after those that are known."""
    faults = (*known, *(fault for loss in losses for fault in check_loss(loss)))
    return Found(faults, () if faults else tuple(_unused(losses)))


def _unused(losses: tuple[Loss, ...]) -> Iterator[SpecError]:
    """Find what a file declares and no formula of it uses: SymPy may have cancelled it."""
    used = {item for loss in losses for item in (*loss.tensors(), *loss.parameters())}
    for name, symbol in losses[0].names if losses else ():
        if not isinstance(symbol, Ref | ParameterSymbol):
            continue
        item = symbol.tensor if isinstance(symbol, Ref) else symbol.parameter
        if item not in used:
            remedy = "use it in a formula, or leave its declaration out"
            problem = f"{item.name!r} is declared and no formula uses it"
            found = fault(problem, remedy, Symbol(name))
            lone = losses[0].name if len(losses) == 1 else ""
            yield found.at(file=losses[0].source, loss=lone)


def check_loss(loss: Loss) -> list[SpecError]:
    """Return the faults of one loss."""
    nameless = loss.nameless()
    try:
        hash(nameless)
    except TypeError:  # as of what is no number, and is told of
        found = tuple(_formula_faults(nameless))
    else:
        found = _known_faults(nameless)
    faults = dict.fromkeys((*declaration_faults(loss), *found))
    return [fault.at(file=loss.source, loss=loss.name) for fault in faults]


@remembered
def _known_faults(loss: Loss) -> tuple[SpecError, ...]:
    """Return the faults of formulas, which many losses of a folder may share."""
    return tuple(_formula_faults(loss))


def _formula_faults(loss: Loss) -> Iterator[SpecError]:
    yield from class_faults(loss)
    yield from dialect_faults(loss)
    yield from constant_parts(loss)
    yield from _choices(loss)
    for case in loss.all_cases():
        found = [*function_faults(case.value), *_case_faults(_with_results(case, loss))]
        yield from found
        if not found:
            yield from list(_compiled(loss, case)) or list(chunk_faults(loss, case))


def _with_results(case: Case, loss: Loss) -> Case:
    """Return a case as a formula of what functions give.

    Of a function that is wrong in itself the case for its name tells.
    """
    try:
        return with_results(case, loss.names)
    except UnknownError:
        called = {a for e in case.expressions() for a in e.atoms(Applied)}
        table: dict[Basic, Basic] = {a: a.inputs[0] for a in called}
        return case.replaced(table)


def _choices(loss: Loss) -> Iterator[SpecError]:
    """The last case must always apply and the others must not; a part has one formula."""
    for name, cases in loss.parts:
        if len(cases) != 1:
            yield fault(f"part {name!r} has {len(cases)} formulas", "give each part one formula")
        for applied in sorted({a for c in cases for a in c.value.atoms(Applied)}, key=str):
            remedy = "write out one of them, or make the part a loss of its own"
            yield fault(f"part {name!r} leaves the choice of a function", remedy, applied)
    if not loss.all_cases():
        yield fault("the loss has no formula", "write Loss(name, formula)")
    dense = {tensor.name for tensor in loss.tensors() if tensor.kind == "float"}
    for case in loss.cases[:-1]:
        labels = {t.name for t in alone(case).tensors() if t.kind == "label"}
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
    if not isinstance(case.when, Boolean):
        yield fault("the condition of a case is no condition", REMEDY, case.when)
        return
    try:
        as_python(case.when)
    except ConditionError as error:
        yield fault(f"the condition of a case cannot be decided: {error}", REMEDY, case.when)


def _case_faults(case: Case) -> Iterator[SpecError]:
    if not isinstance(case.value, Expr):
        yield fault("the formula is no number", "write an expression of the inputs", case.value)
    if case.valid is not None and isinstance(case.valid, Expr):  # a symbol is Boolean, too
        remedy = "write a comparison, as in valid=Ne(labels, ignored)"
        yield fault("valid= is no condition", remedy, case.valid)
    for expression in case.expressions():
        yield from axis_faults(expression)
    yield from _denominator_faults(case)
    yield from undeclared_axes(case)
    yield from axis_conflicts(case)
    yield from formula_faults(case)


def _denominator_faults(case: Case) -> Iterator[SpecError]:
    if case.denominator is None:
        return
    for ref in sorted(_counted(case.denominator), key=str):
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


def _counted(denominator: Basic) -> set[Ref]:
    """Return what a denominator depends on; what it only asks about has no slope in it."""
    if isinstance(denominator, Ref):
        return {denominator}
    if isinstance(denominator, Boolean):
        return set()
    return set().union(*map(_counted, denominator.args))


def _compiled(loss: Loss, case: Case) -> Iterator[SpecError]:
    """Differentiate, which finds what has no derivative, and what is beyond lossgen."""
    remedy = "write it in another way, or in parts of their own, and tell the authors of lossgen"
    try:
        program = compile_case(loss, case)
        assert program.gradients is not None
        assert program.curvatures is not None
        if program.value.op == "const" and case.value.atoms(Ref):
            problem = f"the loss is {float(program.value.value):g}, whatever its inputs are"
            yield fault(problem, "write a formula that depends on them", case.value)
    except UnknownError as unknown:
        yield fault(unknown.problem, unknown.remedy, unknown.expression)
    except Exception as error:  # none is known; whatever comes is to be a sentence, too
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        problem = f"lossgen cannot derive the formula ({type(error).__name__}: {error}, {where})"
        yield fault(problem, remedy, case.value)


__all__ = ["check_file", "check_loss"]
