"""What is wrong with the dialects of a loss: their names, and differences that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from lossgen.axes import ELLIPSIS
from lossgen.axis_faults import free_axes
from lossgen.conditions import dialect_of
from lossgen.dialects import Dialect
from lossgen.errors import SpecError
from lossgen.faults import fault
from lossgen.loss import Case, Loss
from lossgen.names import is_plain


def dialect_faults(loss: Loss) -> Iterator[SpecError]:
    """Yield the faults of all dialects of a loss."""
    if loss.dialects and loss.parts:
        remedy = "give the dialects to the losses that the parts are made of"
        yield fault("a loss of named parts has no dialects", remedy)
    for name, dialect in loss.dialects:
        if not is_plain(str(name)):
            remedy = "name it after the framework, as in 'keras'"
            yield fault(f"the name {name!r} of a dialect is no identifier", remedy)
        else:
            yield from _differences(loss, name, dialect)


def _differences(loss: Loss, name: str, dialect: Dialect) -> Iterator[SpecError]:
    plain = [case for case in loss.cases if not dialect_of(case.when)]
    missing = dialect.missing(plain)
    if missing is not None:
        remedy = "name a sub-expression just as the formula has it"
        yield fault(f"the dialect {name!r} replaces what no formula has", remedy, missing)
    known = {parameter.name for parameter in loss.parameters()}
    for word, _ in dialect.defaults:
        if word not in known:
            remedy = (
                f"name a parameter of the formula ({', '.join(sorted(known)) or 'it has none'})"
            )
            yield fault(f"the dialect {name!r} has a default of {word!r}, no parameter", remedy)
    if isinstance(dialect.sum_over, int) and isinstance(dialect.mean_over, int):
        remedy = "leave sum_over= or mean_over= out"
        yield fault(f"the dialect {name!r} folds an axis twice", remedy)
    for axis in (dialect.sum_over, dialect.mean_over):
        if isinstance(axis, int) and not all(map(_of_any_shape, plain)):
            remedy = "name the axis, as in sum_over='c'"
            problem = f"the dialect {name!r} folds the axis {axis}, and the loss has named axes"
            yield fault(problem, remedy)


def _of_any_shape(case: Case) -> bool:
    return free_axes(case.value) == {ELLIPSIS}


__all__ = ["dialect_faults"]
