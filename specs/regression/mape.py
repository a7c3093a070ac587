"""Mean absolute percentage error: errors in percent of what was observed.

After Hyndman and Koehler (2006). Targets closer to 0 than ``eps`` count as ``eps`` away. Inputs are
any numbers. The mean is over the number of entries, and NaN without any. The slope at 0 is 0.

- ``keras.losses.MeanAbsolutePercentageError``: target first; averages the last axis before it
  reduces; its mean does not divide by weights of samples.
"""

from sympy import Abs, Max

from lossgen import Loss, dialect, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
eps = parameter("eps", 1e-7, positive=True, static=True, doc="The least size of a target.")

mape_loss = Loss(
    "MAPELoss",
    100 * Abs(x - t) / Max(Abs(t), eps),
    dialects={"keras": dialect(mean_over=-1, weighs=False)},
)
