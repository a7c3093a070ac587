"""Gaussian negative log-likelihood weighted by a power of the variance (Seitzer et al., 2022).

The weight is a constant to differentiation. ``beta`` 0 is the likelihood itself, 1 weights means as
the squared error does. Means and targets are any numbers, variances at least 0; those below ``eps``
count as ``eps``, and the gradient passes straight through. The mean is over the number of entries,
and NaN without any.
"""

from sympy import log

from lossgen import Loss, parameter, raise_to, stop_gradient, tensor

x = tensor("input", doc="Predicted means of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
var = tensor("var", doc="Predicted variances, at least 0, as `input`.", lower=0.0)
beta = parameter("beta", 0.5, lower=0.0, upper=1.0, doc="The power of the variance.")
eps = parameter("eps", 1e-6, positive=True, static=True, doc="The least variance.")

variance = raise_to(var, eps)
nll = (log(variance) + (x - t) ** 2 / variance) / 2

beta_nll_loss = Loss("BetaNLLLoss", stop_gradient(variance) ** beta * nll)
