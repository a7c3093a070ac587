"""The same call gives the same numbers in every backend, by class and by function."""

from __future__ import annotations

import numpy as np
import pytest
from exhibits import declared, exhibits, runner
from inputs import SWEEPS

from lossgen.proof.budgets import budget
from lossgen.proof.calls import Call, functions
from lossgen.proof.judge import Truth, ulps

BACKENDS = ("numpy", "torch", "jax", "chainer", "mindspore")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("loss", SWEEPS)
def test_values_agree_with_numpy(loss, backend, dtype):
    for exhibit in exhibits(loss, dtype)[-2:]:
        for word in declared()[loss].reductions():
            call = Call(exhibit.point, word, np.ones(()), {}).in_dtype(dtype)
            ours, theirs = runner("numpy").value(call), runner(backend).value(call)
            answer = exhibit.solution.reduced(word)
            size = answer.value.doubles[2]
            exact = Truth(np.asarray(ours, float), np.zeros(np.shape(ours)), size)
            averaged = word == "mean"
            both = (
                budget(loss, name, dtype, "value", answer.terms, averaged=averaged)
                for name in ("numpy", backend)
            )
            assert ulps(theirs, exact, dtype).max(initial=0.0) <= sum(both), f"{call.point} {word}"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("loss", SWEEPS)
def test_class_and_function_are_one(loss, backend):
    run = runner(backend)
    alone = {tensor.name for tensor in declared()[loss].tensors() if tensor.function_only}
    if any(tensor.layer is not None for tensor in declared()[loss].tensors()):
        return  # the class has a layer of its own, which the function is given
    for exhibit in exhibits(loss, "float32")[-2:]:
        point = exhibit.point.rounded("float32")
        if alone & point.options.keys():
            continue
        options = {
            n: run.tensor(v) if isinstance(v, np.ndarray) else v for n, v in point.options.items()
        }
        inputs = [run.tensor(value) for value in point.inputs.values()]
        for word in declared()[loss].reductions():
            by_class = getattr(run.package, loss)(reduction=word, **options)(*inputs)
            by_function = functions(run.package)[loss](*inputs, reduction=word, **options)
            np.testing.assert_array_equal(run.numbers(by_class), run.numbers(by_function))
