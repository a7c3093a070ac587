"""Combo loss: weighted cross-entropy plus Dice loss (Taghanaki et al., 2019).

``beta`` is the weight of the foreground in the cross-entropy, and ``1 - beta`` that of the
background. Logits are any numbers. The cross-entropy has its mean over the entries, NaN of none,
and the Dice loss over the classes. The paper subtracts the Dice coefficient instead, which makes
its loss smaller by ``1 - alpha``.
"""

from segmentation.dice import dice_loss
from sympy import log

from lossgen import Loss, parameter, sigmoid, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
alpha = parameter("alpha", 0.5, lower=0.0, upper=1.0, doc="Weight of the cross-entropy.")
beta = parameter("beta", 0.5, lower=0.0, upper=1.0, doc="Weight of the foreground in it.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of Dice's ratio.")

p = sigmoid(x)
cross_entropy = -beta * t * log(p) - (1 - beta) * (1 - t) * log(1 - p)
dice = dice_loss.of(input=x, target=t, smooth=smooth)

combo_loss = Loss("ComboLoss", {"cross_entropy": alpha * cross_entropy, "dice": (1 - alpha) * dice})
