"""One minus the cosine of the angle between prediction and target (Salton et al., 1975).

Vectors are any numbers, along the axis at position 1. A zero vector has cosine 0 with everything,
and so does its gradient. The mean is over the pairs of vectors, NaN of none.

- ``optax.losses.cosine_distance``: equal, unreduced, along the last axis.
- ``optax.losses.cosine_similarity``: one minus it, that is the cosine, unreduced.
- ``keras.losses.CosineSimilarity``: 1 less, that is minus the cosine; along the last axis; takes
  the target first.
"""

from lossgen import Loss, cosine_similarity, dialect, tensor

x = tensor("input", "n d ...", batch="n", doc="Predicted vectors, or one alone.")
t = tensor("target", "n d ...", batch="n", doc="What they should point to, as `input`.")

cosine = cosine_similarity(x, t, "d")

cosine_distance_loss = Loss(
    "CosineDistanceLoss",
    1 - cosine,
    dialects={"keras": dialect(instead={1 - cosine: -cosine}, weighs=False)},
)
