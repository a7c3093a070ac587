"""Squared error with weights for samples or for entries (Aitken, 1936).

Inputs are any numbers. The mean is over the number of entries, whatever the weights, and NaN
without any.
"""

from lossgen import Loss, tensor, weight

x = tensor("input", "n ...", doc="Predictions, samples first.")
t = tensor("target", "n ...", doc="What should have been predicted, in the shape of `input`.")
w = weight(
    "weights", "n ...", optional=False, fewer="n", doc="One weight a sample, or one an entry."
)

error = x - t

weighted_mse_loss = Loss("WeightedMSELoss", w * error**2, signature=(w, "reduction"))
