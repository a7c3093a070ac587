"""Logarithm of the hyperbolic cosine of the error: a smooth absolute error.

The mean is over the number of entries.
"""

from sympy import cosh, log

from lossgen import Loss, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")

log_cosh_loss = Loss("LogCoshLoss", log(cosh(x - t)))
