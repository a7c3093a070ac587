"""Absolute error weighted by its own sigmoid: small errors count half, large ones fully.

A composition of our own: the sigmoid linear unit (Elfwing et al., 2018) of the absolute error.
Inputs are any numbers. The mean is over the number of entries, and NaN without any. The slope at 0
is 0.
"""

from sympy import Abs

from lossgen import Loss, sigmoid, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")

abs_error = Abs(x - t)

sigmoid_weighted_l1_loss = Loss("SigmoidWeightedL1Loss", sigmoid(abs_error) * abs_error)
