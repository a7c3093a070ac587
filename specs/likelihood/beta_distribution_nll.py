"""Negative log-likelihood of a beta distribution with both concentrations predicted.

After Ferrari and Cribari-Neto (2004), for shares between 0 and 1, neither included. The mean is
over the number of entries, and NaN without any.

- ``torch.distributions.Beta``: minus its ``log_prob``, unreduced.
"""

from sympy import log, loggamma

from lossgen import Loss, tensor

a = tensor("concentration1", doc="What draws towards 1, above 0, of any shape.")
b = tensor("concentration0", doc="What draws towards 0, above 0, as `concentration1`.")
t = tensor("target", doc="Observed shares between 0 and 1, in the shape of `concentration1`.")

log_beta = loggamma(a) + loggamma(b) - loggamma(a + b)

beta_distribution_nll_loss = Loss(
    "BetaDistributionNLLLoss", log_beta - (a - 1) * log(t) - (b - 1) * log(1 - t)
)
