"""Welsch loss: outliers cost a constant, and have no influence (Dennis and Welsch, 1978).

Inputs are any numbers. The mean is over the number of entries, and NaN without any.
"""

from sympy import exp

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
scale = parameter("scale", 1.0, positive=True, doc="From which size on errors are outliers.")

welsch_loss = Loss("WelschLoss", scale**2 / 2 * (1 - exp(-(((x - t) / scale) ** 2))))
