"""Fit a line to two labels at once, with a generated loss of three arguments, in a plain loop.

Run from the root of the repository: python -m examples.mindspore.two_labels
"""

from collections.abc import Iterator

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from mindspore.dataset import GeneratorDataset
from numpy.typing import NDArray

from generated.mindspore import MultiTargetL1Loss

Points = NDArray[np.float32]
EPOCHS = 5


def samples(count: int, w: float = 2.0, b: float = 3.0) -> Iterator[tuple[Points, ...]]:
    """Yield points of the line w x + b, each measured twice; the second is low by 1 on average."""
    for _ in range(count):
        x = np.random.uniform(-10.0, 10.0)
        y1 = x * w + b + np.random.normal(0.0, 1.0)
        y2 = x * w + b + np.random.normal(-1.0, 1.0)
        yield tuple(np.array([value], np.float32) for value in (x, y1, y2))


def main() -> None:
    """Train five epochs of ten batches, and print every second loss."""
    np.random.seed(0)
    ms.set_seed(0)
    columns = ["data", "label1", "label2"]
    dataset = GeneratorDataset(list(samples(160)), column_names=columns).batch(16)
    size = dataset.get_dataset_size()
    network = nn.Dense(1, 1)
    loss_fn = MultiTargetL1Loss()
    optimizer = nn.Momentum(network.trainable_params(), learning_rate=0.005, momentum=0.9)

    def forward(data: Tensor, label1: Tensor, label2: Tensor) -> Tensor:
        loss: Tensor = loss_fn(network(data), label1, label2)
        return loss

    value_and_grad = ms.value_and_grad(forward, None, weights=optimizer.parameters)

    def train_step(data: Tensor, label1: Tensor, label2: Tensor) -> Tensor:
        loss, gradients = value_and_grad(data, label1, label2)
        optimizer(gradients)
        return loss

    network.set_train()
    for epoch in range(EPOCHS):
        print(f"Epoch {epoch + 1}\n-------------------------------")
        for batch, (data, label1, label2) in enumerate(dataset.create_tuple_iterator()):
            loss = train_step(data, label1, label2)
            if batch % 2 == 0:
                print(f"loss: {loss.asnumpy().item():>7f}  [{batch:>3d}/{size:>3d}]")
    print("Done!")


if __name__ == "__main__":
    main()
