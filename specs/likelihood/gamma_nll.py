"""Negative log-likelihood of a gamma distribution with a predicted mean and a fixed shape.

Predicted are logarithms of means, any numbers, or with ``log_input=False`` means, above 0. The
factor of the shape and the terms of the target alone are left out (McCullagh and Nelder, 1989). The
mean is over the number of entries, and NaN without any. LightGBM takes logarithms and has the same
gradient.
"""

from sympy import exp, log

from lossgen import Case, Loss, parameter, tensor

x = tensor("input", doc="Logarithms of predicted means, or the means, of any shape.")
t = tensor("target", doc="What was observed, above 0, in the shape of `input`.")
log_input = parameter("log_input", True, doc="Whether `input` holds logarithms.")

gamma_nll_loss = Loss(
    "GammaNLLLoss",
    (
        Case(x + t * exp(-x), when=log_input, name="log_mean"),
        Case(log(x) + t / x, name="mean"),
    ),
)
