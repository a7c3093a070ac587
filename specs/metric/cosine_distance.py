"""One minus the cosine of the angle between prediction and target, along the axis at position 1.

A zero vector has cosine 0 with everything, and so does its gradient. The mean is over the pairs of
vectors. It equals ``optax.losses.cosine_distance``; Keras's CosineSimilarity is 1 less.
"""

from lossgen import Loss, cosine_similarity, tensor

x = tensor("input", "n d ...", batch="n", doc="Predicted vectors, or one alone.")
t = tensor("target", "n d ...", batch="n", doc="What they should point to, as `input`.")

cosine_distance_loss = Loss("CosineDistanceLoss", 1 - cosine_similarity(x, t, "d"))
