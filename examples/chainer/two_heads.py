"""A network with two heads under a Trainer, which logs the loss of each head by its name.

Run it with ``python -m examples.chainer.two_heads``.
"""

import tempfile

import chainer
import numpy as np
from chainer import functions, links, training
from chainer.training import extensions
from numpy.typing import NDArray

from generated.chainer import TwoHeadLoss


class TwoHeads(chainer.Chain):
    """Two predictions from one hidden layer, and one loss of both."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = links.Linear(None, 10)
            self.head1 = links.Linear(10, 1)
            self.head2 = links.Linear(10, 1)
            self.criterion = TwoHeadLoss()  # reports its parts as main/criterion/loss1 and loss2

    def forward(
        self, x: NDArray[np.float32], t1: NDArray[np.float32], t2: NDArray[np.float32]
    ) -> chainer.Variable:
        """Return the loss of a batch, and report it."""
        h = functions.relu(self.l1(x))
        loss = self.criterion(self.head1(h), t1, self.head2(h), t2)
        chainer.report({"loss": loss}, self)
        return loss


def main() -> None:
    """Train on the sum and on the largest of ten numbers."""
    np.random.seed(0)  # Chainer draws its weights and its batches from here
    x = np.random.rand(160, 10).astype(np.float32)
    dataset = chainer.datasets.TupleDataset(
        x, x.sum(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    )
    train, test = dataset[:128], dataset[128:]
    model = TwoHeads()
    optimizer = chainer.optimizers.Adam(alpha=0.01)
    optimizer.setup(model)
    updater = training.StandardUpdater(chainer.iterators.SerialIterator(train, 16), optimizer)
    shown = ("loss", "criterion/loss1", "criterion/loss2")
    with tempfile.TemporaryDirectory() as folder:
        trainer = training.Trainer(updater, (10, "epoch"), out=folder)
        batches = chainer.iterators.SerialIterator(test, 16, repeat=False, shuffle=False)
        trainer.extend(extensions.Evaluator(batches, model))
        trainer.extend(extensions.LogReport())
        columns = [f"{set_}{name}" for name in shown for set_ in ("main/", "validation/main/")]
        trainer.extend(extensions.PrintReport(["epoch", *columns]))
        trainer.run()


if __name__ == "__main__":
    main()
