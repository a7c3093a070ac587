"""Mean absolute error.

The slope at 0 is 0. With ``weight``, a keyword of the function alone, the mean is over the sum of
the weights, as in ``torch.nn.functional.l1_loss``.
"""

from sympy import Abs

from lossgen import Loss, sum_over, tensor, weight

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
w = weight("weight", function_only=True, doc="Weights in the shape of `input`.")

error = x - t

l1_loss = Loss(
    "L1Loss",
    w * Abs(error),
    signature=("reduction", w),
    denominator=sum_over(w, "..."),
)
