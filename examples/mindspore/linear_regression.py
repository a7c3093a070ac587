"""Fit a line with `Model` and a generated L1Loss, which is given like any loss of MindSpore's own.

Run from the root of the repository: python -m examples.mindspore.linear_regression
"""

from collections.abc import Iterator

import mindspore as ms
import numpy as np
from mindspore import nn
from mindspore.dataset import GeneratorDataset
from mindspore.train import LossMonitor, Model
from numpy.typing import NDArray

from generated.mindspore import L1Loss

Points = NDArray[np.float32]


def samples(count: int, w: float = 2.0, b: float = 3.0) -> Iterator[tuple[Points, Points]]:
    """Yield points of the line w x + b with normal noise."""
    for _ in range(count):
        x = np.random.uniform(-10.0, 10.0)
        y = x * w + b + np.random.normal(0.0, 1.0)
        yield np.array([x], np.float32), np.array([y], np.float32)


def main() -> None:
    """Train ten epochs of ten batches; LossMonitor prints the last loss of each."""
    np.random.seed(0)
    ms.set_seed(0)
    dataset = GeneratorDataset(list(samples(160)), column_names=["data", "label"]).batch(16)
    network = nn.Dense(1, 1)
    optimizer = nn.Momentum(network.trainable_params(), learning_rate=0.005, momentum=0.9)
    model = Model(network, L1Loss(), optimizer)
    model.train(10, dataset, callbacks=[LossMonitor(10)])
    weight, bias = network.weight.asnumpy().item(), network.bias.asnumpy().item()
    print(f"learnt: {weight:.2f} x + {bias:.2f}")


if __name__ == "__main__":
    main()
