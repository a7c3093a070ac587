"""All planted faults."""

from __future__ import annotations

from functools import cache

import mutants
import registries
from fault import Fault


@cache
def every_fault() -> tuple[Fault, ...]:
    """Return all faults, always in one order."""
    return (*registries.faults(), *mutants.faults())
