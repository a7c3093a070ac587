"""Barlow twins: features of two views should correlate, each with itself alone.

After Zbontar et al. (2021). Inputs are any numbers. The correlations are over the batch; a constant
feature, and any of an empty batch, has correlation 0 with everything, and slope 0. The loss is the
sum of two parts, ``invariance`` and ``redundancy``, each of them one number, with nothing left
to reduce.
"""

from sympy import Ne

from lossgen import (
    Loss,
    Position,
    cosine_similarity,
    indicator,
    mean_over,
    parameter,
    sum_over,
    tensor,
)

x1 = tensor("input1", "n i", doc="Features of the first view.")
x2 = tensor("input2", "n i", doc="Features of the second view, in the shape of `input1`.")
weight = parameter("weight", 0.0051, lower=0.0, doc="How much redundancy counts.")


def correlation(x, other):
    """Return the correlation of features over the batch."""
    return cosine_similarity(x - mean_over(x, "n"), other - mean_over(other, "n"), "n")


different = indicator(Ne(Position("i"), Position("j")))

barlow_twins_loss = Loss(
    "BarlowTwinsLoss",
    {
        "invariance": sum_over((1 - correlation(x1, x2)) ** 2, "i"),
        "redundancy": weight * sum_over(different * correlation(x1, x2.at("n j")) ** 2, "i j"),
    },
)
