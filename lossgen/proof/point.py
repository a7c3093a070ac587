"""A call of a loss with all its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lossgen.loss import Loss
from lossgen.oracle import Question

Array = np.ndarray[Any, Any]


def range_in_float32(lower: float | None, upper: float | None) -> tuple[float, float]:
    """Return the least and the largest number of float32 within bounds that it may lack."""
    low, high = (-np.inf if lower is None else lower), (np.inf if upper is None else upper)
    least, most = np.float32(low), np.float32(high)
    least = np.nextafter(least, np.float32(np.inf)) if least < np.float64(low) else least
    most = np.nextafter(most, np.float32(-np.inf)) if most > np.float64(high) else most
    return float(least), float(most)


@dataclass(frozen=True)
class Point:
    """A call of a loss.

    Attributes:
        label: what is special about it.
        inputs: the tensors of the call, in order.
        options: weights and parameters, by name.
        learnt: the parameters that are passed as tensors and have gradients.
        strict: judge it also where products of its inputs leave the range of a dtype.
        along: where each tensor has the axis along which independent cells stand side by side.
    """

    loss: str
    label: str
    inputs: Mapping[str, Array]
    options: Mapping[str, Any] = field(default_factory=dict)
    learnt: tuple[str, ...] = ()
    along: Mapping[str, int] = field(default_factory=dict)
    strict: bool = True

    def __str__(self) -> str:
        return f"{self.loss}-{self.label}"

    def rounded(self, dtype: str) -> Point:
        """Return the point with all its numbers in a dtype, so that every backend sees the same."""
        number = np.dtype(dtype).type

        def fit(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                return value.astype(dtype) if value.dtype.kind == "f" else value
            return float(number(value)) if isinstance(value, float) else value

        inputs = {name: fit(value) for name, value in self.inputs.items()}
        options = {name: fit(value) for name, value in self.options.items()}
        return replace(self, inputs=inputs, options=options)

    def question(self, loss: Loss) -> Question:
        """Return what the oracle is to be asked."""
        arrays = self.tensors
        others = {*arrays, *(word for _, word in loss.chunked)}  # chunks change no number
        parameters = {name: value for name, value in self.options.items() if name not in others}
        return Question(loss, arrays, parameters, self.learnt)

    @property
    def tensors(self) -> dict[str, Array]:
        """Every array of the call by name."""
        given = {n: value for n, value in self.options.items() if isinstance(value, np.ndarray)}
        return {**self.inputs, **given}

    def holding(self, tensors: Mapping[str, Array], label: str) -> Point:
        """Return the point with other arrays."""
        inputs = {name: tensors[name] for name in self.inputs}
        options = {name: tensors.get(name, value) for name, value in self.options.items()}
        return replace(self, label=label, inputs=inputs, options=options)

    @property
    def cells(self) -> int:
        """How many independent cells stand side by side."""
        for name, axis in self.along.items():
            return int(self.tensors[name].shape[axis])
        return 1

    def cell(self, k: int) -> Point:
        """Return the point with one of its cells alone."""
        parts = {
            name: array.take([k], axis=self.along[name]) if name in self.along else array
            for name, array in self.tensors.items()
        }
        return self.holding(parts, f"{self.label}-{k}")


def joined(points: list[Point], label: str) -> Point:
    """Return points of one cell each, and of equal options, side by side."""
    first = points[0]
    tensors = {
        name: np.concatenate([point.tensors[name] for point in points], axis=first.along[name])
        if name in first.along
        else array
        for name, array in first.tensors.items()
    }
    return first.holding(tensors, label)


__all__ = ["Array", "Point", "joined", "range_in_float32"]
