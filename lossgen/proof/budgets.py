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
    measured: float = 0.0
    allowed: float = 0.0
    reason: str = ""


_EXP = "NumPy's float64 exp errs by 1.4 ULP, sigmoid by 2.0, and a power multiplies that by gamma"
ROWS: tuple[Row, ...] = (
    Row("SigmoidFocalLoss", "numpy", "float64", "gradient", 4.02, 4.5, _EXP),
    Row("SigmoidFocalLoss", "numpy", "float64", "diagonal", 4.9, 5.5, _EXP),
    Row("SigmoidFocalLoss", "chainer", "float64", "gradient", 4.02, 4.5, _EXP),
)


@dataclass(frozen=True)
class Fault:
    """What is known to be wrong, and waits to be mended.

    Attributes:
        losses: names or patterns of them.
        measured: what was seen, in ULP or in numbers.
        sampled: whether only sampled points show it, and not those chosen by hand.
    """

    losses: tuple[str, ...]
    backend: str
    dtype: str
    quantity: str
    measured: str
    reason: str
    sampled: bool = True


FAULTS: tuple[Fault, ...] = (
    Fault(
        ("ConcordanceLoss",), "numpy", "float32", "diagonal", "nan at 1e15",
        "products of squares leave the range, where quotients of factors would not", False,
    ),
    Fault(
        ("ConcordanceLoss", "GaussianNLLLoss"), "[!m]*", "float32", "hvp", "nan at 1e15, var 1e20",
        "products of squares leave the range, where quotients of factors would not", False,
    ),
    Fault(
        ("GaussianNLLLoss",), "mindspore", "float32", "hvp", "nan at var 1e20",
        "no second derivative by a spread `var`", False,
    ),
    Fault(
        ("SigmoidFocalLoss",), "numpy", "float32", "diagonal", "40",
        "a result of ten times the smallest normal number is the product of smaller ones", False,
    ),
    Fault(
        ("CosineEmbeddingLoss",), "mindspore", "float64", "*", "1e8",
        "MindSpore rounds Python numbers to float32: parameters, numbers of functions", False,
    ),
    Fault(
        (
            *("EvidentialRegressionLoss", "GemanMcClureLoss", "JaccardLoss"),
            *("LinearCrossEntropyLoss", "WingLoss"),
        ),
        "numpy", "*", "*", "6, JaccardLoss 24",
        "more roundings on the way than the budget has; targets below 0 in JaccardLoss",
    ),
    Fault(
        ("LogVarGaussianNLLLoss",), "numpy", "*", "*", "nan",
        "an exponential leaves the range before it is multiplied by 0",
    ),
    Fault(
        ("BetaDistributionNLLLoss",), "numpy", "*", "value", "517",
        "the logarithm of the beta function is a difference of larger ones",
    ),
)  # fmt: skip


def budget(loss: str, backend: str, dtype: str, quantity: str, terms: int) -> float:
    """Return the error allowed to a result that adds up some terms, in ULP."""
    name = (loss, backend, dtype, quantity)
    for row in ROWS:
        if _fits(row, name):
            return row.allowed
    return BODY + LEVEL * log2(max(terms, 1))


def fault(
    loss: str, backend: str, dtype: str, quantity: str, *, sampled: bool = True
) -> str | None:
    """Return what is known to be wrong with a quantity, at sampled points or also at others."""
    for row in FAULTS if sampled else (row for row in FAULTS if not row.sampled):
        names = (Row(name, row.backend, row.dtype, row.quantity) for name in row.losses)
        if any(_fits(name, (loss, backend, dtype, quantity)) for name in names):
            return row.reason
    return None


def _fits(row: Row, name: tuple[str, str, str, str]) -> bool:
    patterns = (row.loss, row.backend, row.dtype, row.quantity)
    return all(fnmatchcase(part, pattern) for part, pattern in zip(name, patterns, strict=True))
