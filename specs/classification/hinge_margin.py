"""Hinge loss with a margin: a prediction on the right side by less than ``1 + margin`` costs.

After Cortes and Vapnik (1995). Scores are any numbers. The mean is over the number of entries, NaN
of none. At the hinge the slope is 0.
"""

from sympy import Max

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")
margin = parameter("margin", 1.0, doc="Added to the margin of 1 that hinge losses have.")

hinge_margin_loss = Loss("HingeMarginLoss", Max(0, 1 - t * x + margin))
