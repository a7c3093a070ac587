"""The losses of the library, which tests of one process load once: that takes seconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lossgen.jobs import load
from lossgen.loss import Loss

SPECS = Path(__file__).resolve().parent.parent / "specs"


@cache
def library() -> tuple[Loss, ...]:
    """Return the losses, sorted by the names of their functions."""
    return load(SPECS)
