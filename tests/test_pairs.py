"""Losses over pairs of one batch: what nobody is paired with, and what saturates."""

import math

import numpy as np
import pytest
import torch
from losses import pairs

from generated import numpy as in_numpy
from generated import torch as in_torch

TOGETHER = ("NTXentLoss", "SupConLoss", "CircleLoss", "MultiSimilarityLoss", "LiftedStructureLoss")
VIEWS = ("InfoNCELoss", "SigLIPLoss", "CLIPLoss", "NPairsLoss")
UNPAIRED = {
    "one sample": [4],
    "all of one class": [4, 4, 4],
    "each of its own class": [4, 5, 6],
}


def samples(n: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    drawn = np.random.default_rng(0).standard_normal((n, 3))
    return torch.from_numpy(drawn).to(dtype).requires_grad_()


@pytest.mark.parametrize("labels", UNPAIRED.values(), ids=UNPAIRED)
@pytest.mark.parametrize("name", TOGETHER)
def test_anchors_without_partners_or_opponents_are_finite(name, labels):
    x, y = samples(len(labels)), torch.tensor(labels)
    loss = getattr(in_torch, name)(reduction="sum")(x, y)
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), x)
    assert loss.isfinite()
    assert gradient.isfinite().all()
    assert second.isfinite().all()
    (diagonal,) = getattr(in_numpy, name)(reduction="sum").hessian_diagonal(
        x.detach().numpy(), y.numpy()
    )
    assert np.isfinite(diagonal).all()


@pytest.mark.parametrize("name", ["SupConLoss", "NTXentLoss"])
def test_an_anchor_without_partners_costs_nothing(name):
    rows = getattr(in_torch, name)(reduction="none")(samples(3), torch.tensor([1, 1, 2]))
    assert rows[2] == 0
    assert (rows[:2] > 0).all()


@pytest.mark.parametrize("name", ["NTXentLoss", "LiftedStructureLoss"])
def test_the_mean_over_no_pairs_is_nan(name):
    assert getattr(in_torch, name)()(samples(2), torch.tensor([0, 1])).isnan()


@pytest.mark.parametrize("name", VIEWS)
def test_one_pair_of_views(name):
    image, text = samples(1), samples(1).detach() + 1
    loss = getattr(in_torch, name)()(image, text)
    (gradient,) = torch.autograd.grad(loss, image)
    assert gradient.isfinite().all()
    assert name == "SigLIPLoss" or loss == 0


def test_vicreg_of_one_sample_has_no_variance():
    parts = in_torch.VICRegLoss(eps=0.25).parts(samples(1), samples(1).detach())
    assert parts["variance"] == 25 * (1 - 0.5)
    assert parts["covariance"] == 0


def test_labels_are_compared_as_integers():
    # float32 holds no more than 24 bits: these two would be one class.
    x, y = samples(2, torch.float32), torch.tensor([2**24, 2**24 + 1])
    assert in_torch.sup_con_loss(x, y, reduction="sum") == 0


@pytest.mark.parametrize("name", TOGETHER)
def test_labels_that_are_no_integers_are_refused(name):
    with pytest.raises(TypeError, match="target must hold integer labels"):
        getattr(in_torch, name)()(samples(2), torch.zeros(2))


@pytest.mark.parametrize("name", TOGETHER)
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e4])
def test_lengths_do_not_matter_and_zero_vectors_are_finite(name, scale):
    x = (scale * samples(6, torch.float32).detach()).requires_grad_()
    loss = getattr(in_torch, name)()(x, torch.from_numpy(pairs.CLASSES))
    (gradient,) = torch.autograd.grad(loss, x)
    assert loss.isfinite()
    assert gradient.isfinite().all()


def test_a_pair_that_dominates_keeps_the_digits_of_the_rest():
    # Cosines 1 and -1 at a temperature of 1/25: log(1 + exp(-50)), of which exp(-50) is left.
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    y = torch.tensor([0, 0, 1])
    for name in ("NTXentLoss", "SupConLoss"):
        rows = getattr(in_torch, name)(temperature=0.04, reduction="none")(x, y)
        expected = torch.full((2,), math.exp(-50))
        # The temperature and its quotient are rounded, to half a unit each.
        torch.testing.assert_close(rows[:2], expected, rtol=2 * 50 * 2**-24, atol=0)


CONSTANTS = {
    "circle": (in_torch.circle_loss, pairs.circle, pairs.classes_of(pairs.CLASSES, 3)),
    "ciou": (in_torch.ciou_loss, pairs.ciou, pairs.boxes(5)),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_weights_that_count_as_constants(name):
    # Their second derivative is not that of the gradient, so the general cases leave them out.
    ours, formula, draw = CONSTANTS[name]
    options = {"gamma": 4.0, "margin": 0.25, "detach": True} if name == "circle" else {}
    x, y = map(torch.from_numpy, draw(np.random.default_rng(0)))
    x.requires_grad_()
    loss, expected = ours(x, y, **options), formula(x, y, **options)[0].mean()
    torch.testing.assert_close(loss, expected)
    (gradient,), (true,) = (torch.autograd.grad(value, x) for value in (loss, expected))
    torch.testing.assert_close(gradient, true)


@pytest.mark.parametrize("loss", ["IoULoss", "GIoULoss", "DIoULoss", "CIoULoss"])
def test_boxes_without_area_that_touch_and_far_apart_are_finite(loss):
    flat, far = [0, 0, 1e4, 1e-30], [1e4, 1e4, 1e4, 1e4]
    corners = [[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 2, 2], [3, 0, 4, 1], flat, far]
    x = torch.tensor(corners, requires_grad=True).repeat_interleave(6, 0)
    rows = getattr(in_torch, loss)(reduction="none")(x, torch.tensor(corners).repeat(6, 1))
    (gradient,) = torch.autograd.grad(rows.sum(), x)
    assert rows.isfinite().all()
    assert gradient.isfinite().all()
    assert rows[7] == 0  # a box against itself
    apart = rows[[8, 9, 11]]  # it touches at a corner, is beside the other, or far away
    assert (apart == 1).all() if loss == "IoULoss" else (apart >= 1).all()


@pytest.mark.parametrize("package", [in_numpy, in_torch], ids=["numpy", "torch"])
def test_a_box_has_four_numbers(package):
    five = torch.zeros(2, 5) if package is in_torch else np.zeros((2, 5))
    with pytest.raises(ValueError, match=r"input must have shape .2, 4.*got .2, 5"):
        package.iou_loss(five, five)


@pytest.mark.parametrize("cosine", [1.0, -1.0, 1 - 2**-24, 1 + 2**-23])
def test_arc_face_is_finite_at_the_ends(cosine):
    x = torch.tensor([[cosine, 0.0]], requires_grad=True)
    loss = in_torch.arc_face_loss(x, torch.tensor([0]))
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum(), x)
    assert loss.isfinite()
    assert gradient.isfinite().all()
    assert second.isfinite().all()


@pytest.mark.parametrize("advantage", [2.0, -2.0])
@pytest.mark.parametrize("gain", [1e4, -1e4])
def test_ppo_clip_far_from_the_old_policy(gain, advantage):
    # The policy moved far, where it gains: clipped, and flat. Where it loses: the ratio's own.
    x = torch.tensor([gain], requires_grad=True)
    loss = in_torch.ppo_clip_loss(x, torch.zeros(1), torch.tensor([advantage]))
    (gradient,) = torch.autograd.grad(loss, x)
    if gain * advantage > 0:
        assert loss.item() == pytest.approx(-advantage * (1.2 if gain > 0 else 0.8), rel=2**-22)
        assert gradient == 0
    else:
        assert loss == (math.inf if gain > 0 else 0)
        assert gradient == loss
