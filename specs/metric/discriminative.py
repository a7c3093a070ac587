"""Discriminative clustering: clusters are tight, and far from each other.

Of three parts (De Brabandere et al., 2017): by how much members are further than ``pull`` from the
centre of their cluster, and two centres closer than twice ``push``, both squared; and the lengths
of the centres. Each is the mean over the clusters, or their pairs, whatever their sizes; of one
cluster there are no pairs, and of none the loss is 0. Vectors are any numbers, labels are only
compared. At the hinges the slope is 0. Memory grows with the square of the number of members.

- ``chainer.functions.discriminative_margin_based_clustering_loss``: with ``norm=2`` equal, of one
  image that has as many clusters, numbered from 1, as features; gives the parts; its gradient is
  NaN.
"""

from sympy import Eq, Max, Ne, Piecewise

from lossgen import Loss, indicator, label, norm, parameter, ratio, sum_over, tensor

x = tensor("input", "i d", doc="One vector a member, as each pixel of an image.")
y = label("target", "i", doc="The cluster of each, any integer.")
pull = parameter("pull", 0.5, lower=0.0, doc="The distance from the centre that costs nothing.")
push = parameter("push", 1.5, lower=0.0, doc="Half the distance of centres that costs nothing.")
length_weight = parameter("length_weight", 0.001, lower=0.0, doc="The weight of the lengths.")


def centre(own, other, share):
    return share * sum_over(indicator(Eq(own, y.at(other))) * x.at(f"{other} d"), other)


share = 1 / sum_over(indicator(Eq(y, y.at("j"))), "j")
other_share = 1 / sum_over(indicator(Eq(y.at("k"), y.at("l"))), "l")
clusters = sum_over(share, "i")
own = centre(y, "j", share)
others = centre(y.at("k"), "l", other_share)

excess = Max(0, norm(x - own, "d") - pull)
nearness = Max(0, 2 * push - norm(own - others, "d"))
pairs = Piecewise((share * other_share * nearness**2, Ne(y, y.at("k"))), (0, True))

discriminative_loss = Loss(
    "DiscriminativeLoss",
    {
        "variance": ratio(sum_over(share * excess**2, "i"), clusters),
        "distance": ratio(sum_over(pairs, "i k"), clusters * (clusters - 1)),
        "length": length_weight * ratio(sum_over(share * norm(own, "d"), "i"), clusters),
    },
)
