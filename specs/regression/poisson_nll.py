"""Negative log-likelihood of counts with a Poisson distribution (McCullagh and Nelder, 1989).

With ``log_input`` the logarithm of the mean is predicted, any number, else the mean, at least 0,
with ``eps`` added in its logarithm. ``full`` adds Stirling's approximation of the logarithm of the
factorial where the target, at least 0, is above 1. The mean is over the number of entries, and NaN
without any.

- ``torch.nn.PoissonNLLLoss``, ``mindspore.nn.PoissonNLLLoss``: equal.
"""

from sympy import Piecewise, Rational, exp, log, pi

from lossgen import Case, Loss, parameter, tensor

x = tensor("input", doc="Predicted means or their logarithms, of any shape.")
t = tensor("target", doc="Counts, in the shape of `input`.")
log_input = parameter("log_input", True, doc="Whether `input` holds logarithms.")
full = parameter("full", False, doc="Whether to add Stirling's approximation.")
eps = parameter("eps", 1e-8, lower=0.0, static=True, doc="Added to means in logarithms.")

stirling = (t + Rational(1, 2)) * log(t) - t + log(2 * pi) / 2
constant = full * Piecewise((stirling, t > 1), (0, True))

poisson_nll_loss = Loss(
    "PoissonNLLLoss",
    (
        Case(exp(x) - t * x + constant, when=log_input, name="log_input"),
        Case(x - t * log(x + eps) + constant, name="input"),
    ),
    signature=(log_input, full, eps, "reduction"),
)
