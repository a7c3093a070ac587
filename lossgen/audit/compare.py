"""Where a loss leaves the exact result of a spec, by the simplest input that shows it.

Nothing here is a matter of taste: a result is wrong if it is not finite where the exact one is, or
if less than half of its digits are right, measured as the conformance run measures, against the
exact result or, where terms of unlike sign meet, the sum of their absolute values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lossgen.audit.conversions import is_smooth
from lossgen.audit.finding import Audit, Finding
from lossgen.audit.inputs import inputs_of
from lossgen.audit.known import Known
from lossgen.audit.plan import Plan
from lossgen.audit.runners import runner, running
from lossgen.audit.target import Target, find
from lossgen.errors import LossgenError
from lossgen.loss import Loss
from lossgen.oracle.domain import is_at_kink, is_inside
from lossgen.proof.calls import Call
from lossgen.proof.judge import Truth, ulps, worst
from lossgen.proof.point import Point
from lossgen.proof.shrink import simplified


def audit(
    plan: Plan,
    loss: Loss,
    dtype: str = "float32",
    *,
    at: Sequence[Point] = (),
    known: Known | None = None,
) -> Audit:
    """Compare the loss that a plan names with a spec's.

    Args:
        plan: what is compared, and how it is called.
        loss: the spec's loss.
        dtype: ``"float32"`` or ``"float64"``.
        at: the points to compare at; without any, those of the spec's domain.
        known: what is known already of the spec's loss.
    """
    inputs, labels = inputs_of(loss, plan)
    for name in (*plan.by, *plan.only):
        if name not in inputs:
            raise LossgenError(f"{loss.name} has no input {name}; it has {', '.join(inputs)}.")
    here = _Examination(plan, loss, dtype, find(plan, inputs, labels), inputs, known or Known())
    return here.audit(at or here.known.of(loss, plan))


@dataclass
class _Examination:
    plan: Plan
    loss: Loss
    dtype: str
    target: Target
    inputs: Sequence[str]
    known: Known
    by: tuple[str, ...] = ()
    failure: Exception | None = None

    @cached_property
    def runner(self) -> Any:
        """What runs the target."""
        return runner(self.target, self.inputs)

    def audit(self, at: Sequence[Point]) -> Audit:
        """Compare at some points, and show what is wrong where it is simplest."""
        wrong: dict[str, list[Finding]] = {}
        count = refused = 0
        for point in at:
            found = self._tried(point, first=count == 0)
            refused += found is None
            count += found is not None
            for finding in found or ():
                wrong.setdefault(finding.by, []).append(finding)
        if not count:
            raise LossgenError(f"{self.plan} fails at every input; the last time: {self.failure}")
        shown = tuple(self._shown(wrong[by], count) for by in ("", *self.by) if by in wrong)
        return Audit(self.plan, self.dtype, count, refused, self.by, shown)

    def _shown(self, findings: Sequence[Finding], count: int) -> Finding:
        first = findings[0]

        def again(point: Point) -> Finding | None:
            if not is_inside(point.rounded("float32").question(self.loss)):
                return None
            found = self._tried(point) or ()
            return next((each for each in found if each.by == first.by), None)

        return replace(simplified(first, again), share=len(findings) / count)

    def _tried(self, point: Point, first: bool = False) -> tuple[Finding, ...] | None:
        """Return what is wrong at a point, or None if the target refuses it."""
        try:
            with running(self.target, self.dtype):
                if first:
                    self.by = tuple(
                        name for name in self._smooth(point) if self._moves(point, name)
                    )
                return tuple(self._findings(point))
        except LossgenError:
            raise
        except Exception as error:  # whatever a framework raises
            self.failure = error
            return None

    def _smooth(self, point: Point) -> Iterator[str]:
        """Yield the inputs that may have a gradient."""
        for name, array in point.inputs.items():
            word = self.plan.prepare.get(name)
            smooth = word is None or is_smooth(self.target.framework, word)
            if array.dtype.kind == "f" and smooth and name in (self.plan.by or self.inputs):
                yield name

    def _moves(self, point: Point, name: str) -> bool:
        """Say whether the framework differentiates by an input."""
        self.runner.value(self._call(point, ()))
        try:
            self.runner.gradients(self._call(point, (name,)))
        except Exception:  # frameworks say so in many ways
            return False
        return True

    def _call(self, point: Point, by: Sequence[str]) -> Call:
        shape = self._exact(point)[""].value.shape
        directions = {name: np.ones(point.inputs[name].shape) for name in by}
        return Call(point, self.plan.reduction, np.ones(shape), directions).in_dtype(self.dtype)

    def _exact(self, point: Point) -> Mapping[str, Truth]:
        return self.known.exact(self.loss, point, self.plan.reduction)

    def _findings(self, point: Point) -> Iterator[Finding]:
        call, exact = self._call(point, self.by), self._exact(point)
        yield from self._wrong(point, "", self.runner.value(call), exact[""])
        if not self.by:
            return
        for name, array in self.runner.gradients(call).items():
            for finding in self._wrong(point, name, array, exact[name]):
                if not np.isfinite(finding.found) or not is_at_kink(point.question(self.loss)):
                    yield finding

    def _wrong(self, point: Point, by: str, found: Any, exact: Truth) -> Iterator[Finding]:
        array = np.asarray(found)
        if array.shape != exact.value.shape:
            raise LossgenError(
                f"{self.plan} gives the shape {array.shape} where {self.plan.loss} has "
                f"{exact.value.shape} by the reduction {self.plan.reduction!r}; write --reduction "
                f"or --order."
            )
        error, place = worst(ulps(array.astype(self.dtype), exact, self.dtype))
        if error > 2 ** (np.finfo(self.dtype).nmant / 2):
            yield Finding(point, by, place, float(array[place]), float(exact.value[place]))


__all__ = ["audit"]
