"""Tweedie loss for quantities that are often 0 and else positive (Tweedie, 1984; Jorgensen, 1987).

The variance is that power of the mean, between 1 (Poisson) and 2 (gamma). Predicted are logarithms
of means, any numbers, or with ``log_input=False`` means, above 0. Terms of the target alone are
left out. The mean is over the number of entries, and NaN without any. XGBoost and LightGBM take
logarithms and have the same loss.
"""

from sympy import exp

from lossgen import Case, Loss, parameter, tensor

x = tensor("input", doc="Logarithms of predicted means, or the means, of any shape.")
t = tensor("target", doc="What was observed, at least 0, in the shape of `input`.")
power = parameter("power", 1.5, lower=1.0, upper=2.0, doc="Between 1 and 2, neither included.")
log_input = parameter("log_input", True, doc="Whether `input` holds logarithms.")


def negative_log_likelihood(low, high):
    """Return it, given the mean to the powers ``1 - power`` and ``2 - power``."""
    return t * low / (power - 1) + high / (2 - power)


tweedie_loss = Loss(
    "TweedieLoss",
    (
        Case(
            negative_log_likelihood(exp((1 - power) * x), exp((2 - power) * x)),
            when=log_input,
            name="log_mean",
        ),
        Case(negative_log_likelihood(x ** (1 - power), x ** (2 - power)), name="mean"),
    ),
)
