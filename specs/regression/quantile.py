"""Quantile (pinball) loss, smallest on average at the quantile ``q`` (Koenker and Bassett, 1978).

Inputs are any numbers. The mean is over the number of entries, and NaN without any. At 0 the slope
is that halfway between the two sides.
"""

from sympy import Max

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
q = parameter("q", 0.5, lower=0.0, upper=1.0, doc="The quantile to predict.")

error = t - x

quantile_loss = Loss("QuantileLoss", Max(q * error, (q - 1) * error))
