"""Half the squared error, whose slope is the error (Bishop, 2006).

The mean is over the number of entries.

- ``optax.l2_loss``: equal, unreduced.
- ``torch.nn.functional.mse_loss``, ``chainer.functions.mean_squared_error``: twice as much.
"""

from lossgen import Loss, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")

l2_loss = Loss("L2Loss", (x - t) ** 2 / 2)
