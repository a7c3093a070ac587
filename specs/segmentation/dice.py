"""Dice loss of each class, over batch and space (Milletari et al., 2016).

One minus the overlap of the probabilities, the sigmoid of the logits, with the target: twice what
they share over the sum of both, with ``smooth`` added to each. Where nothing is predicted and
nothing is there, the loss is 0. ``mean`` is the mean over the classes. Keras's ``Dice`` takes
probabilities and sums over all classes, without ``smooth``; optax's ``dice_loss`` is that of each
sample, with half of it.
"""

from lossgen import Loss, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = sigmoid(x)
difference = sum_over(p * (1 - t) + (1 - p) * t, "n ...")
total = sum_over(p, "n ...") + sum_over(t, "n ...")

dice_loss = Loss("DiceLoss", ratio(difference, total + smooth))
