"""Half the squared covariances of two groups of features over the batch (Cheung et al., 2015).

Inputs are any numbers. Covariances divide by the number of samples, and are NaN without any. The
loss is one number, the sum over all pairs.

- ``chainer.functions.cross_covariance``: equal.
"""

from lossgen import Loss, mean_over, sum_over, tensor

x1 = tensor("input1", "n i", doc="The first group, samples first.")
x2 = tensor("input2", "n j", doc="The second group, of the same samples.")

covariance = mean_over((x1 - mean_over(x1, "n")) * (x2 - mean_over(x2, "n")), "n")

cross_covariance_loss = Loss("CrossCovarianceLoss", sum_over(covariance**2, "i j") / 2)
