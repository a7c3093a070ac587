"""A point with its exact solution, asked once whatever it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lossgen.loss import Loss
from lossgen.oracle import Answer, Exact, Solution
from lossgen.proof.calls import Call
from lossgen.proof.judge import multiplies
from lossgen.proof.point import Array, Point


@dataclass(frozen=True)
class Exhibit:
    """A point with its exact solution, whose numbers fit every dtype that it is run in."""

    loss: Loss
    point: Point

    @cached_property
    def solution(self) -> Solution:
        """What the oracle says."""
        return Solution(self.point.question(self.loss))

    def leaves_range(self, dtype: str, name: str, shape: tuple[int, ...]) -> Array:
        """Say of each entry of a result whether its cell has inputs too large or small for it.

        Where a formula multiplies its inputs, second derivatives hold products of four: their
        fourth powers have to be numbers of the dtype.
        """
        if self.point.strict or not multiplies(self.solution):
            return np.zeros(shape, bool)
        kind, along = np.finfo(dtype), self.point.along
        cells = np.zeros(self.point.cells, bool)
        for tensor, array in self.point.tensors.items():
            size = abs(array)
            beyond = (size > float(kind.max) ** 0.25) | (size < float(kind.tiny) ** 0.25)
            beyond &= array != 0
            if tensor in along:
                cells |= np.moveaxis(beyond, along[tensor], 0).reshape(len(cells), -1).any(axis=1)
            elif array.dtype.kind == "f":
                cells |= bool(beyond.any())
        place = along.get(name, 0)
        if not along or not shape or shape[place] != len(cells):
            return np.full(shape, cells.any())
        wide = [1] * len(shape)
        wide[place] = len(cells)
        return np.broadcast_to(cells.reshape(wide), shape)

    @cached_property
    def answers(self) -> dict[Any, Any]:
        """What has been asked already."""
        return {}

    def ask(self, backend: str, reduction: str) -> tuple[Answer, Call]:
        """Return the exact answer, and the call that a backend has to make."""
        key = (backend == "numpy", reduction)
        if key not in self.answers:
            self.answers[key] = self._ask(*key)
        answer, call = self.answers[key]
        return answer, call

    def _ask(self, ones: bool, reduction: str) -> tuple[Answer, Call]:
        rng = np.random.default_rng(7)
        shapes = self.solution.question.shapes
        directions = {name: _draw(rng, shape) for name, shape in shapes.items()}
        shape = self.solution.shape if reduction == "none" else ()
        upstream = np.ones(shape)
        if reduction == "none" and not ones:
            upstream = _draw(rng, shape)
        answer = self.solution.reduced(reduction, upstream if reduction == "none" else None)
        return answer, Call(self.point, reduction, upstream, directions)

    def exact(self, answer: Answer, call: Call, quantity: str, name: str) -> Exact:
        """Return one exact result, asked once."""
        key = (id(answer), quantity, name)
        if key not in self.answers:
            ask: dict[str, Callable[[], Exact]] = {
                "value": lambda: answer.value,
                "gradient": lambda: answer.gradient(name),
                "diagonal": lambda: answer.hessian_diagonal(name),
                "hvp": lambda: answer.hessian_vector(name, call.directions),
            }
            self.answers[key] = ask[quantity]()
        found: Exact = self.answers[key]
        return found


def _draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.standard_normal(shape), np.float32).astype(float)


__all__ = ["Exhibit"]
