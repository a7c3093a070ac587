"""What a case of a loss is: options, random inputs, and a formula of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

# The unreduced loss, and what its sum is divided by for the mean: None is the number of entries.
Unreduced = tuple[Tensor, Tensor | None]


@dataclass(frozen=True)
class Case:
    """One loss with one choice of options; `class_name` and `function` are the same everywhere."""

    id: str
    class_name: str
    function: str
    formula: Callable[..., Unreduced | list[Unreduced]]
    draw: Callable[[Generator], tuple[np.ndarray, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    reductions: tuple[str, ...] = ("none", "mean", "sum")
    categories: tuple[int, ...] = ()  # the places of inputs of which only some values mean anything

    def inputs(self, dtype: Any = np.float64, seed: int = 0) -> tuple[np.ndarray, ...]:
        """Return the arguments of the call; the numbers fit float32, so every dtype gets the same.

        Integer labels stay int64.
        """
        drawn = self.draw(np.random.default_rng(seed))
        return tuple(
            x.astype(np.float32).astype(dtype) if x.dtype == np.float64 else x for x in drawn
        )

    def options_as(self, convert: Callable[[np.ndarray], Any]) -> dict[str, Any]:
        """Return the options, arrays (float64, exact in float16 too) converted."""
        return {
            name: convert(value) if isinstance(value, np.ndarray) else value
            for name, value in self.options.items()
        }

    def reference(self, *inputs: Any, reduction: str = "mean", **options: Any) -> Tensor:
        """Return the loss by the independent formula, in float64 and differentiable by PyTorch."""
        tensors = [_double(x) for x in inputs]
        given = {name: _double(value) for name, value in (self.options | options).items()}
        parts = self.formula(*tensors, **given)
        parts = parts if isinstance(parts, list) else [parts]
        return sum(_reduced(loss, denominator, reduction) for loss, denominator in parts)


def _reduced(loss: Tensor, denominator: Tensor | None, reduction: str) -> Tensor:
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if denominator is None else loss.sum() / denominator


def _double(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value)
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def normals(*shapes: tuple[int, ...], scale: float = 2.0) -> Callable[[Generator], Any]:
    return lambda rng: tuple(scale * rng.standard_normal(shape) for shape in shapes)


def probabilities(*shape: int) -> Callable[[Generator], Any]:
    return lambda rng: (3 * rng.standard_normal(shape), rng.random(shape))


def labels(shape: tuple[int, ...], classes: int, ignored: int | None = None) -> Any:
    """Draw logits and labels; with `ignored`, the first label of all is that."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        axis = min(1, len(shape))
        logits = 3 * rng.standard_normal((*shape[:axis], classes, *shape[axis:]))
        target = rng.integers(classes, size=shape, dtype=np.int64)
        if ignored is not None:
            target.flat[0] = ignored
        return logits, np.asarray(target)

    return draw


def class_probabilities(*shape: int) -> Callable[[Generator], Any]:
    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        target = rng.random(shape) + 0.1
        axis = min(1, len(shape) - 1)
        return 3 * rng.standard_normal(shape), target / target.sum(axis, keepdims=True)

    return draw


WEIGHT = np.array([0.5, 1.0, 2.0, 0.25])
