"""Kullback-Leibler divergence of a target distribution from predicted log-probabilities (1951).

``mean`` is over the number of entries; the divergence itself is ``batchmean``, the sum over the
number of samples; of nothing both are NaN. A target of 0 costs nothing, and has no gradient; a
negative one gives NaN.

- ``mindspore.nn.KLDivLoss``: equal.
- ``optax.losses.kl_divergence``, ``optax.losses.kl_divergence_with_log_targets``: sum over the last
  axis, unreduced.
- ``keras.losses.KLDivergence``: of probabilities, clipped at 1e-7; sums over the last axis; takes
  the target first.
"""

from sympy import Eq, Piecewise, exp, log

from lossgen import Case, Loss, dialect, parameter, tensor

x = tensor("input", doc="Log-probabilities of any shape.")
t = tensor("target", doc="Probabilities, or with `log_target` their logarithms, as `input`.")
log_target = parameter("log_target", False, doc="Whether `target` holds logarithms.")

kl_div_loss = Loss(
    "KLDivLoss",
    (
        Case(exp(t) * (t - x), when=log_target, name="log_target"),
        Case(Piecewise((0, Eq(t, 0)), (t * (log(t) - x), True)), name="target"),
    ),
    function="kl_div",
    signature=("reduction", log_target),
    reductions=("none", "batchmean", "mean", "sum"),
    dialects={"keras": dialect(sum_over=-1, weighs=False), "optax": dialect(sum_over=-1)},
)
