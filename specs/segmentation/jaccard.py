"""Jaccard (IoU) loss of each class, over batch and space (Rahman and Wang, 2016).

One minus intersection over union of the probabilities, the sigmoid of the logits, with the target.
Where nothing is predicted and nothing is there, the loss is 0, so also of an empty batch. ``mean``
is the mean over the classes.
"""

from lossgen import Loss, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = sigmoid(x)
intersection = sum_over(p * t, "n ...")
difference = sum_over(p * (1 - t) + (1 - p) * t, "n ...")
union = intersection + difference

jaccard_loss = Loss("JaccardLoss", ratio(difference, union + smooth))
