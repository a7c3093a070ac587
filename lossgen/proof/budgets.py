"""How many units in the last place each result may err, and why.

Errors are measured against the exact result or, where terms of unlike sign meet, against the sum of
their absolute values, as the oracle derives it from the declared formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import log2

# A scalar body: some four primitives, each within an ULP.
BODY = 4.0
# Sums in pairs round log2(n) times, half an ULP of the sum of absolute terms each time; the
# frameworks that add blocks of 8 to 128 entries one after another do a little worse.
LEVEL = 1.0


@dataclass(frozen=True)
class Row:
    """An exception from the rule; the parts of a name are patterns.

    Attributes:
        measured: the worst error seen, in ULP.
        allowed: the budget.
        reason: why no formula does better, or what it would cost.
    """

    loss: str
    backend: str
    dtype: str
    quantity: str
    measured: float
    allowed: float
    reason: str


_EXP = "NumPy's float64 exp errs by 1.4 ULP, sigmoid by 2.0, and a power multiplies that by gamma"
ROWS: tuple[Row, ...] = (
    Row("SigmoidFocalLoss", "numpy", "float64", "gradient", 4.02, 4.5, _EXP),
    Row("SigmoidFocalLoss", "numpy", "float64", "diagonal", 4.9, 5.5, _EXP),
    Row("SigmoidFocalLoss", "chainer", "float64", "gradient", 4.02, 4.5, _EXP),
)


@dataclass(frozen=True)
class Fault:
    """What is known to be wrong; the test says so as soon as it is mended."""

    loss: str
    backend: str
    dtype: str
    quantity: str
    reason: str


_SQUARES = "products of squares leave the range, where quotients of factors would not"
_SATURATED = "terms of the Jacobian of a saturated row cancel: 0 for 2.6e-11 in float32"
_NUMBERS = "MindSpore rounds Python numbers to float32: static parameters, numbers of functions"
FAULTS: tuple[Fault, ...] = (
    Fault("ConcordanceLoss", "numpy", "float32", "diagonal", _SQUARES),
    Fault("ConcordanceLoss", "[!m]*", "float32", "hvp", _SQUARES),
    Fault("GaussianNLLLoss", "[!m]*", "float32", "hvp", _SQUARES),
    Fault(
        "GaussianNLLLoss", "mindspore", "float32", "hvp", "no second derivative by a spread `var`"
    ),
    Fault(
        "SigmoidFocalLoss",
        "numpy",
        "float32",
        "diagonal",
        "8.99 ULP at a result of 1.28e-37, ten times the smallest normal number",
    ),
    Fault("CosineEmbeddingLoss", "mindspore", "float64", "*", _NUMBERS),
    Fault("LinearCrossEntropyLoss", "numpy", "*", "diagonal", _SATURATED),
    Fault(
        "InfoNCELoss",
        "numpy",
        "*",
        "diagonal",
        "terms of the Jacobian of a saturated row cancel: 5.436e-07 for 5.371e-07 in float32",
    ),
)


def budget(loss: str, backend: str, dtype: str, quantity: str, terms: int) -> float:
    """Return the error allowed to a result that adds up some terms, in ULP."""
    name = (loss, backend, dtype, quantity)
    for row in ROWS:
        if _fits(row, name):
            return row.allowed
    return BODY + LEVEL * log2(max(terms, 1))


def fault(loss: str, backend: str, dtype: str, quantity: str) -> str | None:
    """Return what is known to be wrong with a quantity, if anything."""
    name = (loss, backend, dtype, quantity)
    return next((row.reason for row in FAULTS if _fits(row, name)), None)


def _fits(row: Row | Fault, name: tuple[str, str, str, str]) -> bool:
    patterns = (row.loss, row.backend, row.dtype, row.quantity)
    return all(fnmatchcase(part, pattern) for part, pattern in zip(name, patterns, strict=True))
