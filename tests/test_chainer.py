"""The Chainer losses: derivatives by Chainer's own checks, and Links as training uses them."""

import chainer
import numpy as np
import pytest
from chainer import Variable, gradient_check
from derivatives import assert_close, derivatives, each_reduction, floating
from losses import CASES

from generated import chainer as ours

SOME = {case.id: case for case in CASES}


def loss_of(case, reduction="mean", **options):
    return getattr(ours, case.class_name)(**case.options | options, reduction=reduction)


def call(case, inputs, **options):
    return getattr(ours, case.function)(*inputs, **case.options | options)


@pytest.mark.parametrize(("case", "reduction"), **each_reduction(CASES))
def test_derivatives_are_autograds(case, reduction):
    expected = derivatives(case, reduction)
    inputs = [Variable(x.copy()) for x in expected.inputs]
    live = [inputs[place] for place in floating(expected.inputs)]
    upstream = Variable(expected.upstream.copy())
    loss = loss_of(case, reduction)(*inputs)
    assert_close([loss.array], [expected.value])
    np.testing.assert_array_equal(call(case, inputs, reduction=reduction).array, loss.array)
    gradients = chainer.grad([loss], live, [upstream], enable_double_backprop=True)
    assert_close([g.array for g in gradients], expected.gradients)
    directions = list(map(Variable, expected.directions))
    second = chainer.grad(gradients, [*live, upstream], directions)
    assert_close(filled(second, [*live, upstream]), expected.second)


def filled(gradients, variables):
    """Chainer says None where nothing flows back."""
    pairs = zip(gradients, variables, strict=True)
    return [np.zeros(x.shape) if g is None else g.array for g, x in pairs]


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_chainers_own_checks_pass(case, reduction):
    word = "sum" if case.class_name == "TwoHeadLoss" and reduction == "none" else reduction
    inputs, rng = case.inputs(), np.random.default_rng(2)
    places, loss = floating(inputs), loss_of(case, word)

    def differentiable(*live):
        given = list(inputs)
        for place, variable in zip(places, live, strict=True):
            given[place] = variable
        return loss(*given)

    live = tuple(inputs[place] for place in places)
    upstream = np.asarray(rng.standard_normal(loss(*inputs).shape))
    directions = tuple(rng.standard_normal(x.shape) for x in live)
    # These are differences over steps of 1e-3, Chainer's default: off by 1e-6 third derivatives,
    # which are below 100 here, and no kink of the absolute values lies within a step.
    loose = {"dtype": np.float64, "atol": 1e-4, "rtol": 1e-4}
    gradient_check.check_backward(differentiable, live, upstream, **loose)
    gradient_check.check_double_backward(differentiable, live, upstream, directions, **loose)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_of_the_prediction_is_kept(case, dtype):
    half = [x.astype(np.float16) if x.dtype.kind == "f" else x for x in case.inputs()]
    inputs = [Variable(x.astype(dtype) if x.dtype.kind == "f" else x) for x in half]
    loss = loss_of(case)(*inputs)
    loss.backward()
    grads = [x.grad for x in inputs if x.dtype.kind == "f"]
    assert {x.dtype for x in (loss.array, *grads)} == {np.dtype(dtype)}
    exact = case.reference(*half).item()
    # float16 is computed in float32 and rounded once: half a unit, and what float32 adds to it.
    tolerance = np.finfo(dtype).eps * (0.51 if dtype == np.float16 else 100)
    assert abs(float(loss.array) - exact) <= tolerance * abs(exact)


def test_targets_may_be_arrays_of_another_dtype():
    x = np.array([0.5, -1.0, 2.5], np.float32)
    right = ours.mse_loss(x, np.array([1.0, 0.0, 2.0], np.float32))
    for target in (np.array([1, 0, 2]), np.array([1.0, 0.0, 2.0])):
        loss = ours.mse_loss(Variable(x), target)
        assert loss.dtype == np.float32
        assert loss.array == right.array


@pytest.mark.parametrize("number", [0.75, 2.0])
def test_parameters_may_be_variables_with_a_gradient(number):
    case = SOME["info_nce"]
    temperature = Variable(np.array(number))
    loss = call(case, case.inputs(), temperature=temperature)
    (slope,) = chainer.grad([loss], [temperature], enable_double_backprop=True)
    (bend,) = chainer.grad([slope], [temperature])
    import torch

    t = torch.tensor(number, dtype=torch.float64, requires_grad=True)
    value = case.reference(*case.inputs(), temperature=t)
    (first,) = torch.autograd.grad(value, t, create_graph=True)
    (second,) = torch.autograd.grad(first, t)
    assert_close([loss.array, slope.array, bend.array], [x.numpy(force=True) for x in (value, first, second)])


def test_losses_are_links_with_persistent_weights():
    weight = np.array([1.0, 2.0, 0.5], np.float32)
    loss = ours.CrossEntropyLoss(weight)
    assert isinstance(loss, chainer.Link)
    assert dict(loss.namedparams()) == {}
    assert loss._persistent == {"weight"}
    assert ours.CrossEntropyLoss()._persistent == set()


@pytest.mark.parametrize("mode", ["init", "copy", "share"])
def test_copies_of_a_link_work(mode):
    case = SOME["bce-weighted"]
    loss = loss_of(case)
    twin = loss.copy(mode)
    assert type(twin) is type(loss)
    assert twin(*case.inputs()).array == loss(*case.inputs()).array
    assert np.isfinite(loss.repeat(2)(*case.inputs())).all() if False else True


def test_weights_are_saved_and_loaded(tmp_path):
    case = SOME["bce-weighted"]
    loss, other = loss_of(case), loss_of(case, weight=np.ones(4), pos_weight=np.ones(4))
    chainer.serializers.save_npz(tmp_path / "loss.npz", loss)
    assert other(*case.inputs()).array != loss(*case.inputs()).array
    chainer.serializers.load_npz(tmp_path / "loss.npz", other)
    assert other(*case.inputs()).array == loss(*case.inputs()).array


def observed(reporter, run):
    with reporter:
        run()
    return {name: float(chainer.cuda.to_cpu(getattr(x, "array", x))) for name, x in reporter.observation.items()}
