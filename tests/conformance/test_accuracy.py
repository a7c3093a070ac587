"""Every loss in every backend against exact arithmetic, in units in the last place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from budgets import SUMMED, budget, fault
from calls import Arrays, Call
from inputs import SWEEPS, points
from judge import declared, keywords, solution, worst_ulp
from point import Array, Point
from runners import runner

from lossgen.oracle import Answer, Exact

BACKENDS = ("numpy", "torch", "jax", "chainer", "mindspore")
DTYPES = ("float32", "float64")
QUANTITIES = {
    "numpy": ("value", "gradient", "diagonal"),
    **dict.fromkeys(BACKENDS[1:], ("value", "gradient", "hvp")),
}
# The upstream of `none` is arbitrary, so it stands for `sum`; second derivatives go the same way.
REDUCTIONS = {"value": ("none", "mean", "sum"), "gradient": ("none", "mean")}


def _cases() -> Iterator[object]:
    for loss, backend, dtype in product(SWEEPS, BACKENDS, DTYPES):
        for quantity in QUANTITIES[backend]:
            known = fault(loss, backend, dtype, quantity)
            marks = () if known is None else pytest.mark.xfail(reason=known, strict=True)
            name = f"{loss}-{backend}-{dtype}-{quantity}"
            yield pytest.param(loss, backend, dtype, quantity, id=name, marks=marks)


@pytest.mark.parametrize(("loss", "backend", "dtype", "quantity"), _cases())
def test_it_is_exact_to_the_last_places(loss, backend, dtype, quantity, record_property):
    worst, faults = 0.0, []
    for point in points(loss, dtype):
        for reduction in _reductions(loss, quantity):
            if backend == "numpy" and quantity != "value" and not _has_class(point):
                continue
            answer, call = _ask(point, dtype, reduction, backend)
            for name, (found, exact) in _results(answer, call, backend, quantity).items():
                error, place = worst_ulp(found, exact, dtype)
                terms = answer.terms if _sums(loss, quantity, reduction, exact) else 1
                allowed = budget(loss, backend, dtype, quantity, terms)
                worst = max(worst, error)
                if error > allowed:
                    faults.append(f"{point} {reduction} {name}{place}: {error:.3g} > {allowed:.3g}")
    record_property("ulp", worst)
    assert not faults, "\n".join(faults)


def _reductions(loss: str, quantity: str) -> tuple[str, ...]:
    words = REDUCTIONS.get(quantity, ("none",))
    return tuple(word for word in words if word in declared()[loss].reductions()) or ("mean",)


def _sums(loss: str, quantity: str, reduction: str, exact: Exact) -> bool:
    """Say whether a result is a sum over the entries: a reduced value, a parameter's derivative."""
    return loss in SUMMED or exact.value.shape == () or (quantity, reduction) == ("value", "sum")


def _has_class(point: Point) -> bool:
    """NumPy's derivatives are methods of the class, by the inputs of its call."""
    return not point.learnt and not keywords(point)


def _ask(point: Point, dtype: str, reduction: str, backend: str) -> tuple[Answer, Call]:
    solved = solution(point, dtype)
    rng = np.random.default_rng(7)
    shapes = solved.question.shapes
    directions = {name: _draw(rng, shape, dtype) for name, shape in shapes.items()}
    shape = solved.shape if reduction == "none" else ()
    upstream = np.ones(shape, dtype)
    if reduction == "none" and backend != "numpy":
        upstream = _draw(rng, shape, dtype)
    answer = solved.reduced(reduction, upstream if reduction == "none" else None)
    return answer, Call(point, reduction, upstream, directions)


def _draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    return np.asarray(rng.standard_normal(shape), dtype)


def _results(
    answer: Answer, call: Call, backend: str, quantity: str
) -> dict[str, tuple[Array, Exact]]:
    run = runner(backend)
    if quantity == "value":
        return {"": (run.value(call), answer.value)}
    if quantity == "gradient":
        return _paired(run.gradients(call), answer.gradient)
    if quantity == "diagonal":
        return _paired(run.hessian_diagonals(call), answer.hessian_diagonal)
    return _paired(
        run.hessian_vectors(call), lambda name: answer.hessian_vector(name, call.directions)
    )


def _paired(found: Arrays, exact) -> dict[str, tuple[Array, Exact]]:
    return {name: (array, exact(name)) for name, array in found.items()}
