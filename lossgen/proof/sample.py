"""Points drawn from what a spec declares: a hundred cells a loss, the same at every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np

from lossgen.language import Tensor
from lossgen.loss import Loss
from lossgen.oracle import Question
from lossgen.oracle.domain import is_inside
from lossgen.proof.draws import draw_tensor
from lossgen.proof.point import Array, Point, joined
from lossgen.proof.settings import Setting, settings
from lossgen.proof.space import Space, space

ENTRIES = 100  # in all settings of a loss together
FEWEST = 24  # cells at least, however many entries they have
LEAST = 4  # in each setting
DEPENDENT = 3  # a cell in which everything depends on everything counts as so many
PAIRED = 0.7  # of the batches whose labels are compared with each other
SKIPPED = 0.15  # of the labels, where some count for nothing
PATIENCE = 5  # candidates for each cell that is wanted


def points(loss: Loss, entries: int = ENTRIES) -> tuple[Point, ...]:
    """Return points of a loss, drawn with a seed that is a digest of what it declares."""
    digest = sha256(f"{loss} {loss.parameters()}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    chosen = settings(loss, rng)
    where = space(chosen[0].cases, rng)
    largest = max(int(np.prod(where.shape(tensor.axes))) for tensor in chosen[0].tensors())
    cells = max(entries // largest, FEWEST)
    share = max(cells // (len(chosen) + 1), LEAST)
    found: list[Point] = []
    for k, setting in enumerate(chosen):
        wanted = max(cells - share * (len(chosen) - 1), share) if k == 0 else share
        found += _points(loss, setting, wanted, f"s{k}", rng)
    return tuple(found)


def _points(
    loss: Loss, setting: Setting, wanted: int, label: str, rng: np.random.Generator
) -> Iterator[Point]:
    drawing = _drawing(loss, setting, rng)
    independent = drawing.where.along is not None
    wanted = wanted if independent else -(-wanted // DEPENDENT)
    cells: list[Point] = []
    for _ in range(PATIENCE * wanted):
        if len(cells) == wanted:
            break
        if not independent:  # each may have a shape of its own
            drawing = _drawing(loss, setting, rng)
        cell = drawing.cell(f"{label}.{len(cells)}").rounded("float32")
        if is_inside(cell.question(loss)):
            cells.append(cell.rounded("float64"))
    yield from [joined(cells, label)] if independent and cells else cells


def _drawing(loss: Loss, setting: Setting, rng: np.random.Generator) -> Drawing:
    weights = [tensor for tensor in setting.tensors() if tensor.kind == "weight"]
    given = {tensor.name for tensor in weights if not tensor.optional or rng.random() < 0.3}
    drawing = Drawing(loss, setting, space(setting.cases, rng), frozenset(given), rng)
    return replace(drawing, shared=dict(drawing.weights(shared=True)))


@dataclass(frozen=True)
class Drawing:
    """How cells of a setting are drawn.

    Attributes:
        given: the weights that are not absent.
        shared: those of them that all cells have in common.
    """

    loss: Loss
    setting: Setting
    where: Space
    given: frozenset[str]
    rng: np.random.Generator
    shared: Mapping[str, Array] = field(default_factory=dict)

    def cell(self, label: str) -> Point:
        """Return one cell."""
        drawn: dict[str, Array] = {}
        tensors = {tensor.name: tensor for tensor in self.setting.tensors()}
        for tensor in tensors.values():
            shape = self.where.shape(tensor.axes)
            if tensor.kind == "label":
                drawn[tensor.name] = self._labels(tensor, shape)
            elif tensor.kind == "float" and not tensor.is_option:
                kinks = self.setting.numbers()
                drawn[tensor.name] = draw_tensor(tensor, shape, drawn, kinks, self.rng)
        inputs = {t.name: drawn[t.name] for t in self.loss.tensors() if t.name in drawn}
        options = {**self._parameters(), **self.shared, **dict(self.weights(shared=False))}
        places = {name: self.where.place(tensors[name]) for name in tensors}
        along = {
            name: place
            for name, place in places.items()
            if place is not None and (name in inputs or name in options)
        }
        return Point(self.loss.name, label, inputs, options, along=along, strict=False)

    def _parameters(self) -> dict[str, Any]:
        defaults = {p.name: p.default for p in self.loss.parameters()} | {"dialect": None}
        return {n: v for n, v in self.setting.options.items() if v != defaults[n]}

    def weights(self, shared: bool) -> Iterator[tuple[str, Array]]:
        """Yield the weights that all cells share, or those of one cell."""
        for tensor in self.setting.tensors():
            if tensor.name in self.given and (self.where.place(tensor) is None) == shared:
                yield tensor.name, self.rng.random(self.where.shape(tensor.axes)) + 0.01

    def _labels(self, tensor: Tensor, shape: tuple[int, ...]) -> Array:
        """Draw labels, at times those that count for nothing."""
        if tensor.classes is None:  # mostly two of each class, so that all have a partner
            paired = np.arange(int(np.prod(shape))).reshape(shape) // 2
            chance = self.rng.integers(0, 3, shape)
            return self.rng.permutation(paired if self.rng.random() < PAIRED else chance)
        drawn = self.rng.integers(0, self.where.shapes[tensor.classes][0], shape)
        values = Question(self.loss, {}, self.setting.options).values.values()
        uncounted = [value for value in values if type(value) is int and value < 0]
        if tensor.ignored is not None:
            uncounted.append(tensor.ignored)
        if uncounted:
            drawn = np.where(self.rng.random(shape) < SKIPPED, uncounted[-1], drawn)
        return np.asarray(drawn, np.int64)


__all__ = ["points"]
