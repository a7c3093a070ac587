"""Triplet margin loss of a distance that the caller chooses.

After Schroff et al. (2015); with ``swap`` the negative may be as close to the positive instead
(Balntas et al., 2016). Vectors are any numbers. The distance is one of those named below, or a
function of two inputs, which the framework differentiates; the loss then has the dtype of its
distances. The mean is over them, NaN of none. At the hinge the slope is that of its active side.
"""

from sympy import Abs, Min

from lossgen import (
    Case,
    Loss,
    cosine_similarity,
    function,
    hinge,
    norm,
    parameter,
    sum_over,
    tensor,
)

anchor = tensor("anchor", "... d", doc="One vector a triplet.")
positive = tensor("positive", "... d", doc="What should be close, as `anchor`.")
negative = tensor("negative", "... d", doc="What should be far, as `anchor`.")
distance = function(
    "distance_function",
    {
        "euclidean": lambda a, b: norm(a - b + 1e-6, "d"),
        "squared_euclidean": lambda a, b: sum_over((a - b) ** 2, "d"),
        "manhattan": lambda a, b: sum_over(Abs(a - b), "d"),
        "cosine": lambda a, b: 1 - cosine_similarity(a, b, "d"),
    },
    doc="The distance: its name, or a function of two inputs; None is the Euclidean one.",
)
margin = parameter("margin", 1.0, positive=True, doc="By how much closer.")
swap = parameter("swap", False, doc="Whether the closer of anchor and positive counts.")

near = distance(anchor, positive)
far = distance(anchor, negative)
across = distance(positive, negative)

triplet_margin_with_distance_loss = Loss(
    "TripletMarginWithDistanceLoss",
    (
        Case(hinge(near - Min(far, across) + margin), when=swap, name="swapped"),
        Case(hinge(near - far + margin), name="plain"),
    ),
)
