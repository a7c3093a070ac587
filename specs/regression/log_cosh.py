"""Logarithm of the hyperbolic cosine of the error: a smooth absolute error (Chen et al., 2019).

Inputs are any numbers. The mean is over the number of entries, and NaN without any.

- ``optax.losses.log_cosh``: equal, unreduced.
- ``keras.losses.LogCosh``: target first; averages the last axis before it reduces; its mean does
  not divide by weights of samples.
"""

from sympy import cosh, log

from lossgen import Loss, dialect, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")

log_cosh_loss = Loss(
    "LogCoshLoss",
    log(cosh(x - t)),
    dialects={"keras": dialect(mean_over=-1, weighs=False)},
)
