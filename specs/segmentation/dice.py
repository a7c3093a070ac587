"""Dice loss of each class, over batch and space (Milletari et al., 2016).

One minus the overlap of the probabilities, the sigmoid of the logits, with the target; ``mean`` is
the mean over the classes.
"""

from lossgen import Loss, parameter, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = sigmoid(x)
overlap = sum_over(p * t, "n ...")
total_mass = sum_over(p, "n ...") + sum_over(t, "n ...")

dice_loss = Loss("DiceLoss", 1 - (2 * overlap + smooth) / (total_mass + smooth))
