"""Dice loss of each class on softmax probabilities, over batch and space (Milletari et al., 2016).

One minus the overlap of the probabilities, the softmax of the logits, with the target. Where
nothing is predicted and nothing is there, the loss is 0, so also of an empty batch. ``mean`` is the
mean over the classes, with or without weights.

- ``optax.losses.dice_loss``: the mean over the classes of that of each sample, unreduced, with half
  of ``smooth`` and the classes last.
- ``optax.losses.multiclass_generalized_dice_loss``: likewise, with weights of 1 over the squared
  volumes of the classes, which add up to their number.
"""

from lossgen import Loss, dialect, parameter, ratio, softmax, sum_over, tensor, weight

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
w = weight("weight", "c", doc="One weight a class.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = softmax(x, "c")
mismatch, both = p * (1 - t) + (1 - p) * t, p + t
difference, total = sum_over(mismatch, "n ..."), sum_over(both, "n ...")
each = {difference: sum_over(mismatch, "..."), total: sum_over(both, "..."), smooth: 2 * smooth}

softmax_dice_loss = Loss(
    "SoftmaxDiceLoss",
    w * ratio(difference, total + smooth),
    dialects={"optax": dialect(instead=each, mean_over="c")},
)
