"""Negative log-likelihood of an angle around a predicted one, less its least (von Mises, 1918).

Angles are in radians, any numbers, of which whole turns do not count. The normalising constant is
left out: it depends on the concentration alone, which is therefore not learnt. The mean is over
the number of entries, and NaN without any.

- ``torch.distributions.VonMises``: what its ``log_prob`` loses against the predicted angle itself,
  unreduced.
"""

from sympy import sin

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predicted angles of any shape.")
t = tensor("target", doc="Observed angles, in the shape of `input`.")
concentration = parameter(
    "concentration", 1.0, positive=True, static=True, doc="How close together angles lie."
)

von_mises_loss = Loss("VonMisesLoss", 2 * concentration * sin((x - t) / 2) ** 2)
