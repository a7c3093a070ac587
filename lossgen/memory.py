"""Functions of values that remember their results, and when Python looks for what nobody needs.

All backends print the same graphs, and all derivatives of a loss share most of theirs. How much is
remembered is bounded, so that a thousand losses take no more memory than a hundred.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

MOST = 1 << 8  # results of a function; one loss has some ten formulas
NODES = 8 * MOST  # of the graphs of a few losses
ROOM = 50_000  # new objects before Python looks for circles; 700 is its own


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """Return a pure function of hashable arguments that remembers its last results."""
    return cast("Callable[P, R]", lru_cache(maxsize=MOST, typed=True)(function))


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Let Python look for circles that nobody needs every now and then, not every 700 objects.

    Modules and graphs have hardly any, and most of them are needed to the end.
    """
    before = gc.get_threshold()
    gc.set_threshold(ROOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


__all__ = ["NODES", "collected_seldom", "remembered"]
