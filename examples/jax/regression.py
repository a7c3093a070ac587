"""A network fitted to noisy points by Optax, one jitted step after the other.

Run it with ``python -m examples.jax.regression``.
"""

import jax
import jax.numpy as jnp
import optax

from generated.jax import HuberLoss


def main() -> None:
    """Fit a sine from points of which every fortieth is far off."""
    keys = jax.random.split(jax.random.key(0), 4)
    x = jnp.linspace(-3.0, 3.0, 200)[:, None]
    y = jnp.sin(x) + 0.1 * jax.random.normal(keys[0], x.shape)
    y = y.at[::40].add(3.0)
    params = {
        "hidden": jax.random.normal(keys[1], (1, 32)),
        "bias": jax.random.normal(keys[2], (32,)),
        "out": 0.1 * jax.random.normal(keys[3], (32, 1)),
    }
    loss_function = HuberLoss(delta=0.5)
    optimizer = optax.adam(1e-2)
    state = optimizer.init(params)

    def loss(params: dict[str, jax.Array]) -> jax.Array:
        hidden = jnp.tanh(x @ params["hidden"] + params["bias"])
        return loss_function(hidden @ params["out"], y)

    @jax.jit
    def step(
        params: dict[str, jax.Array], state: optax.OptState
    ) -> tuple[dict[str, jax.Array], optax.OptState, jax.Array]:
        value, gradients = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(params, updates), state, value

    for count in range(251):
        params, state, value = step(params, state)
        if count % 50 == 0:
            print(f"step {count:3d}  loss {value:.6f}")


if __name__ == "__main__":
    main()
