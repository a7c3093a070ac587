"""One minus the model efficiency over the batch (Nash and Sutcliffe, 1970).

That is the squared error over that of always predicting the mean of the targets; where the targets
do not vary it is taken to be 0. Inputs are any numbers. With trailing axes each feature has its own
efficiency, and ``mean`` is over the features. Without samples it is NaN.
"""

from lossgen import Loss, mean_over, norm, ratio, tensor

x = tensor("input", "n ...", doc="Predictions, samples first.")
t = tensor("target", "n ...", doc="What was observed, in the shape of `input`.")

target_offset = t - mean_over(t, "n")

nash_sutcliffe_loss = Loss(
    "NashSutcliffeLoss", ratio(norm(x - t, "n"), norm(target_offset, "n")) ** 2
)
