"""Mean absolute percentage error: errors in percent of what was observed.

Targets closer to 0 than ``eps`` count as ``eps`` away. The mean is over the number of entries. The
slope at 0 is 0.

- ``keras.losses.MeanAbsolutePercentageError``: equal; takes the target first.
"""

from sympy import Abs, Max

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What was observed, in the shape of `input`.")
eps = parameter("eps", 1e-7, positive=True, static=True, doc="The least size of a target.")

mape_loss = Loss("MAPELoss", 100 * Abs(x - t) / Max(Abs(t), eps))
