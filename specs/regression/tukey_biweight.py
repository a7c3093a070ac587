"""Tukey's biweight loss: beyond ``scale`` an error costs a constant (Beaton and Tukey, 1974).

Inputs are any numbers. The mean is over the number of entries, and NaN without any. The slope is
continuous, and 0 from ``scale`` on.
"""

from sympy import Abs, Piecewise

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
scale = parameter("scale", 4.685, positive=True, doc="From which size on errors are outliers.")

error = x - t
most = scale**2 / 6
inside = most * (1 - (1 - (error / scale) ** 2) ** 3)

tukey_biweight_loss = Loss(
    "TukeyBiweightLoss", Piecewise((inside, Abs(error) <= scale), (most, True))
)
