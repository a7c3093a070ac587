"""A call of a loss with all its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Point:
    """A call of a loss.

    Attributes:
        label: what is special about it.
        inputs: the tensors of the call, in order.
        options: weights and parameters, by name.
        learnt: the parameters that are passed as tensors and have gradients.
    """

    loss: str
    label: str
    inputs: Mapping[str, Array]
    options: Mapping[str, Any] = field(default_factory=dict)
    learnt: tuple[str, ...] = ()

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
        return Point(self.loss, self.label, inputs, options, self.learnt)
