"""Cauchy loss: the influence of outliers fades (Black and Anandan, 1996).

Inputs are any numbers. The mean is over the number of entries, and NaN without any.
"""

from sympy import log

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
scale = parameter("scale", 1.0, positive=True, doc="From which size on errors are outliers.")

cauchy_loss = Loss("CauchyLoss", scale**2 / 2 * log(1 + ((x - t) / scale) ** 2))
