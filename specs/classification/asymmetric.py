"""Asymmetric loss: easy negatives fade fast, and very easy ones are left out (Ridnik et al., 2021).

A negative whose probability is at most ``clip`` costs nothing; that of the others is lowered by it.
The mean is over the number of entries, NaN of none; the authors' program takes the sum. At ``clip``
the slope is 0.
"""

from sympy import Eq, Max, Piecewise, log

from lossgen import Case, Loss, parameter, sigmoid, tensor

x = tensor("input", doc="Logits of any shape.")
t = tensor("target", doc="1 for a positive, 0 for a negative, in the shape of `input`.")
gamma_neg = parameter("gamma_neg", 4.0, lower=0.0, doc="How fast easy negatives fade.")
gamma_pos = parameter("gamma_pos", 1.0, lower=0.0, doc="How fast easy positives fade.")
clip = parameter("clip", 0.05, lower=0.0, upper=1.0, doc="What negatives are lowered by.")

p = sigmoid(x)
lowered = Max(0, p - clip)
positive = -t * (1 - p) ** gamma_pos * log(p)
negative = -(1 - t) * lowered**gamma_neg * log(1 - lowered)

asymmetric_loss = Loss(
    "AsymmetricLoss",
    (
        Case(positive - (1 - t) * p**gamma_neg * log(1 - p), when=Eq(clip, 0)),
        Case(positive + Piecewise((0, p <= clip), (negative, True))),
    ),
)
