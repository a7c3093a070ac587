"""Triplet loss of squared distances: the positive should be closer by a margin.

After Schroff et al. (2015). Vectors are any numbers. The mean is over the triplets, NaN of none; at
the hinge the slope is 0. `TripletMarginLoss` takes distances that are not squared.

- ``chainer.functions.triplet``: equal.
"""

from sympy import Max

from lossgen import Loss, parameter, sum_over, tensor

anchor = tensor("anchor", "n d", batch="n", doc="One vector a triplet, or one alone.")
positive = tensor("positive", "n d", batch="n", doc="What should be close, as `anchor`.")
negative = tensor("negative", "n d", batch="n", doc="What should be far, as `anchor`.")
margin = parameter("margin", 0.2, positive=True, doc="By how much closer, squared.")

near = sum_over((anchor - positive) ** 2, "d")
far = sum_over((anchor - negative) ** 2, "d")

triplet_loss = Loss("TripletLoss", Max(0, near - far + margin))
