"""Dialects beyond the numbers of built-ins: weights, missing axes, second derivatives, words."""

import chainer
import jax
import jax.numpy as jnp
import mindspore as ms
import numpy as np
import pytest
import torch

import generated.chainer
import generated.jax
import generated.mindspore
import generated.numpy
import generated.torch

PACKAGES = {
    "numpy": (generated.numpy, np.asarray),
    "torch": (generated.torch, torch.tensor),
    "jax": (generated.jax, jnp.asarray),
    "mindspore": (generated.mindspore, ms.Tensor),
    "chainer": (generated.chainer, np.asarray),
}
# Some dozens of roundings of float32.
CLOSE = {"rtol": 1e-5, "atol": 1e-6}
DRAW = np.random.default_rng(5)
X = DRAW.standard_normal((3, 4)).astype(np.float32)
T = DRAW.choice([-1.0, 1.0], (3, 4)).astype(np.float32)
ROWS = np.array([0.5, 2.0, 0.25], np.float32)

in_each_package = pytest.mark.parametrize("backend", PACKAGES)


def called(backend, function, *inputs, **options):
    """Return what a function gives, as NumPy's."""
    package, convert = PACKAGES[backend]
    given = {k: convert(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    result = getattr(package, function)(*map(convert, inputs), **given)
    result = result.asnumpy() if backend == "mindspore" else getattr(result, "array", result)
    return np.asarray(result)


@in_each_package
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_weights_are_those_of_the_rows_that_are_left(backend, reduction):
    """Keras's mean divides by their number, not by the sum of their weights."""
    rows = np.maximum(0, 1 - T * X).mean(-1)
    expected = {
        "none": ROWS * rows,
        "mean": (ROWS * rows).mean(),
        "sum": (ROWS * rows).sum(),
    }[reduction]
    options = {"dialect": "keras", "reduction": reduction, "sample_weight": ROWS}
    np.testing.assert_allclose(called(backend, "hinge_loss", X, T, **options), expected, **CLOSE)


@in_each_package
def test_gradients_know_of_the_weights_of_rows(backend):
    options = {"dialect": "keras", "reduction": "mean"}
    step = np.float32(1 / 64)
    one = np.zeros_like(X)
    one[1, 2] = step
    smooth = [called(backend, "squared_hinge_loss", X + s * one, T, **options) for s in (-1, 1)]
    loss = generated.numpy.SquaredHingeLoss(**options)
    (gradient, _) = loss.value_and_grad(X, T)[1]
    # A centred difference of a parabola is exact but for rounding, here of a number near 1.
    slope = (smooth[1] - smooth[0]) / (2 * step)
    np.testing.assert_allclose(slope, gradient[1, 2], rtol=0, atol=64 * 2e-7)


@in_each_package
def test_an_axis_that_is_not_there_stays(backend):
    x, t = np.float32(0.25), np.float32(1.0)
    for reduction in ("none", "mean", "sum"):
        options = {"dialect": "keras", "reduction": reduction}
        assert called(backend, "hinge_loss", np.asarray(x), np.asarray(t), **options) == 0.75


@in_each_package
def test_nothing_at_all_is_as_ever(backend):
    x = np.zeros((0, 4), np.float32)
    assert np.isnan(called(backend, "hinge_loss", x, x, dialect="keras"))
    assert called(backend, "hinge_loss", x, x, dialect="keras", reduction="sum") == 0


@in_each_package
def test_a_parameter_that_is_given_counts_in_any_dialect(backend):
    x, y = X, np.array([0, 3, 1])
    own = called(backend, "generalized_cross_entropy_loss", x, y, q=0.25)
    given = called(backend, "generalized_cross_entropy_loss", x, y, q=0.25, dialect="keras")
    assert own == given
    other = called(backend, "generalized_cross_entropy_loss", x, y, dialect="keras")
    assert other == called(backend, "generalized_cross_entropy_loss", x, y, q=0.5)


@in_each_package
def test_an_unknown_dialect_is_refused(backend):
    with pytest.raises(ValueError, match="dialect must be None or one of 'chainer', 'keras'"):
        called(backend, "hinge_loss", X, T, dialect="theano")


def second_derivatives():
    """Return the Hessian of the sum of the rows' means, by entry."""

    def loss(x):
        return generated.torch.squared_hinge_loss(
            x, torch.tensor(T), dialect="keras", reduction="sum"
        )

    x = torch.tensor(X)
    return torch.func.hessian(loss)(x).reshape(12, 12).numpy()


def test_second_derivatives_of_torch():
    expected = np.diag((np.maximum(0, 1 - T * X) > 0).ravel() * 2 / 4)
    np.testing.assert_allclose(second_derivatives(), expected, **CLOSE)


def test_second_derivatives_of_numpy():
    loss = generated.numpy.SquaredHingeLoss(dialect="keras", reduction="sum")
    diagonal = loss.hessian_diagonal(X, T)[0].ravel()
    np.testing.assert_allclose(diagonal, np.diag(second_derivatives()), **CLOSE)


def test_second_derivatives_of_jax():
    loss = generated.jax.SquaredHingeLoss(dialect="keras", reduction="sum")
    hessian = jax.hessian(lambda x: loss(x, T))(jnp.asarray(X)).reshape(12, 12)
    np.testing.assert_allclose(hessian, second_derivatives(), **CLOSE)


def test_second_derivatives_of_mindspore():
    loss = generated.mindspore.SquaredHingeLoss(dialect="keras", reduction="sum")
    slope = ms.grad(lambda x: loss(x, ms.Tensor(T)))
    products = ms.grad(lambda x: (slope(x) * ms.Tensor(X)).sum())(ms.Tensor(X)).asnumpy()
    expected = second_derivatives() @ X.ravel()
    np.testing.assert_allclose(products.ravel(), expected, **CLOSE)


def test_second_derivatives_of_chainer():
    loss = generated.chainer.SquaredHingeLoss(dialect="keras", reduction="sum")
    x = chainer.Variable(X)
    (slope,) = chainer.grad([loss(x, T)], [x], enable_double_backprop=True)
    (product,) = chainer.grad([chainer.functions.sum(slope * X)], [x])
    expected = second_derivatives() @ X.ravel()
    np.testing.assert_allclose(product.array.ravel(), expected, **CLOSE)
