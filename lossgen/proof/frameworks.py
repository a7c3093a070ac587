"""The runners of the frameworks that differentiate by themselves."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from lossgen.proof import shim
from lossgen.proof.calls import Arrays, Call, Runner
from lossgen.proof.point import Array


class TorchRunner(Runner):
    """PyTorch: `autograd.grad`, twice."""

    def __init__(self, package: str | ModuleType) -> None:
        self.torch = importlib.import_module("torch")
        super().__init__(package)

    def tensor(self, value: Any, dtype: Any = None) -> Any:
        """Return a tensor of the framework."""
        return self.torch.tensor(value)

    def numbers(self, tensor: Any) -> Array:
        """Return the numbers of a tensor."""
        return np.asarray(tensor.detach().numpy())

    def _first(self, call: Call, **options: Any) -> tuple[list[Any], Any]:
        loss, moving = self.arguments(call)
        leaves = [tensor.requires_grad_() for tensor in moving.values()]
        upstream = self.tensor(call.upstream)
        return leaves, self.torch.autograd.grad(loss(*leaves), leaves, upstream, **options)

    def gradients(self, call: Call) -> Arrays:
        """Return the gradient by each argument."""
        _, found = self._first(call)
        return dict(zip(call.moving, map(self.numbers, found), strict=True))

    def hessian_vectors(self, call: Call) -> Arrays:
        """Return the Hessian times the directions, by each argument."""
        leaves, found = self._first(call, create_graph=True)
        along = [self.tensor(direction) for direction in call.directions.values()]
        second = self.torch.autograd.grad(
            found, leaves, along, allow_unused=True, materialize_grads=True
        )
        return dict(zip(call.moving, map(self.numbers, second), strict=True))


class JaxRunner(Runner):
    """JAX: `vjp`, and `jvp` of that."""

    def __init__(self, package: str | ModuleType) -> None:
        self.jax = importlib.import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        super().__init__(package)

    def tensor(self, value: Any, dtype: Any = None) -> Any:
        """Return a tensor of the framework."""
        return self.jax.numpy.asarray(value)

    def _pull(self, call: Call) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        loss, moving = self.arguments(call)
        upstream = self.tensor(call.upstream)
        return lambda *values: self.jax.vjp(loss, *values)[1](upstream), tuple(moving.values())

    def gradients(self, call: Call) -> Arrays:
        """Return the gradient by each argument."""
        pull, values = self._pull(call)
        return dict(zip(call.moving, map(self.numbers, pull(*values)), strict=True))

    def hessian_vectors(self, call: Call) -> Arrays:
        """Return the Hessian times the directions, by each argument."""
        pull, values = self._pull(call)
        along = tuple(map(self.tensor, call.directions.values()))
        _, second = self.jax.jvp(pull, values, along)
        return dict(zip(call.moving, map(self.numbers, second), strict=True))


class CompiledJaxRunner(JaxRunner):
    """The same with compiled derivatives, as they are used: XLA rounds otherwise then."""

    def gradients(self, call: Call) -> Arrays:
        """Return the gradient by each argument."""
        pull, values = self._pull(call)
        return dict(zip(call.moving, map(self.numbers, self.jax.jit(pull)(*values)), strict=True))

    def hessian_vectors(self, call: Call) -> Arrays:
        """Return the Hessian times the directions, by each argument."""
        pull, values = self._pull(call)
        along = tuple(map(self.tensor, call.directions.values()))
        _, second = self.jax.jit(partial(self.jax.jvp, pull))(values, along)
        return dict(zip(call.moving, map(self.numbers, second), strict=True))


class ChainerRunner(Runner):
    """Chainer: `chainer.grad`, twice."""

    def __init__(self, package: str | ModuleType) -> None:
        shim.prepare()
        self.chainer = importlib.import_module("chainer")
        super().__init__(package)

    def tensor(self, value: Any, dtype: Any = None) -> Any:
        """Return a tensor of the framework."""
        return value if value.dtype.kind == "i" else self.chainer.Variable(np.asarray(value))

    def numbers(self, tensor: Any) -> Array:
        """Return the numbers of a tensor."""
        return np.asarray(tensor.array)

    def _first(self, call: Call) -> tuple[list[Any], list[Any]]:
        loss, moving = self.arguments(call)
        leaves = list(moving.values())
        upstream = [self.tensor(call.upstream)]
        grad = self.chainer.grad
        return leaves, grad([loss(*leaves)], leaves, upstream, enable_double_backprop=True)

    def gradients(self, call: Call) -> Arrays:
        """Return the gradient by each argument."""
        _, found = self._first(call)
        return dict(zip(call.moving, map(self.numbers, found), strict=True))

    def hessian_vectors(self, call: Call) -> Arrays:
        """Return the Hessian times the directions, by each argument."""
        leaves, found = self._first(call)
        along = [self.tensor(direction) for direction in call.directions.values()]
        second = self.chainer.grad(found, leaves, along)
        arrays = [
            np.zeros_like(leaf.array) if result is None else result.array
            for leaf, result in zip(leaves, second, strict=True)
        ]
        return dict(zip(call.moving, arrays, strict=True))


class MindsporeRunner(Runner):
    """MindSpore in PyNative mode: `ms.grad`, twice."""

    def __init__(self, package: str | ModuleType) -> None:
        self.mindspore = importlib.import_module("mindspore")
        self.mindspore.set_context(mode=self.mindspore.PYNATIVE_MODE)
        self.mindspore.runtime.launch_blocking()  # its threads take eight times as long
        super().__init__(package)

    def tensor(self, value: Any, dtype: Any = None) -> Any:
        """Return a tensor of the framework."""
        return self.mindspore.Tensor(np.asarray(value))

    def numbers(self, tensor: Any) -> Array:
        """Return the numbers of a tensor."""
        return np.asarray(tensor.asnumpy())

    def _slopes(self, function: Callable[..., Any], count: int) -> Callable[..., tuple[Any, ...]]:
        """Return the gradient of a function by its arguments; of one, `ms.grad` gives no tuple."""
        slopes = self.mindspore.grad(function, tuple(range(count)) if count > 1 else 0)
        return slopes if count > 1 else lambda *values: (slopes(*values),)

    def _first(self, call: Call) -> tuple[Callable[..., tuple[Any, ...]], list[Any]]:
        loss, moving = self.arguments(call)
        upstream = self.tensor(call.upstream)
        slopes = self._slopes(lambda *values: (loss(*values) * upstream).sum(), len(moving))
        return slopes, list(moving.values())

    def gradients(self, call: Call) -> Arrays:
        """Return the gradient by each argument."""
        slopes, values = self._first(call)
        return dict(zip(call.moving, map(self.numbers, slopes(*values)), strict=True))

    def hessian_vectors(self, call: Call) -> Arrays:
        """Return the Hessian times the directions, by each argument."""
        slopes, values = self._first(call)
        directions = [self.tensor(direction) for direction in call.directions.values()]

        def along(*values: Any) -> Any:
            pairs = zip(slopes(*values), directions, strict=True)
            return sum((slope * direction).sum() for slope, direction in pairs)

        second = self._slopes(along, len(values))(*values)
        return dict(zip(call.moving, map(self.numbers, second), strict=True))
