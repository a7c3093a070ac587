"""What the tests share: declared losses, runners of the generated packages, solved points."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from declared import library
from inputs import points

from lossgen.loss import Loss
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.runners import RUNNERS

SPECS = Path(__file__).parents[2] / "specs"


@cache
def declared() -> dict[str, Loss]:
    """Return the declared losses by name."""
    return {loss.name: loss for loss in library()}


@cache
def runner(backend: str) -> Any:
    """Return the runner of a generated package."""
    return RUNNERS[backend](f"generated.{backend}")


@cache
def exhibits(loss: str, dtype: str) -> tuple[Exhibit, ...]:
    """Return the points of a loss, each solved once."""
    return tuple(Exhibit(declared()[loss], point) for point in points(loss, dtype))
