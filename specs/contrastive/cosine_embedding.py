"""Cosine embedding loss: pairs that belong together should point the same way.

After Salton et al. (1975). A pair with target 1 costs one minus the cosine of its angle, one with
target -1 what the cosine exceeds ``margin`` by; other targets cost nothing. Each vector has 1e-12
added to its squared length, so that a zero vector has cosine 0. Vectors are any numbers. The mean
is over the number of pairs, NaN of none. At the hinge the slope is that of its active side.

- ``mindspore.nn.CosineEmbeddingLoss``: equal; adds nothing, so that a zero vector gives NaN.
"""

from sympy import Eq, Piecewise

from lossgen import Loss, hinge, norm, parameter, ratio, sum_over, tensor

x1 = tensor("input1", "n d", batch="n", doc="One vector a pair, or one alone.")
x2 = tensor("input2", "n d", batch="n", doc="The other vectors, in the shape of `input1`.")
t = tensor("target", "n", batch="n", doc="1 where a pair belongs together, else -1.")
margin = parameter("margin", 0.0, doc="Cosines up to this cost nothing with target -1.")

length1, length2 = norm(x1, "d", floor=1e-6), norm(x2, "d", floor=1e-6)
cosine = sum_over(ratio(x1, length1) * ratio(x2, length2), "d")

cosine_embedding_loss = Loss(
    "CosineEmbeddingLoss",
    Piecewise((1 - cosine, Eq(t, 1)), (hinge(cosine - margin), Eq(t, -1)), (0, True)),
    signature=(margin, "reduction"),
)
