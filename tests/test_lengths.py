"""Norms of vectors: each is exact whatever its size, and whatever the size of those beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import chainer
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import generated.chainer
import generated.jax
import generated.numpy

Array = np.ndarray[Any, Any]
GENERATOR = np.random.default_rng(7)
WIDTH = 6
# The squares of the first vanish in single precision, those of the last overflow.
SIZES = (1e-30, 1e30)


def angles(package: Any, *vectors: Array) -> tuple[Array, Sequence[Array]]:
    """Return one minus the cosine of each pair, and the gradients of their sum."""
    return _stepped(package, "CosineDistanceLoss", {}, vectors)


def distances(package: Any, *vectors: Array) -> tuple[Array, Sequence[Array]]:
    """Return how much further each negative is, and the gradients of the sum."""
    anchor, positive = vectors
    options = {"margin": 1e31, "eps": 0.0}
    return _stepped(package, "TripletMarginLoss", options, (anchor, positive, -positive))


def _stepped(
    package: Any, name: str, options: dict[str, float], vectors: Sequence[Array]
) -> tuple[Array, Sequence[Array]]:
    values = getattr(package, name)(reduction="none", **options)
    sums = getattr(package, name)(reduction="sum", **options)
    if package is generated.numpy:
        return values(*vectors), sums.value_and_grad(*vectors)[1]
    if package is generated.jax:
        gradient = jax.jit(jax.grad(sums, tuple(range(len(vectors)))))(*vectors)
        return np.asarray(jax.jit(values)(*vectors)), list(map(np.asarray, gradient))
    given = [chainer.Variable(x) for x in vectors]
    sums(*given).backward()
    return values(*given).array, [x.grad for x in given]


PACKAGES = {"numpy": generated.numpy, "jax": generated.jax, "chainer": generated.chainer}


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
@pytest.mark.parametrize("step", [angles, distances], ids=lambda step: step.__name__)
@pytest.mark.parametrize("size", SIZES, ids="{:.0e}".format)
def test_neighbours_do_not_matter(package: Any, step: Callable[..., Any], size: float) -> None:
    drawn = GENERATOR.standard_normal((2, 3, WIDTH)).astype(np.float32)
    others = drawn.copy()
    others[:, 1] *= np.float32(size)
    alone, slopes = step(package, *others[:, 1:2])
    among, among_slopes = step(package, *others)
    # One vector or several: sums of six squares in whatever order, and what follows from them.
    near = {"rtol": 16 * np.finfo(np.float32).eps, "atol": 4 * np.finfo(np.float32).tiny}
    np.testing.assert_allclose(among[1], alone[0], **near)
    for found, single in zip(among_slopes, slopes, strict=True):
        assert np.isfinite(found).all()
        bound = near["rtol"] * np.abs(single).max() + near["atol"]
        np.testing.assert_allclose(found[1], single[0], rtol=near["rtol"], atol=bound)


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
@pytest.mark.parametrize("size", SIZES, ids="{:.0e}".format)
def test_angles_do_not_depend_on_lengths(package: Any, size: float) -> None:
    drawn = GENERATOR.standard_normal((2, 4, WIDTH)).astype(np.float32)
    exponent = np.float32(2.0 ** round(np.log2(size)))
    plain, _ = angles(package, *drawn)
    scaled, _ = angles(package, drawn[0] * exponent, drawn[1])
    np.testing.assert_allclose(scaled, plain, rtol=0, atol=8 * np.finfo(np.float32).eps)


def test_a_vector_of_zeros_has_the_value_and_slope_of_the_policy() -> None:
    vectors = GENERATOR.standard_normal((2, 3, WIDTH)).astype(np.float32)
    vectors[0, 1] = 0.0
    for package in PACKAGES.values():
        values, (slope, _) = angles(package, *vectors)
        assert values[1] == 1.0
        assert not slope[1].any()
        assert slope[0].any()


def test_mapped_and_differentiated_twice() -> None:
    one, other = jnp.asarray(GENERATOR.standard_normal((2, 3, 2, WIDTH)), jnp.float32)
    loss = generated.jax.CosineDistanceLoss(reduction="sum")

    def product(x: jax.Array, y: jax.Array) -> jax.Array:
        return jax.jvp(lambda x: jax.grad(loss)(x, y), (x,), (y,))[1]

    mapped = jax.vmap(product)(one, other)
    each = jnp.stack([product(x, y) for x, y in zip(one, other, strict=True)])
    np.testing.assert_allclose(mapped, each, rtol=1e-4, atol=1e-5)
