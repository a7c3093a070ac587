"""A loss with an L2 penalty on a layer's weights, which have a gradient through it.

Run it with ``python -m examples.chainer.regularised``.
"""

import chainer
import numpy as np
from chainer import functions, links

from generated.chainer import MSEWithL2Loss


def main() -> None:
    """Train on the sum of ten numbers while the first layer is kept small."""
    np.random.seed(0)  # Chainer draws its weights from here
    x = np.random.rand(64, 10).astype(np.float32)
    t = x.sum(axis=1, keepdims=True)
    l1, l2 = links.Linear(10, 10), links.Linear(10, 1)
    model = chainer.Chain(l1=l1, l2=l2)
    criterion = MSEWithL2Loss(coefficient=0.01)
    optimizer = chainer.optimizers.Adam(alpha=0.01)
    optimizer.setup(model)
    for step in range(101):
        y = l2(functions.relu(l1(x)))
        loss = criterion(y, t, l1.W)
        if step % 20 == 0:
            penalty = criterion.parts(y, t, l1.W)["l2"]
            print(f"step {step:3d}  loss {loss.array:.6f}  of which penalty {penalty.array:.6f}")
        model.cleargrads()
        loss.backward()
        optimizer.update()


if __name__ == "__main__":
    main()
