"""Huber loss: quadratic near zero, linear in the tails (Huber, 1964).

Inputs are any numbers. The mean is over the number of entries, and NaN without any, also with
``weight``, a keyword of the function alone. At ``delta`` both sides have one slope.

- ``torch.nn.HuberLoss``, ``mindspore.nn.HuberLoss``: equal.
- ``optax.losses.huber_loss``: equal, unreduced.
- ``keras.losses.Huber``: target first; averages the last axis before it reduces; its mean does not
  divide by weights of samples.
- ``chainer.functions.huber_loss``: sums axis 1, and reduces no further.
"""

from sympy import Abs, Piecewise

from lossgen import Loss, dialect, parameter, tensor, weight

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
    dialects={"keras": dialect(mean_over=-1, weighs=False), "chainer": dialect(sum_over=1)},
)
