"""Geman-McClure loss: outliers cost 1 (Geman and McClure, 1985; Black and Anandan, 1996).

Inputs are any numbers. The mean is over the number of entries, and NaN without any.
"""

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
scale = parameter("scale", 1.0, positive=True, doc="The error that costs one half.")

z = (x - t) / scale

geman_mcclure_loss = Loss("GemanMcClureLoss", z**2 / (1 + z**2), function="geman_mcclure_loss")
