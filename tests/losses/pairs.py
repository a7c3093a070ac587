"""The losses over pairs, of views, of preferences and of boxes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from losses.case import Case, Unreduced, normals

CLASSES = np.array([3, 0, 3, 0, 3, -7])  # the last one has no partner


def classes_of(labels: np.ndarray, features: int) -> Callable[[Generator], Any]:
    return lambda rng: (rng.standard_normal((len(labels), features)), labels.copy())


def cosines(n: int, c: int) -> Callable[[Generator], Any]:
    return lambda rng: (rng.uniform(-1, 1, (n, c)), rng.integers(c, size=n))


def halves(*shape: int, inputs: int) -> Callable[[Generator], Any]:
    """Draw numbers and labels that are 0 or 1."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        drawn = [2 * rng.standard_normal(shape) for _ in range(inputs)]
        return *drawn, rng.choice([0.0, 1.0], shape[:1])

    return draw


def unit(x: Tensor, dim: int = -1) -> Tensor:
    return x / (x * x).sum(dim, keepdim=True).sqrt()


def cosine_matrix(x: Tensor, other: Tensor | None = None) -> Tensor:
    return unit(x) @ unit(x if other is None else other).T


def softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))


def together(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return which pairs are two samples of one class, and which of two classes."""
    same = y[:, None] == y
    return same & ~torch.eye(len(y), dtype=torch.bool), ~same


def total(x: Tensor, mask: Tensor) -> Tensor:
    """Return the logarithm of the sum of the exponentials under the mask."""
    return torch.logsumexp(x.masked_fill(~mask, -math.inf), 1)


def nt_xent(x: Tensor, y: Tensor, temperature: Tensor | float = 0.07) -> Unreduced:
    same, different = together(y)
    logit = cosine_matrix(x) / temperature
    rows = []
    for i in range(len(x)):
        crowd = torch.exp(logit[i][different[i]]).sum()
        own = torch.exp(logit[i][same[i]])
        rows.append(-torch.log(own / (own + crowd)).sum())
    return torch.stack(rows), same.sum()


def sup_con(x: Tensor, y: Tensor, temperature: Tensor | float = 0.07) -> Unreduced:
    same, different = together(y)
    logit = cosine_matrix(x) / temperature
    rows = [
        (total(logit, same | different)[i] - logit[i][same[i]]).mean()
        if same[i].any()
        else 0 * x[i, 0]
        for i in range(len(x))
    ]
    return torch.stack(rows), None


def siglip(
    image: Tensor,
    text: Tensor,
    logit_scale: Tensor | float = 10.0,
    logit_bias: Tensor | float = -10.0,
) -> Unreduced:
    logit = logit_scale * cosine_matrix(image, text) + logit_bias
    return -torch.log(torch.sigmoid(logit * (2 * torch.eye(len(image)) - 1))).sum(1), None


def clip(image: Tensor, text: Tensor, logit_scale: Tensor | float = 1 / 0.07) -> Unreduced:
    logit = logit_scale * cosine_matrix(image, text)
    both = torch.log_softmax(logit, 0) + torch.log_softmax(logit, 1)
    return -both.diagonal() / 2, None


def circle(
    x: Tensor,
    y: Tensor,
    gamma: Tensor | float = 80.0,
    margin: Tensor | float = 0.4,
    detach: bool = False,
) -> Unreduced:
    same, different = together(y)
    cosine = cosine_matrix(x)
    low, high = torch.relu(1 + margin - cosine), torch.relu(cosine + margin)
    if detach:
        low, high = low.detach(), high.detach()
    rows = []
    for i in range(len(x)):
        pull = torch.exp(-gamma * (low * (cosine - (1 - margin)))[i][same[i]]).sum()
        push = torch.exp(gamma * (high * (cosine - margin))[i][different[i]]).sum()
        rows.append(torch.log(1 + pull * push))
    return torch.stack(rows), None


def multi_similarity(
    x: Tensor,
    y: Tensor,
    alpha: Tensor | float = 2.0,
    beta: Tensor | float = 50.0,
    base: Tensor | float = 0.5,
) -> Unreduced:
    same, different = together(y)
    cosine = cosine_matrix(x)
    pull = (torch.exp(-alpha * (cosine - base)) * same).sum(1)
    push = (torch.exp(beta * (cosine - base)) * different).sum(1)
    return torch.log(1 + pull) / alpha + torch.log(1 + push) / beta, None


def n_pairs(anchor: Tensor, positive: Tensor, l2: Tensor | float = 0.0) -> Unreduced:
    nll = -torch.log_softmax(anchor @ positive.T, 1).diagonal()
    return nll + l2 * ((anchor * anchor).sum(1) + (positive * positive).sum(1)) / 2, None


def contrastive(x1: Tensor, x2: Tensor, t: Tensor, margin: Tensor | float = 1.0) -> Unreduced:
    square = ((x1 - x2) ** 2).sum(-1)
    loss = torch.where(t == 1, square, torch.relu(margin - square.sqrt()) ** 2) / 2
    return loss + 0 * t, None


def lifted_structure(x: Tensor, y: Tensor, margin: Tensor | float = 1.0) -> Unreduced:
    same, different = together(y)
    square = ((x[:, None] - x) ** 2).sum(-1)
    distance = torch.where(square > 0, square, 1.0).sqrt() * (square > 0)
    crowd = torch.exp(margin - distance) * different
    both = torch.log(crowd.sum(1)[:, None] + crowd.sum(1)) + distance
    return (torch.relu(both) ** 2 * same).sum(1) / 2, same.sum()


def cos_face(
    x: Tensor, y: Tensor, scale: Tensor | float = 64.0, margin: Tensor | float = 0.35
) -> Unreduced:
    hot = torch.nn.functional.one_hot(y, x.shape[1]).to(x)
    return -(torch.log_softmax(scale * (x - margin * hot), 1) * hot).sum(1), None


def arc_face(
    x: Tensor, y: Tensor, scale: Tensor | float = 64.0, margin: Tensor | float = 0.5
) -> Unreduced:
    hot = torch.nn.functional.one_hot(y, x.shape[1]).to(x)
    margin = torch.as_tensor(margin).to(x)
    angle = torch.acos(x)
    wide = torch.where(
        angle < math.pi - margin, torch.cos(angle + margin), x - margin * torch.sin(margin)
    )
    return -(torch.log_softmax(scale * torch.where(hot == 1, wide, x), 1) * hot).sum(1), None


def cosine_distance(x: Tensor, t: Tensor) -> Unreduced:
    dim = min(1, x.dim() - 1)
    return 1 - (unit(x, dim) * unit(t, dim)).sum(dim), None


def triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: Tensor | float = 0.2
) -> Unreduced:
    near, far = ((anchor - other).square().sum(-1) for other in (positive, negative))
    return torch.relu(near - far + margin), None


def barlow_twins(x1: Tensor, x2: Tensor, weight: Tensor | float = 0.0051) -> list[Unreduced]:
    z1, z2 = ((x - x.mean(0)) / x.std(0, correction=0) for x in (x1, x2))
    c = z1.T @ z2 / len(x1)
    own = torch.eye(len(c), dtype=torch.bool)
    return [
        (((1 - c.diagonal()) ** 2).sum(), None),
        (weight * c.masked_fill(own, 0).square().sum(), None),
    ]


def vicreg(
    x1: Tensor,
    x2: Tensor,
    sim_weight: Tensor | float = 25.0,
    std_weight: Tensor | float = 25.0,
    cov_weight: Tensor | float = 1.0,
    eps: Tensor | float = 1e-4,
) -> list[Unreduced]:
    deviation = sum(torch.relu(1 - (x.var(0) + eps).sqrt()).mean() / 2 for x in (x1, x2))
    covariance = sum(
        torch.cov(x.T).masked_fill(torch.eye(x.shape[1], dtype=torch.bool), 0).square().sum()
        / x.shape[1]
        for x in (x1, x2)
    )
    similarity = ((x1 - x2) ** 2).mean()
    return [
        (sim_weight * similarity, None),
        (std_weight * deviation, None),
        (cov_weight * covariance, None),
    ]


def cross_covariance(x1: Tensor, x2: Tensor) -> Unreduced:
    c = (x1 - x1.mean(0)).T @ (x2 - x2.mean(0)) / len(x1)
    return (c * c).sum() / 2, None


def decov(x: Tensor) -> Unreduced:
    c = torch.cov(x.T, correction=0)
    return ((c * c).sum() - (c.diagonal() ** 2).sum()) / 2, None


def energy_distance(x: Tensor, t: Tensor) -> Unreduced:
    rows, other = list(x), list(t)

    def mean(first: list[Tensor], second: list[Tensor]) -> Tensor:
        pairs = [(a - b).abs().square().sum() for a in first for b in second if a is not b]
        return sum(d.sqrt() for d in pairs) / (len(first) * len(second))

    return 2 * mean(rows, other) - mean(rows, rows) - mean(other, other), None


def mmd(x: Tensor, t: Tensor, bandwidth: Tensor | float = 1.0) -> Unreduced:
    signs = torch.cat([x.new_full((len(x),), 1 / len(x)), x.new_full((len(t),), -1 / len(t))])
    rows = torch.cat([x, t])
    squares = (rows * rows).sum(1)
    kernel = torch.exp(-(squares[:, None] + squares - 2 * rows @ rows.T) / (2 * bandwidth**2))
    return signs @ kernel @ signs, None


def discriminative(
    x: Tensor,
    y: Tensor,
    pull: Tensor | float = 0.5,
    push: Tensor | float = 1.5,
    length_weight: Tensor | float = 0.001,
) -> list[Unreduced]:
    clusters = [x[y == word] for word in y.unique()]
    centres = [cluster.mean(0) for cluster in clusters]
    variance = sum(
        (torch.relu((cluster - centre).norm(dim=1) - pull) ** 2).mean()
        for cluster, centre in zip(clusters, centres, strict=True)
    )
    gaps = [
        torch.relu(2 * push - (a - b).norm()) ** 2 for a in centres for b in centres if a is not b
    ]
    lengths = sum(centre.norm() for centre in centres)
    count = len(centres)
    return [
        (variance / count, None),
        (sum(gaps) / (count * (count - 1)), None),
        (length_weight * lengths / count, None),
    ]


def dpo(
    chosen: Tensor,
    rejected: Tensor,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    beta: Tensor | float = 0.1,
    label_smoothing: Tensor | float = 0.0,
) -> Unreduced:
    gain = beta * (chosen - rejected - reference_chosen + reference_rejected)
    return (1 - label_smoothing) * softplus(-gain) + label_smoothing * softplus(gain), None


def ipo(
    chosen: Tensor,
    rejected: Tensor,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    tau: Tensor | float = 0.1,
) -> Unreduced:
    gain = chosen - rejected - reference_chosen + reference_rejected
    return (gain - 0.5 / tau) ** 2, None


def kto(
    x: Tensor,
    reference: Tensor,
    t: Tensor,
    beta: Tensor | float = 0.1,
    good_weight: Tensor | float = 1.0,
    bad_weight: Tensor | float = 1.0,
    divergence: Tensor | float = 0.0,
) -> Unreduced:
    gain = beta * (x - reference - torch.as_tensor(divergence).detach())
    good, bad = (good_weight * (1 - torch.sigmoid(gain)), bad_weight * (1 - torch.sigmoid(-gain)))
    return torch.where(t == 1, good, bad) + 0 * t, None


def ppo_clip(x: Tensor, old: Tensor, advantage: Tensor, epsilon: Tensor | float = 0.2) -> Unreduced:
    ratio = torch.exp(x - old)
    clipped = torch.where(ratio < 1 - epsilon, 1 - epsilon, ratio)
    clipped = torch.where(ratio > 1 + epsilon, 1 + epsilon, clipped)
    plain, bounded = ratio * advantage, clipped * advantage
    return -torch.where(plain <= bounded, plain, bounded), None


def overlap_and_union(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    low, high = torch.maximum(x[..., :2], t[..., :2]), torch.minimum(x[..., 2:], t[..., 2:])
    areas = sum((box[..., 2:] - box[..., :2]).prod(-1) for box in (x, t))
    common = (high - low).clamp(min=0).prod(-1)
    return common, areas - common


def hull(x: Tensor, t: Tensor) -> Tensor:
    return torch.maximum(x[..., 2:], t[..., 2:]) - torch.minimum(x[..., :2], t[..., :2])


def iou(x: Tensor, t: Tensor) -> Unreduced:
    common, union = overlap_and_union(x, t)
    return 1 - common / union, None


def giou(x: Tensor, t: Tensor) -> Unreduced:
    common, union = overlap_and_union(x, t)
    whole = hull(x, t).prod(-1)
    return 1 - (common / union - (whole - union) / whole), None


def diou(x: Tensor, t: Tensor) -> Unreduced:
    shift = (x[..., :2] + x[..., 2:]) / 2 - (t[..., :2] + t[..., 2:]) / 2
    return iou(x, t)[0] + (shift**2).sum(-1) / (hull(x, t) ** 2).sum(-1), None


def ciou(x: Tensor, t: Tensor) -> Unreduced:
    angle, true_angle = (
        torch.atan((box[..., 2] - box[..., 0]) / (box[..., 3] - box[..., 1])) for box in (x, t)
    )
    v = (2 / math.pi * (true_angle - angle)) ** 2
    alpha = v / (iou(x, t)[0] + v)
    return diou(x, t)[0] + alpha.detach() * v, None


def boxes(*shape: int) -> Callable[[Generator], Any]:
    """Draw boxes of sides from 1 to 3 whose corners lie up to 2 apart, so that most overlap."""

    def draw(rng: Generator) -> tuple[np.ndarray, ...]:
        corners = [2 * rng.random((*shape, 2)) for _ in range(2)]
        return tuple(
            np.concatenate([low, low + 1 + 2 * rng.random(low.shape)], -1) for low in corners
        )

    return draw


_TOGETHER = classes_of(CLASSES, 3)
_VIEWS = normals((4, 3), (4, 3), scale=1.0)
_ANSWERS = normals((5,), (5,), (5,), (5,))


def _cases(name: str, class_name: str, function: str, formula: Any) -> Callable[..., Case]:
    def case(suffix: str, draw: Any, options: dict[str, Any] | None = None, **more: Any) -> Case:
        ident = f"{name}-{suffix}" if suffix else name
        return Case(ident, class_name, function, formula, draw, options or {}, **more)

    return case


_PARTS = {"reductions": ("mean", "sum")}
_nt_xent = _cases("nt_xent", "NTXentLoss", "nt_xent_loss", nt_xent)
_sup_con = _cases("sup_con", "SupConLoss", "sup_con_loss", sup_con)
_siglip = _cases("siglip", "SigLIPLoss", "siglip_loss", siglip)
_clip = _cases("clip", "CLIPLoss", "clip_loss", clip)
_circle = _cases("circle", "CircleLoss", "circle_loss", circle)
_similarity = _cases(
    "multi_similarity", "MultiSimilarityLoss", "multi_similarity_loss", multi_similarity
)
_n_pairs = _cases("n_pairs", "NPairsLoss", "n_pairs_loss", n_pairs)
_contrastive = _cases("contrastive", "ContrastiveLoss", "contrastive_loss", contrastive)
_lifted = _cases(
    "lifted_structure", "LiftedStructureLoss", "lifted_structure_loss", lifted_structure
)
_cos_face = _cases("cos_face", "CosFaceLoss", "cos_face_loss", cos_face)
_arc_face = _cases("arc_face", "ArcFaceLoss", "arc_face_loss", arc_face)
_cosine = _cases("cosine_distance", "CosineDistanceLoss", "cosine_distance_loss", cosine_distance)
_triplet = _cases("triplet", "TripletLoss", "triplet_loss", triplet)
_barlow = _cases("barlow_twins", "BarlowTwinsLoss", "barlow_twins_loss", barlow_twins)
_vicreg = _cases("vicreg", "VICRegLoss", "vicreg_loss", vicreg)
_cross = _cases(
    "cross_covariance", "CrossCovarianceLoss", "cross_covariance_loss", cross_covariance
)
_decov = _cases("decov", "DeCovLoss", "decov_loss", decov)
_energy = _cases("energy_distance", "EnergyDistanceLoss", "energy_distance_loss", energy_distance)
_mmd = _cases("mmd", "MMDLoss", "mmd_loss", mmd)
_clusters = _cases("discriminative", "DiscriminativeLoss", "discriminative_loss", discriminative)
_dpo = _cases("dpo", "DPOLoss", "dpo_loss", dpo)
_ipo = _cases("ipo", "IPOLoss", "ipo_loss", ipo)
_kto = _cases("kto", "KTOLoss", "kto_loss", kto)
_ppo = _cases("ppo_clip", "PPOClipLoss", "ppo_clip_loss", ppo_clip)
_iou = _cases("iou", "IoULoss", "iou_loss", iou)
_giou = _cases("giou", "GIoULoss", "giou_loss", giou)
_diou = _cases("diou", "DIoULoss", "diou_loss", diou)
_ciou = _cases("ciou", "CIoULoss", "ciou_loss", ciou)

CASES = (
    _nt_xent("", _TOGETHER, {"temperature": 0.5}),
    _sup_con("", _TOGETHER, {"temperature": 0.5}),
    _siglip("", _VIEWS),
    _siglip("learnt", _VIEWS, {"logit_scale": 3.0, "logit_bias": -0.5}),
    _clip("", _VIEWS, {"logit_scale": 2.0}),
    _circle("", _TOGETHER, {"gamma": 4.0, "margin": 0.25}),
    _similarity("", _TOGETHER, {"beta": 5.0}),
    _n_pairs("", _VIEWS),
    _n_pairs("short", _VIEWS, {"l2": 0.25}),
    _contrastive("", halves(5, 3, inputs=2), {"margin": 4.0}, categories=(2,)),
    _lifted("", _TOGETHER),
    _cos_face("", cosines(4, 3), {"scale": 4.0}),
    _arc_face("", cosines(6, 3), {"scale": 4.0}),
    _cosine("", _VIEWS),
    _cosine("images", normals((2, 3, 2), (2, 3, 2))),
    _triplet("", normals((4, 3), (4, 3), (4, 3), scale=1.0)),
    _barlow("", _VIEWS, {"weight": 0.25}, **_PARTS),
    _vicreg("", _VIEWS, {"eps": 0.25}, **_PARTS),
    _cross("", normals((5, 3), (5, 2))),
    _decov("", normals((5, 3))),
    _energy("", normals((5, 3), (4, 3))),
    _mmd("", normals((5, 3), (4, 3), scale=1.0)),
    _mmd("wide", normals((3, 2), (6, 2)), {"bandwidth": 2.5}),
    _clusters("", classes_of(np.array([1, 2, 1, 2, 2, 1]), 2), **_PARTS),
    _clusters(
        "far",
        classes_of(np.array([3, 0, 3, 0, 3, -7, -7]), 3),
        {"pull": 0.25, "push": 3.0},
        **_PARTS,
    ),
    _dpo("", _ANSWERS),
    _dpo("smoothed", _ANSWERS, {"beta": 0.5, "label_smoothing": 0.125}),
    _ipo("", _ANSWERS, {"tau": 0.25}),
    _kto("", halves(5, inputs=2), {"bad_weight": 0.5, "divergence": 0.25}, categories=(2,)),
    _ppo("", normals((6,), (6,), (6,), scale=0.25)),
    _iou("", boxes(5)),
    _iou("one-box", boxes()),
    _giou("", boxes(5)),
    _diou("", boxes(5)),
    _ciou("", boxes(5)),
)

RELATIONS = ()
