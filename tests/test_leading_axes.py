"""Axes in any number that come first, as in Keras: what is built of such specs, and run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lossgen.cli import main

CLASSES = '''"""Cross-entropy whose classes come last."""

from lossgen import Loss, at, label, logsumexp, sum_over, tensor, weight

x = tensor("input", "... c")
y = label("target", "...", classes="c")
w = weight("weight", "c")
nll = at(logsumexp(x, "c") - x, c=y)

loss = Loss("LastLoss", at(w, c=y) * nll, denominator=sum_over(at(w, c=y), "..."))
'''
BOXES = '''"""Boxes in any rows, each with a weight."""

from lossgen import Loss, mean_over, tensor, weight

x = tensor("input", "... b", sizes={"b": 4})
t = tensor("target", "... b", sizes={"b": 4})
w = weight("weight", "...")

loss = Loss("BoxesLoss", w * ((x.at(b=0) - t.at(b=1)) ** 2 + mean_over((x - t) ** 2, "b")))
'''
ROWS = '''"""Cross-entropy of several rows with one label."""

from lossgen import Loss, at, label, logsumexp, tensor

x = tensor("input", "n c d")
y = label("target", "n", classes="c")

loss = Loss("RowsLoss", at(logsumexp(x, "c") - x, c=y))
'''
PACKAGE = "with_leading_axes"
BACKENDS = ("numpy", "torch", "jax", "mindspore", "chainer")
SHAPES = ((), (5,), (2, 3), (2, 1, 2), (0,))
# Sums of a dozen float32 numbers near 1, 6e-8 of each.
ROUNDING = {"rtol": 2e-6, "atol": 1e-6}

each_backend = pytest.mark.parametrize("backend", BACKENDS)
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


@pytest.fixture(scope="module", autouse=True)
def _built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("leading")
    specs = folder / "specs"
    specs.mkdir()
    Path(specs / "classes.py").write_text(CLASSES)
    Path(specs / "boxes.py").write_text(BOXES)
    Path(specs / "rows.py").write_text(ROWS)
    chosen = [word for name in BACKENDS for word in ("--backend", name)]
    done = CliRunner().invoke(main, ["build", str(specs), "--out", str(folder / PACKAGE), *chosen])
    assert done.exit_code == 0, done.output
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


def package(backend: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{backend}")


def given(backend: str, array: np.ndarray) -> Any:
    make = {"torch": "as_tensor", "jax": "asarray", "mindspore": "Tensor"}.get(backend)
    if make is None:
        return array
    return getattr(importlib.import_module({"jax": "jax.numpy"}.get(backend, backend)), make)(array)


def numbers(tensor: Any) -> np.ndarray:
    return (
        tensor.asnumpy()
        if hasattr(tensor, "asnumpy")
        else np.asarray(getattr(tensor, "array", tensor))
    )


@each_backend
@each_shape
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_labels_stand_where_the_classes_are_gone(
    backend: str, shape: tuple[int, ...], reduction: str
) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((*shape, 4)).astype(np.float32)
    y, weight = np.asarray(rng.integers(4, size=shape)), np.float32([1, 2, 0.5, 3])
    loss = package(backend).LastLoss(weight=given(backend, weight), reduction=reduction)
    found = loss(given(backend, x), given(backend, y))
    turned = np.moveaxis(x, -1, 1 if shape else 0).copy()
    wanted = torch.nn.functional.cross_entropy(
        *map(torch.as_tensor, (turned, y, weight)), reduction=reduction
    )
    np.testing.assert_allclose(numbers(found), wanted.numpy(), **ROUNDING)


@each_backend
@each_shape
def test_rows_have_weights_or_none(backend: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    x, t = (rng.standard_normal((*shape, 4)).astype(np.float32) for _ in range(2))
    weight, samples = (np.asarray(rng.random(s), np.float32) for s in (shape, shape[:1]))
    plain = (x[..., 0] - t[..., 1]) ** 2 + ((x - t) ** 2).mean(-1)
    inputs = [given(backend, array) for array in (x, t)]
    boxes = package(backend).BoxesLoss
    found = boxes(reduction="none")(*inputs)
    np.testing.assert_allclose(numbers(found), plain, **ROUNDING)
    found = boxes(weight=given(backend, weight), reduction="none")(*inputs)
    np.testing.assert_allclose(numbers(found), plain * weight, **ROUNDING)
    found = boxes(reduction="sum")(*inputs, sample_weight=given(backend, samples))
    spread = samples.reshape(samples.shape + (1,) * (plain.ndim - samples.ndim))
    np.testing.assert_allclose(numbers(found), (plain * spread).sum(), **ROUNDING)


@each_backend
def test_fixed_lengths_are_looked_for_at_the_end(backend: str) -> None:
    wrong = given(backend, np.zeros((4, 2, 3), np.float32))
    with pytest.raises(ValueError, match=r"input must have shape \(4, 2, 4\) as axis b "):
        package(backend).BoxesLoss()(wrong, wrong)


@pytest.mark.parametrize("backend", ["torch", "jax", "mindspore"])
def test_a_label_that_is_unknown_at_the_call_spoils_all_its_rows(backend: str) -> None:
    """Traced, labels are not looked at: a bad one gives NaN where it would be refused."""
    rng = np.random.default_rng(3)
    x, labels = rng.standard_normal((2, 3, 4)).astype(np.float32), np.array([1, 7])
    loss = package(backend).RowsLoss(reduction="none")
    arrays = given(backend, x), given(backend, labels)
    if backend == "torch":
        found = torch.func.vmap(loss)(*(array[None] for array in arrays))[0]
    elif backend == "jax":
        found = importlib.import_module("jax").jit(loss)(*arrays)
    else:
        found = importlib.import_module("mindspore").jit(loss)(*arrays)
    expected = torch.nn.functional.cross_entropy(
        torch.as_tensor(x), torch.ones((2, 4), dtype=torch.long), reduction="none"
    ).numpy()
    np.testing.assert_allclose(numbers(found)[0], expected[0], **ROUNDING)
    assert np.isnan(numbers(found)[1]).all()
