"""A case's value and gradient by its first input, in every backend, called as users do."""

from collections.abc import Callable
from typing import Any

import chainer
import jax
import jax.numpy as jnp
import mindspore as ms
import numpy as np
import torch
from losses import Case

import generated.chainer
import generated.jax
import generated.mindspore
import generated.numpy
import generated.torch

Call = Callable[..., tuple[Any, np.ndarray]]


def by_numpy(case: Case, reduction: str, inputs: tuple, **given) -> tuple[Any, np.ndarray]:
    loss = getattr(generated.numpy, case.class_name)(reduction=reduction, **case.options)
    value, gradients = loss.value_and_grad(*inputs, **given)
    return value, gradients[0]


def by_torch(case: Case, reduction: str, inputs: tuple, **given) -> tuple[Any, np.ndarray]:
    options = case.options_as(torch.from_numpy)
    first, *others = map(torch.tensor, inputs)
    given = {k: v if isinstance(v, float) else torch.tensor(v) for k, v in given.items()}
    first.requires_grad_()
    loss = getattr(generated.torch, case.class_name)(reduction=reduction, **options)
    value = loss(first, *others, **given)
    return value.detach().numpy(), torch.autograd.grad(value.sum(), first)[0].numpy()


def by_jax(case: Case, reduction: str, inputs: tuple, **given) -> tuple[Any, np.ndarray]:
    loss = getattr(generated.jax, case.class_name)(reduction=reduction, **case.options)
    first, *others = map(jnp.asarray, inputs)
    value = loss(first, *others, **given)
    gradient = jax.grad(lambda x: loss(x, *others, **given).sum())(first)
    return np.asarray(value), np.asarray(gradient)


def by_chainer(case: Case, reduction: str, inputs: tuple, **given) -> tuple[Any, np.ndarray]:
    loss = getattr(generated.chainer, case.class_name)(reduction=reduction, **case.options)
    first = chainer.Variable(inputs[0])
    value = loss(first, *inputs[1:], **given)
    chainer.functions.sum(value).backward()
    return value.array, first.grad


def by_mindspore(case: Case, reduction: str, inputs: tuple, **given) -> tuple[Any, np.ndarray]:
    options = case.options_as(ms.Tensor)
    loss = getattr(generated.mindspore, case.class_name)(reduction=reduction, **options)
    first, *others = (ms.Tensor(x) for x in inputs)
    given = {k: v if isinstance(v, float) else ms.Tensor(v) for k, v in given.items()}
    value = loss(first, *others, **given)
    gradient = ms.grad(lambda x: loss(x, *others, **given))(first)
    return value.asnumpy(), gradient.asnumpy()


BACKENDS: dict[str, Call] = {
    "numpy": by_numpy,
    "torch": by_torch,
    "jax": by_jax,
    "chainer": by_chainer,
    "mindspore": by_mindspore,
}
