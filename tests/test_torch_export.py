"""Losses as exported graphs: torch.export, and torch.jit.trace for programs that still have it."""

import io
import warnings

import pytest
import torch
from losses import CASES
from torch_models import Model, batch, batches, build, dynamic_batch, one_of_each_function

# The same operations on both sides; derivatives round some dozens of them otherwise, 1.1e-16 each.
ROUNDING = {"rtol": 1e-12, "atol": 1e-13}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_function = pytest.mark.parametrize(
    "case", one_of_each_function(CASES), ids=lambda case: case.id
)


def assert_alike(found, expected):
    """Eager calls leave out what exponentials and norms seldom need: 2 ULP of results or logits.

    Similarities over a temperature of 0.07 are logits of up to 14.
    """
    rounding = 2 * 2.0**-52
    torch.testing.assert_close(found, expected, rtol=rounding, atol=14 * rounding, equal_nan=True)


def leaves(case, seed=0):
    """Return the inputs of a case, and those of them to differentiate by."""
    inputs = batch(case, torch.float64, seed)
    wrt = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    return inputs, wrt


def slopes(loss, wrt):
    """Return the gradients, 0 where PyTorch sees no influence."""
    return torch.autograd.grad(loss.sum(), wrt, allow_unused=True, materialize_grads=True)


@each_case
def test_an_exported_loss_is_the_loss(case):
    loss = build(case, reduction=case.reductions[0])
    program = torch.export.export(loss, tuple(batch(case, torch.float64)))
    weights = {name for name, _ in loss.named_buffers()}
    assert set(program.graph_signature.buffers) == weights
    exported = program.module()
    for seed in (0, 1):
        inputs, wrt = leaves(case, seed)
        found, expected = exported(*inputs), loss(*inputs)
        assert_alike(found, expected)
        # In a graph PyTorch differentiates the formula of the value by itself.
        torch.testing.assert_close(slopes(found, wrt), slopes(expected, wrt), **ROUNDING)


@each_function
def test_an_exported_model_takes_batches_of_any_size_and_survives_a_file(case):
    model = Model(case).double()
    first, *_ = given = batches(case, torch.float64)
    shapes = (dynamic_batch(case),)
    program = torch.export.export(model, tuple(first), dynamic_shapes=shapes, strict=True)
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    loaded = torch.export.load(file).module()
    for inputs in given:
        torch.testing.assert_close(loaded(*inputs), model(*inputs), **ROUNDING)


@pytest.mark.parametrize("graph", ["exported", "traced"])
def test_an_invalid_label_spoils_its_own_row_of_a_graph(graph):
    case = next(case for case in CASES if case.id == "cross_entropy")
    x, y = batch(case, torch.float64)
    loss = build(case, reduction="none")
    run = torch.export.export(loss, (x, y)).module() if graph == "exported" else traced(loss, x, y)
    wrong = y.clone()
    wrong[2] = 17
    expected = loss(x, y)
    expected[2] = torch.nan
    assert_alike(run(x, wrong), expected)


def traced(loss, *inputs):
    """Return what torch.jit records of a loss."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit as a whole
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # shapes are checked while tracing
        return torch.jit.trace(loss, inputs)


@each_case
def test_a_traced_loss_is_the_loss(case):
    loss = build(case, reduction=case.reductions[0])
    run = traced(loss, *batch(case, torch.float64))
    inputs, wrt = leaves(case, seed=1)
    found, expected = run(*inputs), loss(*inputs)
    torch.testing.assert_close(found, expected, **ROUNDING)
    torch.testing.assert_close(slopes(found, wrt), slopes(expected, wrt), **ROUNDING)
