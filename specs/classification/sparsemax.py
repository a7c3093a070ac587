"""Binary sparsemax loss: a score beyond 1 on the right side costs nothing (Blondel et al., 2020).

Quadratic between -1 and 1, and beyond on the wrong side the score itself. Scores are any numbers,
targets 0 or 1. The mean is over the number of entries, and NaN without any.

- ``optax.losses.sparsemax_loss``: equal, unreduced.
"""

from sympy import Piecewise

from lossgen import Loss, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="Whether the score should be above 0, as 1 or 0, in the shape of `input`.")

excess = (1 - 2 * t) * x

sparsemax_loss = Loss(
    "SparsemaxLoss",
    Piecewise((0, excess <= -1), ((excess + 1) ** 2 / 4, excess < 1), (excess, True)),
)
