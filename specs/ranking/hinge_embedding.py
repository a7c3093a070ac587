"""Hinge embedding loss: distances of like pairs should be small, those of unlike ones a margin.

After Hadsell et al. (2006), not squared. A pair with target 1 costs its distance, one with target
-1 what the distance lacks to ``margin``; other targets cost both. Distances are any numbers. The
mean is over the number of entries, NaN of none. At the hinge the slope is -1.

- ``mindspore.nn.HingeEmbeddingLoss``: equal.
"""

from sympy import Eq, Piecewise

from lossgen import Loss, hinge, parameter, tensor

x = tensor("input", doc="Distances of any shape.")
t = tensor("target", doc="1 where a pair is alike, else -1, in the shape of `input`.")
margin = parameter("margin", 1.0, doc="Distances from here on cost nothing with target -1.")

near, far = x, hinge(margin - x)

hinge_embedding_loss = Loss(
    "HingeEmbeddingLoss",
    Piecewise((near, Eq(t, 1)), (far, Eq(t, -1)), (near + far, True)),
    signature=(margin, "reduction"),
)
