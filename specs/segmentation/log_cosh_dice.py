"""Log-cosh Dice loss: the logarithm of the hyperbolic cosine of the Dice loss (Jadon, 2020).

Dice is that of each class over batch and space, on the sigmoid of the logits; where nothing is
predicted and nothing is there, the loss is 0, so also of an empty batch. ``mean`` is the mean over
the classes.
"""

from sympy import cosh, log

from lossgen import Loss, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = sigmoid(x)
difference = sum_over(p * (1 - t) + (1 - p) * t, "n ...")
dice = ratio(difference, sum_over(p + t, "n ...") + smooth)

log_cosh_dice_loss = Loss("LogCoshDiceLoss", log(cosh(dice)))
