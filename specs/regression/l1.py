"""Mean absolute error (Boscovich, 1757).

Inputs are any numbers. The mean is over the number of entries, or with ``weight``, a keyword of the
function alone, over the sum of the weights; without entries it is NaN. The slope at 0 is 0.

- ``torch.nn.L1Loss``, ``mindspore.nn.L1Loss``, ``mindspore.nn.MAELoss``,
  ``chainer.functions.mean_absolute_error``: equal.
- ``chainer.functions.absolute_error``: equal, unreduced.
- ``keras.losses.MeanAbsoluteError``: target first; averages the last axis before it reduces; its
  mean does not divide by weights of samples.
"""

from sympy import Abs

from lossgen import Loss, dialect, sum_over, tensor, weight

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
w = weight("weight", function_only=True, doc="Weights in the shape of `input`.")

error = x - t

l1_loss = Loss(
    "L1Loss",
    w * Abs(error),
    signature=("reduction", w),
    denominator=sum_over(w, "..."),
    dialects={"keras": dialect(mean_over=-1, weighs=False)},
)
