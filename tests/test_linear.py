"""A loss on top of a layer that it trains: its gradients, its class, and what it holds in memory.

Everywhere compared with torch's own composition of a linear layer and cross-entropy in float64.
Sums of at most 40 products differ there by their order, some 1e-15 of their size.
"""

import copy
import inspect
import io
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import chainer
import jax
import jax.numpy as jnp
import mindspore as ms
import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import generated.chainer
import generated.jax
import generated.mindspore
import generated.numpy
import generated.torch

ROWS, FEATURES, CLASSES = 37, 5, 11
TOLERANCE = {"rtol": 1e-11, "atol": 1e-13}
RNG = np.random.default_rng(0)
INPUT, MATRIX = RNG.standard_normal((ROWS, FEATURES)), RNG.standard_normal((CLASSES, FEATURES))
BIAS, WEIGHT = RNG.standard_normal(CLASSES), RNG.random(CLASSES)
LABELS = RNG.integers(CLASSES, size=ROWS)
LABELS[3] = -100
SHARES = RNG.random((ROWS, CLASSES))
SHARES /= SHARES.sum(axis=1, keepdims=True)
DIRECTIONS = [RNG.standard_normal(x.shape) for x in (INPUT, MATRIX, BIAS)]
CHUNKS = (None, 1, 8)


@dataclass(frozen=True)
class Case:
    """Targets and options."""

    id: str
    target: np.ndarray
    options: dict[str, Any] = field(default_factory=dict)

    def given(self, array: Any) -> dict[str, Any]:
        return {k: array(v) if isinstance(v, np.ndarray) else v for k, v in self.options.items()}


CASES = (
    Case("labels", LABELS),
    Case("labels-sum", LABELS, {"weight": WEIGHT, "reduction": "sum"}),
    Case("smoothed", LABELS, {"weight": WEIGHT, "label_smoothing": 0.1}),
    Case("another-ignored", np.abs(LABELS) % CLASSES, {"ignore_index": 4}),
    Case("probabilities", SHARES, {"weight": WEIGHT, "label_smoothing": 0.2}),
)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_chunk = pytest.mark.parametrize("chunk", CHUNKS)
some_cases = pytest.mark.parametrize("case", CASES[1::2], ids=lambda case: case.id)


def composed(case: Case) -> Any:
    """Return torch's own composition as a function of input, matrix and bias."""
    options, target = case.given(torch.tensor), torch.tensor(case.target)
    return lambda x, matrix, bias: torch.nn.functional.cross_entropy(
        torch.nn.functional.linear(x, matrix, bias), target, **options
    )


@cache
def expected(name: str) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Return value, gradients and Hessian times DIRECTIONS from torch's own, in float64."""
    case = next(case for case in CASES if case.id == name)
    leaves = [torch.tensor(x, requires_grad=True) for x in (INPUT, MATRIX, BIAS)]
    value = composed(case)(*leaves)
    slopes = torch.autograd.grad(value, leaves, create_graph=True)
    along = sum((s * torch.tensor(d)).sum() for s, d in zip(slopes, DIRECTIONS, strict=True))
    second = torch.autograd.grad(along, leaves)
    numbers = [[x.detach().numpy() for x in found] for found in (slopes, second)]
    return value.detach().numpy(), numbers[0], numbers[1]


def assert_close(found: Any, wanted: Any) -> None:
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(ours), theirs, **TOLERANCE)


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.experimental.enable_x64():
        yield


def torch_loss(case: Case, chunk: int | None) -> Any:
    options = case.given(torch.tensor)
    target = torch.tensor(case.target)

    def loss(x: Any, matrix: Any, bias: Any) -> Any:
        function = generated.torch.linear_cross_entropy
        return function(x, matrix, target, linear_bias=bias, options=chunk, **options)

    return loss


@each_case
@each_chunk
def test_numpy(case, chunk):
    loss = generated.numpy.LinearCrossEntropyLoss(options=chunk, **case.options)
    value, slopes = loss.value_and_grad(INPUT, MATRIX, case.target, linear_bias=BIAS)
    theirs, gradients, _ = expected(case.id)
    assert_close([value], [theirs])
    assert_close([slopes[0], slopes[1], slopes[-1]], gradients)
    diagonals = loss.hessian_diagonal(INPUT, MATRIX, case.target, linear_bias=BIAS)
    tensors = [torch.tensor(a) for a in (INPUT, MATRIX, BIAS)]
    hessian = torch.func.hessian(composed(case), 1)(*tensors).reshape(55, 55)
    assert_close([diagonals[1].ravel()], [hessian.diagonal().numpy()])
    without = loss.value_and_grad(INPUT, MATRIX, case.target)[1]
    assert len(without) == len(slopes) - 1


@each_case
@each_chunk
def test_torch(case, chunk):
    leaves = [torch.tensor(x, requires_grad=True) for x in (INPUT, MATRIX, BIAS)]
    value = torch_loss(case, chunk)(*leaves)
    theirs, gradients, second = expected(case.id)
    slopes = torch.autograd.grad(value, leaves, create_graph=True)
    along = sum((s * torch.tensor(d)).sum() for s, d in zip(slopes, DIRECTIONS, strict=True))
    assert_close([value.detach()], [theirs])
    assert_close([slope.detach() for slope in slopes], gradients)
    assert_close(torch.autograd.grad(along, leaves), second)


@each_case
@pytest.mark.parametrize("chunk", [8])
def test_jax(case, chunk):
    def loss(x: Any, matrix: Any, bias: Any) -> Any:
        made = generated.jax.LinearCrossEntropyLoss(
            matrix, linear_bias=bias, options=chunk, **case.options
        )
        return made(x, case.target)

    arguments = tuple(map(jnp.asarray, (INPUT, MATRIX, BIAS)))
    directions = tuple(map(jnp.asarray, DIRECTIONS))
    theirs, gradients, second = expected(case.id)
    slopes = jax.grad(loss, (0, 1, 2))
    found, changes = jax.jvp(slopes, arguments, directions)
    assert_close([loss(*arguments)], [theirs])
    assert_close(found, gradients)
    assert_close(changes, second)

    def along(*values: Any) -> Any:
        return sum((s * d).sum() for s, d in zip(slopes(*values), directions, strict=True))

    assert_close(jax.jit(jax.grad(along, (0, 1, 2)))(*arguments), second)


@each_case
@each_chunk
def test_chainer(case, chunk):
    leaves = [chainer.Variable(x) for x in (INPUT, MATRIX, BIAS)]
    function = generated.chainer.linear_cross_entropy
    value = function(*leaves[:2], case.target, linear_bias=leaves[2], options=chunk, **case.options)
    theirs, gradients, second = expected(case.id)
    slopes = chainer.grad([value], leaves, enable_double_backprop=True)
    assert_close([value.array], [theirs])
    assert_close([slope.array for slope in slopes], gradients)
    along = sum(chainer.functions.sum(s * d) for s, d in zip(slopes, DIRECTIONS, strict=True))
    assert_close([x.array for x in chainer.grad([along], leaves)], second)


def mindspore_net(case: Case, chunk: int | None) -> ms.nn.Cell:
    options, target = case.given(ms.Tensor), ms.Tensor(case.target)
    function = generated.mindspore.linear_cross_entropy

    class Net(ms.nn.Cell):
        def construct(self, x, matrix, bias):
            return function(x, matrix, target, linear_bias=bias, options=chunk, **options)

    return Net()


def check_mindspore(case: Case, chunk: int | None) -> None:
    net = mindspore_net(case, chunk)
    arguments = [ms.Tensor(x) for x in (INPUT, MATRIX, BIAS)]
    first, second, third = map(ms.Tensor, DIRECTIONS)
    value, slopes = ms.value_and_grad(net, (0, 1, 2))(*arguments)
    theirs, gradients, seconds = expected(case.id)
    assert_close([value.asnumpy()], [theirs])
    assert_close([slope.asnumpy() for slope in slopes], gradients)
    slopes_of = ms.grad(net, (0, 1, 2))

    class Along(ms.nn.Cell):
        def construct(self, x, matrix, bias):
            found = slopes_of(x, matrix, bias)
            along = (found[0] * first).sum() + (found[1] * second).sum()
            return along + (found[2] * third).sum()

    changes = ms.grad(Along(), (0, 1, 2))(*arguments)
    assert_close([change.asnumpy() for change in changes], seconds)


@some_cases
def test_mindspore(case):
    ms.set_context(mode=ms.PYNATIVE_MODE)
    check_mindspore(case, 8)


@pytest.mark.parametrize("case", CASES[1:2], ids=lambda case: case.id)
def test_mindspore_compiled(case):
    ms.set_context(mode=ms.GRAPH_MODE)
    try:
        check_mindspore(case, 16)
    finally:
        ms.set_context(mode=ms.PYNATIVE_MODE)


class TestTorch:
    SMALL = tuple(torch.tensor(x, requires_grad=True) for x in (INPUT[:5], MATRIX, BIAS))

    @pytest.mark.parametrize("reduction", ["mean", "none"])
    @pytest.mark.parametrize("smoothing", [0.0, 0.2])
    def test_both_derivatives_pass_gradcheck(self, reduction, smoothing):
        case = Case("", LABELS[:5], {"reduction": reduction, "label_smoothing": smoothing})
        assert torch.autograd.gradcheck(torch_loss(case, 2), self.SMALL)
        assert torch.autograd.gradgradcheck(torch_loss(case, 2), self.SMALL)

    def test_compiled(self):
        module = generated.torch.LinearCrossEntropyLoss(FEATURES, CLASSES, bias=True, options=9)
        compiled = torch.compile(module, fullgraph=True)
        x, y = torch.tensor(INPUT, dtype=torch.float32), torch.tensor(LABELS)
        found = [
            torch.autograd.grad(f(x, y), list(module.parameters())) for f in (module, compiled)
        ]
        for ours, theirs in zip(*found, strict=True):
            torch.testing.assert_close(ours, theirs)

    def test_transforms(self):
        matrix, y = torch.tensor(MATRIX), torch.tensor(LABELS)
        several = torch.tensor(np.stack([INPUT, INPUT + 1.0]))

        def chunked(matrix: Any, x: Any) -> Any:
            return generated.torch.linear_cross_entropy(x, matrix, y, options=9)

        def composed(matrix: Any, x: Any) -> Any:
            return torch.nn.functional.cross_entropy(torch.nn.functional.linear(x, matrix), y)

        for transform in (torch.func.grad, torch.func.hessian):
            ours, theirs = (
                torch.func.vmap(transform(f), (None, 0))(matrix, several)
                for f in (chunked, composed)
            )
            torch.testing.assert_close(ours, theirs, **TOLERANCE)

    def test_it_is_a_drop_in_for_torchs_own(self):
        options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=4)
        weight = torch.tensor(WEIGHT, dtype=torch.float32)
        ours, theirs = (
            loss(FEATURES, CLASSES, bias=True, weight=weight, label_smoothing=0.1, options=given)
            for loss, given in (
                (generated.torch.LinearCrossEntropyLoss, options),
                (torch.nn.LinearCrossEntropyLoss, None),
            )
        )
        assert ours.state_dict().keys() == theirs.state_dict().keys()
        ours.load_state_dict(theirs.state_dict())
        x, y = torch.tensor(INPUT, dtype=torch.float32), torch.tensor(LABELS)
        torch.testing.assert_close(ours(x, y), theirs(x, y))
        torch.testing.assert_close(ours(x[0], y[0]), theirs(x[0], y[0]))

    @pytest.mark.parametrize("name", ["LinearCrossEntropyLoss", "linear_cross_entropy"])
    def test_its_arguments_are_torchs(self, name):
        theirs = inspect.signature(
            getattr(torch.nn, name, getattr(torch.nn.functional, name, None))
        )
        ours = inspect.signature(getattr(generated.torch, name))
        for word, argument in theirs.parameters.items():
            if word != "out_features":  # docs/departures.md
                assert ours.parameters[word].kind == argument.kind
                assert ours.parameters[word].default == argument.default
        positional = [
            p for p in theirs.parameters if theirs.parameters[p].default is inspect._empty
        ]
        assert list(ours.parameters)[: len(positional)] == positional

    def test_its_parameters_can_be_placed_saved_and_copied(self):
        module = generated.torch.LinearCrossEntropyLoss(4, 3, device="meta", dtype=torch.float64)
        assert [p.shape for p in module.parameters()] == [(3, 4)]
        assert module.linear.weight.is_meta
        assert module.linear.weight.dtype == torch.float64
        module = copy.deepcopy(generated.torch.LinearCrossEntropyLoss(4, 3, bias=True))
        stored = io.BytesIO()
        torch.save(module, stored)
        stored.seek(0)
        again = torch.load(stored, weights_only=False)
        assert torch.equal(again.linear.bias, module.linear.bias)


NUMBERS = {
    "torch": lambda tensor: tensor.detach().numpy(),
    "chainer": lambda parameter: parameter.array,
    "mindspore": lambda tensor: tensor.asnumpy(),
}


class TestClasses:
    def test_chainer_trains_its_layer(self):
        loss = generated.chainer.LinearCrossEntropyLoss(FEATURES, CLASSES, bias=True)
        assert {n: p.shape for n, p in loss.namedparams()} == {
            "/linear/W": (CLASSES, FEATURES),
            "/linear/b": (CLASSES,),
        }
        loss.cleargrads()
        loss(INPUT.astype(np.float32), LABELS).backward()
        assert np.abs(loss.linear.W.grad).sum() > 0
        assert np.abs(loss.linear.b.grad).sum() > 0

    def test_mindspore_trains_its_layer(self):
        loss = generated.mindspore.LinearCrossEntropyLoss(FEATURES, CLASSES, bias=True)
        assert [p.name for p in loss.trainable_params()] == ["linear.weight", "linear.bias"]
        step = ms.value_and_grad(loss, None, loss.trainable_params())
        _, slopes = step(ms.Tensor(INPUT.astype(np.float32)), ms.Tensor(LABELS))
        assert [slope.shape for slope in slopes] == [(CLASSES, FEATURES), (CLASSES,)]

    def test_jax_holds_it_in_leaves(self):
        loss = generated.jax.LinearCrossEntropyLoss(jnp.asarray(MATRIX), options=8)
        slopes = jax.jit(jax.grad(lambda loss: loss(INPUT, LABELS)))(loss)
        assert slopes.linear_weight.shape == MATRIX.shape
        assert slopes.linear_bias is None

    @pytest.mark.parametrize("backend", ["torch", "chainer", "mindspore"])
    def test_layers_begin_as_torchs_do(self, backend):
        loss = getattr(generated, backend).LinearCrossEntropyLoss(100, 400, bias=True)
        name = ("W", "b") if backend == "chainer" else ("weight", "bias")
        for array in (getattr(loss.linear, each) for each in name):
            numbers = NUMBERS[backend](array)
            assert np.abs(numbers).max() < 0.1 + 1e-7  # uniform within 1 / sqrt(in_features)
            assert np.abs(numbers).max() > 0.09
            assert abs(numbers.mean()) < 0.02


@pytest.mark.parametrize("chunk", [None, 2])
def test_what_does_not_count_may_hold_anything(chunk):
    x = INPUT[:5].copy()
    x[3] = [np.inf, np.nan, -np.inf, 1.0, 0.0]
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, MATRIX, BIAS)]
    case = Case("", LABELS[:5])
    slopes = torch.autograd.grad(torch_loss(case, chunk)(*leaves), leaves, create_graph=True)
    along = sum((slope * slope).sum() for slope in slopes)
    for found in (*slopes, *torch.autograd.grad(along, leaves)):
        assert found.isfinite().all()
    assert not slopes[0][3].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    x, matrix, bias = (torch.tensor(a, dtype=dtype) for a in (INPUT, MATRIX, BIAS))
    y = torch.tensor(LABELS)
    found = generated.torch.linear_cross_entropy(x, matrix, y, linear_bias=bias, options=8)
    exact = torch.nn.functional.cross_entropy(
        torch.nn.functional.linear(x.double(), matrix.double(), bias.double()), y
    )
    assert found.dtype == dtype
    torch.testing.assert_close(found, exact.to(dtype), rtol=torch.finfo(dtype).eps, atol=0.0)


PACKAGES = [getattr(generated, name) for name in ("numpy", "torch", "jax", "chainer", "mindspore")]


def arrays(package: Any) -> Any:
    return {"torch": torch.tensor, "mindspore": ms.Tensor}.get(
        package.__name__.split(".")[1], np.asarray
    )


CUTS = (slice(0, 2), slice(2, 4), slice(4, 20), slice(20, ROWS))  # the second has a label ignored


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__.split(".")[1])
def test_micro_batches_give_the_whole_batch(package):
    make = arrays(package)
    divisor = float(WEIGHT[LABELS[LABELS >= 0]].sum())
    options = {"linear_bias": make(BIAS), "weight": make(WEIGHT), "options": 8}
    parts = [
        package.linear_cross_entropy(
            make(INPUT[cut]), make(MATRIX), make(LABELS[cut]), denominator=divisor, **options
        )
        for cut in CUTS
    ]
    found = sum(float(getattr(part, "array", part)) for part in parts)
    whole = composed(Case("", LABELS, {"weight": WEIGHT}))
    assert_close([found], [whole(*map(torch.tensor, (INPUT, MATRIX, BIAS))).numpy()])


def test_micro_batches_give_the_whole_gradient():
    leaves = [torch.tensor(a, requires_grad=True) for a in (INPUT, MATRIX, BIAS)]
    count = int((LABELS >= 0).sum())
    for cut in CUTS:
        generated.torch.linear_cross_entropy(
            leaves[0][cut],
            leaves[1],
            torch.tensor(LABELS[cut]),
            linear_bias=leaves[2],
            denominator=count,
        ).backward()
    assert_close([leaf.grad for leaf in leaves], expected("labels")[1])


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__.split(".")[1])
class TestErrors:
    def test_chunks_have_rows(self, package):
        make = arrays(package)
        with pytest.raises(ValueError, match="options must be a positive number of rows, got 0"):
            package.linear_cross_entropy(make(INPUT), make(MATRIX), make(LABELS), options=0)

    def test_a_bias_has_the_length_of_the_classes(self, package):
        make = arrays(package)
        with pytest.raises(ValueError, match=r"linear_bias must have shape \(11,\)"):
            package.linear_cross_entropy(
                make(INPUT), make(MATRIX), make(LABELS), linear_bias=make(BIAS[:3])
            )

    @pytest.mark.parametrize(
        "matrix",
        [MATRIX[0], MATRIX[None], MATRIX[:, :3]],
        ids=["one-axis", "three-axes", "features"],
    )
    def test_a_matrix_has_the_features(self, package, matrix):
        make = arrays(package)
        with pytest.raises(ValueError, match="linear_weight must have"):
            package.linear_cross_entropy(make(INPUT), make(matrix), make(LABELS))


# 2048 rows of 8192 classes: the logits alone are 64 MB in float32, a chunk of 64 rows 2 MB. Kernels
# hold some arrays of a chunk at once, and gradients of 1 and 2 MB.
WIDE = (2048, 64, 8192)
LOGITS = 2048 * 8192 * 4
CHUNK = 64


def wide() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, features, classes = WIDE
    rng = np.random.default_rng(1)
    x = rng.standard_normal((rows, features)).astype(np.float32)
    return (
        x,
        rng.standard_normal((classes, features)).astype(np.float32),
        rng.integers(classes, size=rows),
    )


class Largest(TorchDispatchMode):
    """Remembers the most entries that a tensor had."""

    entries = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for tensor in found if isinstance(found, tuple | list) else (found,):
            if isinstance(tensor, torch.Tensor):
                self.entries = max(self.entries, tensor.numel())
        return found


class TestMemory:
    def test_torch(self):
        x, matrix, y = (torch.from_numpy(a) for a in wide())
        x, matrix = x.requires_grad_(), matrix.requires_grad_()
        with Largest() as largest:
            generated.torch.linear_cross_entropy(x, matrix, y).backward()
        assert largest.entries <= 2**21  # 8 MB by default

    @pytest.mark.parametrize("backend", ["numpy", "chainer"])
    def test_arrays_of_numpy(self, backend):
        x, matrix, y = wide()
        tracemalloc.start()
        try:
            if backend == "numpy":
                generated.numpy.LinearCrossEntropyLoss(options=CHUNK).value_and_grad(x, matrix, y)
            else:
                leaves = [chainer.Variable(x), chainer.Variable(matrix)]
                generated.chainer.linear_cross_entropy(*leaves, y, options=CHUNK).backward()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < LOGITS / 2

    def test_jax(self):
        x, matrix, y = map(jnp.asarray, wide())
        loss = generated.jax.LinearCrossEntropyLoss(matrix, options=CHUNK)
        step = jax.jit(jax.value_and_grad(lambda loss, x: loss(x, y), (0, 1)))
        assert step.lower(loss, x).compile().memory_analysis().temp_size_in_bytes < LOGITS / 2

    def test_mindspore(self):
        """MindSpore computes in float64 on a CPU: the whole logits are 32 MB, a chunk 1 MB."""
        script = """
import resource, numpy as np, mindspore as ms
from generated.mindspore import linear_cross_entropy
x, matrix = ms.Tensor(np.ones((1024, 8), np.float32)), ms.Tensor(np.ones((4096, 8), np.float32))
y = ms.Tensor(np.zeros(1024, np.int64))
loss = lambda x, matrix: linear_cross_entropy(x, matrix, y[: x.shape[0]], options=32)
step = ms.grad(loss, (0, 1))
step(x[:64], matrix)[0].asnumpy()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
"""
        script += "step(x, matrix)[0].asnumpy()\n"
        script += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).resolve().parent.parent,
        )
        assert int(done.stdout.split()[-1]) * 1024 < 2**24
