"""What a compiler is told to share and to choose, and that this changes no number."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sympy import Abs, exp, log, sqrt

from generated.jax import (
    _arrays,
    _autograd,
    charbonnier_loss,
    giou_loss,
    iou_loss,
    squared_dice_loss,
    tversky_loss,
    welsch_loss,
)
from lossgen import Loss, logsumexp, sigmoid, tensor
from lossgen import nodes as n
from lossgen.apart import better_apart, better_chosen
from lossgen.compile import compile_case
from lossgen.products import gathered

x, t = tensor("input"), tensor("target")
rows = tensor("rows", "n c")
error = x - t


@pytest.mark.parametrize(
    ("formula", "apart"),
    [
        pytest.param(Abs(error) * sigmoid(Abs(error)), True, id="a logistic function of both"),
        pytest.param(sqrt(1 + error**2), True, id="a root"),
        pytest.param(error**2, False, id="products alone"),
        pytest.param(exp(x) - t * x, False, id="slopes need no more"),
        pytest.param(log(1 + exp(error)) / t, False, id="a logarithm is much"),
        pytest.param(logsumexp(rows, "c"), False, id="along an axis"),
    ],
)
def test_what_is_little_is_computed_twice(formula, apart):
    loss = Loss("ExampleLoss", formula)
    (case,) = loss.cases
    assert better_apart(compile_case(loss, case)) is apart


def test_a_loss_that_shares_nothing_has_the_numbers_of_one_that_does(monkeypatch):
    x, t = (jnp.asarray(np.random.default_rng(k).normal(size=(3, 5))) for k in range(2))

    def found():
        step = jax.value_and_grad(lambda x, t: charbonnier_loss(x, t, reduction="sum"), (0, 1))
        curved = jax.jit(jax.hessian(lambda x: charbonnier_loss(x, t, reduction="sum")))(x)
        return jax.jit(step)(x, t), jax.vmap(step)(x, t), step(x, t), curved

    apart = found()
    assert "optimization_barrier" in jax.jit(jax.grad(charbonnier_loss)).lower(x, t).as_text()
    monkeypatch.setattr(_autograd, "_held", lambda arrays: arrays)
    jax.clear_caches()
    # The same operations, which a compiler may fuse differently: some roundings of float32.
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), apart, found()
    )


def compiled(function, *arrays):
    return jax.jit(jax.value_and_grad(function)).lower(*arrays).compile().as_text()


@pytest.mark.parametrize("loss", [squared_dice_loss, tversky_loss], ids=lambda loss: loss.__name__)
def test_both_signs_of_a_logistic_function_have_one_exponential(loss):
    x, t = (jnp.asarray(np.random.default_rng(k).uniform(size=(4, 3, 50))) for k in range(2))
    assert compiled(loss, x, t).count(" exponential(") == 1


@pytest.mark.parametrize("loss", [squared_dice_loss, tversky_loss], ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("shape", [(4, 3, 50), (20, 3)], ids=["images", "no space"])
def test_value_and_slopes_of_a_loss_sum_each_product_once(shape, loss):
    x, t = (jnp.asarray(np.random.default_rng(k).uniform(size=shape)) for k in range(2))
    # Two sums over samples, and one over classes.
    assert compiled(loss, x, t).count(" reduce(") == 3


def test_the_rest_of_a_logistic_function_has_three_derivatives_everywhere():
    x = jnp.asarray([-800.0, -100.0, -1.0, 0.0, 1.0, 100.0, 800.0, np.inf, -np.inf])
    rest, plain = lambda x: _arrays.sigmoids(x)[1], lambda x: jax.nn.sigmoid(-x)
    for _ in range(3):
        rest, plain = (jax.grad(lambda x, f=f: f(x).sum()) for f in (rest, plain))
        np.testing.assert_allclose(rest(x), plain(x), rtol=1e-5, atol=1e-37)


def boxes(length, *, corners):
    widest = [corners.at(b=k) - corners.at(b=k + 1) for k in range(length)]
    return sum(exp(each) * each**2 for each in widest)


@pytest.mark.parametrize(("length", "chosen"), [(2, False), (12, True)], ids=["short", "long"])
def test_a_long_formula_chooses_the_places_that_it_reads(length, chosen):
    corners = tensor("input", "n b", sizes={"b": length + 1})
    loss = Loss("ExampleLoss", boxes(length, corners=corners))
    (case,) = loss.cases
    assert better_chosen(compile_case(loss, case)) is chosen


def test_a_long_formula_pads_nothing():
    x, t = (jnp.asarray(np.random.default_rng(k).uniform(size=(5, 4))) for k in range(2))
    assert " pad(" not in compiled(giou_loss, x, t)
    assert " pad(" in compiled(iou_loss, x, t)


@pytest.mark.parametrize(("depth", "turned"), [(3, True), (50, False)], ids=["short", "long"])
def test_a_matrix_product_as_large_as_its_factor_is_not_written_over(depth, turned):
    a, b = (jnp.asarray(np.random.default_rng(k).normal(size=(8, depth))) for k in range(2))

    def loss(a, b, product):
        return jnp.log1p(jnp.exp(product(a, b.T))).sum(axis=1).mean()

    # Twice for the product, and twice for its derivative.
    own = partial(loss, product=_arrays.matrix_product)
    assert compiled(own, a, b).count(" reverse(") == (4 if turned else 0)
    for derivative in (jax.grad, jax.hessian, lambda f, k: jax.vmap(jax.grad(f, k), (0, None))):
        x = a if derivative in (jax.grad, jax.hessian) else jnp.stack([a, b])
        found, plain = (
            derivative(partial(loss, product=p), (0, 1))(x, b)
            for p in (_arrays.matrix_product, jnp.matmul)
        )
        jax.tree.map(
            lambda f, p: np.testing.assert_allclose(f, p, rtol=1e-5, atol=1e-7), found, plain
        )


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_a_bell_curve_keeps_its_digits_where_it_is_compiled(factor):
    x = np.linspace(-8.5, 8.5, 1001).astype(np.float32)
    exact = np.exp(-factor * x.astype(np.float64) ** 2)
    found = jax.jit(lambda x: _arrays.gauss(x, factor))(x)
    np.testing.assert_allclose(found, exact, rtol=4 * np.finfo(np.float32).eps)
    assert np.isnan(_arrays.gauss(jnp.asarray(np.nan), factor))
    assert _arrays.gauss(jnp.asarray([np.inf, -np.inf, 3e38]), factor).tolist() == [0.0, 0.0, 0.0]


def test_a_compiled_gradient_keeps_the_digits_of_a_bell_curve():
    x = np.linspace(-8.5, 8.5, 1001).astype(np.float32)
    exact = x * np.exp(-(x.astype(np.float64) ** 2))
    found = jax.jit(jax.grad(lambda x: welsch_loss(x, jnp.zeros_like(x), reduction="sum")))(x)
    np.testing.assert_allclose(found, exact, rtol=4 * np.finfo(np.float32).eps)


def test_an_entry_is_read_past_what_is_not_finite():
    x = jnp.asarray([[np.nan, 2.0, np.inf], [-np.inf, 3.0, np.nan]])
    found, pull = jax.vjp(lambda x: _arrays.entry_along(x, 1, axis=1), x)
    assert found.tolist() == [2.0, 3.0]
    assert pull(jnp.asarray([5.0, np.inf]))[0].tolist() == [[0.0, 5.0, 0.0], [0.0, np.inf, 0.0]]


def test_merged_axes_stay_merged():
    x, t = (jnp.asarray(np.random.default_rng(k).uniform(size=(2, 3, 4, 5))) for k in range(2))
    lowered = jax.jit(jax.value_and_grad(squared_dice_loss)).lower(x, t)
    assert lowered.as_text().count("optimization_barrier") == 3  # both inputs, and a gradient
    found = jax.jit(jax.hessian(lambda x: squared_dice_loss(x, t)))(x)
    flat = jax.jit(jax.hessian(lambda x: squared_dice_loss(x, t.reshape(2, 3, 20))))
    np.testing.assert_allclose(
        found.reshape(120, 120), flat(x.reshape(2, 3, 20)).reshape(120, 120), rtol=1e-5, atol=1e-7
    )


def test_what_a_coefficient_multiplies_is_added_first():
    c, a, b, number = (
        n.leaf(name, axes) for name, axes in (*((k, ("n",)) for k in "cab"), ("d", ()))
    )
    separate = n.add(n.mul(c, number), n.mul(c, a), n.negate(n.mul(c, b)))
    joined = n.make("mul", (c, n.make("add", (a, n.negate(b)))))
    assert gathered(separate, {c}) is n.make("add", (joined, n.mul(c, number)))
    assert gathered(separate, {a}) is separate


def test_a_positive_part_needs_no_step():
    z = n.leaf("z", ("n",))
    positive, step = n.call("relu", z), n.call("relu", n.call("sign", z))
    assert n.mul(positive, step) is positive
    assert n.mul(n.power(positive, n.MINUS_ONE), step).args.count(step) == 1
