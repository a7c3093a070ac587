"""Adaptive wing loss for heatmaps: sharper where the target is foreground (Wang et al., 2019).

Predictions are any numbers, targets from 0 to 1. The mean is over the number of entries, and NaN
without any. The slope at 0 is 0; at ``theta`` the two sides have one slope.
"""

from sympy import Abs, Piecewise, log

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor(
    "target", lower=0.0, upper=1.0, doc="The heatmap, between 0 and 1, in the shape of `input`."
)
omega = parameter("omega", 14.0, positive=True, doc="How much the logarithm counts.")
theta = parameter("theta", 0.5, positive=True, doc="Up to which error the loss is logarithmic.")
eps = parameter("eps", 1.0, positive=True, doc="The less, the more the logarithm bends.")
alpha = parameter("alpha", 2.1, lower=2.0, doc="The exponent where the target is 0.")

abs_error = Abs(x - t)
power = alpha - t
border = (theta / eps) ** power
slope = omega * power * border / (1 + border) / theta
near = omega * log(1 + (abs_error / eps) ** power)
far = slope * (abs_error - theta) + omega * log(1 + border)

adaptive_wing_loss = Loss("AdaptiveWingLoss", Piecewise((near, abs_error < theta), (far, True)))
