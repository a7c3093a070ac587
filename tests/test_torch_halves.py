"""Half precision in PyTorch: computed in float32 by pieces, rounded once, and little memory."""

from __future__ import annotations

import pytest
import torch
from losses import CASES, LIBRARY
from torch.profiler import ProfilerActivity, profile
from torch_models import build

import generated.torch as lossgen
from generated.torch import _tiles

HALVES = (torch.float16, torch.bfloat16)
REDUCED = [case for case in (*CASES, *LIBRARY) if {"mean", "sum"} & {*case.reductions}]

each_half = pytest.mark.parametrize("half", HALVES, ids=str)


def derivatives(case, reduction, half):
    """Return a loss, that under no_grad, its gradients, and how these change along themselves."""
    inputs = [torch.from_numpy(x) for x in case.inputs(seed=0)]
    inputs = [x.to(half) if x.is_floating_point() else x for x in inputs]
    wrt = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    loss = build(case, reduction=reduction)
    value = loss(*inputs)
    with torch.no_grad():
        alone = loss(*inputs)
    first = torch.autograd.grad(value, wrt, retain_graph=True, materialize_grads=True)
    slopes = torch.autograd.grad(value, wrt, create_graph=True, materialize_grads=True)
    moving = [(x, x.detach()) for x in slopes if x.requires_grad]
    given = [list(part) for part in zip(*moving, strict=True)]
    second = (
        torch.autograd.grad(given[0], wrt, given[1], allow_unused=True, materialize_grads=True)
        if given
        else ()
    )
    return [value, alone, *first, *slopes, *second]


@pytest.mark.parametrize("case", REDUCED, ids=lambda case: case.id)
def test_pieces_give_what_the_whole_gives(case, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    for half in HALVES:
        for reduction in {"mean", "sum"} & {*case.reductions}:
            whole = derivatives(case, reduction, half)
            with monkeypatch.context() as patched:
                patched.setattr(_tiles, "GRAIN", 2)
                pieces = derivatives(case, reduction, half)
            # Other sums of float32, rounded once: neighbours at most.
            step = torch.finfo(half).eps
            torch.testing.assert_close(pieces, whole, rtol=step, atol=2 * step, equal_nan=True)
            assert all(x.dtype == half for x in pieces)


@each_half
def test_inputs_of_several_dtypes_have_gradients_of_their_own(half, monkeypatch):
    monkeypatch.setattr(_tiles, "GRAIN", 2)
    x = torch.linspace(-3.0, 3.0, 40, dtype=half, requires_grad=True)
    t = torch.linspace(2.0, -1.0, 40, dtype=torch.float64, requires_grad=True)
    loss = lossgen.mse_loss(x, t)
    by_input, by_target = torch.autograd.grad(loss, (x, t))
    assert (loss.dtype, by_input.dtype, by_target.dtype) == (half, half, torch.float64)
    right = (x.double() - t).detach() / 20.0
    torch.testing.assert_close(by_input.double(), right, rtol=torch.finfo(half).eps, atol=1e-4)
    torch.testing.assert_close(by_target, -right, rtol=1e-6, atol=1e-7)
    counts = torch.arange(40) % 3
    torch.testing.assert_close(lossgen.mse_loss(x, counts), lossgen.mse_loss(x, counts.to(half)))


def most_bytes(step):
    """Return the most memory that a step holds at once."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        step()
    events = [x for x in seen.profiler.kineto_results.events() if x.name() == "[memory]"]
    held = most = 0
    for event in events:
        held += event.nbytes()
        most = max(most, held)
    return most


@each_half
@pytest.mark.parametrize("name", ["MSELoss", "HuberLoss", "BCEWithLogitsLoss", "CrossEntropyLoss"])
def test_nothing_of_the_size_of_an_input_is_held_but_gradients(name, half, monkeypatch):
    monkeypatch.setattr(_tiles, "GRAIN", 1 << 10)
    x = torch.randn(1 << 11, 1 << 7).to(half).requires_grad_()
    target = (
        torch.randint(0, 1 << 7, (1 << 11,)) if name[0] == "C" else torch.rand(x.shape).to(half)
    )
    loss = getattr(lossgen, name)()

    def step():
        x.grad = None
        loss(x, target).backward()

    step()
    # The gradient in float32, of which that in half precision is made: six bytes for each entry.
    assert most_bytes(step) < 6.5 * x.numel()
