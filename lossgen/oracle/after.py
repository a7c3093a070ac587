"""What becomes of the unreduced loss in a dialect before it is reduced."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp

from lossgen.case import After
from lossgen.oracle.jets import Jet, total
from lossgen.oracle.terms import Sized

Entry = tuple[Jet, Jet]
Shape = tuple[int, ...]


def axis_of(after: After, shape: Shape) -> int | None:
    """Return the axis that is summed or averaged, if the loss has it."""
    there = after.fold and -len(shape) <= after.axis < len(shape)
    return after.axis % len(shape) if there else None


def shape_after(after: After, shape: Shape) -> Shape:
    """Return the shape that is left."""
    axis = axis_of(after, shape)
    return shape if axis is None else shape[:axis] + shape[axis + 1 :]


def entries_after(after: After, entries: list[Entry], shape: Shape) -> list[Entry]:
    """Return the entries that are left, each with the jet of its terms."""
    axis = axis_of(after, shape)
    if axis is None:
        groups, share = [[entry] for entry in entries], 1
    else:
        order = np.moveaxis(np.arange(len(entries)).reshape(shape), axis, -1)
        groups = [[entries[k] for k in row] for row in order.reshape(-1, shape[axis])]
        share = shape[axis] if after.fold == "mean" else 1
    return [_together(group, mp.mpf(after.factor) / share) for group in groups]


def _together(group: list[Entry], factor: Any) -> Entry:
    exact, sized = zip(*group, strict=True)
    return total(exact) * Jet(factor), total(sized) * Jet(Sized(factor))
