"""Charbonnier loss: an absolute error that is smooth at 0 (Charbonnier et al., 1994).

Inputs are any numbers. The mean is over the number of entries, and NaN without any. For an error of
0 it is ``eps``.
"""

from sympy import sqrt

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
eps = parameter("eps", 1e-3, positive=True, doc="Errors well below this count quadratically.")

charbonnier_loss = Loss("CharbonnierLoss", eps * sqrt(1 + ((x - t) / eps) ** 2))
