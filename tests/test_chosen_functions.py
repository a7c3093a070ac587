"""A function that callers choose: one of their own, which the framework differentiates.

The loss of the distances stays lossgen's; the outcome is that of torch.nn, which PyTorch
differentiates as a whole. The declared functions are judged as all formulas are, in
test_library.py, test_namesakes.py and tests/conformance.
"""

import importlib

import chainer
import jax
import jax.numpy as jnp
import mindspore as ms
import numpy as np
import pytest
import torch
from mindspore import nn as msnn
from mindspore import ops
from sympy import Abs

import generated.chainer
import generated.jax
import generated.mindspore
import generated.numpy
import generated.torch
from lossgen import Loss, function, sum_over, tensor
from lossgen.registry import names as backend_names

NAME = "TripletMarginWithDistanceLoss"
# Both sides add up some dozens of float64 products of numbers near 1.
ROUNDING = {"rtol": 1e-12, "atol": 1e-12}
MANHATTAN = {"manhattan": lambda a, b: sum_over(Abs(a - b), "d")}

each_swap = pytest.mark.parametrize("swap", [False, True], ids=["plain", "swapped"])
each_backend = pytest.mark.parametrize("backend", backend_names())


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.experimental.enable_x64():
        yield


def drawn(*shape):
    """Return three inputs, a direction for each, and a matrix that a distance learns."""
    rng = np.random.default_rng(3)
    return (
        [rng.standard_normal(shape) for _ in range(3)],
        [rng.standard_normal(shape) for _ in range(3)],
        rng.standard_normal((shape[-1], 2)),
    )


class Learnt(torch.nn.Module):
    """A distance after a learnt projection, as a framework's own user would write it."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = torch.nn.Parameter(torch.tensor(matrix))

    def forward(self, a, b):
        return (((a - b) @ self.matrix) ** 2).sum(-1)


def outcome(loss, inputs, directions, distance):
    """Return value, gradients by inputs and matrix, and those of the derivative along a line."""
    live = [torch.tensor(x, requires_grad=True) for x in inputs] + [distance.matrix]
    value = loss(*live[:3])
    slopes = torch.autograd.grad(value, live, create_graph=True)
    along = sum((s * torch.tensor(d)).sum() for s, d in zip(slopes, directions, strict=False))
    second = torch.autograd.grad(along, live, materialize_grads=True, allow_unused=True)
    return [x.detach().numpy() for x in (value, *slopes, *second)]


def expected(swap, inputs, directions, matrix):
    distance = Learnt(matrix)
    loss = getattr(torch.nn, NAME)(distance_function=distance, swap=swap, margin=3.0)
    return outcome(loss, inputs, directions, distance)


def assert_close(found, wanted):
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(mine), theirs, **ROUNDING)


def learnt_projection(swap, *shape):
    inputs, directions, matrix = drawn(*shape)
    return inputs, directions, matrix, expected(swap, inputs, directions, matrix)


@each_swap
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 2, 3)], ids=str)
def test_torch_differentiates_through_it(swap, shape):
    inputs, directions, matrix, wanted = learnt_projection(swap, *shape)
    distance = Learnt(matrix)
    loss = generated.torch.TripletMarginWithDistanceLoss(
        distance_function=distance, swap=swap, margin=3.0
    )
    assert_close(outcome(loss, inputs, directions, distance), wanted)
    assert list(loss.state_dict()) == ["distance_function.matrix"]
    assert [name for name, _ in loss.named_parameters()] == ["distance_function.matrix"]


def test_torch_compiles_maps_and_traces_it():
    inputs, _, matrix, wanted = learnt_projection(True, 4, 3)
    distance = Learnt(matrix)
    loss = generated.torch.TripletMarginWithDistanceLoss(
        distance_function=distance, swap=True, margin=3.0
    )
    tensors = [torch.tensor(x) for x in inputs]
    assert_close([torch.compile(loss, fullgraph=True)(*tensors).detach()], wanted[:1])
    rows = torch.func.vmap(loss)(*tensors)
    assert_close([rows.mean().detach()], wanted[:1])
    gradients = torch.func.grad(lambda *x: loss(*x), (0, 1, 2))(*tensors)
    assert_close([g.detach() for g in gradients], wanted[1:4])


@each_swap
def test_jax_differentiates_through_it(swap):
    inputs, directions, matrix, wanted = learnt_projection(swap, 4, 3)

    def objective(anchor, positive, negative, matrix):
        def distance(a, b):
            return (((a - b) @ matrix) ** 2).sum(-1)

        loss = generated.jax.TripletMarginWithDistanceLoss(
            distance_function=distance, swap=swap, margin=3.0
        )
        return loss(anchor, positive, negative)

    live = [jnp.asarray(x) for x in (*inputs, matrix)]
    gradient = jax.jit(jax.grad(objective, (0, 1, 2, 3)))

    def along(*live):
        return sum((s * d).sum() for s, d in zip(gradient(*live), directions, strict=False))

    second = jax.jit(jax.grad(along, (0, 1, 2, 3)))(*live)
    assert_close([jax.jit(objective)(*live), *gradient(*live), *second], wanted)
    rows = jax.vmap(objective, (0, 0, 0, None))(*live)
    assert_close([rows.mean()], wanted[:1])


def test_jax_keeps_it_apart_from_the_leaves():
    def distance(a, b):
        return jnp.abs(a - b).sum(-1)

    loss = generated.jax.TripletMarginWithDistanceLoss(distance_function=distance, margin=2.0)
    assert jax.tree.leaves(loss) == [2.0]
    inputs = [jnp.asarray(x) for x in drawn(4, 3)[0]]
    named = generated.jax.TripletMarginWithDistanceLoss(distance_function="manhattan", margin=2.0)
    call = jax.jit(lambda loss, *inputs: loss(*inputs))
    np.testing.assert_allclose(call(loss, *inputs), call(named, *inputs), **ROUNDING)


class LearntLink(chainer.Link):
    def __init__(self, matrix):
        super().__init__()
        with self.init_scope():
            self.matrix = chainer.Parameter(matrix.copy())

    def forward(self, a, b):
        return chainer.functions.sum(((a - b) @ self.matrix) ** 2, axis=-1)


@each_swap
def test_chainer_differentiates_through_it(swap):
    inputs, directions, matrix, wanted = learnt_projection(swap, 4, 3)
    loss = generated.chainer.TripletMarginWithDistanceLoss(
        distance_function=LearntLink(matrix), swap=swap, margin=3.0
    )
    assert [name for name, _ in loss.namedparams()] == ["/distance_function/matrix"]
    live = [chainer.Variable(x.copy()) for x in inputs]
    value = loss(*live)
    live.append(loss.distance_function.matrix)
    slopes = chainer.grad([value], live, enable_double_backprop=True)
    second = chainer.grad(slopes[:3], live, [chainer.Variable(d.copy()) for d in directions])
    assert_close([x.array for x in (value, *slopes, *second)], wanted)


class LearntCell(msnn.Cell):
    def __init__(self, matrix):
        super().__init__()
        self.matrix = ms.Parameter(ms.Tensor(matrix), name="matrix")

    def construct(self, a, b):
        return ops.square(ops.matmul(a - b, self.matrix)).sum(-1)


@each_swap
@pytest.mark.parametrize("jit", [False, True], ids=["pynative", "graph"])
def test_mindspore_differentiates_through_it(swap, jit):
    inputs, directions, matrix, wanted = learnt_projection(swap, 4, 3)
    loss = generated.mindspore.TripletMarginWithDistanceLoss(
        distance_function=LearntCell(matrix), swap=swap, margin=3.0
    )
    weights = ms.ParameterTuple(loss.trainable_params())
    assert [p.name for p in weights] == ["distance_function.matrix"]
    tensors = [ms.Tensor(x) for x in inputs]
    lines = [ms.Tensor(d) for d in directions]

    def call(anchor, positive, negative):
        return loss(anchor, positive, negative)

    def along(anchor, positive, negative):
        first, second, third = ms.grad(call, (0, 1, 2))(anchor, positive, negative)
        return (first * lines[0]).sum() + (second * lines[1]).sum() + (third * lines[2]).sum()

    # A second derivative by the weights of a Cell is wrong in MindSpore 2.10, also of its own sums.
    functions = ms.value_and_grad(call, (0, 1, 2), weights), ms.grad(along, (0, 1, 2))
    first, second = map(ms.jit, functions) if jit else functions
    value, (slopes, own) = first(*tensors)
    found = [value, *slopes, *own, *second(*tensors)]
    assert_close([x.asnumpy() for x in found], wanted[:8])


class WithGradient:
    """A distance that NumPy's users differentiate themselves."""

    def __init__(self, matrix):
        self.matrix = matrix

    def __call__(self, a, b):
        return (((a - b) @ self.matrix) ** 2).sum(-1)

    def gradient(self, upstream, a, b):
        slope = 2 * upstream[..., None] * (a - b) @ self.matrix @ self.matrix.T
        return slope, -slope


@each_swap
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 2, 3)], ids=str)
def test_numpy_takes_the_gradient_that_it_has(swap, shape):
    inputs, _, matrix, wanted = learnt_projection(swap, *shape)
    loss = generated.numpy.TripletMarginWithDistanceLoss(
        distance_function=WithGradient(matrix), swap=swap, margin=3.0
    )
    value, slopes = loss.value_and_grad(*inputs)
    assert_close([value, *slopes], wanted[:4])
    assert_close([loss(*inputs)], wanted[:1])


def test_numpy_says_what_it_cannot_know():
    inputs, _, matrix = drawn(4, 3)
    plain = WithGradient(matrix).__call__
    loss = generated.numpy.TripletMarginWithDistanceLoss(distance_function=plain)
    sentence = (
        r"distance_function\(anchor, positive\) has no gradient: "
        r"give its function \.gradient\(upstream, anchor, positive\)"
    )
    with pytest.raises(TypeError, match=sentence):
        loss.value_and_grad(*inputs)
    with pytest.raises(TypeError, match="has no second derivative here; name the function"):
        loss.hessian_diagonal(*inputs)


def given(backend, array):
    """Return an array as a backend has it."""
    module = {"jax": "jax.numpy"}.get(backend, backend)
    make = {"torch": "tensor", "mindspore": "Tensor"}.get(backend, "asarray")
    if backend == "chainer":
        return array
    return getattr(importlib.import_module(module), make)(array)


@each_backend
@each_swap
def test_a_function_means_what_its_name_does(backend, swap):
    loss = getattr(importlib.import_module(f"generated.{backend}"), NAME)
    inputs = [given(backend, x) for x in drawn(4, 3)[0]]
    meanings = {
        None: lambda a, b: ((a - b + 1e-6) ** 2).sum(-1) ** 0.5,
        "euclidean": lambda a, b: ((a - b + 1e-6) ** 2).sum(-1) ** 0.5,
        "squared_euclidean": lambda a, b: ((a - b) ** 2).sum(-1),
        "manhattan": lambda a, b: abs(a - b).sum(-1),
        "cosine": lambda a, b: 1 - (a * b).sum(-1) / ((a * a).sum(-1) * (b * b).sum(-1)) ** 0.5,
    }
    for name, meaning in meanings.items():
        found, wanted = (
            loss(distance_function=function, swap=swap, margin=2.0, reduction="none")(*inputs)
            for function in (name, meaning)
        )
        numbers = [getattr(x, "array", x) for x in (found, wanted)]
        np.testing.assert_allclose(*map(np.asarray, numbers), **ROUNDING)


@each_backend
def test_weights_are_those_of_the_distances(backend):
    loss = getattr(importlib.import_module(f"generated.{backend}"), NAME)
    inputs = [given(backend, x) for x in drawn(4, 3)[0]]
    weight = given(backend, np.array([1.0, 0.0, 2.0, 0.5]))
    found, wanted = (
        loss(distance_function=each)(*inputs, sample_weight=weight)
        for each in (lambda a, b: abs(a - b).sum(-1), "manhattan")
    )
    numbers = [np.asarray(getattr(x, "array", x)) for x in (found, wanted)]
    np.testing.assert_allclose(*numbers, **ROUNDING)


@each_backend
@pytest.mark.parametrize(
    ("function", "error", "sentence"),
    [
        (lambda a, b: "near", TypeError, r"distance_function\(anchor, positive\) must be"),
        (lambda a, b: (a > b).sum(-1), TypeError, r"distance_function\(anchor, positive\) must be"),
        (
            lambda a, b: (a - b).sum(-1) if b.max() < 9 else (a - b),
            ValueError,
            r"distance_function\(anchor, negative\) must have shape \(4,\) as "
            r"distance_function\(anchor, positive\)",
        ),
    ],
    ids=["no array", "integers", "another shape"],
)
def test_what_it_returns_is_looked_at(backend, function, error, sentence):
    module = importlib.import_module(f"generated.{backend}")
    anchor, positive, negative = drawn(4, 3)[0]
    inputs = [given(backend, x) for x in (anchor, positive, negative + 10)]
    with pytest.raises(error, match=sentence):
        module.triplet_margin_with_distance_loss(*inputs, distance_function=function)


class TestInAnotherLoss:
    """A loss whose function is chosen may be used inside of another, by the function's name."""

    def of(self, **given):
        anchor, positive = tensor("anchor", "... d"), tensor("positive", "... d")
        far = function("far", {"squared": lambda a, b: sum_over((a - b) ** 2, "d")} | MANHATTAN)
        loss = Loss("NearLoss", far(anchor, positive))
        return loss.of(anchor=anchor, positive=positive, **given), anchor, positive

    def test_it_has_the_first_unless_another_is_named(self):
        found, a, b = self.of()
        assert found == sum_over((a - b) ** 2, "d")
        found, a, b = self.of(far="manhattan")
        assert found == sum_over(Abs(a - b), "d")

    @pytest.mark.parametrize("other", ["chebyshev", abs])
    def test_it_has_no_others(self, other):
        with pytest.raises(ValueError, match=r"NearLoss has no far .*; choose one of 'squared', "):
            self.of(far=other)
