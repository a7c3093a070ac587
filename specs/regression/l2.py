"""Half the squared error, whose slope is the error (Bishop, 2006).

Inputs are any numbers. The mean is over the number of entries, and NaN without any.

- ``optax.losses.l2_loss``: equal, unreduced.
"""

from lossgen import Loss, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")

l2_loss = Loss("L2Loss", (x - t) ** 2 / 2)
