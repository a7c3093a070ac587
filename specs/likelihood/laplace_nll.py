"""Negative log-likelihood of a Laplace distribution: predicted median and scale (Laplace, 1774).

Medians and targets are any numbers, scales at least 0; those below ``eps`` count as ``eps``, and
the gradient passes straight through. The mean is over the number of entries, and NaN without any.
The slope of the absolute error at 0 is 0.

- ``torch.distributions.Laplace``: minus its ``log_prob``, unreduced.
"""

from sympy import Abs, log

from lossgen import Loss, parameter, raise_to, tensor

x = tensor("input", doc="Predicted medians of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
scale = tensor(
    "scale",
    broadcast=True,
    per_row=True,
    lower=0.0,
    doc="Predicted scales, as `input`, or one a sample.",
)
eps = parameter("eps", 1e-6, positive=True, static=True, doc="The least scale.")

spread = raise_to(scale, eps)

laplace_nll_loss = Loss("LaplaceNLLLoss", log(2 * spread) + Abs(x - t) / spread)
