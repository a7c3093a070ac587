"""A drawn loss in every way that there is to evaluate it, against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import emitted
import numpy as np
import torch
from differentiate import Asked, Results, by_jax, by_numpy, by_torch, torch_results
from literal import Literal
from mpmath import mp
from sympy import preorder_traversal
from worlds import Array, World

from lossgen.loss import Loss
from lossgen.oracle import Answer, Exact, Question, Solution

# The least exact primitive errs by 2 ULP (docs/accuracy.md).
PRIMITIVE = 2
# A gradient takes at most 5 times the operations of its value (Baur and Strassen, 1983), and a
# second derivative as many times those of the gradient.
TIMES = {"value": 1, "gradient": 5, "second": 25}
# What exceeds this is left out: naive forms, with which ours are compared, lose their digits.
LARGE = 1e6
RUNS: dict[str, Callable[[Any, Asked], Results]] = {
    "numpy": by_numpy,
    "torch": by_torch,
    "jax": by_jax,
}


@dataclass(frozen=True)
class Examination:
    """A loss at a point: what the oracle says, and what everybody else does."""

    loss: Loss
    world: World
    arrays: dict[str, Array]
    parameters: dict[str, float]
    reduction: str = "none"

    @cached_property
    def solution(self) -> Solution:
        """What the oracle says, its terms counted as the formula is written."""
        named = {p.name for p in self.loss.parameters()}
        learnt = {name: value for name, value in self.parameters.items() if name in named}
        return Solution(Question(self.loss, self.used, learnt, tuple(learnt), as_written=True))

    @cached_property
    def largest(self) -> Any:
        """The size of the largest terms; infinite where the formula has no value."""
        try:
            parts = self.solution.parts
        except ArithmeticError:
            return mp.inf
        jets = (jet for part in parts for _, jet in part.entries)
        return max(number.size for jet in jets for number in jet.coefficients())

    @property
    def used(self) -> dict[str, Array]:
        """The arrays that the loss takes, in the order of its arguments."""
        return {tensor.name: self.arrays[tensor.name] for tensor in self.loss.tensors()}

    def asked(self, backend: str) -> Asked:
        """Return what a backend is called with: NumPy's derivatives are those of a sum."""
        kinds = {tensor.name: tensor.kind for tensor in self.loss.tensors()}
        rng = np.random.default_rng(1)
        question = self.solution.question
        directions = {name: rng.standard_normal(s) for name, s in question.shapes.items()}
        upstream = np.ones(())
        if self.reduction == "none":
            shape = self.solution.shape
            upstream = np.ones(shape) if backend == "numpy" else rng.standard_normal(shape)
        return Asked(
            {name: array for name, array in self.used.items() if kinds[name] != "weight"},
            {name: array for name, array in self.used.items() if kinds[name] == "weight"},
            dict(question.parameters),
            self.reduction,
            upstream,
            directions,
        )

    def answer(self, asked: Asked) -> Answer:
        """Return what the oracle says to a call."""
        upstream = asked.upstream if self.reduction == "none" else None
        return self.solution.reduced(self.reduction, upstream)

    @property
    def operations(self) -> int:
        """How many operations the formula takes: each part once for each term of a sum."""
        (case,) = self.loss.cases
        longest = max(int(np.prod(shape)) for shape in self.world.shapes.values())
        return longest * sum(1 for _ in preorder_traversal(case.value))

    def faults(self, backend: str) -> Iterator[str]:
        """Yield where the emitted module of a backend leaves the exact result."""
        asked = self.asked(backend)
        results = RUNS[backend](emitted.run(self.loss, backend), asked)
        yield from self.differences(asked, results, diagonal=backend == "numpy")

    def autograd_faults(self) -> Iterator[str]:
        """Yield where autograd of the formula as it is written leaves the exact result."""
        asked = self.asked("torch")
        yield from self.differences(asked, torch_results(self._literally(asked), asked))

    def _literally(self, asked: Asked) -> Callable[..., Any]:
        (case,) = self.loss.cases
        sizes = {axis: int(np.prod(shape)) for axis, shape in self.world.shapes.items()}
        axes = {tensor.name: tensor.axes for tensor in self.loss.tensors()}
        fixed = {name: torch.as_tensor(array) for name, array in self.used.items()}

        def loss(*values: Any) -> Any:
            given = fixed | dict(zip(asked.directions, values, strict=True))
            flat = {
                name: tensor.reshape([sizes[axis] for axis in axes.get(name, ())])
                for name, tensor in given.items()
            }
            literal = Literal(sizes, flat)
            result = literal.value(case.value)
            if case.valid is not None:
                result = torch.where(literal.value(case.valid), result, 0.0)
            return result.reshape(self.solution.shape)

        return loss

    def differences(
        self, asked: Asked, results: Results, *, diagonal: bool = False
    ) -> Iterator[str]:
        """Yield every number that is further from the exact one than roundings explain."""
        answer = self.answer(asked)
        yield from self._compared("value", "", results.value, answer.value)
        if results.alone is not None:
            yield from self._compared("value", "alone", results.alone, answer.value)
        for name, found in results.gradients.items():
            yield from self._compared("gradient", name, found, answer.gradient(name))
        for name, found in results.seconds.items():
            exact = (
                answer.hessian_diagonal(name)
                if diagonal
                else answer.hessian_vector(name, asked.directions)
            )
            yield from self._compared("second", name, found, exact)

    def _compared(self, quantity: str, name: str, found: Array, exact: Exact) -> Iterator[str]:
        if found.shape != exact.value.shape:
            yield f"{quantity} {name}: shape {found.shape} instead of {exact.value.shape}"
            return
        allowed = PRIMITIVE * TIMES[quantity] * self.operations * np.finfo(float).eps
        for place in np.ndindex(found.shape):
            error = abs(mp.mpf(float(found[place])) - exact.value[place])
            if not error <= allowed * max(exact.size[place], np.finfo(float).tiny):
                expected = mp.nstr(exact.value[place], 17)
                yield f"{quantity} {name}{list(place)}: {found[place]!r}, exact {expected}"
