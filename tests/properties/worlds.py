"""Arguments from which drawn formulas are made, and numbers for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sympy import Basic, Expr, Ne

from lossgen import Size, at, label, parameter, sum_over, tensor, weight
from lossgen.arguments import ParameterSymbol, Ref

Array = np.ndarray[Any, Any]
IGNORED = -1


@dataclass(frozen=True)
class World:
    """Declared arguments along axes.

    Attributes:
        shapes: what the caller passes along each axis; another name for one has its shape.
        floats: predictions and targets, each as it is read along other axes.
        weights: constants.
        labels: labels that index an axis, by that axis.
        groups: labels that are only compared, read along two names of an axis.
        valid: a condition under which entries count, or None.
        denominators: what means may divide by.
    """

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    floats: tuple[Ref, ...]
    weights: tuple[Ref, ...] = ()
    labels: Mapping[str, Ref] = field(default_factory=dict)
    groups: tuple[tuple[Ref, Ref], ...] = ()
    valid: Basic | None = None
    denominators: tuple[Expr, ...] = ()

    @property
    def axes(self) -> tuple[str, ...]:
        """All axes, in the order in which arrays carry them."""
        return tuple(self.shapes)

    @property
    def twins(self) -> tuple[tuple[str, str], ...]:
        """Pairs of names of one axis."""
        return (("i", "j"),) if "j" in self.shapes else ()


def _rows() -> World:
    floats = (tensor("input", "n c"), tensor("target", "n c"), tensor("other", "n"))
    y = label("label", "n", classes="c", ignored=IGNORED)
    w = weight("weight", "c")
    return World(
        "rows",
        {"n": (2,), "c": (3,)},
        floats,
        (w,),
        {"c": y},
        valid=Ne(y, IGNORED),
        denominators=(sum_over(at(w, c=y), "n"), Size("n")),
    )


def _pairs() -> World:
    x, t, v = tensor("input", "i d"), tensor("target", "i d"), tensor("other", "i")
    y = label("label", "i")
    return World(
        "pairs",
        {"i": (3,), "j": (3,), "d": (2,)},
        (x, x.at("j d"), t, t.at("j d"), v, v.at("j")),
        groups=((y, y.at("j")),),
    )


def _anywhere() -> World:
    return World(
        "anywhere",
        {"...": (2, 2)},
        (tensor("input"), tensor("target")),
        (weight("weight"),),
    )


def _fields() -> World:
    floats = (tensor("input", "n c ..."), tensor("target", "n c ..."))
    y = label("label", "n ...", classes="c", ignored=IGNORED)
    return World(
        "fields",
        {"n": (2,), "c": (2,), "...": (1, 2)},
        floats,
        (weight("weight", "c"),),
        {"c": y},
        valid=Ne(y, IGNORED),
    )


WORLDS = (_rows(), _pairs(), _anywhere(), _fields())
SCALE = parameter("scale", 1.5, positive=True)
SHIFT = parameter("shift", 0.25)
PARAMETERS: tuple[ParameterSymbol, ...] = (SCALE, SHIFT)


def numbers(world: World, seed: int, *, ties: bool, ignoring: bool) -> dict[str, Array]:
    """Return an array for every tensor.

    Args:
        world: the tensors.
        seed: of the random numbers.
        ties: take small multiples of 1/2, of which many are equal, instead of normal numbers.
        ignoring: some labels may name no class.
    """
    rng = np.random.default_rng(seed)
    refs = (*world.floats, *world.weights, *world.labels.values())
    tensors = {ref.tensor.name: ref.tensor for ref in (*refs, *(pair[0] for pair in world.groups))}
    found = {}
    for name, declared in tensors.items():
        shape = tuple(size for axis in declared.axes for size in world.shapes[axis])
        if declared.kind == "label":
            low = IGNORED if ignoring else 0
            high = 2 if declared.classes is None else world.shapes[declared.classes][0]
            found[name] = rng.integers(low, high, shape)
            found[name].flat[0] = 1  # one entry counts, or there is no mean
        elif ties:
            found[name] = rng.integers(-3, 4, shape) / 2
        else:
            found[name] = rng.standard_normal(shape)
        if declared.kind == "weight":
            found[name] = np.abs(found[name]) + 0.25
    return found
