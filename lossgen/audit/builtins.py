"""The losses of other libraries that specs compare with, and how their calls relate.

What a spec's docstring says of a built-in in words stands here as data: the order of the inputs,
what is done to them, the reduction and the options at which the two mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lossgen.audit.plan import EVEN, ONE_HOT, Plan
from lossgen.loss import Loss

SIGNS, BITS = (1.0, -1.0), (1.0, 0.0)


def torch(loss: str, name: str | None = None, **more: Any) -> Plan:
    """Return the plan of a class of torch.nn, by default that of the loss's own name."""
    return Plan(f"torch.nn.{name or loss}", loss, **more)


def mindspore(loss: str, name: str | None = None, **more: Any) -> Plan:
    """Return the plan of a class of mindspore.nn."""
    return Plan(f"mindspore.nn.{name or loss}", loss, **more)


def optax(loss: str, name: str, **more: Any) -> Plan:
    """Return the plan of a function of optax, most of which leave entries as they are."""
    return Plan(f"optax.losses.{name}", loss, **({"reduction": "none"} | more))


def keras(loss: str, name: str, **more: Any) -> Plan:
    """Return the plan of a class of Keras, which takes the target first."""
    given = {"order": ("target", "input"), "dialect": "keras", "by": ("input",)} | more
    return Plan(f"keras.losses.{name}", loss, **given)


def chainer(loss: str, name: str, **more: Any) -> Plan:
    """Return the plan of a function of Chainer."""
    return Plan(f"chainer.functions.{name}", loss, **more)


TARGET_FIRST = ("target", "input")
LOGITS = {"from_logits": True}
# Keras moves probabilities into [1e-7, 1].
BETWEEN = {"input": (-0.5, -1.0, -2.0, -5.0, -10.0, -15.0), "target": (0.5, 1.0, 0.25, 0.1, 1e-3)}
LOG_TARGET = {"log_target": True}
LOG_SOFTMAXES = {"input": "log-softmax", "target": "log-softmax"}
CLASSES_LAST = {"input": "classes last", "target": "classes last"}
VARIANCE = {"log_var": "exponentials"}

TORCH = (
    torch("BCELoss"),
    torch("BCEWithLogitsLoss"),
    torch("CosineEmbeddingLoss", only={"target": SIGNS}),
    torch("CrossEntropyLoss"),
    torch("GaussianNLLLoss"),
    torch("HingeEmbeddingLoss", only={"target": SIGNS}),
    torch("HuberLoss"),
    torch("KLDivLoss"),
    torch("L1Loss"),
    torch("MSELoss"),
    torch("MarginRankingLoss"),
    torch("MultiLabelMarginLoss"),
    torch("MultiLabelSoftMarginLoss"),
    torch("MultiMarginLoss"),
    torch("NLLLoss"),
    torch("PoissonNLLLoss"),
    torch("SmoothL1Loss"),
    torch("SoftMarginLoss"),
    torch("TripletMarginLoss"),
    torch("TripletMarginWithDistanceLoss"),
    torch("LogVarGaussianNLLLoss", "GaussianNLLLoss", prepare=VARIANCE, options={"eps": 1e-37}),
    torch("PoissonLoss", "PoissonNLLLoss", options={"log_input": False, "eps": 1e-7}),
    torch(
        "KLDivWithLogitsLoss",
        "KLDivLoss",
        options={"reduction": "batchmean", "log_target": True},
        prepare=LOG_SOFTMAXES,
    ),
    Plan(
        "torch.distributions.Beta",
        "BetaDistributionNLLLoss",
        ("concentration1=concentration1", "concentration0=concentration0", "value=target"),
        "none",
        call="minus log_prob",
    ),
    Plan(
        "torch.distributions.Laplace",
        "LaplaceNLLLoss",
        ("loc=input", "scale=scale", "value=target"),
        "none",
        call="minus log_prob",
        chosen={"eps": 1e-37},
    ),
    Plan(
        "torch.distributions.StudentT",
        "StudentTNLLLoss",
        ("loc=input", "value=target"),
        "none",
        call="minus log_prob",
        options={"df": 3.0},
    ),
    Plan(
        "torch.distributions.VonMises",
        "VonMisesLoss",
        ("input", "target"),
        "none",
        call="what log_prob loses",
        options={"concentration": 1.0},
    ),
)

MINDSPORE = (
    *(mindspore(name) for name in ("BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss")),
    *(mindspore(name) for name in ("GaussianNLLLoss", "HuberLoss", "L1Loss")),
    *(mindspore(name) for name in ("MSELoss", "MarginRankingLoss", "MultiLabelSoftMarginLoss")),
    *(mindspore(name) for name in ("NLLLoss", "PoissonNLLLoss", "RMSELoss")),
    mindspore(
        "CrossEntropyLoss",
        "SoftmaxCrossEntropyWithLogits",
        options={"sparse": True, "reduction": "mean"},
    ),
    mindspore("KLDivLoss", by=("input",)),
    mindspore("L1Loss", "MAELoss"),
    mindspore("CosineEmbeddingLoss", only={"target": SIGNS}, by=("input1", "input2")),
    mindspore("HingeEmbeddingLoss", only={"target": SIGNS}, by=("input",)),
    mindspore("MultiMarginLoss", prepare={"target": "int64"}),
    mindspore("SmoothL1Loss", reduction="none"),
    mindspore("SoftmaxFocalLoss", "FocalLoss", prepare={"target": "a column"}),
    mindspore("SquaredDiceLoss", "DiceLoss", dialect="mindspore", prepare={"input": "sigmoid"}),
    mindspore("MulticlassDiceLoss", "MultiClassDiceLoss"),
)

OPTAX = (
    optax("BCEWithLogitsLoss", "sigmoid_binary_cross_entropy"),
    optax("CosineDistanceLoss", "cosine_distance"),
    optax("CosineDistanceLoss", "cosine_similarity", call="one minus"),
    optax("CrossEntropyLoss", "softmax_cross_entropy_with_integer_labels"),
    optax("CrossEntropyLoss", "softmax_cross_entropy", soft=True),
    optax("CrossEntropyLoss", "safe_softmax_cross_entropy", soft=True),
    optax(
        "DiceLoss",
        "binary_dice_loss",
        dialect="optax",
        options={"smooth": 1.0},
        prepare=CLASSES_LAST,
        sizes={"c": 1},
    ),
    optax("GeneralizedKLDivLoss", "generalized_kl_divergence", dialect="optax"),
    optax("HingeLoss", "hinge_loss"),
    optax("HuberLoss", "huber_loss"),
    optax("KLDivLoss", "kl_divergence", dialect="optax"),
    optax("KLDivLoss", "kl_divergence_with_log_targets", dialect="optax", chosen=LOG_TARGET),
    optax("KLDivWithLogitsLoss", "kl_divergence_with_log_targets", prepare=LOG_SOFTMAXES),
    optax(
        "ReverseKLDivWithLogitsLoss",
        "kl_divergence_with_log_targets",
        order=TARGET_FIRST,
        prepare=LOG_SOFTMAXES,
    ),
    optax("L2Loss", "l2_loss"),
    optax(
        "ListNetLoss", "ranking_softmax_loss", reduction="mean", prepare={"target": "softmax"},
        by=("input",),
    ),
    optax("LogCoshLoss", "log_cosh"),
    optax("MSELoss", "squared_error"),
    optax("MulticlassHingeLoss", "multiclass_hinge_loss"),
    optax("MulticlassPerceptronLoss", "multiclass_perceptron_loss"),
    optax("NTXentLoss", "ntxent", reduction="mean"),
    optax("PerceptronLoss", "perceptron_loss"),
    optax("PolyCrossEntropyLoss", "poly_loss_cross_entropy", soft=True),
    optax("RankingSoftmaxLoss", "ranking_softmax_loss", reduction="mean", dialect="optax"),
    optax("SigmoidFocalLoss", "sigmoid_focal_loss", only={"target": BITS}, by=("input",)),
    optax(
        "SoftmaxDiceLoss",
        "dice_loss",
        dialect="optax",
        options={"smooth": 1.0},
        prepare=CLASSES_LAST,
    ),
    optax(
        "SoftmaxDiceLoss",
        "multiclass_generalized_dice_loss",
        reduction="mean",
        dialect="optax",
        prepare=CLASSES_LAST,
        only={"target": EVEN},
        by=("input",),
    ),
    optax("SparsemaxLoss", "sparsemax_loss", prepare={"target": "above 0"}, only={"target": BITS}),
    optax("TripletMarginLoss", "triplet_margin_loss", dialect="optax"),
)  # fmt: skip

KERAS = (
    keras("BCELoss", "BinaryCrossentropy"),
    keras("BCEWithLogitsLoss", "BinaryCrossentropy", options=LOGITS),
    keras("CategoricalHingeLoss", "CategoricalHinge", dialect=None),
    keras("CircleLoss", "Circle", prepare={"input": "unit vectors"}),
    keras("CosineDistanceLoss", "CosineSimilarity"),
    keras(
        "CrossEntropyLoss",
        "SparseCategoricalCrossentropy",
        options={**LOGITS, "ignore_class": -100},
    ),
    keras("CrossEntropyLoss", "CategoricalCrossentropy", options=LOGITS, soft=True),
    keras("DiceLoss", "Dice", prepare={"input": "sigmoid"}),
    keras(
        "GeneralizedCrossEntropyLoss",
        "CategoricalGeneralizedCrossEntropy",
        prepare={"input": "softmax"},
    ),
    keras("HingeLoss", "Hinge"),
    keras("HuberLoss", "Huber"),
    keras("KLDivLoss", "KLDivergence", prepare={"input": "exponentials"}, only=BETWEEN),
    keras(
        "KLDivWithLogitsLoss",
        "KLDivergence",
        dialect=None,
        prepare={"input": "softmax", "target": "softmax"},
    ),
    keras("L1Loss", "MeanAbsoluteError"),
    keras("LogCoshLoss", "LogCosh"),
    keras("MAPELoss", "MeanAbsolutePercentageError"),
    keras("MSELoss", "MeanSquaredError"),
    keras("MSLELoss", "MeanSquaredLogarithmicError"),
    keras("PoissonLoss", "Poisson"),
    keras("SigmoidFocalLoss", "BinaryFocalCrossentropy", options=LOGITS, only={"target": BITS}),
    keras(
        "SoftmaxFocalLoss",
        "CategoricalFocalCrossentropy",
        options=LOGITS,
        soft=True,
        only={"target": ONE_HOT},
    ),
    keras("SquaredHingeLoss", "SquaredHinge"),
    keras("TverskyLoss", "Tversky", prepare={"input": "sigmoid"}),
)

CHAINER = (
    chainer("BCEWithLogitsLoss", "bernoulli_nll", order=TARGET_FIRST, reduction="sum"),
    chainer(
        "BCEWithLogitsLoss",
        "sigmoid_cross_entropy",
        dialect="chainer",
        prepare={"target": "int32"},
        only={"target": BITS},
    ),
    chainer("ContrastiveLoss", "contrastive", prepare={"target": "int32"}, only={"target": BITS}),
    chainer("CrossCovarianceLoss", "cross_covariance", reduction="none"),
    chainer("CrossEntropyLoss", "softmax_cross_entropy", dialect="chainer"),
    chainer("DeCovLoss", "decov", reduction="none"),
    chainer(
        "DiscriminativeLoss",
        "discriminative_margin_based_clustering_loss",
        call="one image",
        options={"delta_v": 0.5, "delta_d": 1.5, "norm": 2},
        sizes={"i": 4, "d": 2},
        only={"target": BITS},
    ),
    chainer("GaussianKLLoss", "gaussian_kl_divergence", reduction="sum"),
    chainer(
        "HingeLoss",
        "hinge",
        dialect="chainer",
        prepare={"target": "labels"},
        only={"target": (1.0,)},
    ),
    chainer(
        "SquaredHingeLoss",
        "hinge",
        dialect="chainer",
        options={"norm": "L2"},
        prepare={"target": "labels"},
        only={"target": (1.0,)},
    ),
    chainer(
        "HuberLoss", "huber_loss", reduction="none", dialect="chainer", options={"delta": 1.0}
    ),
    chainer("L1Loss", "absolute_error", reduction="none"),
    chainer("L1Loss", "mean_absolute_error"),
    chainer("MSELoss", "mean_squared_error"),
    chainer("MSELoss", "squared_error", reduction="none"),
    chainer(
        "LogVarGaussianNLLLoss",
        "gaussian_nll",
        order=("target", "input", "log_var"),
        reduction="sum",
        dialect="chainer",
    ),
    chainer("TripletLoss", "triplet"),
)  # fmt: skip

PLANS = (*TORCH, *OPTAX, *KERAS, *MINDSPORE, *CHAINER)


def known(target: str, loss: str) -> Plan | None:
    """Return the plan of a built-in, if it is compared with this loss."""
    return next((plan for plan in PLANS if (plan.target, plan.loss) == (target, loss)), None)


def ordered(losses: Sequence[Loss]) -> Iterator[tuple[Plan, Loss]]:
    """Yield the plans whose losses are declared, with these, one loss after the other."""
    by_name = {loss.name: loss for loss in losses}
    for plan in sorted(PLANS, key=lambda plan: plan.loss):
        if plan.loss in by_name:
            yield plan, by_name[plan.loss]


__all__ = ["PLANS", "known", "ordered"]
