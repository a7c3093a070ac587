"""The axes of a call: how long they are, and along which of them cells stand side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sympy.core.basic import Basic

from lossgen.language import ELLIPSIS, AxisOperation, Position, Ref, Size, Tensor
from lossgen.loss import Case
from lossgen.oracle.evaluate import free_axes
from lossgen.oracle.question import tensors_of

PAIRED = (4, 5)  # samples where those of one class are compared: two of each


@dataclass(frozen=True)
class Space:
    """The shape of every axis of a call.

    Attributes:
        along: the axis along which every entry of the loss has inputs of its own, or None.
    """

    shapes: Mapping[str, tuple[int, ...]]
    along: str | None

    def shape(self, axes: Sequence[str]) -> tuple[int, ...]:
        """Return the shape of a tensor along some axes."""
        return tuple(size for axis in axes for size in self.shapes[axis])

    def place(self, tensor: Tensor) -> int | None:
        """Return where a tensor has the axis of the cells."""
        if self.along is None or self.along not in tensor.axes:
            return None
        return len(self.shape(tensor.axes[: tensor.axes.index(self.along)]))


def space(cases: Sequence[Case], rng: np.random.Generator) -> Space:
    """Return a small space for a call, its cells of length 1 where they are independent."""
    tensors = [tensor for case in cases for tensor in tensors_of(case)]
    along = _independent(cases, tensors)
    fixed = {axis: length for tensor in tensors for axis, length in tensor.sizes}
    pairs = any(tensor.kind == "label" and tensor.classes is None for tensor in tensors)
    shapes: dict[str, tuple[int, ...]] = {}
    for tensor in tensors:
        for place, axis in enumerate(tensor.axes):
            if axis == along:
                shapes[axis] = (1,)
            elif axis == ELLIPSIS:
                alone = len(tensor.axes) == 1
                shapes.setdefault(axis, (int(rng.integers(2, 4)),) if alone else ())
            else:
                low, high = PAIRED if place == 0 and pairs else (3 if place == 0 else 2, 4)
                shapes.setdefault(axis, (fixed.get(axis) or int(rng.integers(low, high)),))
    return Space(shapes, along)


def _independent(cases: Sequence[Case], tensors: Sequence[Tensor]) -> str | None:
    """Return an axis that nothing is summed over, compared along or read in another way."""
    if len(cases) != 1:
        return None
    (case,) = cases
    inputs = [tensor for tensor in tensors if not tensor.is_option]
    for axis in inputs[0].axes:
        everywhere = all(axis in tensor.axes for tensor in inputs)
        if everywhere and axis in free_axes(case.value) and not _crossed(case, axis):
            return axis
    return None


def _crossed(case: Case, axis: str) -> bool:
    return any(
        _crosses(part, axis)
        for e in (case.value, case.valid)
        if e is not None
        for part in e.atoms(Ref, AxisOperation, Position, Size)
    )


def _crosses(e: Basic, axis: str) -> bool:
    if isinstance(e, Ref):
        pairs = zip(e.tensor.axes, e.indices, strict=True)
        return any((own == axis) != (read == axis) for own, read in pairs)
    return isinstance(e, AxisOperation | Position | Size) and e.axis == axis


__all__ = ["Space", "space"]
