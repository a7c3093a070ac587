"""What is audited, and how its call relates to that of a spec's loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ONE_HOT = "one-hot"  # rows of one 1 among zeros
EVEN = "even"  # arrays of one number
Values = tuple[float, ...] | str


@dataclass(frozen=True, eq=False)
class Plan:
    """A loss of somebody else, and what turns calls of a spec's loss into calls of it.

    Attributes:
        target: where it is, ``"keras.losses.Hinge"``.
        loss: the class of the spec's loss.
        order: the inputs in the target's order, a keyword before those that need one:
            ``("scale=scale", "value=target")``. Without any, the spec's names and order.
        reduction: what the target does with entries: ``none``, ``mean`` or ``sum``.
        dialect: the dialect of the spec's loss that means the same.
        options: what the target is made with, or called with if it is a function.
        chosen: parameters of the spec's loss that differ from their defaults.
        by: the inputs by which gradients are compared; without any, those that have gradients.
        prepare: conversions of inputs for the target, by name (see `conversions`).
        only: the values that an input may have, where the target knows no others.
        sizes: the lengths of axes that have to have one.
        call: what is done with the target, if it is not called for the loss (see `conversions`).
        soft: take probabilities where the spec takes labels or these.
        framework: whose arrays the target takes, where its module does not say so.
    """

    target: str
    loss: str
    order: tuple[str, ...] = ()
    reduction: str = "mean"
    dialect: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    prepare: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, Values] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    call: str = ""
    soft: bool = False
    framework: str | None = None

    @property
    def library(self) -> str:
        """The package that the target is imported from."""
        return self.target.partition(".")[0]

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters and the dialect of the spec's loss."""
        return {**self.chosen, **({"dialect": self.dialect} if self.dialect else {})}

    @property
    def conversions(self) -> tuple[str, ...]:
        """What is done beside the call, in words."""
        done = (f"{word} of `{name}`" for name, word in self.prepare.items())
        return (*filter(None, (self.call,)), *done)

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.target}({given})" if given else self.target


__all__ = ["EVEN", "ONE_HOT", "Plan", "Values"]
