"""Margin ranking loss: of two scores, the one that should be higher should be so by a margin.

After Herbrich et al. (2000). Scores are any numbers. The mean is over the number of pairs, NaN of
none. At the hinge the slope is that of its active side.

- ``mindspore.nn.MarginRankingLoss``: equal.
"""

from lossgen import Loss, hinge, parameter, tensor

x1 = tensor("input1", doc="The first score of each pair, of any shape.")
x2 = tensor("input2", doc="The second scores, in the shape of `input1`.")
t = tensor("target", doc="1 where the first should be higher, -1 where the second, as `input1`.")
margin = parameter("margin", 0.0, doc="By how much.")

margin_ranking_loss = Loss(
    "MarginRankingLoss", hinge(margin - t * (x1 - x2)), signature=(margin, "reduction")
)
