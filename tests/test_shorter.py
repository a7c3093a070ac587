"""Shorter ways in NumPy and Chainer, which must not show: labels that all count, logits near 0, and
a sigmoid with its mirror image."""

from __future__ import annotations

import inspect

import chainer
import numpy as np
import pytest

from generated import chainer as in_chainer
from generated import numpy as in_numpy
from generated.chainer import _arrays as arrays_of_chainer
from generated.chainer import _cross_entropy as chainers_entropy
from generated.chainer import _functions as functions_of_chainer
from generated.chainer import _nll_loss as chainers_nll
from generated.numpy import _arrays as arrays_of_numpy
from generated.numpy import _cross_entropy as numpys_entropy
from generated.numpy import _functions as functions_of_numpy
from generated.numpy import _nll_loss as numpys_nll

RANDOM = np.random.default_rng(5)
SHAPES = {"rows": (5, 4), "pictures": (2, 4, 3, 2), "no axis": (4,), "none": (0, 4)}
LOSSES = {
    "CrossEntropyLoss": (numpys_entropy, chainers_entropy),
    "NLLLoss": (numpys_nll, chainers_nll),
}
ALONG = ("softmax", "logsumexp", "negative_log_softmax")
AT_LABEL = ("label_cross_entropy", "label_excess", "label_cross_entropy_and_excess")
GIVEN = "label_cross_entropy_and_gradient"
WEIGHED = ("cross_entropy_with", "excess_over", "cross_entropy_and_excess")
# Some dozens of roundings of 1e-16, of numbers near 1.
TOLERANCE = {"rtol": 1e-13, "atol": 1e-15}

each_loss = pytest.mark.parametrize("name", LOSSES)
of_both = pytest.mark.parametrize("backend", ["numpy", "chainer"])


def draw(shape):
    labels = RANDOM.integers(0, 4, shape[:1] * (len(shape) > 1) + shape[2:])
    return RANDOM.normal(size=shape), labels


def derivatives(backend, name, inputs, options, keywords):
    """Return the loss and its gradient."""
    if backend == "numpy":
        loss, (slope,) = getattr(in_numpy, name)(**options).value_and_grad(*inputs, **keywords)
        return loss, slope
    scores = chainer.Variable(inputs[0])
    loss = getattr(in_chainer, name)(**options)(scores, *inputs[1:], **keywords)
    chainer.functions.sum(loss).backward()
    return loss.array, scores.grad


def count_formulas(monkeypatch, backend, name):
    """Return a list that grows with each call: whether it took the shorter formula."""
    found = []
    module, word = (
        LOSSES[name][backend == "chainer"],
        {"numpy": "Case", "chainer": "finish"}[backend],
    )
    given = getattr(module, word)

    def spy(*args, **keywords):
        kernels = keywords["kernels"] if backend == "numpy" else args[0].kernels
        found.append("weight" not in kernels.axes)
        return given(*args, **keywords)

    monkeypatch.setattr(module, word, spy)
    return found


@each_loss
@of_both
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_is_the_loss_with_weights_of_one(backend, name, shape, reduction, monkeypatch):
    short, inputs = count_formulas(monkeypatch, backend, name), draw(shape)
    options = {"reduction": reduction}
    found = derivatives(backend, name, inputs, options, {})
    weighted = derivatives(backend, name, inputs, {"weight": np.ones(4), **options}, {})
    for each, other in zip(found, weighted, strict=True):
        np.testing.assert_allclose(each, other, **TOLERANCE)
    assert short == [inputs[0].size > 0, False]


@each_loss
@of_both
@pytest.mark.parametrize("ignored", [2, -100, -1])
def test_an_ignored_label_takes_the_whole_formula(backend, name, ignored, monkeypatch):
    short, (scores, labels) = count_formulas(monkeypatch, backend, name), draw((5, 4))
    labels[1] = ignored
    options = {"ignore_index": ignored, "reduction": "sum"}
    found, slope = derivatives(backend, name, (scores, labels), options, {})
    kept = labels != ignored
    expected = derivatives(backend, name, (scores[kept], labels[kept]), {"reduction": "sum"}, {})
    np.testing.assert_allclose(found, expected[0], **TOLERANCE)
    np.testing.assert_allclose(slope[kept], expected[1], **TOLERANCE)
    assert not slope[1].any()
    assert short == [False, True]


@each_loss
@of_both
def test_weights_of_samples_and_denominators_are_kept(backend, name):
    inputs, own = draw((5, 4)), np.arange(5.0)
    each, _ = derivatives(backend, name, inputs, {"reduction": "none"}, {})
    mean, _ = derivatives(backend, name, inputs, {}, {"sample_weight": own})
    np.testing.assert_allclose(mean, (own * each).sum() / own.sum(), **TOLERANCE)
    over, _ = derivatives(backend, name, inputs, {}, {"denominator": 8.0})
    np.testing.assert_allclose(over, each.sum() / 8.0, **TOLERANCE)


@pytest.mark.parametrize(
    "functions", [functions_of_numpy, functions_of_chainer], ids=("numpy", "chainer")
)
@pytest.mark.parametrize("name", [*ALONG, *AT_LABEL, GIVEN, *WEIGHED])
def test_near_zero_is_as_elsewhere(functions, name):
    """Adding 64, which loses no bit of these logits, changes nothing but a logarithm of a sum."""
    x = np.round(RANDOM.normal(size=(6, 5)) * 2.0**20) / 2.0**16
    x = np.clip(x, -32.0, 32.0)
    other = () if name in ALONG else (RANDOM.integers(0, 5, 6),)
    other = (RANDOM.random((6, 5)),) if name in WEIGHED else other
    other += (RANDOM.normal(size=6),) if name == GIVEN else ()
    function = getattr(functions, name)
    near, far = function(x, *other, axis=-1), function(x + 64.0, *other, axis=-1)
    assert "are_moderate" in inspect.getsource(function)
    shift = 64.0 if name == "logsumexp" else 0.0
    for a, b in zip(near, far, strict=True) if isinstance(near, tuple) else ((near, far),):
        np.testing.assert_allclose(a + shift, b, **TOLERANCE)


def test_what_is_no_number_is_not_near_zero():
    assert not arrays_of_numpy.are_moderate(np.array([0.0, np.nan]))
    assert not arrays_of_numpy.are_moderate(np.array([0.0, np.inf]))
    assert not arrays_of_numpy.are_moderate(np.array([-32.5, 0.0]))


@pytest.mark.parametrize("arrays", [arrays_of_numpy, arrays_of_chainer], ids=("numpy", "chainer"))
@pytest.mark.parametrize("least", [-1e30, -90.0], ids=("far out", "within reach"))
def test_sigmoids_of_both_signs_are_rounded_once(arrays, least):
    x = np.array([least, -87.0, -17.0, -1e-3, 0.0, 0.5, 16.6, 80.0, 110.0, 1e30], np.float32)
    wide = x.astype(np.longdouble)  # beside float32, its exponential never overflows
    decay = np.exp(-np.clip(wide, -700.0, 700.0))
    for found, expected in zip(
        arrays.sigmoids(x), (1 / (1 + decay), decay / (1 + decay)), strict=True
    ):
        assert found.dtype == np.float32
        # Half a unit, and what two roundings add to it; below the smallest number, that itself.
        unit = np.maximum(np.spacing(expected.astype(np.float32)), np.float32(1.2e-38))
        assert (np.abs(found - expected) <= 0.501 * unit).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=("float32", "float64"))
def test_sigmoids_are_those_of_each_sign(dtype):
    x = np.array([-np.inf, -1e4, -3.0, 0.0, 2.0, np.inf, np.nan], dtype)
    found, mirrored = arrays_of_numpy.sigmoids(x)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found, arrays_of_numpy.sigmoid(x))
        np.testing.assert_array_equal(mirrored, arrays_of_numpy.sigmoid(-x))
    for part in (x[:0], x[2:3].reshape(())):
        assert [each.shape for each in arrays_of_numpy.sigmoids(part)] == 2 * [part.shape]
