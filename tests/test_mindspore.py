"""The MindSpore losses in PyNative and in Graph mode, and as MindSpore's own training uses them."""

import time
import mindspore as ms
import numpy as np
import pytest
from derivatives import assert_close, derivatives, each_reduction, floating
from losses import CASES
from mindspore import Tensor, nn, ops

from generated import mindspore as ours

SOME = {case.id: case for case in CASES}


def loss_of(case, reduction="mean", **options):
    chosen = case.options_as(Tensor) | options
    return getattr(ours, case.class_name)(**chosen, reduction=reduction)


def first_order(loss, count):
    """The gradient by all inputs, or by the first of two: Graph mode wants functions of fixed arity."""
    if count == 1:

        def scaled(first, second, upstream):
            return (loss(first, second) * upstream).sum()

        return ms.grad(scaled, 0)
    if count == 2:

        def scaled(first, second, upstream):
            return (loss(first, second) * upstream).sum()

        return ms.grad(scaled, (0, 1))

    def scaled(first, second, third, fourth, upstream):
        return (loss(first, second, third, fourth) * upstream).sum()

    return ms.grad(scaled, (0, 1, 2, 3))


def second_order(gradient, count):
    if count == 1:

        def along(first, second, upstream, direction):
            return (gradient(first, second, upstream) * direction).sum()

        return ms.grad(along, (0, 2))
    if count == 2:

        def along(first, second, upstream, direction_1, direction_2):
            slope_1, slope_2 = gradient(first, second, upstream)
            return (slope_1 * direction_1).sum() + (slope_2 * direction_2).sum()

        return ms.grad(along, (0, 1, 2))

    def along(first, second, third, fourth, upstream, d_1, d_2, d_3, d_4):
        s_1, s_2, s_3, s_4 = gradient(first, second, third, fourth, upstream)
        return (s_1 * d_1).sum() + (s_2 * d_2).sum() + (s_3 * d_3).sum() + (s_4 * d_4).sum()

    return ms.grad(along, (0, 1, 2, 3, 4))


def arrays(results):
    return [x.asnumpy() for x in (results if isinstance(results, tuple) else (results,))]


@pytest.mark.parametrize("mode", ["pynative", "graph"])
@pytest.mark.parametrize(("case", "reduction"), **each_reduction(CASES))
def test_derivatives_are_autograds(case, reduction, mode):
    expected = derivatives(case, reduction)
    loss, count = loss_of(case, reduction), len(floating(expected.inputs))
    compiled = ms.jit if mode == "graph" else lambda function: function
    inputs = [Tensor(x) for x in expected.inputs]
    upstream, directions = Tensor(expected.upstream), map(Tensor, expected.directions)
    gradient = first_order(loss, count)
    ts = [time.time()]
    assert_close(
        arrays(
            compiled(lambda *a: loss(*a))(*inputs)
            if mode == "pynative"
            else compiled(loss)(*inputs)
        ),
        [expected.value],
    )
    ts.append(time.time())
    assert_close(arrays(compiled(gradient)(*inputs, upstream)), expected.gradients)
    ts.append(time.time())
    second = compiled(second_order(gradient, count))(*inputs, upstream, *directions)
    assert_close(arrays(second), expected.second)
    ts.append(time.time())
    print(case.id, reduction, mode, np.diff(ts))
