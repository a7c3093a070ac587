"""One minus Pearson's correlation coefficient over the batch (Pearson, 1895).

Inputs are any numbers; where predictions or targets do not vary, or there are no samples, the
coefficient is taken to be 0. With trailing axes each feature has its own coefficient, and ``mean``
is over the features.
"""

from lossgen import Loss, cosine_similarity, mean_over, tensor

x = tensor("input", "n ...", doc="Predictions, samples first.")
t = tensor("target", "n ...", doc="What was observed, in the shape of `input`.")

input_offset, target_offset = x - mean_over(x, "n"), t - mean_over(t, "n")

pearson_loss = Loss("PearsonLoss", 1 - cosine_similarity(input_offset, target_offset, "n"))
