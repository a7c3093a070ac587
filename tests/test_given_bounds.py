"""Bounds that float32 has not: a number that is rounded to it may be its bound all the same."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from lossgen.cli import main

SPEC = '''"""Some loss of probabilities that are cut off."""

from lossgen import Loss, parameter, tensor

x = tensor("input", lower=0.3, upper=0.99)
t = tensor("target")
k = parameter("k", 0.5, lower=0.3, upper=0.99)

loss = Loss("CutLoss", k * (x - t) ** 2)
'''
PACKAGE = "with_given_bounds"
BACKENDS = ("numpy", "torch", "jax", "mindspore", "chainer")
# 0.3 is rounded up in float32 and down in float16, 0.99 up in float32 and up in float16.
DTYPES = ("float16", "float32", "float64")

each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(scope="module", autouse=True)
def _built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("bounds")
    (folder / "specs").mkdir()
    (folder / "specs" / "cut.py").write_text(SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOSSGEN_VERIFY", "1")  # which draws bounds, too
        patch.setenv("LOSSGEN_CACHE", "")
        command = ["build", str(folder / "specs"), "--out", str(folder / PACKAGE)]
        done = CliRunner().invoke(main, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


def package(backend: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{backend}")


def given(backend: str, number: Any, dtype: str) -> Any:
    array = np.asarray(number, dtype)
    make = {"torch": "as_tensor", "jax": "asarray", "mindspore": "Tensor"}.get(backend)
    if make is None:
        return array
    return getattr(importlib.import_module({"jax": "jax.numpy"}.get(backend, backend)), make)(array)


@each_backend
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bound", [0.3, 0.99])
def test_a_bound_may_be_given_in_any_dtype(backend: str, dtype: str, bound: float) -> None:
    target = given(backend, 0.0, dtype)
    for x in (given(backend, bound, dtype), given(backend, [bound, bound], dtype)):
        t = target if not x.shape else given(backend, [0.0, 0.0], dtype)
        package(backend).cut_loss(x, t, k=bound)
        package(backend).cut_loss(x, t, k=given(backend, bound, dtype))


@each_backend
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wrong", [0.298, 0.992])
def test_what_is_beyond_is_refused_in_any_dtype(backend: str, dtype: str, wrong: float) -> None:
    target = given(backend, 0.5, dtype)
    with pytest.raises(ValueError, match="input must be at"):
        package(backend).cut_loss(given(backend, wrong, dtype), target)
    with pytest.raises(ValueError, match="k must be in"):
        package(backend).cut_loss(target, target, k=wrong)


def test_a_scalar_of_numpy_may_be_its_bound() -> None:
    x = np.float32([0.5])
    for backend in ("numpy", "jax", "chainer"):
        package(backend).cut_loss(x, x, k=np.float32(0.99))
        package(backend).CutLoss(k=np.float32(0.99))(x, x)
