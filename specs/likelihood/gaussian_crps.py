"""Continuous ranked probability score of a Gaussian with predicted mean and standard deviation.

After Gneiting et al. (2005); as the deviation falls to 0, it becomes the absolute error. Means and
targets are any numbers. The mean is over the number of entries, and NaN without any.
"""

from sympy import erf, exp, pi, sqrt

from lossgen import Loss, tensor

x = tensor("input", doc="Predicted means of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
std = tensor("std", doc="Predicted standard deviations, above 0, as `input`.")

z = (x - t) / (sqrt(2) * std)

gaussian_crps_loss = Loss(
    "GaussianCRPSLoss",
    std * (sqrt(2) * z * erf(z) + sqrt(2 / pi) * exp(-(z**2)) - 1 / sqrt(pi)),
)
