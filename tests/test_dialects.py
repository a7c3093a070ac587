"""Dialects: defaults as statements of a call, compiled losses, shapes that lack an axis."""

import jax
import mindspore as ms
import numpy as np
import pytest
import torch
from sympy import Abs, Eq, Max

import generated.chainer
import generated.jax
import generated.mindspore
import generated.numpy
import generated.torch
from lossgen import Case, Loss, dialect, indicator, parameter, sum_over, tensor
from lossgen.backends import TORCH
from lossgen.module import make_module
from lossgen.registry import find

x = tensor("input")
FLAGS = {"log_input": True, "full": False}


@pytest.mark.parametrize(
    ("given", "statement"),
    [
        ({"full": True}, 'full = full or dialect == "keras"'),
        ({"log_input": False}, 'log_input = log_input and dialect != "keras"'),
        ({"delta": 2.0}, 'delta = 2.0 if dialect == "keras" and is_number(delta, 1.0) else delta'),
        ({"p": 3}, 'p = 3 if dialect == "keras" and p == 2 else p'),
    ],
    ids=lambda case: str(case) if isinstance(case, dict) else "",
)
def test_defaults_are_adopted(given, statement):
    flags = [parameter(name, default) for name, default in FLAGS.items()]
    value = parameter("delta", 1.0) * x ** parameter("p", 2) + sum(flags)
    loss = Loss("OneLoss", value, dialects={"keras": dialect(**given)})
    assert make_module(loss, find("numpy")).adoptions == (statement,)


def framework_calls(word, reduction):
    """Return a loss in a dialect as each framework compiles it."""
    losses = {
        package: getattr(generated, package).HuberLoss(reduction, dialect=word)
        for package in ("torch", "jax", "mindspore")
    }

    @ms.jit
    def in_graph(*inputs):
        return losses["mindspore"](*inputs)

    compiled = torch.compile(losses["torch"], fullgraph=True, backend="aot_eager")
    return {
        "torch": lambda *inputs: compiled(*map(torch.from_numpy, inputs)).numpy(),
        "jax": jax.jit(losses["jax"]),
        "mindspore": lambda *inputs: in_graph(*map(ms.Tensor, inputs)).asnumpy(),
    }


@pytest.mark.parametrize("word", ["keras", "chainer"])
def test_compiled_losses_know_their_dialect(word):
    inputs = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    expected = generated.numpy.HuberLoss("none", dialect=word)(*inputs)
    # The same few operations in float32: ten roundings of it.
    for call in framework_calls(word, "none").values():
        np.testing.assert_allclose(call(*inputs), expected, rtol=10 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("shape", [(), (4,), (0, 3), (3, 0)], ids=str)
def test_a_loss_without_the_axis_stays_as_it_is(shape):
    """Chainer sums axis 1: what has fewer axes is not summed, and nothing sums to 0."""
    x, zeros = np.ones(shape), np.zeros(shape)
    for package in ("numpy", "torch", "jax", "chainer"):
        call = getattr(generated, package).huber_loss
        inputs = map(torch.from_numpy, (x, zeros)) if package == "torch" else (x, zeros)
        found = call(*inputs, "none", dialect="chainer")
        expected = 0.5 * x if x.ndim < 2 else 0.5 * x.sum(1)
        np.testing.assert_array_equal(getattr(found, "array", found), expected)


def below(keras, chainer):
    """Return the functions of what means divide by, and what each ending calls."""
    x, t, p = tensor("input"), tensor("target"), parameter("power", 2)
    count = sum_over(indicator(x > t), "...")
    cases = (Case((x - t) ** 2, when=Eq(p, 2), name="square"), Case(Abs(x - t), name="rest"))
    dialects = {
        "chainer": dialect(denominator=Max(chainer, count)),
        "keras": dialect(denominator=Max(keras, count)),
    }
    module = make_module(Loss("OneLoss", cases, dialects=dialects), TORCH)
    kernels = [k.name for case in module.all_cases for k in case.kernels if "denom" in k.name]
    called = [count.partition("(")[0] for case in module.all_cases for count in case.counts]
    return kernels, {count for count in called if count != "None"}


def test_what_several_cases_divide_by_is_written_once():
    name = "_denominator_square"
    assert below(1, 1) == ([name], {name})
    kernels, called = below(1, 2)
    assert kernels == [name, "_denominator_square_keras"]
    assert called == set(kernels)
