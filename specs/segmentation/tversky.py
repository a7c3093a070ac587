"""Tversky loss of each class, over batch and space (Salehi et al., 2017).

One minus the Tversky index, the share of what is found, false positives counting ``alpha`` and
false negatives ``beta``; probabilities are the sigmoid of the logits. Where nothing is predicted
and nothing is there, the loss is 0. ``mean`` is the mean over the classes. Keras's ``Tversky``
takes probabilities, sums over all classes, and calls ``alpha`` what is ``beta`` here.
"""

from lossgen import Loss, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
alpha = parameter("alpha", 0.5, lower=0.0, doc="What false positives count.")
beta = parameter("beta", 0.5, lower=0.0, doc="What false negatives count.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = sigmoid(x)
overlap = sum_over(p * t, "n ...")
false = sum_over(alpha * p * (1 - t) + beta * (1 - p) * t, "n ...")

tversky_loss = Loss("TverskyLoss", ratio(false, overlap + false + smooth))
