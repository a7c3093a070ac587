"""Dice loss with squares on softmax probabilities, of each class over batch and space.

After Milletari et al. (2016). ``smooth`` is added below the line alone, so that the loss is 1 where
nothing is predicted and nothing is there, unless ``smooth`` is 0: then it is 0. An empty batch is
nothing in this sense. ``mean`` is the mean over the classes, with or without weights.

- ``mindspore.nn.MultiClassDiceLoss``: equal.
"""

from lossgen import Loss, parameter, ratio, softmax, sum_over, tensor, weight

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
w = weight("weight", "c", doc="One weight a class.")
smooth = parameter("smooth", 1e-5, lower=0.0, doc="Added below the line.")

p = softmax(x, "c")
difference = sum_over((p - t) ** 2, "n ...")
total = sum_over(p**2, "n ...") + sum_over(t**2, "n ...")

multiclass_dice_loss = Loss("MulticlassDiceLoss", w * ratio(difference + smooth, total + smooth))
