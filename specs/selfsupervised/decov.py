"""DeCov: half the squared covariances of different features over the batch (Cogswell et al., 2016).

Inputs are any numbers. Covariances divide by the number of samples, and are NaN without any. The
loss is one number, the sum over all ordered pairs.

- ``chainer.functions.decov``: equal.
"""

from sympy import Ne

from lossgen import Loss, Position, indicator, mean_over, sum_over, tensor

x = tensor("input", "n i", doc="Activations, samples first.")

offset, other = x - mean_over(x, "n"), x.at("n j") - mean_over(x.at("n j"), "n")
covariance = mean_over(offset * other, "n")
different = indicator(Ne(Position("i"), Position("j")))

decov_loss = Loss(
    "DeCovLoss",
    sum_over(different * covariance**2, "i j") / 2,
    function="decov_loss",
)
