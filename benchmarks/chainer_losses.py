"""What a step of training costs in Chainer: loss and gradient, beside what people use today.

    python -m benchmarks.chainer_losses --json losses.json

The peer is Chainer's own function, or where it has none the formula as people compose it. What is
shown is the ratio to it: less than 1 is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import chainer
from chainer import functions

import generated.chainer as lossgen
from benchmarks import draws
from benchmarks.draws import Array, Draw
from benchmarks.races import OURS, Contest, Step, main

Formula = Callable[..., chainer.Variable]


def soft_bce(x: chainer.Variable, t: Array) -> chainer.Variable:
    """Cross-entropy with probabilities as targets: Chainer's own takes integers alone."""
    return functions.mean(functions.softplus(x) - x * t)


def focal(x: chainer.Variable, t: Array) -> chainer.Variable:
    """Focal loss of logits (Lin et al., 2017)."""
    p = functions.sigmoid(x)
    matched = p * t + (1 - p) * (1 - t)
    return functions.mean((functions.softplus(x) - x * t) * (1 - matched) ** 2)


def dice(x: chainer.Variable, t: Array) -> chainer.Variable:
    """Overlap of each class over pictures and pixels."""
    p, axes = functions.sigmoid(x), (0, 2)
    shared, total = functions.sum(p * t, axes), functions.sum(p, axes) + t.sum(axes)
    return functions.mean(1 - (2 * shared + 1) / (total + 1))


def log_cosh(x: chainer.Variable, t: Array) -> chainer.Variable:
    """Logarithm of the hyperbolic cosine."""
    error = x - t
    return functions.mean(error + functions.softplus(-2 * error) - 0.6931471805599453)


def cosine(x: chainer.Variable, y: Array) -> chainer.Variable:
    """One less the cosine of the angle."""
    return functions.mean(
        1
        - functions.sum(
            functions.normalize(x) * functions.normalize(chainer.as_variable(y)), axis=1
        )
    )


def info_nce(x: chainer.Variable, y: Array) -> chainer.Variable:
    """Each vector against all others."""
    xp = x.xp
    logits = (
        functions.matmul(
            functions.normalize(x), functions.normalize(chainer.as_variable(y)), transb=True
        )
        / 0.07
    )
    return functions.softmax_cross_entropy(logits, xp.arange(len(y), dtype="i"))


CASES: tuple[tuple[str, Draw, str, Formula], ...] = (
    (
        "HuberLoss",
        draws.vectors,
        "chainer",
        lambda x, t: functions.mean(functions.huber_loss(x, t, 1.0, reduce="no")),
    ),
    ("MSELoss", draws.pair, "chainer", functions.mean_squared_error),
    ("L1Loss", draws.pair, "chainer", functions.mean_absolute_error),
    ("BCEWithLogitsLoss", draws.scores, "composed", soft_bce),
    ("CrossEntropyLoss", draws.labelled, "chainer", functions.softmax_cross_entropy),
    (
        "GaussianNLLLoss",
        draws.triple,
        "composed",
        lambda x, t, v: functions.mean(0.5 * (functions.log(v) + (x - t) ** 2 / v)),
    ),
    ("SigmoidFocalLoss", draws.scores, "composed", focal),
    ("DiceLoss", draws.masks, "composed", dice),
    ("LogCoshLoss", draws.pair, "composed", log_cosh),
    ("CosineDistanceLoss", draws.vectors, "composed", cosine),
    (
        "TripletMarginLoss",
        draws.triplets,
        "chainer",
        lambda a, p, n: functions.triplet(a, p, n, margin=1.0),
    ),
    ("InfoNCELoss", draws.few_vectors, "composed", info_nce),
)


def step(formula: Formula, inputs: Sequence[Array]) -> Step:
    """Return one step: the loss, and its gradient by the first input."""
    first = chainer.Variable(inputs[0].copy())

    def run() -> None:
        first.cleargrad()
        formula(first, *inputs[1:]).backward()

    return run


def contest(name: str, draw: Draw, who: str, formula: Formula) -> Contest:
    """Return the race of a loss with a formula."""

    def steps(size: int) -> Mapping[str, Step]:
        inputs = draw(size)
        return {OURS: step(getattr(lossgen, name)(), inputs), who: step(formula, inputs)}

    return Contest(name, steps)


if __name__ == "__main__":
    versions = {"chainer": chainer.__version__}
    main(__doc__, [contest(*case) for case in CASES], versions)
