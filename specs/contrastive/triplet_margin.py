"""Triplet margin loss: an anchor should be closer to its positive than to its negative by a margin.

After Schroff et al. (2015). Distances are norms of order ``p`` of differences, with ``eps`` added
to each entry; with ``swap`` the negative may be as close to the positive instead (Balntas et al.,
2016). Vectors are any numbers. The mean is over the number of triplets, NaN of none. At the hinge
the slope is that of its active side. Chainer's `TripletLoss` takes squared distances.

- ``optax.losses.triplet_margin_loss``: unreduced; adds ``eps`` to the sum of the powers instead.
"""

from sympy import Abs, Min

from lossgen import Case, Loss, dialect, hinge, norm, parameter, sum_over, tensor

anchor = tensor("anchor", "n d", batch="n", doc="One vector a triplet, or one alone.")
positive = tensor("positive", "n d", batch="n", doc="What should be close, as `anchor`.")
negative = tensor("negative", "n d", batch="n", doc="What should be far, as `anchor`.")
margin = parameter("margin", 1.0, positive=True, doc="By how much closer.")
p = parameter("p", 2.0, lower=1.0, static=True, doc="The order of the norm.")
eps = parameter("eps", 1e-6, static=True, doc="Added to each entry of a difference.")
swap = parameter("swap", False, doc="Whether the closer of anchor and positive counts.")

gaps = anchor - positive, anchor - negative, positive - negative
near, far, across = (norm(gap + eps, "d", p=p) for gap in gaps)
inside = [(sum_over(Abs(gap) ** p, "d") + eps) ** (1 / p) for gap in gaps]

triplet_margin_loss = Loss(
    "TripletMarginLoss",
    (
        Case(hinge(near - Min(far, across) + margin), when=swap, name="swapped"),
        Case(hinge(near - far + margin), name="plain"),
    ),
    signature=(margin, p, eps, swap, "reduction"),
    dialects={"optax": dialect(instead=dict(zip((near, far, across), inside, strict=True)))},
)
