"""Run a loss at a point and judge what it gives: value, gradient, second derivative."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossgen.loss import Loss
from lossgen.proof.budgets import budget
from lossgen.proof.calls import Arrays, Call
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.judge import Truth, ulps, worst
from lossgen.proof.point import Point

# The upstream of `none` is arbitrary, so it stands for `sum`; second derivatives go the same way.
REDUCTIONS = {"value": ("none", "mean", "sum"), "gradient": ("none", "mean")}
WIDE = "float64"
DERIVATIVES = {"numpy": ("gradient", "diagonal")}
QUANTITIES = ("value", "gradient", "hvp", "diagonal")


@dataclass(frozen=True)
class Finding:
    """The worst error of one result.

    Attributes:
        name: the argument by which was differentiated, empty for the value.
        error: in ULP; infinite where the result is not finite.
        allowed: the budget.
        place: where in the result it is.
    """

    point: Point
    backend: str
    dtype: str
    reduction: str
    quantity: str
    name: str
    error: float
    allowed: float
    place: tuple[int, ...]
    found: float
    exact: float

    @property
    def fails(self) -> bool:
        """Whether the error is larger than is allowed."""
        return not self.error <= self.allowed

    def __str__(self) -> str:
        by = f" by {self.name}" if self.name else ""
        return (
            f"{self.point} {self.reduction}: {self.quantity}{by}{list(self.place)} is "
            f"{self.found!r} in {self.dtype}, exactly {self.exact!r}: "
            f"{self.error:.3g} ULP where {self.allowed:.3g} are allowed"
        )


def quantities(backend: str) -> tuple[str, ...]:
    """Return what a backend is judged by."""
    return ("value", *DERIVATIVES.get(backend, ("gradient", "hvp")))


def examine(
    exhibit: Exhibit, runner: Any, backend: str, dtype: str, quantity: str
) -> Iterator[Finding]:
    """Yield the worst error of each result of a backend at a point."""
    plain = backend == "numpy"
    if plain and quantity != "value" and not has_class(exhibit.loss, exhibit.point):
        return
    for reduction in _reductions(exhibit.loss, quantity):
        call = exhibit.call(reduction, plain)
        for name, array in run(runner, call.in_dtype(dtype), quantity).items():
            exact = exhibit.truth(call, plain, quantity, name)
            count = added(exhibit, quantity, reduction, exact)
            names = (exhibit.loss.name, backend, dtype, quantity)
            allowed = budget(*names, count, averaged=reduction == "mean")
            errors = ulps(array, exact, dtype)
            if dtype != WIDE and not (errors <= allowed).all():
                wide = run(runner, call.in_dtype(WIDE), quantity)[name]
                excused = exhibit.leaves_range(dtype, name, errors.shape)
                excused = excused & (ulps(wide, exact, WIDE) <= allowed)
                errors = np.where(excused, np.minimum(errors, allowed), errors)
            error, place = worst(errors)
            found, right = (array[place], exact.value[place]) if errors.size else (0.0, 0.0)
            what = (exhibit.point, backend, dtype, reduction, quantity, name)
            yield Finding(*what, error, allowed, place, float(found), float(right))


def _reductions(loss: Loss, quantity: str) -> tuple[str, ...]:
    words = REDUCTIONS.get(quantity, ("none",))
    return tuple(word for word in words if word in loss.reductions()) or ("mean",)


def added(exhibit: Exhibit, quantity: str, reduction: str, exact: Truth) -> int:
    """Return how many terms a result adds up: reduced values and parameters' derivatives all."""
    entries = max(int(np.size(array)) for array in exhibit.point.tensors.values())
    whole = exact.value.shape == () or (quantity, reduction) == ("value", "sum")
    return max(exhibit.facts.terms, entries if whole else 1)


def has_class(loss: Loss, point: Point) -> bool:
    """NumPy's derivatives are methods of the class, by the inputs of its call."""
    alone = {tensor.name for tensor in loss.tensors() if tensor.function_only}
    return not point.learnt and not alone & point.options.keys()


def run(runner: Any, call: Call, quantity: str) -> Arrays:
    """Return the results of a backend by argument; of a value, by the empty name."""
    if quantity == "value":
        return {"": runner.value(call)}
    methods = {
        "gradient": "gradients", "diagonal": "hessian_diagonals", "hvp": "hessian_vectors",
    }  # fmt: skip
    found: Arrays = getattr(runner, methods[quantity])(call)
    return found


__all__ = ["Finding", "added", "examine", "has_class", "quantities", "run"]
