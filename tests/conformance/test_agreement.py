"""The same call gives the same numbers in every backend, by class and by function."""

from __future__ import annotations

import numpy as np
import pytest
from budgets import budget
from calls import Call, functions
from inputs import SWEEPS, points
from judge import declared, keywords, solution, worst_ulp
from runners import runner

from lossgen.oracle import Exact

BACKENDS = ("numpy", "torch", "jax", "chainer", "mindspore")


def _calls(loss: str, dtype: str) -> list[Call]:
    words = declared()[loss].reductions()
    return [
        Call(point, word, np.ones(()), {}) for point in points(loss, dtype)[-2:] for word in words
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("loss", SWEEPS)
def test_values_agree_with_numpy(loss, backend, dtype):
    for call in _calls(loss, dtype):
        ours, theirs = runner("numpy").value(call), runner(backend).value(call)
        answer = solution(call.point, dtype).reduced(call.reduction)
        exact = Exact(np.vectorize(float)(ours).astype(object), answer.value.size)
        error, place = worst_ulp(theirs, exact, dtype)
        both = (budget(loss, name, dtype, "value", answer.terms) for name in ("numpy", backend))
        assert error <= sum(both), f"{call.point} {call.reduction} {place}"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("loss", SWEEPS)
def test_class_and_function_are_one(loss, backend):
    run = runner(backend)
    for call in _calls(loss, "float32"):
        options = call.point.options
        if keywords(call.point):
            continue
        given = {n: run.tensor(v) if isinstance(v, np.ndarray) else v for n, v in options.items()}
        inputs = [run.tensor(value) for value in call.point.inputs.values()]
        by_class = getattr(run.package, loss)(reduction=call.reduction, **given)(*inputs)
        by_function = functions(run.package)[loss](*inputs, reduction=call.reduction, **given)
        np.testing.assert_array_equal(run.numbers(by_class), run.numbers(by_function))
