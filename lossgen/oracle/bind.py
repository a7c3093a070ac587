"""Bring what a caller passes to a loss into the axes that the spec declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy.core.basic import Basic

from lossgen.language import ELLIPSIS, Ref, Tensor
from lossgen.loss import Case
from lossgen.oracle.evaluate import Array, Binding, free_axes


@dataclass(frozen=True)
class Bound:
    """A binding, and the shape that the caller sees of each axis."""

    binding: Binding
    shapes: Mapping[str, tuple[int, ...]]
    order: tuple[str, ...]

    def axes(self, e: Basic) -> tuple[str, ...]:
        """Return the axes of an expression in the order in which arrays carry them."""
        return tuple(axis for axis in self.order if axis in free_axes(e))

    def shape(self, e: Basic) -> tuple[int, ...]:
        """Return the shape of an expression as the caller sees it."""
        return tuple(size for axis in self.axes(e) for size in self.shapes[axis])


def bind(
    case: Case,
    arrays: Mapping[str, Array],
    parameters: Mapping[str, Any],
    starts: Mapping[str, int],
) -> Bound:
    """Bind the arguments of a case to exact inputs."""
    refs = sorted(
        {ref for e in case.expressions() for ref in e.atoms(Ref)},
        key=lambda ref: (ref.tensor.order, ref.indices != ref.tensor.axes, ref.indices),
    )
    shapes = _shapes([ref.tensor for ref in refs], arrays)
    order: list[str] = []
    for ref in refs:
        for own, axis in zip(ref.tensor.axes, ref.indices, strict=True):
            shapes.setdefault(axis, shapes[own])
            if own not in order:
                order.append(own)
            if axis not in order:
                order.insert(order.index(own) + 1, axis)
    sizes = {axis: int(np.prod(shape, dtype=int)) for axis, shape in shapes.items()}
    tensors = {ref.tensor.name: ref.tensor for ref in refs if ref.tensor.name in arrays}
    given = {name: np.asarray(arrays[name]) for name in tensors}
    entries = {name: np.arange(array.size).reshape(array.shape) for name, array in given.items()}
    canonical, places = (
        {name: _canonical(group[name], tensor, shapes, sizes) for name, tensor in tensors.items()}
        for group in (given, entries)
    )
    binding = Binding(canonical, places, parameters, starts, sizes)
    return Bound(binding, shapes, tuple(order))


def _shapes(tensors: Sequence[Tensor], arrays: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    """Read the shape of every declared axis off the tensors that have them all."""
    shapes: dict[str, tuple[int, ...]] = {}
    for tensor in tensors:
        array = arrays.get(tensor.name)
        if array is None or tensor.broadcast or tensor.fewer:
            continue
        axes, shape = list(tensor.axes), list(np.shape(array))
        named = [axis for axis in axes if axis != ELLIPSIS]
        if tensor.batch is not None and len(shape) == len(named) - 1:
            shapes.setdefault(tensor.batch, ())
            axes.remove(tensor.batch)
        rest = len(shape) - len(axes) + 1
        for axis in axes:
            count = rest if axis == ELLIPSIS else 1
            shapes.setdefault(axis, tuple(shape[:count]))
            shape = shape[count:]
    return shapes


def _canonical(
    array: Array, tensor: Tensor, shapes: Mapping[str, tuple[int, ...]], sizes: Mapping[str, int]
) -> Array:
    if tensor.kind == "weight" or tensor.broadcast:
        full = tuple(size for axis in tensor.axes for size in shapes[axis])
        lacks_last = tensor.per_row and array.shape == full[:-1] != full
        if lacks_last or (tensor.fewer and array.ndim == len(tensor.fewer)):
            array = array.reshape(array.shape + (1,) * (len(full) - array.ndim))
        array = np.broadcast_to(array, full)
    return array.reshape([sizes[axis] for axis in tensor.axes])
