"""Points of a loss and its exact results, found once for all that is compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossgen.audit.inputs import points
from lossgen.audit.plan import Plan
from lossgen.loss import Loss
from lossgen.oracle import Solution
from lossgen.proof.judge import Truth
from lossgen.proof.point import Point


@dataclass(frozen=True)
class Known:
    """Points of a loss and exact results, which its plans have in common."""

    points: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    truths: dict[Any, Mapping[str, Truth]] = field(default_factory=dict)

    def of(self, loss: Loss, plan: Plan) -> tuple[Point, ...]:
        """Return the points of a plan."""
        key = repr((loss.name, plan.settings, plan.only, plan.sizes, plan.soft))
        if key not in self.points:
            self.points[key] = tuple(points(loss, plan))
        return self.points[key]

    def exact(self, loss: Loss, point: Point, reduction: str) -> Mapping[str, Truth]:
        """Return the exact value of a loss by the empty name, and its gradients."""
        arrays = tuple((n, x.shape, x.tobytes()) for n, x in point.inputs.items())
        key = (loss.name, repr(point.options), reduction, arrays)
        if key not in self.truths:
            solution = Solution(point.question(loss))
            upstream = np.ones(solution.shape) if reduction == "none" else None
            answer = solution.reduced(reduction, upstream)
            moving = [name for name in solution.question.shapes if name in point.inputs]
            gradients = {name: Truth.of(answer.gradient(name)) for name in moving}
            self.truths[key] = {"": Truth.of(answer.value), **gradients}
        return self.truths[key]


__all__ = ["Known"]
