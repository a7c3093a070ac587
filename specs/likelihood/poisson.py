"""Poisson loss of predicted means, as Keras has it: no logarithms, no constants.

After McCullagh and Nelder (1989); ``PoissonNLLLoss`` takes logarithms unless told otherwise. Means
are above 0, targets at least 0. The mean is over the number of entries, and NaN without any.

- ``keras.losses.Poisson``: target first; averages the last axis before it reduces; its mean does
  not divide by weights of samples.
- ``torch.nn.PoissonNLLLoss``: equal with ``log_input=False`` and ``eps=1e-7``.
"""

from sympy import log

from lossgen import Loss, dialect, parameter, tensor

x = tensor("input", doc="Predicted means, at least 0, of any shape.")
t = tensor("target", doc="Observed counts, at least 0, in the shape of `input`.")
eps = parameter("eps", 1e-7, lower=0.0, static=True, doc="Added to means in the logarithm.")

poisson_loss = Loss(
    "PoissonLoss",
    x - t * log(x + eps),
    dialects={"keras": dialect(mean_over=-1, weighs=False)},
)
