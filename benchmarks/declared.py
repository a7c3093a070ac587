"""Inputs for a race of any loss, as its spec declares them: shapes, labels, where it is defined."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.draws import CLASSES, GENERATOR, Array, Shaped, normal, uniform
from lossgen.jobs import load
from lossgen.language import ELLIPSIS, Ref, Tensor
from lossgen.loss import Loss
from lossgen.oracle import Question
from lossgen.oracle.domain import is_inside
from lossgen.proof.settings import Setting, settings

MOST = 2**24  # entries of what a formula compares, such as all pairs
FEW = 4  # along each axis, to try what the formula is defined for
TRIALS = 4


def inside(*shape: int) -> Array:
    """Return numbers inside (0, 1)."""
    return np.float32(0.98) * uniform(*shape) + np.float32(0.01)


@dataclass(frozen=True)
class Declared:
    """A loss with its plain options, and how its inputs are drawn."""

    loss: Loss
    setting: Setting

    @property
    def name(self) -> str:
        """The loss, and what its targets are where there is a choice."""
        kinds = {t.kind for t in self.loss.tensors() if t.name == "target"}
        dense = all(tensor.kind != "label" for tensor in self.setting.tensors())
        return self.loss.name + (" (probabilities)" if len(kinds) == 2 and dense else "")

    def draw(self, size: int) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Return inputs of about so many entries in the first of them, and weights, by name."""
        return self._drawn(self._lengths(size), self._palettes())

    def _drawn(
        self, lengths: Mapping[str, int], palettes: Sequence[Shaped]
    ) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        inputs: dict[str, Array] = {}
        weights: dict[str, Array] = {}
        left = iter(palettes)
        for tensor in self.setting.tensors():
            shape = tuple(lengths[axis] for axis in tensor.axes if axis in lengths)
            if tensor.is_option:
                if not tensor.optional:
                    weights[tensor.name] = inside(*shape)
            elif tensor.kind == "label":
                inputs[tensor.name] = _labels(shape, lengths.get(tensor.classes or ""))
            else:
                inputs[tensor.name] = next(left)(*shape)
        return inputs, weights

    def _palettes(self) -> Sequence[Shaped]:
        """Return which numbers of each input the formula is defined for, by trial."""
        floats = [t for t in self.setting.tensors() if t.kind == "float" and not t.is_option]
        choices = [(inside,) if _is_bounded(tensor) else (normal, inside) for tensor in floats]
        few = dict.fromkeys(self._lengths(1), FEW) | dict(self._fixed())
        for palettes in sorted(product(*choices), key=lambda found: len({*found})):
            drawn = [self._drawn(few, palettes) for _ in range(TRIALS)]
            asked = [Question(self.loss, {**inputs, **weights}, {}) for inputs, weights in drawn]
            if all(map(is_inside, asked)):
                return palettes
        raise SystemExit(f"{self.loss.name}: no numbers suit its inputs")

    def _fixed(self) -> Iterator[tuple[str, int]]:
        return (pair for tensor in self.setting.tensors() for pair in tensor.sizes)

    def _lengths(self, size: int) -> dict[str, int]:
        """Return how long each axis is: the first takes what the others, which are short, leave."""
        own = self.setting.tensors()[0].axes
        names = {
            name: axis
            for case in self.setting.cases
            for ref in case.value.atoms(Ref)
            for axis, name in zip(ref.tensor.axes, ref.indices, strict=True)
        }
        axes = dict.fromkeys(axis for tensor in self.setting.tensors() for axis in tensor.axes)
        long = {t.axes[0] for t in self.setting.tensors() if t.kind == "float" and not t.layer}
        short = {axis: CLASSES for axis in axes if axis not in {*long, ELLIPSIS}}
        short |= dict(self._fixed())
        rows = max(1, size // math.prod(short.get(axis, 1) for axis in own))
        others = math.prod(short.get(axis, 1) for axis in names.values())
        again = sum(axis in long and axis != ELLIPSIS for axis in names.values())
        if again and rows**again * others > MOST:
            rows = min(rows, max(1, int((MOST / others) ** (1 / again))))
        return dict.fromkeys(long, rows) | short


def _labels(shape: tuple[int, ...], classes: int | None) -> Array:
    """Return labels, two of each class where they are compared with each other."""
    if classes is not None:
        return GENERATOR.integers(classes, size=shape).astype(np.int32)
    return GENERATOR.permutation(np.arange(math.prod(shape), dtype=np.int32) // 2).reshape(shape)


def _is_bounded(tensor: Tensor) -> bool:
    return tensor.lower is not None or tensor.upper is not None


def declared(specs: Path = Path("specs")) -> Iterator[Declared]:
    """Yield every loss of a folder, once for each kind of its inputs."""
    for loss in load(specs):
        plain = {p.name: p.default for p in loss.parameters()}
        for setting in settings(loss, GENERATOR):
            options = dict(setting.options)
            if options.pop("dialect", None) is None and options == plain:
                yield Declared(loss, setting)
