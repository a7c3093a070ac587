"""One row of the conformance table: a loss in a backend and a dtype."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lossgen.loss import Loss
from lossgen.proof.budgets import budget, fault
from lossgen.proof.calls import Call
from lossgen.proof.examine import Finding, examine, quantities
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.judge import Truth, ulps
from lossgen.proof.modes import MODES, differences
from lossgen.proof.point import Array, Point

SECOND = ("hvp", "diagonal")
COMPILED = 16.0  # eps of the largest entry: a compiler may fuse and reorder what it adds


@dataclass(frozen=True)
class Row:
    """What was found of a loss in a backend and a dtype; errors are in ULP.

    Attributes:
        agreement: the largest difference of a value from NumPy's.
        finite: whether results are finite where the exact ones are.
        nan: whether NaN gives NaN.
        dtype_kept: whether results have the dtype of the prediction.
        modes: compiled and mapped calls, and whether they give the same.
        known: what fails and is known to, with the reason.
        faults: what fails.
    """

    loss: str
    backend: str
    dtype: str
    value: float = 0.0
    gradient: float = 0.0
    second: float = 0.0
    agreement: float = 0.0
    finite: bool = True
    nan: bool = True
    dtype_kept: bool = True
    modes: tuple[tuple[str, bool], ...] = ()
    known: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing fails but what is known to."""
        return not self.faults

    def listed(self) -> dict[str, Any]:
        """Return the row for JSON, which has no infinity."""
        fields = asdict(self) | {"modes": dict(self.modes), "passed": self.passed}
        return {
            key: (str(value) if isinstance(value, float) and not np.isfinite(value) else value)
            for key, value in fields.items()
        }


def verify(
    loss: Loss, exhibits: Sequence[Exhibit], backend: str, dtype: str, runner: Any, numpy: Any
) -> Row:
    """Return the row of a loss; ``numpy`` runs its package, with which all others have to agree."""
    row = Row(loss.name, backend, dtype)
    row = _accuracy(row, loss, exhibits, runner)
    row = _agreement(row, loss, exhibits, runner, numpy)
    row = _not_a_number(row, exhibits, runner)
    return _modes(row, exhibits, runner)


def _accuracy(row: Row, loss: Loss, exhibits: Sequence[Exhibit], runner: Any) -> Row:
    worst = {"value": 0.0, "gradient": 0.0, "second": 0.0}
    known: dict[str, None] = {}
    faults: list[str] = []
    kept = True
    for quantity in quantities(row.backend):
        reason = fault(loss.name, row.backend, row.dtype, quantity)
        try:
            found = list(_all(exhibits, runner, row, quantity))
        except TypeError as error:
            kept, found = False, []
            faults.append(f"{quantity}: {error}")
        name = "second" if quantity in SECOND else quantity
        worst[name] = max([worst[name], *(each.error for each in found)])
        failing = sorted((each for each in found if each.fails), key=lambda each: -each.error)
        if failing and reason is not None:
            known[f"{quantity}: {reason}"] = None
        elif failing:
            faults.append(str(failing[0]))
    finite = all(np.isfinite(error) for error in worst.values())
    value, gradient, second = worst.values()
    return replace(
        row, value=value, gradient=gradient, second=second, finite=finite, dtype_kept=kept,
        known=tuple(known), faults=tuple(faults),
    )  # fmt: skip


def _all(exhibits: Iterable[Exhibit], runner: Any, row: Row, quantity: str) -> Iterable[Finding]:
    for exhibit in exhibits:
        yield from examine(exhibit, runner, row.backend, row.dtype, quantity)


def _agreement(row: Row, loss: Loss, exhibits: Sequence[Exhibit], runner: Any, numpy: Any) -> Row:
    """Compare values with NumPy's: the two may differ by both of their budgets."""
    if row.backend == "numpy":
        return row
    worst, faults = 0.0, row.faults
    for exhibit in exhibits:
        call = _call(loss, exhibit).in_dtype(row.dtype)
        ours, theirs = numpy.value(call), runner.value(call)
        exact = exhibit.truth(call, True, "value", "")
        errors = ulps(
            theirs, Truth(np.asarray(ours, float), np.zeros(np.shape(ours)), exact.size), row.dtype
        )
        excused = exhibit.leaves_range(row.dtype, "", errors.shape) | ~np.isfinite(ours)
        count = max(exhibit.facts.terms, errors.size if call.reduction != "none" else 1)
        averaged = call.reduction == "mean"
        both = sum(
            budget(loss.name, name, row.dtype, "value", count, averaged=averaged)
            for name in ("numpy", row.backend)
        )
        error = float(np.max(errors, initial=0.0, where=~excused))
        worst = max(worst, error)
        if error > both and fault(loss.name, row.backend, row.dtype, "value") is None:
            faults = (*faults, f"{exhibit.point}: {error:.3g} ULP away from NumPy's value")
            break
    return replace(row, agreement=worst, faults=faults)


def _call(loss: Loss, exhibit: Exhibit) -> Call:
    return exhibit.call("none" if "none" in loss.reductions() else "mean", ones=True)


def _not_a_number(row: Row, exhibits: Sequence[Exhibit], runner: Any) -> Row:
    """Put NaN into each prediction, one after the other."""
    exhibit = exhibits[0]
    call = _call(exhibit.loss, exhibit).in_dtype(row.dtype)
    for name in call.moving:
        if name in call.point.inputs:
            inputs = {**call.point.inputs, name: np.full_like(call.point.inputs[name], np.nan)}
            holed: Point = replace(call.point, inputs=inputs)
            try:
                value = runner.value(replace(call, point=holed))
            except ValueError:  # what has bounds may refuse it
                continue
            if _is_lost(exhibit, call, name, value):
                return replace(row, nan=False, faults=(*row.faults, f"NaN in {name} is lost"))
    return row


def _is_lost(exhibit: Exhibit, call: Call, name: str, value: Array) -> bool:
    """Say whether an entry is finite that moves with an argument, though that is not."""
    for place in np.argwhere(np.isfinite(value)):
        alone = np.zeros(value.shape)
        alone[tuple(place)] = 1.0
        answer = exhibit.solution.reduced(call.reduction, alone if value.ndim else None)
        if Truth.of(answer.gradient(name)).value.any():
            return True
    return False


def _modes(row: Row, exhibits: Sequence[Exhibit], runner: Any) -> Row:
    if row.backend not in MODES or row.dtype != "float32":
        return row
    call = _call(exhibits[0].loss, exhibits[0]).in_dtype(row.dtype)
    sizes = exhibits[0].truth(call, True, "value", "").size
    size = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
    gaps = differences(row.backend, runner, call, size)
    found = {name: gap <= COMPILED for name, gap in gaps.items()}
    wrong = tuple(
        f"under {name} it gives something else" for name, same in found.items() if not same
    )
    return replace(row, modes=tuple(found.items()), faults=(*row.faults, *wrong))


__all__ = ["Row", "verify"]
