"""Negative log-likelihood of Student's t distribution about the prediction (Student, 1908).

Degrees of freedom and scale may be learnt. Inputs are any numbers. The mean is over the number of
entries, and NaN without any.

- ``torch.distributions.StudentT``: minus its ``log_prob``, unreduced.
"""

from sympy import log, loggamma, pi

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predicted locations of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
df = parameter("df", 3.0, positive=True, doc="Degrees of freedom; fewer make heavier tails.")
scale = parameter("scale", 1.0, positive=True, doc="The unit of the error.")

constant = loggamma(df / 2) - loggamma((df + 1) / 2) + log(pi * df) / 2 + log(scale)

student_t_nll_loss = Loss(
    "StudentTNLLLoss",
    constant + (df + 1) / 2 * log(1 + ((x - t) / scale) ** 2 / df),
    function="student_t_nll_loss",
)
