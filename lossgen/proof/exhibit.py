"""A point with its exact results, asked once whatever is compared with them, and kept on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lossgen.loss import Loss
from lossgen.oracle import Answer, Exact, Solution
from lossgen.proof.calls import Call
from lossgen.proof.judge import Truth, multiplies, terms
from lossgen.proof.point import Array, Point

Key = tuple[str, bool, str, str]


@dataclass(frozen=True)
class Facts:
    """What a comparison has to know beside results.

    Attributes:
        shape: that of the unreduced loss.
        shapes: those of the arguments that have derivatives.
        terms: how many terms an entry of the unreduced loss adds up, at most.
        multiplies: whether the formula multiplies inputs.
    """

    shape: tuple[int, ...]
    shapes: Mapping[str, tuple[int, ...]]
    terms: int
    multiplies: bool


@dataclass(frozen=True)
class Exhibit:
    """A point with its exact solution, whose numbers fit every dtype that it is run in.

    Attributes:
        held: what is known already: exact results by reduction, whether the upstream is ones,
            quantity and argument.
        given: the facts, if they are known already.
    """

    loss: Loss
    point: Point
    held: dict[Key, Truth] = field(default_factory=dict)
    given: Facts | None = None

    @cached_property
    def solution(self) -> Solution:
        """What the oracle says."""
        return Solution(self.point.question(self.loss))

    @cached_property
    def facts(self) -> Facts:
        """What a comparison has to know beside results."""
        if self.given is not None:
            return self.given
        solved = self.solution
        shapes = dict(solved.question.shapes)
        return Facts(solved.shape, shapes, terms(solved), multiplies(solved))

    def call(self, reduction: str, ones: bool) -> Call:
        """Return the call that a backend has to make; ``ones`` stands for a plain upstream."""
        rng = np.random.default_rng(7)
        directions = {name: _draw(rng, shape) for name, shape in self.facts.shapes.items()}
        shape = self.facts.shape if reduction == "none" else ()
        upstream = _draw(rng, shape) if reduction == "none" and not ones else np.ones(shape)
        return Call(self.point, reduction, upstream, directions)

    def truth(self, call: Call, ones: bool, quantity: str, name: str) -> Truth:
        """Return one exact result."""
        key = (call.reduction, ones, quantity, name)
        if key not in self.held:
            self.held[key] = Truth.of(self._exact(call, ones, quantity, name))
        return self.held[key]

    def _exact(self, call: Call, ones: bool, quantity: str, name: str) -> Exact:
        answer = self._answer(call, ones)
        if quantity == "value":
            return answer.value
        if quantity == "gradient":
            return answer.gradient(name)
        if quantity == "diagonal":
            return answer.hessian_diagonal(name)
        return answer.hessian_vector(name, call.directions)

    @cached_property
    def _answers(self) -> dict[tuple[str, bool], Answer]:
        return {}

    def _answer(self, call: Call, ones: bool) -> Answer:
        key = (call.reduction, ones)
        if key not in self._answers:
            upstream = call.upstream if call.reduction == "none" else None
            self._answers[key] = self.solution.reduced(call.reduction, upstream)
        return self._answers[key]

    def leaves_range(self, dtype: str, name: str, shape: tuple[int, ...]) -> Array:
        """Say of each entry of a result whether its cell has inputs too large or small for it.

        Where a formula multiplies its inputs, second derivatives hold products of four: their
        fourth powers have to be numbers of the dtype.
        """
        if self.point.strict or not self.facts.multiplies:
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


def _draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.standard_normal(shape), np.float32).astype(float)


__all__ = ["Exhibit", "Facts", "Key"]
