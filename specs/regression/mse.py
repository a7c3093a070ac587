"""Mean squared error (Legendre, 1805).

Inputs are any numbers. The mean is over the number of entries, or with ``weight``, a keyword of the
function alone, over the sum of the weights; without entries it is NaN.

- ``torch.nn.MSELoss``, ``mindspore.nn.MSELoss``, ``chainer.functions.mean_squared_error``: equal.
- ``optax.losses.squared_error``, ``chainer.functions.squared_error``: equal, unreduced.
- ``keras.losses.MeanSquaredError``: target first; averages the last axis before it reduces; its
  mean does not divide by weights of samples.
"""

from lossgen import Loss, dialect, sum_over, tensor, weight

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
w = weight("weight", function_only=True, doc="Weights in the shape of `input`.")

error = x - t

mse_loss = Loss(
    "MSELoss",
    w * error**2,
    signature=("reduction", w),
    denominator=sum_over(w, "..."),
    dialects={"keras": dialect(mean_over=-1, weighs=False)},
)
