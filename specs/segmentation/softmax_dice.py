"""Dice loss of each class on softmax probabilities, over batch and space (Milletari et al., 2016).

One minus the overlap of the probabilities, the softmax of the logits, with the target. Where
nothing is predicted and nothing is there, the loss is 0. ``mean`` is the mean over the classes.
optax's ``dice_loss`` is that of each sample, with half of ``smooth``.
"""

from lossgen import Loss, parameter, ratio, softmax, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = softmax(x, "c")
difference = sum_over(p * (1 - t) + (1 - p) * t, "n ...")
total = sum_over(p + t, "n ...")

softmax_dice_loss = Loss("SoftmaxDiceLoss", ratio(difference, total + smooth))
