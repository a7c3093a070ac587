"""Soft margin loss: the logarithm of one plus the exponential of minus the margin (Cox, 1958).

Scores are any numbers. The mean is over the number of entries, NaN of none.
"""

from sympy import exp, log

from lossgen import Loss, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")

soft_margin_loss = Loss("SoftMarginLoss", log(1 + exp(-t * x)), signature=("reduction",))
