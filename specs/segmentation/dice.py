"""Dice loss of each class, over batch and space (Milletari et al., 2016).

One minus the overlap of the probabilities, the sigmoid of the logits, with the target: twice what
they share over the sum of both, with ``smooth`` added to each. Where nothing is predicted and
nothing is there, the loss is 0, so also of an empty batch. ``mean`` is the mean over the classes.

- ``keras.losses.Dice``: of probabilities; sums over the classes, too; adds 1e-7 below the line
  alone, so that it is 1 where nothing is; takes the target first.
- ``optax.losses.binary_dice_loss``: that of each sample, unreduced, with half of ``smooth``.
"""

from lossgen import Loss, dialect, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = sigmoid(x)
mismatch, both = p * (1 - t) + (1 - p) * t, p + t
difference, total = sum_over(mismatch, "n ..."), sum_over(both, "n ...")
whole = {difference: sum_over(difference, "c") + smooth, total: sum_over(total, "c")}
each = {difference: sum_over(mismatch, "..."), total: sum_over(both, "..."), smooth: 2 * smooth}

dice_loss = Loss(
    "DiceLoss",
    ratio(difference, total + smooth),
    dialects={
        "keras": dialect(instead=whole, smooth=1e-7),
        "optax": dialect(instead=each, mean_over="c"),
    },
)
