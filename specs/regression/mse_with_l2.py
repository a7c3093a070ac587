"""Mean squared error plus an L2 penalty on the weights of a layer (Hoerl and Kennard, 1970).

Inputs are any numbers. The error is reduced, and its mean, over the number of entries, is NaN
without any; the penalty, the sum of all squared weights, is added whole.
"""

from lossgen import Loss, parameter, sum_over, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
w = tensor("weights", doc="The weights to keep small, of any shape; they have a gradient.")
coefficient = parameter("coefficient", 0.01, lower=0.0, doc="How much the penalty counts.")

mse_with_l2_loss = Loss(
    "MSEWithL2Loss", {"mse": (x - t) ** 2, "l2": coefficient * sum_over(w**2, "...")}
)
