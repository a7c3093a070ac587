"""Generalised Dice loss: classes weigh by the inverse square of their volume (Sudre et al., 2017).

Probabilities are the softmax of the logits; the unreduced loss is that of each sample, over its
classes and space, and the mean is over the samples, NaN of none. A class that is not there has no
weight, and a sample with no class at all the loss 0. optax's loss of this name is the Dice loss of
each class with such weights: see `SoftmaxDiceLoss`.
"""

from lossgen import Loss, ratio, softmax, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")

p = softmax(x, "c")
volume = sum_over(t, "...")
class_weight = ratio(1, volume**2)
difference = sum_over(p * (1 - t) + (1 - p) * t, "...")
total = sum_over(p + t, "...")

generalized_dice_loss = Loss(
    "GeneralizedDiceLoss",
    ratio(sum_over(class_weight * difference, "c"), sum_over(class_weight * total, "c")),
)
