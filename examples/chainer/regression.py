"""A chain that ends in a generated loss, trained by hand: forward, backward, update.

Run it with ``python -m examples.chainer.regression``.
"""

import chainer
import numpy as np
from chainer import functions, links
from numpy.typing import NDArray

from generated.chainer import MSELoss


class Regressor(chainer.Chain):
    """Two layers and the loss, which is a child like any other Link."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = links.Linear(None, 10)
            self.l2 = links.Linear(10, 1)
            self.loss = MSELoss()

    def forward(self, x: NDArray[np.float32], t: NDArray[np.float32]) -> chainer.Variable:
        """Return the loss of a batch."""
        return self.loss(self.l2(functions.relu(self.l1(x))), t)


def main() -> None:
    """Train on the sum of ten numbers, which the chain has to find out."""
    np.random.seed(0)  # Chainer draws its weights from here
    x = np.random.rand(64, 10).astype(np.float32)
    t = x.sum(axis=1, keepdims=True)
    model = Regressor()
    optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)
    for step in range(201):
        loss = model(x, t)
        if step % 50 == 0:
            print(f"step {step:3d}  loss {loss.array:.6f}")  # known before backward
        model.cleargrads()
        loss.backward()
        optimizer.update()


if __name__ == "__main__":
    main()
