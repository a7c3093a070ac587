"""Learn the temperature of InfoNCELoss together with an encoder, from pairs of noisy views.

Run from the root of the repository: python -m examples.mindspore.learnt_temperature
"""

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from generated.mindspore import info_nce_loss

STEPS, PAIRS, FEATURES = 60, 32, 8


class Contrast(nn.Cell):
    """An encoder and the logarithm of a temperature, which so stays positive."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Dense(FEATURES, FEATURES)
        self.log_temperature = Parameter(Tensor(np.log(0.5), ms.float32), name="log_temperature")

    def construct(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the loss of a batch of pairs."""
        temperature = ops.exp(self.log_temperature)
        return info_nce_loss(self.encoder(query), self.encoder(key), temperature=temperature)


def views(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return two noisy views of the same random points."""
    points = rng.standard_normal((PAIRS, FEATURES))
    query, key = points + 0.3 * rng.standard_normal((2, PAIRS, FEATURES))
    return Tensor(query, ms.float32), Tensor(key, ms.float32)


def main() -> None:
    """Train on fresh pairs at each step, and print the loss and the temperature."""
    rng = np.random.default_rng(0)
    ms.set_seed(0)
    network = Contrast()
    optimizer = nn.Adam(network.trainable_params(), learning_rate=0.02)
    value_and_grad = ms.value_and_grad(network, None, weights=optimizer.parameters)
    for step in range(STEPS):
        loss, gradients = value_and_grad(*views(rng))
        optimizer(gradients)
        if step % 10 == 9:
            temperature = np.exp(network.log_temperature.asnumpy())
            print(f"step {step + 1:>2}: loss {loss.asnumpy():.4f}, temperature {temperature:.4f}")


if __name__ == "__main__":
    main()
