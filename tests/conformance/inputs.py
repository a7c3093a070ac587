"""The points at which every loss is judged: tails, kinks, soft and hard labels, saturation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import classification_points as classification
import contrastive_points as contrastive
import regression_points as regression

from lossgen.proof.point import Point

SWEEPS: dict[str, Callable[[str], Iterator[Point]]] = {
    "BCEWithLogitsLoss": classification.bce,
    "CauchyLoss": partial(regression.far_tails, "CauchyLoss"),
    "ConcordanceLoss": regression.concordance,
    "CosineEmbeddingLoss": contrastive.cosine_embedding,
    "CrossEntropyLoss": classification.cross_entropy,
    "DiceLoss": classification.dice,
    "GaussianNLLLoss": regression.gaussian_nll,
    "HingeMarginLoss": classification.hinge_margin,
    "HuberLoss": regression.huber,
    "InfoNCELoss": contrastive.info_nce,
    "KLDivLoss": classification.kl_div,
    "L1Loss": partial(regression.weighted, "L1Loss"),
    "LinearCrossEntropyLoss": classification.linear_cross_entropy,
    "LogVarGaussianNLLLoss": regression.log_var_gaussian_nll,
    "LogCoshLoss": partial(regression.regression, "LogCoshLoss"),
    "MSELoss": partial(regression.weighted, "MSELoss"),
    "MSEWithL2Loss": regression.mse_with_l2,
    "MultiTargetL1Loss": regression.multi_target_l1,
    "QuantileLoss": regression.quantile,
    "SigmoidFocalLoss": classification.sigmoid_focal,
    "SigmoidWeightedL1Loss": partial(regression.regression, "SigmoidWeightedL1Loss"),
    "SmoothL1Loss": regression.smooth_l1,
    "SoftMarginLoss": classification.soft_margin,
    "StudentTNLLLoss": partial(regression.far_tails, "StudentTNLLLoss"),
    "TripletMarginLoss": contrastive.triplet_margin,
    "TripletMarginWithDistanceLoss": contrastive.triplet_margin_with_distance,
    "TwoHeadLoss": regression.two_head,
    "WeightedMSELoss": regression.weighted_mse,
}


def points(loss: str, dtype: str) -> list[Point]:
    """Return the points of a loss, in a dtype."""
    return [point.rounded(dtype) for point in SWEEPS[loss](dtype)]
