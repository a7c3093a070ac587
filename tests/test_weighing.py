"""Weights and denominators that a caller gives: in every backend."""

import inspect

import jax
import numpy as np
import pytest
import torch
from gradients import BACKENDS
from losses import CASES, LIBRARY, Case

import generated.numpy

# Both sides sum the same few terms, in another order: a hundred roundings of float64.
CLOSE = {"rtol": 100 * np.finfo(float).eps, "atol": 100 * np.finfo(float).eps}
DIVISOR = 8.3  # is another number in float32
# Each row has all others in it, so batches cannot be cut.
COUPLED = (
    *("CircleLoss", "CLIPLoss", "InfoNCELoss", "LiftedStructureLoss", "MultiSimilarityLoss"),
    *("NPairsLoss", "NTXentLoss", "SigLIPLoss", "SupConLoss"),
)


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.experimental.enable_x64():
        yield


def keywords(case: Case) -> set[str]:
    """Return which of the two the calls of a loss have, by the package that has no framework."""
    call = getattr(generated.numpy, case.class_name).__call__
    return {"sample_weight", "denominator"} & set(inspect.signature(call).parameters)


def weighed(case: Case, reduction: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a weight for each sample, and the unreduced loss by the independent formula."""
    unreduced = case.reference(*case.inputs(), reduction="none").detach().numpy()
    weight = np.asarray(np.random.default_rng(3).random(unreduced.shape[:1]) + 0.25)
    return weight, unreduced


# Compiling takes time: one case of each function shows what is the same for all.
FIRST = {case.function: case.id for case in reversed(CASES)}
BY_ROW = ("weights", "where")  # options that have the batch's axis
SLOW = ("jax", "mindspore")


def with_backends(cases: list[Case]) -> pytest.MarkDecorator:
    """Run each case in every backend, in the slow ones the first of each function of CASES."""
    pairs = [
        pytest.param(run, case, id=f"{case.id}-{name}")
        for case in cases
        for name, run in BACKENDS.items()
        if name not in SLOW or FIRST.get(case.function) == case.id
    ]
    return pytest.mark.parametrize(("run", "case"), pairs)


WEIGHABLE = [case for case in CASES if "sample_weight" in keywords(case)]
SEPARATE = [
    case
    for case in (*WEIGHABLE, *(case for case in LIBRARY if "sample_weight" in keywords(case)))
    if case.class_name not in COUPLED and np.ndim(case.reference(*case.inputs(), reduction="none"))
]


def divisor(case: Case) -> float:
    """Return what the mean divides by, by the independent formula."""
    inputs = case.inputs()
    total, mean = (case.reference(*inputs, reduction=word) for word in ("sum", "mean"))
    return (total / mean).item()


@with_backends(WEIGHABLE)
def test_a_weight_for_each_sample_scales_its_loss_and_gradient(case, run):
    weight, unreduced = weighed(case, "sum")
    spread = weight.reshape(weight.shape + (1,) * (unreduced.ndim - weight.ndim))
    value, _ = run(case, "sum", case.inputs(), sample_weight=weight)
    np.testing.assert_allclose(value, (spread * unreduced).sum(), **CLOSE)
    value, gradient = run(case, "none", case.inputs(), sample_weight=weight)
    np.testing.assert_allclose(value, spread * unreduced, **CLOSE)
    inputs = [torch.tensor(x) for x in case.inputs()]
    inputs[0].requires_grad_()
    reference = (torch.from_numpy(spread) * case.reference(*inputs, reduction="none")).sum()
    (expected,) = torch.autograd.grad(reference, inputs[0])
    np.testing.assert_allclose(gradient, expected.numpy(), **CLOSE)


@with_backends(WEIGHABLE)
def test_equal_weights_change_no_mean(case, run):
    weight, _ = weighed(case, "mean")
    plain, gradient = run(case, "mean", case.inputs())
    value, moved = run(case, "mean", case.inputs(), sample_weight=np.full_like(weight, 2.5))
    np.testing.assert_allclose(value, plain, **CLOSE)
    np.testing.assert_allclose(moved, gradient, **CLOSE)


@with_backends([case for case in CASES if "denominator" in keywords(case)])
def test_a_denominator_divides_the_sum(case, run):
    total, slope = run(case, "sum", case.inputs())
    value, gradient = run(case, "mean", case.inputs(), denominator=DIVISOR)
    np.testing.assert_allclose(value, total / DIVISOR, **CLOSE)
    np.testing.assert_allclose(gradient, slope / DIVISOR, **CLOSE)
    with pytest.raises(ValueError, match="denominator is for means, and reduction is 'sum'"):
        run(case, "sum", case.inputs(), denominator=DIVISOR)


@with_backends(SEPARATE)
def test_micro_batches_of_unequal_counts_give_the_whole_batch(case, run):
    inputs, rows = case.inputs(), len(case.inputs()[0])
    value, gradient = run(case, "mean", inputs)
    cuts = [slice(0, 1), slice(1, 1), slice(1, 2), slice(2, rows)]
    by_row = {k: v for k, v in case.options.items() if k in BY_ROW}
    results = []
    for cut in cuts:
        own = {k: v[cut] for k, v in by_row.items()}
        part = Case(**{**vars(case), "options": case.options | own})
        pieces = tuple(np.ascontiguousarray(x[cut]) for x in inputs)
        results.append(run(part, "mean", pieces, denominator=divisor(case)))
    np.testing.assert_allclose(sum(result for result, _ in results), value, **CLOSE)
    np.testing.assert_allclose(np.concatenate([g for _, g in results]), gradient, **CLOSE)
