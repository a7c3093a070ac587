"""Losses that are computed by tiles: the same numbers, and little memory."""

import math
import tracemalloc

import chainer
import numpy as np
import pytest
import torch
from derivatives import assert_close, floating
from losses import CASES, LAYERED, LIBRARY

from generated import chainer as in_chainer
from generated import numpy as in_numpy
from generated import torch as in_torch
from generated.chainer import _arrays as arrays_of_chainer
from generated.chainer import _tiles as tiles_of_chainer
from generated.numpy import _arrays as arrays_of_numpy
from generated.numpy import _tiles as tiles_of_numpy
from generated.torch import _arrays as arrays_of_torch
from generated.torch import _tiles as tiles_of_torch

MANY = 1 << 23  # each thread holds pieces, too, which are no smaller for that
NAMED = {case.id: case for case in CASES}
# Of each kind one: entry by entry, with rows of classes, with vectors, with nothing to cut.
KINDS = ("huber", "gaussian_nll", "cross_entropy", "cosine_embedding", "dice", "info_nce")

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_kind = pytest.mark.parametrize("case", [NAMED[name] for name in KINDS], ids=KINDS)


def numpys(case, inputs, reduction):
    loss = getattr(in_numpy, case.class_name)(**case.options, reduction=reduction)
    value, gradients = loss.value_and_grad(*inputs)
    return [value, *gradients]


def chainers(case, inputs, reduction):
    loss = getattr(in_chainer, case.class_name)(**case.options, reduction=reduction)
    given = [chainer.Variable(x) if x.dtype.kind == "f" else x for x in inputs]
    value = loss(*given)
    value.grad = np.ones_like(value.array)
    value.backward()
    return [value.array, *(given[place].grad for place in floating(inputs))]


def torches(case, inputs, reduction, places=None):
    loss = getattr(in_torch, case.class_name)(
        **case.options_as(torch.as_tensor), reduction=reduction
    )
    given = [torch.as_tensor(x) for x in inputs]
    places = floating(inputs) if places is None else places
    wanted = [given[place].requires_grad_() for place in places]
    value = loss(*given)
    upstream = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
    gradients = torch.autograd.grad(value, wanted, upstream, allow_unused=True)
    with torch.no_grad():
        alone = loss(*given)
    zeros = map(torch.zeros_like, wanted)
    found = [g if g is not None else zero for g, zero in zip(gradients, zeros, strict=True)]
    return [x.detach().numpy() for x in (value, alone, *found)]


@pytest.mark.parametrize(
    "case",
    [case for case in (*CASES, *LIBRARY) if case.class_name not in LAYERED],
    ids=lambda case: case.id,
)
def test_pieces_of_two_entries_give_what_the_whole_gives_in_torch(case, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    for reduction in case.reductions:
        whole = torches(case, case.inputs(), reduction)
        with monkeypatch.context() as patched:
            patched.setattr(tiles_of_torch, "GRAIN", 2)
            patched.setattr(arrays_of_torch, "MANY", 0)
            pieces = torches(case, case.inputs(), reduction)
        assert_close(pieces, whole)


@pytest.mark.parametrize(
    "case",
    [case for case in (*CASES, *LIBRARY) if case.class_name not in LAYERED],
    ids=lambda case: case.id,
)
def test_pieces_give_the_gradient_by_one_argument_alone_in_torch(case, monkeypatch):
    """Where there is one gradient, its first product is written to where it will stand."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    for reduction in case.reductions:
        for place in floating(case.inputs()):
            whole = torches(case, case.inputs(), reduction, [place])
            with monkeypatch.context() as patched:
                patched.setattr(tiles_of_torch, "GRAIN", 2)
                pieces = torches(case, case.inputs(), reduction, [place])
            assert_close(pieces, whole)


def changes(case, seed=3):
    """Return how PyTorch's gradients change along one of each, after the other reductions'."""
    found = []
    for reduction in case.reductions:
        inputs = [torch.from_numpy(x) for x in case.inputs()]
        wanted = [x.requires_grad_() for x in inputs if x.is_floating_point()]
        options = case.options_as(torch.from_numpy)
        value = getattr(in_torch, case.class_name)(**options, reduction=reduction)(*inputs)
        generator = torch.Generator().manual_seed(seed)
        upstream = torch.randn(value.shape, generator=generator, dtype=value.dtype)
        slopes = torch.autograd.grad(value, wanted, upstream, create_graph=True)
        along = [torch.randn(x.shape, generator=generator, dtype=x.dtype) for x in slopes]
        bends = torch.autograd.grad(
            slopes, wanted, along, allow_unused=True, retain_graph=True, materialize_grads=True
        )
        even = sum(slope.sum() for slope in slopes)  # what arrives is one number for all entries
        bends += torch.autograd.grad(even, wanted, allow_unused=True, materialize_grads=True)
        found += [x.detach().numpy() for x in bends]
    return found


@pytest.mark.parametrize(
    "case",
    [case for case in (*CASES, *LIBRARY) if case.class_name not in LAYERED],
    ids=lambda case: case.id,
)
def test_second_derivatives_of_torch_come_from_all_pieces(case, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    whole = changes(case)
    with monkeypatch.context() as patched:
        patched.setattr(tiles_of_torch, "GRAIN", 2)
        assert_close(changes(case), whole)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3,), (1 << 15,), (200, 300)])
def test_choosing_bits_is_what_where_does(shape, dtype):
    torch.manual_seed(0)
    mask, x = torch.rand(shape) < 0.5, torch.randn(shape, dtype=dtype)
    y = torch.randn((*shape[:-1], *[1 for _ in shape[-1:]]), dtype=dtype).expand(shape)
    x = torch.where(torch.rand(shape) < 0.1, torch.nan, x)
    for one, other in ((x, y), (y, x), (x, 0.0), (-torch.inf, x), (0.1, x), (x, x[..., :1])):
        for rows in (mask, mask[..., :1]):
            with torch.no_grad():
                chosen = arrays_of_torch.select(rows, one, other)
            right = torch.where(rows, one, other)
            assert chosen.dtype == right.dtype
            torch.testing.assert_close(chosen, right, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.class_name == "DiceLoss"], ids=lambda case: case.id
)
@pytest.mark.parametrize("shape", [(3, 2, 5), (1, 2, 9), (9, 2)])
def test_sums_over_samples_come_from_all_pieces(shape, case, monkeypatch):
    rng = np.random.default_rng(0)
    inputs = (rng.standard_normal(shape), rng.random(shape))
    for reduction in case.reductions:
        whole = numpys(case, inputs, reduction)
        whole_of_chainer = chainers(case, inputs, reduction)
        with monkeypatch.context() as patched:
            patched.setattr(tiles_of_numpy, "TILE", 4)
            patched.setattr(tiles_of_chainer, "TILE", 4)
            assert_close(numpys(case, inputs, reduction), list(map(np.asarray, whole)))
            assert_close(chainers(case, inputs, reduction), list(map(np.asarray, whole_of_chainer)))


@pytest.mark.parametrize("select", [arrays_of_numpy.select, arrays_of_chainer.select])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3,), (1 << 15,), (200, 300)])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_choosing_bits_is_what_numpys_where_does(share, shape, dtype, select):
    rng = np.random.default_rng(0)
    mask, x = rng.random(shape) < share, rng.standard_normal(shape).astype(dtype)
    y = np.broadcast_to(rng.standard_normal((*shape[:-1], 1)).astype(dtype), shape)
    x = np.where(rng.random(shape) < 0.1, np.nan, x).astype(dtype)
    wider = x.astype(np.float64)
    for one, other in ((x, y), (y, x), (x, 0.0), (-np.inf, x), (x, x[..., :1]), (x, wider), (1, 0)):
        for rows in (mask, mask[..., :1], mask[..., ::-1]):
            chosen, right = select(rows, one, other), np.where(rows, one, other)
            assert chosen.dtype == right.dtype
            assert chosen.shape == right.shape
            np.testing.assert_array_equal(chosen, right)
            np.testing.assert_array_equal(np.signbit(chosen), np.signbit(right))


@pytest.mark.parametrize("arrays", [arrays_of_numpy, arrays_of_chainer], ids=["numpy", "chainer"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [10, 1 << 12])
@pytest.mark.parametrize("strange", [0.0, -0.0, np.inf, -np.inf, np.nan])
def test_signs_and_bounds_are_numpys(strange, size, dtype, arrays):
    x = np.random.default_rng(0).standard_normal(size).astype(dtype)
    x[::3] = strange
    for given in (x, x[::2], x.reshape(2, -1).T, x[0], np.array(x[0])):
        for found, right in (
            (arrays.sign(given), np.sign(given)),
            (arrays.at_least(given, 0.1), np.maximum(given, 0.1)),
            (arrays.at_most(given, 0.1), np.minimum(given, 0.1)),
        ):
            assert (found.dtype, found.shape) == (right.dtype, right.shape)
            np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize("arrays", [arrays_of_numpy, arrays_of_chainer], ids=["numpy", "chainer"])
def test_what_is_put_into_an_array_is_put_along_it(arrays):
    x = np.random.default_rng(0).standard_normal((3, 4))
    index = np.array([[1], [0], [3]])
    right = np.where(np.arange(4) == index, 0.5, x)
    np.testing.assert_array_equal(arrays.put_along(x, -1, index, 0.5), right)
    own = x.copy()
    assert arrays.put_into(own, -1, index, 0.5) is own
    np.testing.assert_array_equal(own, right)
    empty = np.zeros((0, 4))
    assert arrays.put_into(empty, -1, index[:0], 0.5).shape == (0, 4)
    assert arrays.times_into(own, index) is own
    np.testing.assert_array_equal(own, right * index)


@pytest.mark.parametrize("arrays", [arrays_of_numpy, arrays_of_chainer], ids=["numpy", "chainer"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("count", [4, 0], ids=["some", "none"])
def test_values_are_placed_by_their_labels(count, axis, arrays):
    values = np.random.default_rng(0).standard_normal((count, 5)).astype(np.float32)
    labels = np.arange(5 * count).reshape(count, 5) % 3
    right = np.moveaxis(np.where(labels[..., None] == np.arange(3), values[..., None], 0), -1, axis)
    found = arrays.placed(values, labels, axis=axis, size=3)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize("arrays", [arrays_of_numpy, arrays_of_chainer], ids=["numpy", "chainer"])
@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0, 3.5])
def test_signed_powers_keep_signs(exponent, arrays):
    x = np.array([-2.0, -0.25, 0.0, 0.25, 2.0, np.inf, -np.inf, np.nan])
    right = [math.copysign(abs(each) ** exponent, each) for each in x.tolist()]
    np.testing.assert_allclose(arrays.signed_power(x, exponent), right, rtol=1e-15)


@each_case
def test_pieces_of_four_entries_give_what_the_whole_gives(case, monkeypatch):
    for reduction in case.reductions:
        whole = numpys(case, case.inputs(), reduction)
        with monkeypatch.context() as patched:
            patched.setattr(tiles_of_numpy, "TILE", 4)
            pieces = numpys(case, case.inputs(), reduction)
        assert_close(pieces, list(map(np.asarray, whole)))


@each_kind
@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("run", [numpys, chainers])
def test_in_any_order_of_memory(run, layout, case, monkeypatch):
    inputs = [np.array(x, order=layout) for x in case.inputs()]
    whole = run(case, case.inputs(), "mean")
    monkeypatch.setattr(tiles_of_numpy, "TILE", 4)
    monkeypatch.setattr(tiles_of_chainer, "TILE", 4)
    assert_close(run(case, inputs, "mean"), list(map(np.asarray, whole)))


def pair(size):
    rng = np.random.default_rng(0)
    return rng.standard_normal(size, np.float32), rng.random(size, np.float32)


def labelled(size):
    rng = np.random.default_rng(0)
    return rng.standard_normal((size // 64, 64), np.float32), rng.integers(64, size=size // 64)


def masks(size):
    rng = np.random.default_rng(0)
    shape = (8, 4, size // 32)
    return rng.standard_normal(shape, np.float32), rng.random(shape, np.float32)


def peak(run):
    """Return the most memory that was held at once beyond what there was, and the result."""
    tracemalloc.start()
    result = run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most, result


LARGE = {
    "HuberLoss": pair,
    "BCEWithLogitsLoss": pair,
    "SigmoidFocalLoss": pair,
    "LogCoshLoss": pair,
    "CrossEntropyLoss": labelled,
    "DiceLoss": masks,
}


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", LARGE)
def test_numpy_holds_the_gradients_and_less_than_one_array_beside(name):
    inputs = LARGE[name](MANY)
    loss = getattr(in_numpy, name)()
    most, (_, gradients) = peak(lambda: loss.value_and_grad(*inputs))
    assert most < sum(x.nbytes for x in gradients) + inputs[0].nbytes
    most, _ = peak(lambda: loss(*inputs))
    assert most < inputs[0].nbytes


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", LARGE)
def test_chainer_holds_the_gradient_and_less_than_one_array_beside(name):
    first, *others = LARGE[name](MANY)
    given = chainer.Variable(first)
    loss = getattr(in_chainer, name)()
    most, _ = peak(lambda: loss(given, *others).backward())
    assert most < 2 * first.nbytes
    with chainer.no_backprop_mode():
        most, _ = peak(lambda: loss(given, *others))
    assert most < first.nbytes


@pytest.mark.parametrize("weight", [None, 0.5])
@pytest.mark.parametrize("tile", [4, 1000])
def test_a_trained_parameter_of_chainer_has_its_gradient_from_all_pieces(tile, weight, monkeypatch):
    monkeypatch.setattr(tiles_of_chainer, "TILE", tile)
    x, t = np.random.default_rng(0).standard_normal((2, 37))
    delta = chainer.Variable(np.array(0.5))
    each = None if weight is None else np.full(37, weight)
    in_chainer.huber_loss(x, t, delta=delta, weight=each, reduction="sum").backward()
    right = (weight or 1.0) * np.maximum(np.abs(x - t) - 0.5, 0.0).sum()
    np.testing.assert_allclose(delta.grad, right, rtol=1e-13)


def test_a_second_backward_pass_of_chainer_adds_the_same_again():
    x, t = map(chainer.Variable, pair(100))
    loss = in_chainer.HuberLoss()(x, t)
    loss.backward(retain_grad=True)
    once = x.grad.copy()
    loss.grad = np.full((), 3.0, np.float32)
    loss.backward()
    np.testing.assert_allclose(x.grad, 4 * once, rtol=1e-6)
    assert t.grad is not None


def test_gradients_share_no_memory_with_inputs_or_each_other():
    x, t = pair(100)
    for name in ("L1Loss", "PerceptronLoss", "MSELoss", "PoissonNLLLoss"):
        _, (by_x, by_t) = getattr(in_numpy, name)(reduction="sum").value_and_grad(x, t)
        arrays = (x, t, by_x, by_t)
        for k, one in enumerate(arrays):
            assert not any(np.shares_memory(one, other) for other in arrays[k + 1 :])
        assert by_x.flags.writeable
        assert by_t.flags.writeable
