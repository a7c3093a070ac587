"""Mean squared logarithmic error: errors of the logarithm of one plus a quantity.

As Keras defines it (Chollet, 2015). Quantities, at least 0, count as ``eps`` where they are below
it, and then have no gradient; halfway at ``eps`` itself. The mean is over the number of entries,
and NaN without any.

- ``keras.losses.MeanSquaredLogarithmicError``: target first; averages the last axis before it
  reduces; its mean does not divide by weights of samples.
"""

from sympy import Max, log

from lossgen import Loss, dialect, parameter, tensor

x = tensor("input", doc="Predicted quantities of any shape.")
t = tensor("target", doc="Observed quantities, in the shape of `input`.")
eps = parameter("eps", 1e-7, lower=0.0, static=True, doc="The least quantity.")

msle_loss = Loss(
    "MSLELoss",
    (log(1 + Max(x, eps)) - log(1 + Max(t, eps))) ** 2,
    dialects={"keras": dialect(mean_over=-1, weighs=False)},
)
