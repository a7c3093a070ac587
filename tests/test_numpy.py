"""The NumPy losses: value, gradient, Hessian diagonal, and how they take what users hand them."""

import copy
import pickle

import numpy as np
import pytest
import torch
from derivatives import EXACT, assert_close, each_reduction, floating, reductions
from losses import CASES

from generated import numpy as ours

SOME = {case.id: case for case in CASES}


def loss_of(case, reduction="mean", **options):
    return getattr(ours, case.class_name)(**case.options, **options, reduction=reduction)


def call(case, inputs, reduction="mean"):
    return getattr(ours, case.function)(*inputs, **case.options, reduction=reduction)


def autograd(case, reduction):
    """The value, and the gradient and Hessian of its sum, by automatic differentiation."""
    tensors = [torch.tensor(x) for x in case.inputs()]
    live = [tensors[place].requires_grad_() for place in floating(case.inputs())]
    value = case.reference(*tensors, reduction=reduction)
    gradients = torch.autograd.grad(value.sum(), live, create_graph=True)
    return value.detach().numpy(), gradients, live


def diagonal(gradient, tensor):
    """Differentiate each entry of a gradient by its own input."""
    if not gradient.requires_grad:
        return np.zeros(tensor.shape)
    rows = [
        torch.autograd.grad(entry, tensor, retain_graph=True, allow_unused=True)[0]
        for entry in gradient.flatten()
    ]
    entries = [0.0 if row is None else row.flatten()[k].item() for k, row in enumerate(rows)]
    return np.array(entries).reshape(tensor.shape)


@pytest.mark.parametrize(("case", "reduction"), **each_reduction(CASES))
def test_value_gradient_and_hessian_diagonal_are_autograds(case, reduction):
    loss, inputs = loss_of(case, reduction), case.inputs()
    value, gradients, live = autograd(case, reduction)
    expected = tuple(g.detach().numpy() for g in gradients)
    assert_close([loss(*inputs)], [value])
    again, gradient = loss.value_and_grad(*inputs)
    np.testing.assert_array_equal(again, loss(*inputs))
    np.testing.assert_array_equal(call(case, inputs, reduction), loss(*inputs))
    assert_close(gradient, expected)
    second = tuple(map(diagonal, gradients, live))
    assert_close(loss.hessian_diagonal(*inputs), second)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_hessian_diagonal_is_the_difference_of_gradients(case):
    # Central differences err by step**2 / 6 times the third derivative (here below 1e3) and by
    # eps / step: 1e-7 and 1e-10 for this step, and no kink lies so near to these inputs.
    step, loss, inputs = 1e-5, loss_of(case, "sum"), case.inputs()
    for position, place in enumerate(floating(inputs)):
        slopes = np.empty_like(inputs[place])
        for entry in np.ndindex(inputs[place].shape):
            ends = []
            for sign in (1, -1):
                moved = [x.copy() for x in inputs]
                moved[place][entry] += sign * step
                ends.append(loss.value_and_grad(*moved)[1][position][entry])
            slopes[entry] = (ends[0] - ends[1]) / (2 * step)
        exact = loss.hessian_diagonal(*inputs)[position]
        np.testing.assert_allclose(slopes, exact, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_of_the_prediction_is_kept(case, dtype):
    inputs = tuple(x.astype(np.float16) if x.dtype.kind == "f" else x for x in case.inputs())
    given = tuple(x.astype(dtype) if x.dtype.kind == "f" else x for x in inputs)
    value, gradients = loss_of(case).value_and_grad(*given)
    diagonals = loss_of(case).hessian_diagonal(*given)
    results = [loss_of(case, reduction)(*given) for reduction in reductions(case)]
    assert {x.dtype for x in (*results, *gradients, *diagonals)} == {np.dtype(dtype)}
    wide = tuple(x.astype(np.float64) if x.dtype.kind == "f" else x for x in inputs)
    exact, slopes = loss_of(case).value_and_grad(*wide)
    # float16 is computed in float32 and rounded once: half a unit, and what float32 adds to it.
    unit = np.finfo(dtype).eps
    tolerance = 0.51 * unit if dtype == np.float16 else 100 * unit
    assert abs(value - exact) <= tolerance * abs(exact)
    for mine, right in zip(gradients, slopes, strict=True):
        least = np.finfo(np.float16).smallest_subnormal if dtype == np.float16 else unit
        np.testing.assert_allclose(mine, right, rtol=tolerance, atol=least)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_inputs_are_never_written_to(case):
    inputs = case.inputs()
    for array in inputs:
        array.flags.writeable = False
    loss = loss_of(case)
    loss.value_and_grad(*inputs)
    loss.hessian_diagonal(*inputs)


def test_lists_and_integers_are_targets_of_a_regression():
    prediction = np.array([0.5, -1.0, 2.5], np.float32)
    expected = ours.mse_loss(prediction, np.array([1, 0, 2], np.float32))
    assert ours.mse_loss(prediction, [1, 0, 2]) == expected
    assert ours.mse_loss(prediction.tolist(), [1, 0, 2]) == 0.5
    assert ours.mse_loss(prediction, np.array([1, 0, 2])).dtype == np.float32
    value, gradients = ours.MSELoss().value_and_grad(prediction, [1, 0, 2])
    assert value == expected
    assert gradients[0].dtype == np.float32


def test_integer_targets_have_no_derivative():
    loss, prediction, target = ours.MSELoss(), np.array([0.5, 1.0]), np.array([1, 0])
    assert len(loss.value_and_grad(prediction, target)[1]) == 1
    assert len(loss.hessian_diagonal(prediction, target)) == 1


def test_an_absent_weight_has_no_shape():
    logits, labels = np.ones((4, 3)), np.zeros((4, 3))
    plain = ours.multilabel_soft_margin_loss(logits, labels, reduction="none")
    weighted = ours.multilabel_soft_margin_loss(logits, labels, np.ones(3), reduction="none")
    assert np.array_equal(plain, weighted)


def test_lists_are_labels_and_weights():
    logits = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    arrays = ours.cross_entropy(logits, np.array([0, 2]), np.array([1.0, 2.0, 3.0]))
    assert ours.cross_entropy(logits.tolist(), [0, 2], [1.0, 2.0, 3.0]) == arrays
    one = ours.CrossEntropyLoss(reduction="none")(logits[0], 0)
    assert one == ours.cross_entropy(logits[:1], [0])


def test_ignored_entries_have_exactly_no_part():
    logits = np.array([[1.0, 2.0], [np.nan, np.inf], [0.5, -1.0]])
    loss = ours.CrossEntropyLoss(reduction="none", ignore_index=7)
    value, (gradient,) = loss.value_and_grad(logits, [0, 7, 1])
    (second,) = loss.hessian_diagonal(logits, [0, 7, 1])
    assert value[1] == 0.0
    assert (gradient[1] == 0.0).all()
    assert (second[1] == 0.0).all()
    assert np.isfinite(value).all()
    kept = ours.cross_entropy(logits[::2], [0, 1])
    # Without the entries that are infinite, a shorter formula does: each errs by 2 units at most.
    unit = np.spacing(kept)
    assert abs(ours.cross_entropy(logits, [0, 7, 1], ignore_index=7) - kept) <= 4 * unit


def test_reductions_of_nothing():
    empty = np.ones((0, 3))
    assert ours.l1_loss(empty, empty, reduction="none").shape == (0, 3)
    assert ours.l1_loss(empty, empty, reduction="sum") == 0.0
    assert np.isnan(ours.l1_loss(empty, empty))
    ignored = np.ones((2, 3)), [-100, -100]
    assert ours.cross_entropy(*ignored, reduction="sum") == 0.0
    assert np.isnan(ours.cross_entropy(*ignored))


def test_reductions_are_of_one_unreduced_loss():
    case = SOME["bce-weighted"]
    each = call(case, case.inputs(), "none")
    assert each.shape == (3, 4)
    assert call(case, case.inputs(), "sum") == pytest.approx(each.sum(), rel=EXACT)
    assert call(case, case.inputs(), "mean") == pytest.approx(each.mean(), rel=EXACT)


def test_parts_by_name_in_order():
    inputs = SOME["two_head"].inputs()
    loss = ours.TwoHeadLoss(reduction="sum")
    parts = loss.parts(*inputs)
    assert list(parts) == ["loss1", "loss2"]
    assert parts["loss1"] == ours.mse_loss(*inputs[:2], reduction="sum")
    assert parts["loss2"] == ours.l1_loss(*inputs[2:], reduction="sum")
    value, same = ours.two_head_loss(*inputs, reduction="sum", return_parts=True)
    assert value == loss(*inputs) == parts["loss1"] + parts["loss2"]
    assert same == parts


def test_parts_may_differ_in_shape():
    x, t = np.ones((2, 3)), np.zeros((2, 3))
    value, gradients = ours.TwoHeadLoss().value_and_grad(x, t, x[0], t[0])
    assert value == 2.0
    assert [g.shape for g in gradients] == [(2, 3), (2, 3), (3,), (3,)]


def test_losses_are_plain_objects():
    loss = ours.BCEWithLogitsLoss(np.array([1.0, 2.0]), reduction="sum")
    pair = np.array([[0.5, -1.0]]), np.array([[1.0, 0.0]])
    for twin in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert twin(*pair) == loss(*pair)


ONES = np.ones((2, 3))
FAULTS = {
    "reduction": (ValueError, lambda: ours.MSELoss("avg")),
    "target": (ValueError, lambda: ours.mse_loss(ONES, np.ones(3))),
    "delta": (ValueError, lambda: ours.huber_loss(ONES, ONES, delta=0.0)),
    "input": (TypeError, lambda: ours.mse_loss(np.ones(3, int), np.ones(3))),
    "label_smoothing": (
        ValueError,
        lambda: ours.cross_entropy(ONES, [0, 1], label_smoothing=1.5),
    ),
    "weight": (ValueError, lambda: ours.cross_entropy(ONES, [0, 1], np.ones(2))),
    "pos_weight": (
        ValueError,
        lambda: ours.binary_cross_entropy_with_logits(ONES, ONES, pos_weight=np.ones((4, 1, 1))),
    ),
    "weights": (ValueError, lambda: ours.weighted_mse_loss(ONES, ONES, np.ones(3))),
    "query": (ValueError, lambda: ours.info_nce_loss(np.ones(3), np.ones(3))),
    "key": (ValueError, lambda: ours.info_nce_loss(ONES, np.ones((3, 2)))),
    "temperature": (ValueError, lambda: ours.info_nce_loss(ONES, ONES, temperature=-1.0)),
    "input2": (TypeError, lambda: ours.two_head_loss(ONES, ONES, [1], [1])),
    "target2": (ValueError, lambda: ours.two_head_loss(ONES, ONES, ONES, ONES[0])),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_name_the_argument(name):
    kind, fault = FAULTS[name]
    with pytest.raises(kind, match=rf"^{name} "):
        fault()


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_outside_the_classes_are_refused(label):
    with pytest.raises(ValueError, match=rf"^target .* got {label}"):
        ours.cross_entropy(ONES, [0, label])


def test_errors_of_floating_labels_name_the_target():
    with pytest.raises(ValueError, match=r"^target "):
        ours.cross_entropy(ONES, [0.0, 1.0])  # floats are probabilities: another shape
