"""What the oracle is asked: a loss at a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from lossgen.conditions import holds
from lossgen.language import Tensor
from lossgen.loss import Case, Loss
from lossgen.oracle.evaluate import Array


@cache
def tensors_of(case: Case) -> tuple[Tensor, ...]:
    """Return the tensors of a case in declared order."""
    return Loss("Case", case.without_condition()).tensors()


@dataclass(frozen=True)
class Question:
    """A loss at a point.

    Attributes:
        arrays: the tensors that are given, by name; what is absent counts as 1.
        parameters: the parameters that differ from their defaults, and the dialect.
        learnt: the parameters that have derivatives.
        as_written: whether terms are counted as the formula is written, cancellation and all, and
            not as some form without cancellation would have them.
    """

    loss: Loss
    arrays: Mapping[str, Array]
    parameters: Mapping[str, Any]
    learnt: tuple[str, ...] = ()
    as_written: bool = False

    @cached_property
    def values(self) -> dict[str, Any]:
        """Every parameter as the loss takes it: a dialect, and None, have meanings of their own."""
        declared = {p.name: p.value for p in self.loss.parameters()}
        nones = {p.name: p.none for p in self.loss.parameters()}
        given = {k: nones.get(k) if v is None else v for k, v in self.parameters.items()}
        values = declared | given
        adopted = dict(self.loss.dialects).get(values.get("dialect") or "")
        for name, default in adopted.defaults if adopted else ():
            if values[name] == declared[name]:
                values[name] = default
        return values

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every argument that has derivatives."""
        given = {
            tensor.name: np.shape(self.arrays[tensor.name])
            for case in self.cases
            for tensor in tensors_of(case)
            if tensor.kind == "float" and not (tensor.is_option and tensor.name not in self.arrays)
        }
        return given | dict.fromkeys(self.learnt, ())

    @cached_property
    def starts(self) -> dict[str, int]:
        """The first coordinate of every argument that has derivatives."""
        ends = np.cumsum([0, *(int(np.prod(shape, dtype=int)) for shape in self.shapes.values())])
        return dict(zip(self.shapes, map(int, ends), strict=False))

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The case that applies, or one for each named part."""
        groups = [cases for _, cases in self.loss.parts] or [self.loss.cases]
        return tuple(next(case for case in cases if self._applies(case)) for cases in groups)

    def _applies(self, case: Case) -> bool:
        for tensor in tensors_of(case):
            given = self.arrays.get(tensor.name)
            if given is not None and tensor.kind in ("label", "float"):
                whole = np.issubdtype(np.asarray(given).dtype, np.integer)
                if whole != (tensor.kind == "label"):
                    return False
        if case.when is None:
            return True
        return holds(case.when, self.values | dict.fromkeys(self.learnt, "learnt"))
