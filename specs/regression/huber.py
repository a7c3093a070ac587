"""Huber loss: quadratic near zero, linear in the tails (Huber, 1964).

With ``weight``, a keyword of the function alone, the mean is over the number of entries, as in
``torch.nn.functional.huber_loss``.
"""

from sympy import Abs, Piecewise

from lossgen import Loss, parameter, tensor, weight

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
delta = parameter("delta", 1.0, positive=True, doc="Where the loss turns from quadratic to linear.")
w = weight("weight", function_only=True, doc="Weights in the shape of `input`.")

error = x - t
abs_error = Abs(error)

huber_loss = Loss(
    "HuberLoss",
    w * Piecewise((error**2 / 2, abs_error <= delta), (delta * (abs_error - delta / 2), True)),
    signature=("reduction", delta, w),
)
