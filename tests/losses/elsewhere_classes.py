"""What built-ins have to do with the losses of classes, overlaps, rankings, metrics and pairs."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

from losses.case import WEIGHT, class_probabilities, labels, probabilities
from losses.classification import ITEMS, WHERE
from losses.elsewhere import UNREDUCED, mindspore_loss, optax_loss
from losses.pairs import classes_of
from losses.relation import CHAINER, KERAS, SAME, Relation

Draw = Callable[[Generator], tuple[np.ndarray, ...]]

FIRST = (0,)  # where targets are labels, or the built-in has no gradient by them
ENTRIES = {"none": "no", "mean": "mean"}  # Chainer's words where it knows no sum
AVERAGES = "averages the last axis before it reduces, the target first"


def chosen(*shape: int, values: tuple[float, ...]) -> Draw:
    """Draw scores, and targets from a few values."""
    return lambda rng: (2 * rng.standard_normal(shape), rng.choice(values, shape))


def one_against_all(rng: Generator) -> tuple[np.ndarray, ...]:
    """Draw scores, and labels of 1 for one class and -1 for the others."""
    return 2 * rng.standard_normal((5, 4)), 2 * np.eye(4)[rng.integers(4, size=5)] - 1


def one_hot(rng: Generator) -> tuple[np.ndarray, ...]:
    return 2 * rng.standard_normal((5, 4)), np.eye(4)[rng.integers(4, size=5)]


def ignored(shape: tuple[int, ...], value: int) -> Draw:
    """Draw logits and labels, all of which are ignored."""
    return lambda rng: (rng.standard_normal((*shape, 4)), np.full(shape, value))


def saturated(rng: Generator) -> tuple[np.ndarray, ...]:
    """Draw probabilities at 0 and 1, near them, and between.

    Those of 1 are right: Keras rounds 1 - 1e-7 to float32 before it takes it from 1.
    """
    x = np.array([[0.0, 1.0, 1e-9, 0.25], [0.0, 1.0, 0.5, 1e-4]])
    return x, np.where(x == 1, 1.0, rng.random(x.shape))


def keras_loss(
    case: str,
    name: str,
    stated: str,
    *,
    dialect: str | None = "keras",
    prepare: Callable[..., Any] = lambda ops, x: x,
    draw: Draw | None = None,
    given: dict[str, Any] | None = None,
    **options: Any,
) -> Relation:
    """Relate a class of Keras, which takes the target first and what `prepare` makes of inputs."""

    def call(keras, x, t, reduction):
        loss = getattr(keras.losses, name)(reduction=reduction, **options)
        return loss(t, prepare(keras.ops, x))

    return Relation(
        case, f"keras.losses.{name}", stated, call, dialect, KERAS, options=given or {}, draw=draw
    )


def chainer_loss(case: str, name: str, stated: str, call: Any, **more: Any) -> Relation:
    given = {"dialect": "chainer", "reductions": ENTRIES} | more
    return Relation(case, f"chainer.functions.{name}", stated, call, **given)


def plain(name: str) -> Callable[..., Any]:
    """Return a call of a function of Chainer with its own labels."""

    def call(chainer, *inputs, reduction):
        return getattr(chainer.functions, name)(*inputs, reduce=reduction)

    return call


def sigmoid_cross_entropy(chainer: Any, x: Any, t: Any, reduction: str) -> Any:
    t = t.array.astype(np.int32)
    return chainer.functions.sigmoid_cross_entropy(x, t, reduce=reduction)


def hinge(norm: str) -> Callable[..., Any]:
    def call(chainer, x, t, reduction):
        label = t.array.argmax(1).astype(np.int32)
        return chainer.functions.hinge(x, label, norm=norm, reduce=reduction)

    return call


def softmax_cross_entropy(**options: Any) -> Callable[..., Any]:
    def call(chainer, x, y, reduction):
        return chainer.functions.softmax_cross_entropy(x, y.array, reduce=reduction, **options)

    return call


def discriminative(chainer: Any, x: Any, y: Any) -> Any:
    """Give the members as the pixels of an image, and add up the parts."""
    functions, (members, features) = chainer.functions, x.shape
    image = functions.reshape(functions.transpose(x), (1, features, 1, members))
    parts = functions.discriminative_margin_based_clustering_loss(
        image, y.array.reshape(1, 1, members), 0.5, 1.5, features, norm=2
    )
    return sum(parts)


def contrastive(chainer: Any, x1: Any, x2: Any, t: Any, reduction: str) -> Any:
    label = t.array.astype(np.int32)
    return chainer.functions.contrastive(x1, x2, label, margin=4.0, reduce=reduction)


def optax_of(
    case: str, name: str, stated: str, call: Any, *, reductions: Any = UNREDUCED, **more: Any
) -> Relation:
    return Relation(case, f"optax.losses.{name}", stated, call, reductions=reductions, **more)


WEIGHTED = {"weight": WEIGHT}
IGNORING, ALL_IGNORED = labels((5,), 4, -100), ignored((5,), -100)
OTHER_IGNORED, ALL_OTHER = labels((2, 3), 4, -1), ignored((5,), -1)
HARD = chosen(3, 4, values=(0.0, 1.0))
SOME_LEFT_OUT, LEFT_OUT = chosen(3, 4, values=(-1.0, 0.0, 1.0)), chosen(2, 3, values=(-1.0,))
ALONE = classes_of(np.array([3, 0, 1, 2]), 3)


def empty_lists(rng: Generator) -> tuple[np.ndarray, ...]:
    return rng.standard_normal((3, 4)), rng.random((3, 4))


def volume_weights(case_inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return what optax weighs classes by: 1 over their squared volumes, their mean 1."""
    weight = 1 / (case_inputs[1].sum((0, 2)) ** 2 + 1e-7)
    return weight / weight.mean()


ONE_IMAGE = probabilities(1, 4, 5)
VOLUMES = {"weight": volume_weights(ONE_IMAGE(np.random.default_rng(0)))}


def last(x: Any) -> Any:
    """Return an image with its classes last."""
    return x.swapaxes(1, -1)


CLASSES = (
    mindspore_loss("bce_probabilities", "BCELoss"),
    keras_loss("bce_probabilities", "BinaryCrossentropy", AVERAGES),
    keras_loss("bce_probabilities", "BinaryCrossentropy", "clips at 1e-7", draw=saturated),
    mindspore_loss("bce", "BCEWithLogitsLoss"),
    optax_loss("bce", "sigmoid_binary_cross_entropy"),
    keras_loss("bce", "BinaryCrossentropy", AVERAGES, from_logits=True),
    chainer_loss(
        "bce", "sigmoid_cross_entropy", "ignores -1", sigmoid_cross_entropy, draw=SOME_LEFT_OUT
    ),
    chainer_loss("bce", "sigmoid_cross_entropy", "0 of none", sigmoid_cross_entropy, draw=LEFT_OUT),
    Relation(
        "bce",
        "chainer.functions.bernoulli_nll",
        "the target first",
        lambda chainer, x, t, reduction: chainer.functions.bernoulli_nll(t, x, reduction),
        reductions=CHAINER,
    ),
    keras_loss("categorical_hinge", "CategoricalHinge", "the target first", dialect=None),
    mindspore_loss("cross_entropy", "CrossEntropyLoss", by=FIRST),
    mindspore_loss("cross_entropy-ignored", "CrossEntropyLoss", by=FIRST),
    mindspore_loss("cross_entropy-smoothed", "CrossEntropyLoss", by=FIRST, label_smoothing=0.125),
    chainer_loss(
        "cross_entropy",
        "softmax_cross_entropy",
        "ignores -1",
        softmax_cross_entropy(),
        draw=OTHER_IGNORED,
    ),
    chainer_loss(
        "cross_entropy",
        "softmax_cross_entropy",
        "divides by the number of labels, whatever their weights",
        softmax_cross_entropy(class_weight=WEIGHT.astype(np.float32)),
        options=WEIGHTED,
        draw=OTHER_IGNORED,
    ),
    chainer_loss(
        "cross_entropy",
        "softmax_cross_entropy",
        "0 of none",
        softmax_cross_entropy(),
        draw=ALL_OTHER,
    ),
    keras_loss(
        "cross_entropy",
        "SparseCategoricalCrossentropy",
        "divides by the number of labels",
        draw=IGNORING,
        from_logits=True,
        ignore_class=-100,
    ),
    keras_loss(
        "cross_entropy",
        "SparseCategoricalCrossentropy",
        "0 of none",
        draw=ALL_IGNORED,
        from_logits=True,
        ignore_class=-100,
    ),
    keras_loss(
        "cross_entropy",
        "CategoricalCrossentropy",
        "the target first",
        draw=class_probabilities(3, 4),
        from_logits=True,
    ),
    optax_loss("cross_entropy", "softmax_cross_entropy_with_integer_labels", by=FIRST),
    Relation(
        "cross_entropy",
        "mindspore.nn.SoftmaxCrossEntropyWithLogits",
        "equal with sparse=True",
        lambda mindspore, x, y, reduction: mindspore.nn.SoftmaxCrossEntropyWithLogits(
            sparse=True, reduction=reduction
        )(x, y.astype("int32")),
        reductions=SAME,
        draw=labels((5,), 4),
    ),
    Relation(
        "cross_entropy",
        "mindspore.nn.SoftmaxCrossEntropyWithLogits",
        "equal, and does not reduce unless told to",
        lambda mindspore, x, q, reduction: mindspore.nn.SoftmaxCrossEntropyWithLogits()(x, q),
        reductions=UNREDUCED,
        draw=class_probabilities(3, 4),
    ),
    optax_of(
        "cross_entropy",
        "safe_softmax_cross_entropy",
        "equal, unreduced",
        lambda optax, x, q, reduction: optax.losses.safe_softmax_cross_entropy(x, q),
        draw=class_probabilities(3, 4),
    ),
    optax_of(
        "sparsemax",
        "sparsemax_loss",
        "equal, unreduced",
        lambda optax, x, t, reduction: optax.losses.sparsemax_loss(x, t > 0),
    ),
    optax_of(
        "cross_entropy",
        "softmax_cross_entropy",
        "equal, unreduced",
        lambda optax, x, q, reduction: optax.losses.softmax_cross_entropy(x, q),
        draw=class_probabilities(3, 4),
    ),
    keras_loss(
        "generalized_cross_entropy",
        "CategoricalGeneralizedCrossEntropy",
        "of probabilities, 0.5 for q",
        prepare=lambda ops, x: ops.softmax(x),
    ),
    optax_loss("hinge", "hinge_loss"),
    keras_loss("hinge", "Hinge", AVERAGES),
    keras_loss("hinge", "Hinge", "0 for -1", draw=HARD),
    chainer_loss("hinge", "hinge", "divides by the samples", hinge("L1"), draw=one_against_all),
    keras_loss("squared_hinge", "SquaredHinge", AVERAGES),
    keras_loss("squared_hinge", "SquaredHinge", "0 for -1", draw=HARD),
    chainer_loss(
        "squared_hinge", "hinge", "divides by the samples", hinge("L2"), draw=one_against_all
    ),
    Relation(
        "kl_div",
        "mindspore.nn.KLDivLoss",
        "equal",
        lambda mindspore, x, t, reduction: mindspore.nn.KLDivLoss(reduction)(x, t),
        reductions=SAME | {"batchmean": "batchmean"},
    ),
    optax_of(
        "kl_div",
        "kl_divergence",
        "sums the last axis",
        lambda optax, x, t, reduction: optax.losses.kl_divergence(x, t),
        dialect="optax",
    ),
    optax_of(
        "kl_div-log",
        "kl_divergence_with_log_targets",
        "sums the last axis",
        lambda optax, x, t, reduction: optax.losses.kl_divergence_with_log_targets(x, t),
        dialect="optax",
    ),
    keras_loss(
        "kl_div",
        "KLDivergence",
        "of probabilities, sums the last axis",
        prepare=lambda ops, x: ops.exp(x),
    ),
    Relation(
        "multi_margin",
        "mindspore.nn.MultiMarginLoss",
        "equal",
        lambda mindspore, x, y, reduction: mindspore.nn.MultiMarginLoss(reduction=reduction)(
            x, y.astype("int64")
        ),
        reductions=SAME,
    ),
    optax_loss("multiclass_hinge", "multiclass_hinge_loss", by=FIRST),
    optax_loss("multiclass_perceptron", "multiclass_perceptron_loss", by=FIRST),
    mindspore_loss("multilabel_soft_margin", "MultiLabelSoftMarginLoss"),
    mindspore_loss("nll", "NLLLoss", by=FIRST),
    optax_loss("perceptron", "perceptron_loss"),
    optax_of(
        "poly_cross_entropy-probabilities",
        "poly_loss_cross_entropy",
        "equal, unreduced",
        lambda optax, x, q, reduction: optax.losses.poly_loss_cross_entropy(x, q, epsilon=-0.5),
    ),
    optax_of(
        "sigmoid_focal-balanced",
        "sigmoid_focal_loss",
        "equal for targets of 0 and 1, unreduced",
        lambda optax, x, t, reduction: optax.losses.sigmoid_focal_loss(x, t, alpha=0.25, gamma=1.5),
        draw=HARD,
    ),
    keras_loss("sigmoid_focal", "BinaryFocalCrossentropy", AVERAGES, draw=HARD, from_logits=True),
    keras_loss(
        "sigmoid_focal-balanced",
        "BinaryFocalCrossentropy",
        "alpha if it is told to balance",
        draw=HARD,
        from_logits=True,
        apply_class_balancing=True,
        gamma=1.5,
    ),
    Relation(
        "softmax_focal",
        "mindspore.nn.FocalLoss",
        "equal for labels",
        lambda mindspore, x, y, reduction: mindspore.nn.FocalLoss(reduction=reduction)(
            x, y.expand_dims(1)
        ),
        reductions=SAME,
    ),
    Relation(
        "softmax_focal",
        "mindspore.nn.FocalLoss",
        "the mean is over the classes, too",
        lambda mindspore, x, q: 4 * mindspore.nn.FocalLoss()(x, q),
        draw=class_probabilities(3, 4),
    ),
    keras_loss(
        "softmax_focal",
        "CategoricalFocalCrossentropy",
        "a quarter",
        draw=one_hot,
        from_logits=True,
    ),
)

OVERLAPS = (
    Relation(
        "dice",
        "keras.losses.Dice",
        "of probabilities, over all classes",
        lambda keras, x, t: keras.losses.Dice()(t, keras.ops.sigmoid(x)),
        dialect="keras",
    ),
    optax_of(
        "dice",
        "binary_dice_loss",
        "of each sample, half of smooth",
        lambda optax, x, t, reduction: optax.losses.binary_dice_loss(last(x), last(t), smooth=1.0),
        dialect="optax",
        draw=probabilities(3, 1, 4),
    ),
    optax_of(
        "softmax_dice",
        "dice_loss",
        "of each sample, half of smooth",
        lambda optax, x, t, reduction: optax.losses.dice_loss(last(x), last(t), smooth=1.0),
        dialect="optax",
    ),
    optax_of(
        "softmax_dice",
        "multiclass_generalized_dice_loss",
        "classes weighed by their squared volumes",
        lambda optax, x, t: optax.losses.multiclass_generalized_dice_loss(last(x), last(t)),
        reductions={},
        dialect="optax",
        options=VOLUMES,
        draw=ONE_IMAGE,
    ),
    Relation(
        "squared_dice",
        "mindspore.nn.DiceLoss",
        "of probabilities, over all classes",
        lambda mindspore, x, t: mindspore.nn.DiceLoss()(mindspore.ops.sigmoid(x), t),
        dialect="mindspore",
    ),
    Relation(
        "multiclass_dice-plain",
        "mindspore.nn.MultiClassDiceLoss",
        "equal",
        lambda mindspore, x, t: mindspore.nn.MultiClassDiceLoss()(x, t),
    ),
    Relation(
        "tversky",
        "keras.losses.Tversky",
        "of probabilities, over all classes, alpha and beta exchanged",
        lambda keras, x, t: keras.losses.Tversky(alpha=0.3, beta=0.7)(t, keras.ops.sigmoid(x)),
        dialect="keras",
        options={"alpha": 0.3, "beta": 0.7},
    ),
)

RANKINGS = (
    mindspore_loss("hinge_embedding", "HingeEmbeddingLoss", by=FIRST),
    mindspore_loss("margin_ranking", "MarginRankingLoss"),
    Relation(
        "listnet",
        "optax.losses.ranking_softmax_loss",
        "equal, given the softmax of the relevances",
        lambda optax, x, t: optax.losses.ranking_softmax_loss(x, _softmax(t)),
    ),
    optax_of(
        "ranking_softmax-masked",
        "ranking_softmax_loss",
        "equal",
        lambda optax, x, t: optax.losses.ranking_softmax_loss(x, t, where=WHERE > 0, weights=ITEMS),
        reductions={},
        dialect="optax",
    ),
    optax_of(
        "ranking_softmax",
        "ranking_softmax_loss",
        "0 of none",
        lambda optax, x, t: optax.losses.ranking_softmax_loss(x, t, where=0 * WHERE > 0),
        reductions={},
        dialect="optax",
        options={"where": 0 * WHERE},
        draw=empty_lists,
    ),
)


def _softmax(t: Any) -> Any:
    weight = np.exp(t - t.max(-1, keepdims=True))
    return weight / weight.sum(-1, keepdims=True)


METRICS = (
    keras_loss(
        "circle",
        "Circle",
        "of vectors of length 1, leaves out anchors without pairs",
        prepare=lambda ops, x: ops.normalize(x, axis=1),
        gamma=4.0,
        margin=0.25,
    ),
    keras_loss(
        "circle",
        "Circle",
        "0 of none",
        prepare=lambda ops, x: ops.normalize(x, axis=1),
        draw=ALONE,
        gamma=4.0,
        margin=0.25,
    ),
    chainer_loss("contrastive", "contrastive", "equal", contrastive, dialect=None),
    optax_loss("cosine_distance", "cosine_distance"),
    optax_of(
        "cosine_distance",
        "cosine_similarity",
        "one minus it",
        lambda optax, x, t, reduction: 1 - optax.losses.cosine_similarity(x, t),
        by=(0, 1),
    ),
    keras_loss("cosine_distance", "CosineSimilarity", "1 less"),
    chainer_loss(
        "discriminative",
        "discriminative_margin_based_clustering_loss",
        "the sum of the parts",
        discriminative,
        dialect=None,
        reductions={},
        by=(),
    ),
    chainer_loss("triplet", "triplet", "equal", plain("triplet"), dialect=None),
    Relation(
        "cosine_embedding",
        "mindspore.nn.CosineEmbeddingLoss",
        "equal",
        lambda mindspore, x1, x2, t, reduction: mindspore.nn.CosineEmbeddingLoss(0.0, reduction)(
            x1, x2, t
        ),
        reductions=SAME,
    ),
    optax_of(
        "nt_xent",
        "ntxent",
        "equal",
        lambda optax, x, y: optax.losses.ntxent(x, y, 0.5),
        reductions={},
    ),
    optax_of(
        "triplet_margin",
        "triplet_margin_loss",
        "eps inside of the root",
        lambda optax, a, p, n, reduction: optax.losses.triplet_margin_loss(a, p, n, eps=0.25),
        dialect="optax",
        options={"eps": 0.25},
    ),
)

RELATIONS = (*CLASSES, *OVERLAPS, *RANKINGS, *METRICS)
