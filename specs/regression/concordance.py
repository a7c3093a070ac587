"""One minus the concordance correlation coefficient over the batch (Lin, 1989).

The coefficient is twice the covariance over the sum of both variances and the squared difference of
the means, all of them divided by the number of samples; where that sum is 0 it is taken to be 0.
Inputs are any numbers. With trailing axes each feature has its own coefficient, and ``mean`` is
over the features; without, the loss is one number. Without samples it is NaN.
"""

from lossgen import Loss, mean_over, ratio, tensor

x = tensor("input", "n ...", doc="Predictions, samples first.")
t = tensor("target", "n ...", doc="What was observed, in the shape of `input`.")

input_mean, target_mean = mean_over(x, "n"), mean_over(t, "n")
input_offset, target_offset = x - input_mean, t - target_mean
covariance = mean_over(input_offset * target_offset, "n")
variances = mean_over(input_offset**2, "n") + mean_over(target_offset**2, "n")
spread = variances + (input_mean - target_mean) ** 2

concordance_loss = Loss("ConcordanceLoss", 1 - ratio(2 * covariance, spread))
