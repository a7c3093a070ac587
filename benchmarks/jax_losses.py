"""What a step of training costs in JAX, compiled: loss and gradient, beside what people use today.

    python -m benchmarks.jax_losses --json losses.json
    python -m benchmarks.jax_losses --all --sizes 1e3 1e5 1e6

The peers are optax's formula, where it has one, and ``jax.grad`` of our own value, differentiated
by JAX alone. What is shown is the ratio to the faster of them: less than 1 is faster. With
``--all`` every loss of ``specs/`` races, with numbers for which its formula is defined.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import optax

import generated.jax as lossgen
from benchmarks import draws
from benchmarks.declared import Declared, declared
from benchmarks.draws import Array, Draw
from benchmarks.races import OURS, Contest, Step, parser, run
from lossgen.proof.calls import functions

Formula = Callable[..., jax.Array]


def _mean(formula: Callable[..., Any]) -> Formula:
    return lambda *inputs: jnp.mean(formula(*inputs))


def automatic() -> ModuleType:
    """Return the package once more, where JAX differentiates each value by its own rules."""
    name, folder = "automatic", Path(str(lossgen.__file__)).parent
    rules = ModuleType(f"{name}._autograd")
    vars(rules)["differentiable"] = lambda value, *others, **words: value
    sys.modules[rules.__name__] = rules
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(f"{folder} is no package")
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


AUTOMATIC = automatic()
CASES: tuple[tuple[str, Draw, Formula | None], ...] = (
    ("HuberLoss", draws.pair, _mean(optax.losses.huber_loss)),
    ("MSELoss", draws.pair, _mean(optax.losses.squared_error)),
    ("L1Loss", draws.pair, None),
    ("SmoothL1Loss", draws.pair, None),
    ("LogCoshLoss", draws.pair, _mean(optax.losses.log_cosh)),
    ("BCEWithLogitsLoss", draws.scores, _mean(optax.losses.sigmoid_binary_cross_entropy)),
    ("SigmoidFocalLoss", draws.scores, _mean(optax.losses.sigmoid_focal_loss)),
    ("HingeLoss", draws.signed, _mean(optax.losses.hinge_loss)),
    ("PerceptronLoss", draws.signed, _mean(optax.losses.perceptron_loss)),
    (
        "CrossEntropyLoss",
        draws.labelled,
        _mean(optax.losses.softmax_cross_entropy_with_integer_labels),
    ),
    ("CrossEntropyLoss", draws.distributions, _mean(optax.losses.softmax_cross_entropy)),
    ("PolyCrossEntropyLoss", draws.distributions, _mean(optax.losses.poly_loss_cross_entropy)),
    ("KLDivLoss", draws.log_distributions, None),
    ("CosineDistanceLoss", draws.vectors, _mean(optax.losses.cosine_distance)),
    ("TripletMarginLoss", draws.triplets, _mean(optax.losses.triplet_margin_loss)),
    ("DiceLoss", draws.masks, None),
    ("GaussianNLLLoss", draws.triple, None),
    ("PoissonNLLLoss", draws.scores, None),
    ("SoftMarginLoss", draws.signed, None),
    ("CauchyLoss", draws.pair, None),
    ("CharbonnierLoss", draws.pair, None),
    ("BarronLoss", draws.pair, None),
    ("WelschLoss", draws.pair, None),
    ("WingLoss", draws.pair, None),
    ("QuantileLoss", draws.pair, None),
    ("TweedieLoss", draws.positive, None),
    ("GammaNLLLoss", draws.positive, None),
    ("BCELoss", draws.shares, None),
    ("MultiLabelSoftMarginLoss", draws.bits, None),
    ("InfoNCELoss", draws.few_vectors, None),
)


def step(formula: Formula, inputs: Sequence[Array]) -> Step:
    """Return one step, compiled: the loss, and its gradient by the first input."""
    run = jax.jit(jax.value_and_grad(formula))
    arrays = [jnp.asarray(x) for x in inputs]
    return lambda: jax.block_until_ready(run(*arrays))


def contest(name: str, draw: Draw, formula: Formula | None) -> Contest:
    """Return the race of a loss with optax's formula, if there is one, and with JAX's gradient."""

    def steps(size: int) -> Mapping[str, Step]:
        inputs = draw(size)
        found = {OURS: step(getattr(lossgen, name)(), inputs)}
        if formula is not None:
            found["optax"] = step(formula, inputs)
        return found | {"jax.grad": step(getattr(AUTOMATIC, name)(), inputs)}

    return Contest(name + (" (probabilities)" if draw is draws.distributions else ""), steps)


def plain(one: Declared) -> Contest:
    """Return the race of a loss as its spec declares it with JAX's gradient."""

    def steps(size: int) -> Mapping[str, Step]:
        inputs, weights = one.draw(size)

        def of(package: ModuleType) -> Step:
            formula = functions(package)[one.loss.name]
            return step(partial(formula, **weights), list(inputs.values()))

        return {OURS: of(lossgen), "jax.grad": of(AUTOMATIC)}

    return Contest(one.name, steps)


def main() -> None:
    """Race the losses that the command line asks for."""
    understood = parser(__doc__)
    understood.add_argument("--all", action="store_true", help="every loss, beside jax.grad")
    options = understood.parse_args()
    versions = {"jax": jax.__version__, "optax": optax.__version__}
    contests = map(plain, declared()) if options.all else (contest(*case) for case in CASES)
    run(options, list(contests), versions)


if __name__ == "__main__":
    main()
