"""Tversky loss of each class, over batch and space (Salehi et al., 2017).

One minus the Tversky index, the share of what is found, false positives counting ``alpha`` and
false negatives ``beta``; probabilities are the sigmoid of the logits. Where nothing is predicted
and nothing is there, the loss is 0, so also of an empty batch. ``mean`` is the mean over the
classes.

- ``keras.losses.Tversky``: of probabilities; sums over the classes, too; adds 1e-7 below the line
  alone, so that it is 1 where nothing is; calls ``alpha`` what is ``beta`` here; takes the target
  first.
"""

from lossgen import Loss, dialect, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
alpha = parameter("alpha", 0.5, lower=0.0, doc="What false positives count.")
beta = parameter("beta", 0.5, lower=0.0, doc="What false negatives count.")
smooth = parameter("smooth", 1.0, lower=0.0, doc="Added to both sides of the ratio.")

p = sigmoid(x)
overlap = sum_over(p * t, "n ...")


def counted(alpha, beta):
    """Return the false positives and negatives, as they count."""
    return sum_over(alpha * p * (1 - t) + beta * (1 - p) * t, "n ...")


false = counted(alpha, beta)
whole = {
    overlap: sum_over(overlap, "c"),
    false: sum_over(counted(beta, alpha), "c") + smooth,
    smooth: 0,
}

tversky_loss = Loss(
    "TverskyLoss",
    ratio(false, overlap + false + smooth),
    dialects={"keras": dialect(instead=whole, smooth=1e-7)},
)
