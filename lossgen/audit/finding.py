"""What an audit finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossgen.audit.plan import Plan
from lossgen.proof.point import Array, Point

MOSTLY = 0.5  # of the points: then it is another function, and not a matter of rounding


@dataclass(frozen=True)
class Finding:
    """A result that is not the exact one.

    Attributes:
        by: the input by which was differentiated, empty for the value.
        place: which entry of the result it is.
        share: of the points at which this result is wrong.
    """

    point: Point
    by: str
    place: tuple[int, ...]
    found: float
    exact: float
    share: float = 0.0

    @property
    def quantity(self) -> str:
        """What is wrong, in words."""
        if not self.by:
            return "value"
        single = self.point.tensors[self.by].size == 1
        return f"gradient by {self.by}" + ("" if single else str([*self.place]))

    @property
    def given(self) -> str:
        """The inputs, in words."""
        return ", ".join(f"{name} = {_short(x)}" for name, x in self.point.inputs.items())

    def __str__(self) -> str:
        mostly = ", and so at most inputs" if self.share > MOSTLY else ""
        found, exact = told_apart(self.found, self.exact)
        return f"{self.quantity} {found} at {self.given}; exact {exact}{mostly}"


@dataclass(frozen=True)
class Audit:
    """What was found: at how many points, which the target refused, and what is wrong."""

    plan: Plan
    dtype: str
    points: int
    refused: int
    by: tuple[str, ...]
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        refused = f"; it refuses {self.refused} others" if self.refused else ""
        if not self.findings:
            return (
                f"{self.plan}: half of the digits or more are right at all of {self.points} "
                f"inputs{refused}"
            )
        return "\n".join(f"{self.plan}: {finding}" for finding in self.findings)


def told_apart(found: float, exact: float) -> tuple[str, str]:
    """Return two numbers with as many digits as tell them apart, and four at least."""
    pairs = ((f"{found:.{digits}g}", f"{exact:.{digits}g}") for digits in range(4, 18))
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(found), repr(exact)))


def _short(value: Array) -> str:
    """Return numbers as one would type them; one entry without brackets."""
    if value.size == 1:
        return f"{value.item():.7g}"
    return np.array2string(
        value, separator=", ", formatter={"float_kind": lambda x: f"{x:.7g}"}
    ).replace("\n", "")


__all__ = ["Audit", "Finding", "told_apart"]
