"""PyTorch without reduction: the gradient that the loss finds on its way is the one by formulas."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
from losses import CASES
from torch_models import build

import generated.torch as lossgen
from generated.torch import _entries, _tiles

UNREDUCED = [case for case in CASES if "none" in case.reductions]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def draw(case, wanted=None):
    """Return the inputs of a case, and those to differentiate by: all of them, or some."""
    inputs = [torch.from_numpy(x) for x in case.inputs(seed=0)]
    inputs = [x.double() if x.is_floating_point() else x for x in inputs]
    floats = [x for x in inputs if x.is_floating_point()]
    chosen = floats if wanted is None else [x for k, x in enumerate(floats) if k in wanted]
    return inputs, [x.requires_grad_() for x in chosen]


def random_like(tensor):
    generator = torch.Generator().manual_seed(7)
    return torch.randn(tensor.shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("grain", [2, _tiles.GRAIN], ids=["in pieces", "whole"])
@pytest.mark.parametrize("case", UNREDUCED, ids=lambda case: case.id)
def test_the_gradient_is_that_of_the_formulas(case, grain, monkeypatch):
    monkeypatch.setattr(_tiles, "GRAIN", grain)
    floats = sum(x.is_floating_point() for x in draw(case)[0])
    for count in range(1, floats + 1):
        for wanted in combinations(range(floats), count):
            inputs, wrt = draw(case, wanted)
            loss = build(case, reduction="none")(*inputs)
            upstream = random_like(loss)
            right = torch.autograd.grad(loss, wrt, upstream, create_graph=True)
            loss = build(case, reduction="none")(*inputs)
            found = torch.autograd.grad(loss, wrt, upstream, retain_graph=True)
            again = torch.autograd.grad(loss, wrt, upstream)
            for one, other, third in zip(found, again, right, strict=True):
                torch.testing.assert_close(one, third, rtol=1e-13, atol=1e-14)
                torch.testing.assert_close(other, third, rtol=1e-13, atol=1e-14)
                assert one.shape == third.shape


@each_case
def test_a_batch_of_gradients_is_each_of_them(case):
    for reduction in case.reductions:
        inputs, wrt = draw(case)
        loss = build(case, reduction=reduction)(*inputs)
        upstreams = torch.stack([random_like(loss), torch.ones_like(loss), torch.zeros_like(loss)])
        alone = [torch.autograd.grad(loss, wrt, each, retain_graph=True) for each in upstreams]
        loss = build(case, reduction=reduction)(*inputs)
        batch = torch.autograd.grad(loss, wrt, upstreams, is_grads_batched=True)
        for k, each in enumerate(alone):
            for one, several in zip(each, batch, strict=True):
                torch.testing.assert_close(several[k], one, rtol=1e-13, atol=1e-14)


def test_the_loss_is_the_callers_to_write_into():
    x = torch.tensor([0.5, -3.0], requires_grad=True)
    for loss in (lossgen.L1Loss(reduction="none"), lossgen.SquaredHingeLoss(reduction="none")):
        kept = loss(x, torch.ones(2))
        right = torch.autograd.grad(loss(x, torch.ones(2)).sum(), x)[0]
        kept.mul_(2.0).sum().backward()
        torch.testing.assert_close(x.grad, 2.0 * right)
        x.grad = None


def test_a_parameter_that_is_trained_has_its_gradient_from_all_entries():
    x, t = torch.tensor([0.5, -3.0, 4.0]), torch.zeros(3)
    delta = torch.tensor(1.0, requires_grad=True)
    lossgen.huber_loss(x, t, delta=delta, reduction="none").backward(torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(delta.grad, torch.tensor(2.0 * 2.0 + 3.0 * 3.0))


def test_it_is_found_on_the_way(monkeypatch):
    """Otherwise the tests above compare the formulas with themselves."""
    calls = []
    found = _entries.loss_and_slopes
    monkeypatch.setattr(
        _entries, "loss_and_slopes", lambda *args: calls.append(args[2]) or found(*args)
    )
    x, t = torch.randn(4, 3, requires_grad=True), torch.rand(4, 3)
    labels = torch.tensor([0, 2, 1, 1])
    for name in ("HuberLoss", "BCEWithLogitsLoss", "SigmoidFocalLoss", "CrossEntropyLoss"):
        target = labels if name == "CrossEntropyLoss" else t
        getattr(lossgen, name)(reduction="none")(x, target).sum().backward()
        assert calls.pop() == (0,)
    lossgen.info_nce_loss(x, x.detach().clone(), reduction="none").sum().backward()
    assert not calls  # its rows know of each other
    with torch.no_grad():
        lossgen.HuberLoss(reduction="none")(x, t)
    assert not calls


@pytest.mark.parametrize("grain", [2, _tiles.GRAIN], ids=["in pieces", "whole"])
@each_case
def test_each_pass_over_a_graph_finds_the_same_bits(case, grain, monkeypatch):
    monkeypatch.setattr(_tiles, "GRAIN", grain)
    for reduction in case.reductions:
        inputs, wrt = draw(case)
        loss = build(case, reduction=reduction)(*inputs)
        alone = torch.zeros_like(loss)
        alone.view(-1)[:1] = 0.3  # what gradcheck asks for: one entry at a time
        for upstream in (random_like(loss), alone, torch.ones_like(loss)):
            loss = build(case, reduction=reduction)(*inputs)
            passes = [torch.autograd.grad(loss, wrt, upstream, retain_graph=True) for _ in "123"]
            for found in passes[1:]:
                assert all(map(torch.equal, found, passes[0])), reduction


@pytest.mark.parametrize("case", UNREDUCED, ids=lambda case: case.id)
def test_an_unreduced_loss_may_be_written_into(case):
    inputs, wrt = draw(case)
    kept = build(case, reduction="none")(*inputs)
    upstream = random_like(kept)
    right = torch.autograd.grad(kept, wrt, 2.0 * upstream)
    loss = build(case, reduction="none")(*inputs)
    torch.testing.assert_close(loss.mul_(2.0), 2.0 * kept)
    found = torch.autograd.grad(loss, wrt, upstream)
    torch.testing.assert_close(found, right, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_nothing_of_very_many_classes_is_a_loss(reduction):
    classes = 5 * _tiles.tile_size()
    x = torch.zeros(0, classes, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.long)
    for target in (labels, torch.zeros(0, classes)):
        loss = lossgen.cross_entropy(x, target, reduction=reduction)
        right = torch.nn.functional.cross_entropy(x, target, reduction=reduction)
        torch.testing.assert_close(loss, right, equal_nan=True)
        assert torch.autograd.grad(loss.sum(), x)[0].shape == x.shape


@pytest.mark.parametrize("again", [False, True], ids=["create_graph", "retain_graph"])
def test_a_denominator_that_changes_before_it_is_needed_is_an_error(again):
    x = torch.tensor([0.5, -3.0], requires_grad=True)
    denominator = torch.tensor(2.0)
    loss = lossgen.mse_loss(x, torch.zeros(2), denominator=denominator)
    if again:
        torch.autograd.grad(loss, x, retain_graph=True)
    denominator.fill_(100.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(loss, x, create_graph=not again)
