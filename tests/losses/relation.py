"""How the loss of another library relates to a generated one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator


@dataclass(frozen=True)
class Relation:
    """A built-in of another library, and what turns its numbers into those of a case.

    Attributes:
        case: the id of the case whose inputs and options both sides get.
        builtin: where the built-in is found, ``"keras.losses.Hinge"``.
        stated: the relation in words, as the spec's docstring has it.
        call: takes the library's module and the inputs as its arrays, and gives what the generated
            loss must be; it is differentiated in the library's own way.
        dialect: the dialect in which the generated loss is called, in every backend.
        reductions: our words for reductions, and the library's, which `call` then gets as
            ``reduction=``; without any, `call` gives the mean.
        options: what the generated loss gets beside the options of the case.
        given: keywords of the generated loss's call.
        by: the places of the inputs by which the gradients are compared; in a dialect the first.
        draw: draws the inputs, where they are not those of the case.
    """

    case: str
    builtin: str
    stated: str
    call: Callable[..., Any]
    dialect: str | None = None
    reductions: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    by: tuple[int, ...] = (0,)
    draw: Callable[[Generator], tuple[np.ndarray, ...]] | None = None

    @property
    def library(self) -> str:
        """The module that the library is imported by."""
        return self.builtin.partition(".")[0]

    def __str__(self) -> str:
        words = (self.case, self.builtin, self.dialect, *self.given)
        return "-".join(filter(None, words))


KERAS = {"none": "none", "mean": "sum_over_batch_size", "sum": "sum"}
CHAINER = {"none": "no", "mean": "mean", "sum": "sum"}
SAME = {"none": "none", "mean": "mean", "sum": "sum"}
