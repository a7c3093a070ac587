"""Divergence of a Gaussian from the standard one, as in variational autoencoders (Kingma, 2014).

Each entry is a dimension of its own; a sample's divergence is the sum over its entries, and
``batchmean`` the mean of that. Inputs are any numbers. ``mean`` is over the number of entries, and
NaN without any.

- ``chainer.functions.gaussian_kl_divergence``: equal; sums unless told otherwise.
"""

from sympy import exp

from lossgen import Loss, tensor

mean = tensor("mean", doc="Means of any shape.")
log_var = tensor("log_var", doc="Logarithms of the variances, as `mean`.")

gaussian_kl_loss = Loss(
    "GaussianKLLoss",
    (mean**2 + exp(log_var) - 1 - log_var) / 2,
    reductions=("none", "batchmean", "mean", "sum"),
)
