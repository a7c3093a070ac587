"""lossgen: declare a loss once, in SymPy; get exact, readable classes for every framework."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossgen.language import (
        Size,
        at,
        cosine_similarity,
        label,
        logsumexp,
        max_over,
        mean_over,
        min_over,
        norm,
        normalize,
        parameter,
        sigmoid,
        softmax,
        sum_over,
        tensor,
        weight,
    )
    from lossgen.loss import Case, Loss

__all__ = [
    "Case",
    "Loss",
    "Size",
    "at",
    "cosine_similarity",
    "label",
    "logsumexp",
    "max_over",
    "mean_over",
    "min_over",
    "norm",
    "normalize",
    "parameter",
    "sigmoid",
    "softmax",
    "sum_over",
    "tensor",
    "weight",
]


def __getattr__(name: str) -> object:
    """Import the words of a spec when they are asked for: the command line starts without SymPy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(
        import_module("lossgen.loss" if name in ("Case", "Loss") else "lossgen.language"), name
    )
