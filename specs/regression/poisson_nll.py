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
constant = Piecewise((stirling, t > 1), (0, True))
of_logarithm, of_mean = exp(x) - t * x, x - t * log(x + eps)

poisson_nll_loss = Loss(
    "PoissonNLLLoss",
    (
        Case(of_logarithm + constant, when=log_input & full, name="full_log_input"),
        Case(of_logarithm, when=log_input, name="log_input"),
        Case(of_mean + constant, when=full, name="full_input"),
        Case(of_mean, name="input"),
    ),
    signature=(log_input, full, eps, "reduction"),
)
