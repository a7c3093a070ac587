"""Functions of values that remember their results: what is asked again is not worked out again.

All backends print the same graphs, and all derivatives of a loss share most of theirs. How much is
remembered is bounded, so that a thousand losses take no more memory than a hundred.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

MOST = 1 << 12


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """Return a pure function of hashable arguments that remembers its last results."""
    return cast("Callable[P, R]", lru_cache(maxsize=MOST, typed=True)(function))


__all__ = ["remembered"]
