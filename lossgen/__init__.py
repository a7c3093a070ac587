"""lossgen: declare a loss once, in SymPy; get exact, readable classes for every framework."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossgen.dialects import dialect
    from lossgen.language import (
        Position,
        Size,
        absent,
        at,
        cosine_similarity,
        function,
        hinge,
        indicator,
        label,
        linear,
        logsumexp,
        masked,
        max_over,
        mean_over,
        min_over,
        norm,
        normalize,
        parameter,
        raise_to,
        ratio,
        sigmoid,
        softmax,
        stop_gradient,
        sum_over,
        tensor,
        weight,
        with_slope,
    )
    from lossgen.loss import Case, Loss

__all__ = [
    "Case",
    "Loss",
    "Position",
    "Size",
    "absent",
    "at",
    "cosine_similarity",
    "dialect",
    "function",
    "hinge",
    "indicator",
    "label",
    "linear",
    "logsumexp",
    "masked",
    "max_over",
    "mean_over",
    "min_over",
    "norm",
    "normalize",
    "parameter",
    "raise_to",
    "ratio",
    "sigmoid",
    "softmax",
    "stop_gradient",
    "sum_over",
    "tensor",
    "weight",
    "with_slope",
]


def __getattr__(name: str) -> object:
    """Import the words of a spec when they are asked for: the command line starts without SymPy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    rooms = {"Case": "loss", "Loss": "loss", "dialect": "dialects"}
    return getattr(import_module(f"lossgen.{rooms.get(name, 'language')}"), name)
