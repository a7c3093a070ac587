"""Losses of labels in PyTorch: where each label counts and no class has a weight, they take a
shorter formula, which must not show."""

from __future__ import annotations

import pytest
import torch

import generated.torch as lossgen
from generated.torch import _cross_entropy, _nll_loss

LOSSES = {"cross_entropy": _cross_entropy, "nll_loss": _nll_loss}
SHAPES = {"rows": (5, 4), "pictures": (2, 4, 3, 2), "no axis": (4,), "none": (0, 4)}
REDUCTIONS = ("none", "mean", "sum")


@pytest.fixture(params=LOSSES)
def name(request):
    return request.param


def draw(shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    scores = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 4, shape[:1] * (len(shape) > 1) + shape[2:], generator=generator)
    return scores, labels


def derivatives(loss: torch.Tensor, scores: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return a loss, its gradient and the change of the gradient."""
    along = torch.linspace(-1.0, 1.0, loss.numel(), dtype=loss.dtype).reshape(loss.shape)
    (slope,) = torch.autograd.grad((loss * along).sum(), scores, create_graph=True)
    bend = torch.autograd.grad((slope * slope).sum(), scores, allow_unused=True)[0]
    return loss, slope, torch.zeros_like(scores) if bend is None else bend


def count_formulas(monkeypatch: pytest.MonkeyPatch, name: str) -> list[bool]:
    """Return a list that grows with each call: whether it took the shorter formula."""
    found: list[bool] = []
    finish, module = LOSSES[name].finish, LOSSES[name]

    def spy(kernel, *args, **keywords):
        found.append("weight" not in kernel.kernels.axes)
        return finish(kernel, *args, **keywords)

    monkeypatch.setattr(module, "finish", spy)
    return found


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_is_the_loss_with_weights_of_one(name, shape, reduction, monkeypatch):
    short = count_formulas(monkeypatch, name)
    scores, labels = draw(shape)
    weight = torch.ones(4, dtype=torch.float64)
    function = getattr(lossgen, name)
    found = derivatives(function(scores, labels, reduction=reduction), scores)
    expected = derivatives(function(scores, labels, weight=weight, reduction=reduction), scores)
    for each, other in zip(found, expected, strict=True):
        torch.testing.assert_close(each, other, rtol=1e-13, atol=1e-15, equal_nan=True)
    assert short == [scores.numel() > 0, False]


@pytest.mark.parametrize("ignored", [2, -100, -1], ids=str)
def test_an_ignored_label_takes_the_whole_formula(name, ignored, monkeypatch):
    short = count_formulas(monkeypatch, name)
    scores, labels = draw((5, 4))
    labels[1] = ignored
    count = int((labels != ignored).sum())
    function = getattr(lossgen, name)
    each = function(scores, labels, ignore_index=ignored, reduction="none")
    mean = function(scores, labels, ignore_index=ignored)
    assert each[1] == 0.0
    torch.testing.assert_close(mean, each.sum() / count)
    assert short == [False, False]


def test_weights_of_samples_and_denominators_are_kept(name):
    scores, labels = draw((5, 4))
    function, own = getattr(lossgen, name), torch.arange(5.0, dtype=torch.float64)
    each = function(scores, labels, reduction="none")
    mean = function(scores, labels, sample_weight=own)
    torch.testing.assert_close(mean, (own * each).sum() / own.sum())
    torch.testing.assert_close(function(scores, labels, denominator=8.0), each.sum() / 8.0)


def test_traced_labels_are_not_looked_at(name, monkeypatch):
    short = count_formulas(monkeypatch, name)
    scores, labels = draw((5, 4))
    function = getattr(lossgen, name)
    slopes = torch.func.vmap(torch.func.grad(lambda x, y: function(x[None], y[None])))
    (expected,) = torch.autograd.grad(function(scores, labels, reduction="sum"), scores)
    torch.testing.assert_close(slopes(scores.detach(), labels), expected)
    assert short == [True, False]
