"""Generalised Kullback-Leibler divergence, of what need not sum to 1 (Bregman, 1967).

Inputs are logarithms, any numbers, targets at least 0; a target of 0 costs the prediction alone,
and has no gradient. ``mean`` is over the number of entries, and NaN without any; the divergence of
a sample is the sum of its own.

- ``optax.losses.generalized_kl_divergence``: sums the last axis, and reduces no further.
"""

from sympy import Piecewise, exp, log

from lossgen import Loss, dialect, tensor

x = tensor("input", doc="Logarithms of any shape.")
t = tensor("target", lower=0.0, doc="Targets of at least 0, in the shape of `input`.")

generalized_kl_div_loss = Loss(
    "GeneralizedKLDivLoss",
    Piecewise((exp(x), t <= 0), (t * (log(t) - x) + (exp(x) - t), True)),
    reductions=("none", "batchmean", "mean", "sum"),
    dialects={"optax": dialect(sum_over=-1)},
)
