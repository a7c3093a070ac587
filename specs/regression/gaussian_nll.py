"""Negative log-likelihood of a Gaussian with predicted mean and variance (Nix and Weigend, 1994).

Means and targets are any numbers, variances at least 0. Those below ``eps`` count as ``eps``, and
the gradient passes straight through. ``full`` adds the constant, half the logarithm of two pi. The
mean is over the number of entries, and NaN without any.

- ``torch.nn.GaussianNLLLoss``: equal.
- ``mindspore.nn.GaussianNLLLoss``: equal; no gradient by variances below ``eps``.
"""

from sympy import log, pi

from lossgen import Loss, parameter, raise_to, tensor

x = tensor("input", doc="Predicted means of any shape.")
t = tensor("target", broadcast=True, doc="What was observed, in a shape that spreads to `input`'s.")
var = tensor(
    "var",
    broadcast=True,
    per_row=True,
    lower=0.0,
    doc="Predicted variances, as `input`, one a sample, or one.",
)
full = parameter("full", False, doc="Whether to add the constant.")
eps = parameter("eps", 1e-6, positive=True, static=True, doc="The least variance.")

error = x - t
variance = raise_to(var, eps)

gaussian_nll_loss = Loss(
    "GaussianNLLLoss",
    (log(variance) + error**2 / variance) / 2 + full * log(2 * pi) / 2,
    signature=(full, eps, "reduction"),
)
