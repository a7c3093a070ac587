"""Deep evidential regression: a Gaussian with a prior on mean and variance (Amini et al., 2020).

The negative log-likelihood of the Student's t distribution that a normal-inverse-gamma prior gives,
plus ``coefficient`` times the absolute error weighted by the evidence. Means and targets are any
numbers. The mean is over the number of entries, and NaN without any. The slope of the absolute
error at 0 is 0.
"""

from sympy import Abs, log, loggamma, pi

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predicted means of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
nu = tensor("nu", doc="Evidence for the mean, above 0, as `input`.")
alpha = tensor("alpha", doc="Evidence for the variance, above 1, as `input`.")
beta = tensor("beta", doc="Scale of the variance, above 0, as `input`.")
coefficient = parameter("coefficient", 0.01, lower=0.0, doc="How much evidence for errors costs.")

error = x - t
omega = 2 * beta * (1 + nu)
nll = (
    log(pi / nu) / 2
    + log(omega) / 2
    + (alpha + 0.5) * log(1 + nu * error**2 / omega)
    + loggamma(alpha)
    - loggamma(alpha + 0.5)
)

evidential_regression_loss = Loss(
    "EvidentialRegressionLoss", nll + coefficient * Abs(error) * (2 * nu + alpha)
)
