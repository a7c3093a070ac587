"""Smooth L1 loss: quadratic below ``beta``, absolute error above (Girshick, 2015).

It is the Huber loss divided by ``beta``; with ``beta`` 0 it is the absolute error, with slope 0 at
0. Inputs are any numbers. The mean is over the number of entries, and NaN without any.

- ``torch.nn.SmoothL1Loss``: equal.
- ``mindspore.nn.SmoothL1Loss``: equal; does not reduce unless told to; ``beta`` is above 0.
"""

from sympy import Abs, Eq, Piecewise

from lossgen import Case, Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
beta = parameter("beta", 1.0, lower=0.0, doc="Where the loss turns from quadratic to linear.")

error = x - t
abs_error = Abs(error)
smooth = Piecewise((error**2 / (2 * beta), abs_error < beta), (abs_error - beta / 2, True))

smooth_l1_loss = Loss(
    "SmoothL1Loss",
    (Case(abs_error, when=Eq(beta, 0)), Case(smooth)),
    signature=("reduction", beta),
)
