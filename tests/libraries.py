"""Values and gradients of a function of another library's arrays, found as the library does it."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

Function = Callable[..., Any]
Found = tuple[np.ndarray, ...]  # the value, and the gradient by each of some inputs
Places = tuple[int, ...]


def by_jax(function: Function, inputs: list[np.ndarray], by: Places) -> Found:
    import jax

    arrays = list(map(jax.numpy.asarray, inputs))
    gradients = jax.grad(lambda *given: function(*given).sum(), by)(*arrays)
    return tuple(map(np.asarray, (function(*arrays), *gradients)))


def by_torch(function: Function, inputs: list[np.ndarray], by: Places) -> Found:
    import torch

    tensors = list(map(torch.from_numpy, inputs))
    live = [tensors[place].requires_grad_() for place in by]
    value = function(*tensors)
    gradients = torch.autograd.grad(value.sum(), live)
    return tuple(x.numpy(force=True) for x in (value, *gradients))


def by_chainer(function: Function, inputs: list[np.ndarray], by: Places) -> Found:
    import chainer

    variables = [chainer.Variable(_narrow(x)) for x in inputs]
    value = function(*variables)
    chainer.functions.sum(value).backward()
    return value.array, *(variables[place].grad for place in by)


def by_mindspore(function: Function, inputs: list[np.ndarray], by: Places) -> Found:
    import mindspore as ms

    tensors = [ms.Tensor(_narrow(x)) for x in inputs]
    gradients = ms.grad(lambda *given: function(*given), by)(*tensors)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    return tuple(x.asnumpy() for x in (function(*tensors), *gradients))


def _narrow(x: np.ndarray) -> np.ndarray:
    return x.astype(np.int32) if x.dtype.kind == "i" else x


LIBRARIES: dict[str, Callable[[Function, list[np.ndarray], Places], Found]] = {
    "chainer": by_chainer,
    "keras": by_jax,
    "mindspore": by_mindspore,
    "optax": by_jax,
    "torch": by_torch,
}
