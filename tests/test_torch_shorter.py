"""The shorter formula of a PyTorch call without weights, which must not show."""

from __future__ import annotations

import pytest
import torch

from generated import torch as in_torch
from generated.torch import _binary_cross_entropy_with_logits as of_two
from generated.torch import _multilabel_soft_margin_loss as of_labels

LOSSES = {
    "BCEWithLogitsLoss": (of_two, "pos_weight", lambda shape: torch.ones((), dtype=torch.float64)),
    "MultiLabelSoftMarginLoss": (
        of_labels,
        "weight",
        lambda shape: torch.ones(shape[-1], dtype=torch.float64),
    ),
}
SHAPES = {"rows": (5, 4), "one": (1, 1), "no sample": (0, 3)}
# Some dozens of roundings of 1e-16, of numbers near 1.
TOLERANCE = {"rtol": 1e-13, "atol": 1e-15, "equal_nan": True}


def draw(shape):
    numbers = torch.Generator().manual_seed(7)
    scores = 5.0 * torch.randn(shape, generator=numbers, dtype=torch.float64)
    shares = torch.rand(shape, generator=numbers, dtype=torch.float64)
    shares[:1] = shares[:1].round()
    return scores.requires_grad_(), shares.requires_grad_()


def derivatives(loss, scores, shares):
    """Return the loss, its gradients, and those of their squares."""
    value = loss(scores, shares)
    slopes = torch.autograd.grad(value.sum(), (scores, shares), create_graph=True)
    total = sum((slope * slope).sum() for slope in slopes)
    return [value, *slopes, *torch.autograd.grad(total, (scores, shares))]


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_it_is_the_loss_with_weights_of_one(name, shape, reduction):
    _, weight, ones = LOSSES[name]
    make = getattr(in_torch, name)
    found = derivatives(make(reduction=reduction), *draw(shape))
    whole = derivatives(make(reduction=reduction, **{weight: ones(shape)}), *draw(shape))
    for one, other in zip(found, whole, strict=True):
        torch.testing.assert_close(one, other, **TOLERANCE)


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_takes_the_whole_formula(name, monkeypatch):
    module, weight, ones = LOSSES[name]
    kernels, finish = [], module.finish
    monkeypatch.setattr(
        module,
        "finish",
        lambda kernel, *rest, **words: kernels.append(kernel) or finish(kernel, *rest, **words),
    )
    loss, scores = getattr(in_torch, name), draw((5, 4))
    loss()(*scores)
    loss(**{weight: ones((5, 4))})(*scores)
    assert kernels == [module._kernel_plain, module._kernel]
