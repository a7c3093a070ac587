"""How many units in the last place each result may err, and why.

Errors are measured against the exact result or, where terms of unlike sign meet, against the sum of
their absolute values, as the oracle derives it from the declared formula.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf, log2

# A scalar body: some four primitives, each within an ULP.
BODY = 4.0
# A mean multiplies its gradient by the inverse of a count: both are rounded, half an ULP each.
AVERAGE = 1.0
# Sums in pairs round log2(n) times, half an ULP of the sum of absolute terms each time; the
# frameworks that add blocks of 8 to 128 entries one after another do a little worse.
LEVEL = 1.0


@dataclass(frozen=True)
class Row:
    """An exception from the rule; backend, dtype, quantity and names are patterns.

    Attributes:
        measured: the worst error seen, in ULP; infinite for what is not finite.
        reason: why no formula does better, or what it would cost.
        allowed: the budget, or None for a fault that waits to be mended.
    """

    losses: tuple[str, ...]
    backend: str
    dtype: str
    quantity: str
    measured: float
    reason: str
    allowed: float | None = None


EXCEPTIONS: tuple[Row, ...] = (
    Row(
        ("SigmoidFocalLoss",), "[nc]*", "*", "[gd]*", 4.9,
        "NumPy's exp errs by up to 1.4 ULP, sigmoid by 2.0, and a power multiplies that by gamma",
        allowed=5.5,
    ),
    Row(
        (
            *("BetaDistributionNLLLoss", "BetaNLLLoss", "EvidentialRegressionLoss"),
            *("GemanMcClureLoss", "SensitivitySpecificityLoss", "SquaredDiceLoss", "WingLoss"),
        ),
        "*", "*", "*", 7.9,
        "cubes of a quotient, or sums of products of sums: six to eight roundings in a row",
        allowed=8.0,
    ),
    Row(
        ("LinearCrossEntropyLoss", "NPairsLoss"), "*", "*", "*", 13.2,
        "products of matrices, one after the other, in logits and gradients",
        allowed=14.5,
    ),
    Row(
        ("JaccardLoss",), "numpy", "float64", "diagonal", 24.1,
        "with targets below 0 its denominator, which stands there cubed, is a small difference",
        allowed=25.0,
    ),
    Row(
        ("ConcordanceLoss",), "*", "float32", "[dh]*", inf,
        "at 1e15 products of squares leave the range, where quotients of factors would not",
    ),
    Row(
        ("GaussianNLLLoss",), "[!m]*", "*", "hvp", 4.7,
        "the square of an error over the cube of a variance: six roundings in a row",
        allowed=5.5,
    ),
    Row(
        ("TukeyBiweightLoss",), "mindspore", "float64", "value", 4.9,
        "log1p by asinh and expm1 by sinh err by 1.9 and 2.2 units, one within the other by 4.1",
        allowed=5.5,
    ),
    Row(
        ("CosineEmbeddingLoss",), "mindspore", "float64", "*", 1e8,
        "MindSpore rounds Python numbers to float32: parameters, numbers of functions",
    ),
)  # fmt: skip


def budget(
    loss: str, backend: str, dtype: str, quantity: str, terms: int, *, averaged: bool = False
) -> float:
    """Return the error allowed to a result that adds up some terms, or is of a mean, in ULP."""
    plain = BODY + AVERAGE * averaged + LEVEL * log2(max(terms, 1))
    for row in _rows(loss, backend, dtype, quantity):
        if row.allowed is not None:
            return max(row.allowed, plain)
    return plain


def fault(loss: str, backend: str, dtype: str, quantity: str) -> str | None:
    """Return what is known to be wrong with a quantity."""
    for row in _rows(loss, backend, dtype, quantity):
        if row.allowed is None:
            return row.reason
    return None


def _rows(loss: str, *place: str) -> Iterator[Row]:
    for row in EXCEPTIONS:
        patterns = (row.backend, row.dtype, row.quantity)
        if loss in row.losses and all(map(fnmatchcase, place, patterns)):
            yield row
