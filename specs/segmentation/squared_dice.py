"""Dice loss with squares in the denominator, of each class (Milletari et al., 2016).

Over batch and space. Probabilities are the sigmoid of the logits. ``smooth`` is added below the
line alone, so that the loss is 1 where nothing is predicted and nothing is there, unless ``smooth``
is 0: then it is 0. An empty batch is nothing in this sense. ``mean`` is the mean over the classes.

- ``mindspore.nn.DiceLoss``: of probabilities; sums over the classes, too.
"""

from lossgen import Loss, dialect, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
smooth = parameter("smooth", 1e-5, lower=0.0, doc="Added below the line.")

p = sigmoid(x)
difference = sum_over((p - t) ** 2, "n ...")
total = sum_over(p**2 + t**2, "n ...")

squared_dice_loss = Loss(
    "SquaredDiceLoss",
    ratio(difference + smooth, total + smooth),
    dialects={
        "mindspore": dialect(instead={part: sum_over(part, "c") for part in (difference, total)})
    },
)
