"""Focal Tversky loss: the Tversky loss to the power ``1 / gamma`` (Abraham and Khan, 2019).

Where nothing is predicted and nothing is there, the loss is 0, so also of an empty batch, and so is
its slope, which grows without bound as the loss falls to 0 for a ``gamma`` above 1. ``mean`` is the
mean over the classes. The authors' program calls ``gamma`` the exponent itself.
"""

from segmentation.tversky import tversky_loss
from sympy import Piecewise

from lossgen import Loss, parameter, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
alpha = parameter("alpha", 0.7, lower=0.0, doc="What false positives count.")
beta = parameter("beta", 0.3, lower=0.0, doc="What false negatives count.")
gamma = parameter("gamma", 4 / 3, positive=True, doc="Above 1, hard classes count more.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

tversky = tversky_loss.of(input=x, target=t, alpha=alpha, beta=beta, smooth=smooth)

focal_tversky_loss = Loss(
    "FocalTverskyLoss", Piecewise((0, tversky <= 0), (tversky ** (1 / gamma), True))
)
