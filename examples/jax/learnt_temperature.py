"""Contrastive learning whose temperature is learnt: the loss is a part of the model.

Run it with ``python -m examples.jax.learnt_temperature``.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from generated.jax import InfoNCELoss


class Model(NamedTuple):
    """A linear encoder, and the loss, whose temperature is a leaf as the weights are."""

    weights: jax.Array
    loss: InfoNCELoss


def main() -> None:
    """Bring two noisy views of each sample together, and find how sharply to compare them."""
    keys = jax.random.split(jax.random.key(0), 4)
    samples = jax.random.normal(keys[0], (256, 16))
    first = samples + jax.random.normal(keys[1], samples.shape)
    second = samples + jax.random.normal(keys[2], samples.shape)
    weights = 0.1 * jax.random.normal(keys[3], (16, 8))
    model = Model(weights, InfoNCELoss(temperature=jnp.asarray(0.5)))
    optimizer = optax.adam(1e-2)
    state = optimizer.init(model)

    def loss(model: Model) -> jax.Array:
        return model.loss(first @ model.weights, second @ model.weights)

    @jax.jit
    def step(model: Model, state: optax.OptState) -> tuple[Model, optax.OptState, jax.Array]:
        value, gradients = jax.value_and_grad(loss)(model)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(model, updates), state, value

    for count in range(126):
        temperature = model.loss.temperature
        model, state, value = step(model, state)
        if count % 25 == 0:
            print(f"step {count:3d}  loss {value:.6f}  temperature {temperature:.4f}")


if __name__ == "__main__":
    main()
