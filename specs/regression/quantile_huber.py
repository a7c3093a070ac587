"""Quantile Huber loss between predicted quantiles and samples of a return (Dabney et al., 2018).

The quantiles are the midpoints of equal shares; inputs are any numbers. A loss a row: the sum over
its quantiles of the mean over its samples. ``mean`` is over the rows, and NaN without any; so is a
row without samples. At 0 the slope is 0, and at ``kappa`` that of both sides.
"""

from sympy import Abs, Piecewise

from lossgen import Loss, Position, Size, mean_over, parameter, sum_over, tensor

x = tensor("input", "n i", doc="Predicted quantiles, a row a sample.")
t = tensor("target", "n j", doc="Samples or quantiles of the target, a row a sample.")
kappa = parameter("kappa", 1.0, positive=True, doc="Where the loss turns linear.")

error = t - x
abs_error = Abs(error)
level = (Position("i") + 0.5) / Size("i")
share = Piecewise((level, error > 0), (1 - level, True))
huber = Piecewise((error**2 / (2 * kappa), abs_error <= kappa), (abs_error - kappa / 2, True))

quantile_huber_loss = Loss("QuantileHuberLoss", sum_over(mean_over(share * huber, "j"), "i"))
