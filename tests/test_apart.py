"""Which losses share nothing with their slopes, and that this changes no number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sympy import Abs, exp, log, sqrt

from generated.jax import _autograd, charbonnier_loss
from lossgen import Loss, logsumexp, sigmoid, tensor
from lossgen.apart import better_apart
from lossgen.compile import compile_case

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
