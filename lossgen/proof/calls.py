"""A call of a generated loss, and how a runner makes it: as users do, numbers in and out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from lossgen.proof.point import Array, Point

Arrays = dict[str, Array]


@dataclass(frozen=True)
class Call:
    """A loss at a point, its reduction, and what derivatives are contracted with.

    Attributes:
        upstream: the gradient that arrives from above, in the shape of the result.
        directions: one tangent for each differentiable argument, by name.
    """

    point: Point
    reduction: str
    upstream: Array
    directions: Mapping[str, Array]

    def in_dtype(self, dtype: str) -> Call:
        """Return the call with all its numbers in a dtype."""
        directions = {name: array.astype(dtype) for name, array in self.directions.items()}
        return Call(
            self.point.rounded(dtype), self.reduction, self.upstream.astype(dtype), directions
        )

    @property
    def moving(self) -> tuple[str, ...]:
        """The names of the differentiable arguments."""
        return tuple(self.directions)


class Runner:
    """What the runners of frameworks with automatic differentiation share."""

    def __init__(self, package: str | ModuleType) -> None:
        found = importlib.import_module(package) if isinstance(package, str) else package
        self.package: Any = found
        self.functions = functions(found)

    def tensor(self, value: Any, dtype: Any = None) -> Any:
        """Return a tensor of the framework."""
        raise NotImplementedError

    def arguments(self, call: Call) -> tuple[Callable[..., Any], dict[str, Any]]:
        """Return the loss as a function of its differentiable arguments, and these by name."""
        point = call.point
        kind = next(iter(point.inputs.values())).dtype
        options = {
            n: self.tensor(v) if isinstance(v, np.ndarray) else v for n, v in point.options.items()
        }
        options |= {
            name: self.tensor(np.asarray(point.options[name], kind)) for name in point.learnt
        }
        inputs = {name: self.tensor(value) for name, value in point.inputs.items()}
        moving = {name: (inputs | options)[name] for name in call.moving}

        def loss(*values: Any) -> Any:
            given = dict(zip(moving, values, strict=True))
            found = inputs | {n: v for n, v in given.items() if n in inputs}
            chosen = options | {n: v for n, v in given.items() if n in options}
            return self.call(point.loss, found, chosen, call.reduction)

        return loss, moving

    def call(
        self, loss: str, inputs: dict[str, Any], options: dict[str, Any], reduction: str
    ) -> Any:
        """Call the public function of a loss."""
        return self.functions[loss](*inputs.values(), reduction=reduction, **options)

    def value(self, call: Call) -> Array:
        """Return the loss."""
        loss, moving = self.arguments(call)
        return self.numbers(loss(*moving.values()))

    def numbers(self, tensor: Any) -> Array:
        """Return the numbers of a tensor."""
        return np.asarray(tensor)


@cache
def functions(package: Any) -> dict[str, Callable[..., Any]]:
    """Return the public function of each class of a generated package: the two come in pairs."""
    names = package.__all__
    classes = [name for name in names if isinstance(getattr(package, name), type)]
    rest = [name for name in names if name not in classes]
    modules = {getattr(package, name).__module__: getattr(package, name) for name in rest}
    return {name: modules[getattr(package, name).__module__] for name in classes}
