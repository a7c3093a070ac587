"""The lock: no loss leaves the build that overflows, is not a number, or errs by too much.

What the kernels print is run, in NumPy, at points drawn from what the spec declares, in float32 and
float64: value, gradient and the Hessian's diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lossgen.errors import SpecError
from lossgen.loss import Loss
from lossgen.proof.blame import blamed
from lossgen.proof.budgets import fault
from lossgen.proof.examine import Finding, examine, quantities
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.shrink import simplest
from lossgen.proof.store import exhibits, keep

BACKEND = "numpy"
DTYPES = ("float64", "float32")
WORDS = {"value": "the loss", "gradient": "the gradient", "diagonal": "the second derivative"}
REMEDY = (
    "write the formula so that it stays exact there, declare the inputs that it is meant for with "
    "lower= and upper=, or build with --no-verify"
)


def faults(loss: Loss, runner: Any, cache: Path | None) -> tuple[SpecError, ...]:
    """Return what is wrong with a loss: the worst fault of each quantity, at its simplest point."""
    found = exhibits(loss, cache)
    known = sum(len(exhibit.held) for exhibit in found)
    worst: dict[str, tuple[Exhibit, Finding]] = {}
    for exhibit, finding in _findings(loss, found, runner):
        before = worst.get(finding.quantity)
        if before is None or before[1].error < finding.error:
            worst[finding.quantity] = (exhibit, finding)
    if sum(len(exhibit.held) for exhibit in found) > known:
        keep(loss, found, cache)
    return tuple(_sentence(loss, *pair, runner) for pair in worst.values())


def _findings(
    loss: Loss, found: tuple[Exhibit, ...], runner: Any
) -> Iterator[tuple[Exhibit, Finding]]:
    """Yield what fails and is not known to."""
    for exhibit in found:
        for dtype in DTYPES:
            for quantity in quantities(BACKEND):
                for finding in examine(exhibit, runner, BACKEND, dtype, quantity):
                    if finding.fails and fault(loss.name, BACKEND, dtype, quantity) is None:
                        yield exhibit, finding


def _sentence(loss: Loss, exhibit: Exhibit, finding: Finding, runner: Any) -> SpecError:
    simple = simplest(exhibit, finding, runner)
    call = Exhibit(loss, simple.point).call(simple.reduction, ones=True)
    statement = blamed(runner, call, simple.quantity, simple.dtype)
    by = f" by {simple.name}" if simple.name else ""
    digits = 9 if simple.dtype == "float32" else 17
    off = f", {simple.error:.3g} ULP off" if np.isfinite(simple.error) else ""
    problem = (
        f"{WORDS[simple.quantity]}{by} is {simple.found:.{digits}g} in {simple.dtype} where it "
        f"should be {simple.exact:.{digits}g}{off}, at {_shown(simple)}"
    )
    return SpecError(
        file=loss.source, loss=loss.name, expression=statement or None,
        problem=f"{problem}; it goes wrong" if statement else problem, remedy=REMEDY,
    )  # fmt: skip


def _shown(finding: Finding) -> str:
    """Return a call in words."""
    given = {**finding.point.inputs, **finding.point.options}
    return ", ".join(f"{name} = {_number(value)}" for name, value in given.items())


def _number(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.item():.9g}" if value.size == 1 else str(value.tolist())
    return f"{value:.9g}" if isinstance(value, float) else repr(value)


__all__ = ["faults"]
