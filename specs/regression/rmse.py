"""Root mean squared error over all entries: one number, in the unit of the target.

After Hyndman and Koehler (2006). Inputs are any numbers. There is nothing left to reduce. The slope
is 0 where all errors are; without entries it is NaN.

- ``mindspore.nn.RMSELoss``: equal, rounded to float32; no slope at 0.
"""

from sympy import sqrt

from lossgen import Loss, Size, norm, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")

rmse_loss = Loss("RMSELoss", norm(x - t, "...") / sqrt(Size("...")))
