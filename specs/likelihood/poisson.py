"""Poisson loss of predicted means, as Keras has it: no logarithms, no constants.

``PoissonNLLLoss`` takes logarithms unless told otherwise; Keras takes the target first. The mean is
over the number of entries.
"""

from sympy import log

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predicted means, at least 0, of any shape.")
t = tensor("target", doc="Observed counts, at least 0, in the shape of `input`.")
eps = parameter("eps", 1e-7, lower=0.0, static=True, doc="Added to means in the logarithm.")

poisson_loss = Loss("PoissonLoss", x - t * log(x + eps))
