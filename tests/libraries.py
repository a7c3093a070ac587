"""Values and gradients of a function of another library's arrays, found as the library does it."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

Function = Callable[..., Any]
Found = tuple[np.ndarray, np.ndarray]


def by_jax(function: Function, inputs: list[np.ndarray]) -> Found:
    import jax

    first, *others = map(jax.numpy.asarray, inputs)
    gradient = jax.grad(lambda x: function(x, *others).sum())(first)
    return np.asarray(function(first, *others)), np.asarray(gradient)


def by_torch(function: Function, inputs: list[np.ndarray]) -> Found:
    import torch

    first, *others = map(torch.from_numpy, inputs)
    value = function(first.requires_grad_(), *others)
    (gradient,) = torch.autograd.grad(value.sum(), first)
    return value.detach().numpy(), gradient.numpy()


def by_chainer(function: Function, inputs: list[np.ndarray]) -> Found:
    import chainer

    first, *others = (chainer.Variable(_narrow(x)) for x in inputs)
    value = function(first, *others)
    chainer.functions.sum(value).backward()
    return value.array, first.grad


def by_mindspore(function: Function, inputs: list[np.ndarray]) -> Found:
    import mindspore as ms

    first, *others = (ms.Tensor(_narrow(x)) for x in inputs)
    gradient = ms.grad(lambda x: function(x, *others))(first)
    return function(first, *others).asnumpy(), gradient.asnumpy()


def _narrow(x: np.ndarray) -> np.ndarray:
    return x.astype(np.int32) if x.dtype.kind == "i" else x


LIBRARIES: dict[str, Callable[[Function, list[np.ndarray]], Found]] = {
    "chainer": by_chainer,
    "keras": by_jax,
    "mindspore": by_mindspore,
    "optax": by_jax,
    "torch": by_torch,
}
