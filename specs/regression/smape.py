"""Symmetric mean absolute percentage error (Makridakis, 1993): from 0 to 200 percent.

The error is divided by the mean of both sizes; where both are 0 it costs nothing. Inputs are any
numbers. The mean is over the number of entries, and NaN without any. The slope is 0 where
prediction and target agree.
"""

from sympy import Abs

from lossgen import Loss, ratio, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")

smape_loss = Loss("SMAPELoss", 200 * ratio(Abs(x - t), Abs(x) + Abs(t)))
