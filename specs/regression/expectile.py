"""Expectile loss, smallest on average at the expectile ``q`` (Newey and Powell, 1987).

The squared error, weighted by ``q`` where the prediction is too low and by ``1 - q`` where it is
too high. Inputs are any numbers. The mean is over the number of entries, and NaN without any. The
slope at 0 is 0.
"""

from sympy import Piecewise

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
q = parameter("q", 0.5, lower=0.0, upper=1.0, doc="The expectile to predict.")

error = t - x

expectile_loss = Loss("ExpectileLoss", Piecewise((q, error > 0), (1 - q, True)) * error**2)
