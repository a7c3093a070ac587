"""Triplet margin loss: an anchor should be closer to its positive than to its negative by a margin.

After Schroff et al. (2015). Distances are norms of order ``p`` of differences, with ``eps`` added
to each entry; with ``swap`` the negative may be as close to the positive instead (Balntas et al.,
2016). The mean is over the number of triplets.
"""

from sympy import Min

from lossgen import Case, Loss, hinge, norm, parameter, tensor

anchor = tensor("anchor", "n d", batch="n", doc="One vector a triplet, or one alone.")
positive = tensor("positive", "n d", batch="n", doc="What should be close, as `anchor`.")
negative = tensor("negative", "n d", batch="n", doc="What should be far, as `anchor`.")
margin = parameter("margin", 1.0, positive=True, doc="By how much closer.")
p = parameter("p", 2.0, lower=1.0, static=True, doc="The order of the norm.")
eps = parameter("eps", 1e-6, static=True, doc="Added to each entry of a difference.")
swap = parameter("swap", False, doc="Whether the closer of anchor and positive counts.")

near = norm(anchor - positive + eps, "d", p=p)
far = norm(anchor - negative + eps, "d", p=p)
across = norm(positive - negative + eps, "d", p=p)

triplet_margin_loss = Loss(
    "TripletMarginLoss",
    (
        Case(hinge(near - Min(far, across) + margin), when=swap, name="swapped"),
        Case(hinge(near - far + margin), name="plain"),
    ),
    signature=(margin, p, eps, swap, "reduction"),
)
