"""Negative log-likelihood of a Gaussian with predicted mean and logarithm of the variance.

After Nix and Weigend (1994). ``full`` adds the constant, half the logarithm of two pi. Inputs are
any numbers. The mean is over the number of entries, and NaN without any.

- ``torch.nn.GaussianNLLLoss``: equal, given the variance.
- ``chainer.functions.gaussian_nll``: target first; always adds the constant; sums unless told
  otherwise.
"""

from sympy import exp, log, pi

from lossgen import Loss, dialect, parameter, tensor

x = tensor("input", doc="Predicted means of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
log_var = tensor("log_var", doc="Logarithms of predicted variances, as `input`.")
full = parameter("full", False, doc="Whether to add the constant.")

log_var_gaussian_nll_loss = Loss(
    "LogVarGaussianNLLLoss",
    (log_var + (x - t) ** 2 * exp(-log_var)) / 2 + full * log(2 * pi) / 2,
    dialects={"chainer": dialect(full=True)},
)
