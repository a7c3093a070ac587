"""lossgen: declare a loss once, in SymPy; get exact, readable classes for every framework."""

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
