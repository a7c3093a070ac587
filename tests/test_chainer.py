"""The Chainer losses: derivatives by Chainer's own checks, and Links as training uses them."""

import chainer
import numpy as np
import pytest
import torch
from chainer import Variable, gradient_check
from derivatives import EXACT, assert_close, derivatives, each_reduction, floating, reductions
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_second_derivatives_along_the_prediction_alone(case):
    # As in a gradient penalty: the targets are plain arrays, and nothing flows back to the others.
    inputs = case.inputs()
    prediction, direction = Variable(inputs[0]), np.ones(inputs[0].shape)
    loss = loss_of(case)(prediction, *inputs[1:])
    (slope,) = chainer.grad([loss], [prediction], enable_double_backprop=True)
    (bend,) = chainer.grad([slope], [prediction], [Variable(direction)])
    tensor = torch.tensor(inputs[0], requires_grad=True)
    value = case.reference(tensor, *inputs[1:])
    (first,) = torch.autograd.grad(value, tensor, create_graph=True)
    along = (first * torch.from_numpy(direction)).sum()
    tensors = torch.autograd.grad(along, tensor) if along.requires_grad else [0 * tensor]
    (second,) = tensors
    assert_close([slope.array, bend.array], [first.numpy(force=True), second.numpy(force=True)])


def filled(gradients, variables):
    """Chainer says None where nothing flows back."""
    pairs = zip(gradients, variables, strict=True)
    return [np.zeros(x.shape) if g is None else g.array for g, x in pairs]


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_chainers_own_checks_pass(case, reduction):
    word = reduction if reduction in case.reductions else "sum"
    inputs, rng = case.inputs(), np.random.default_rng(2)
    # A difference would leave the few values that mean anything.
    places = tuple(place for place in floating(inputs) if place not in case.categories)
    loss = loss_of(case, word)

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
    results = [loss_of(case, reduction)(*inputs) for reduction in reductions(case)]
    assert {x.dtype for x in (*results, *grads)} == {np.dtype(dtype)}
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
    t = torch.tensor(number, dtype=torch.float64, requires_grad=True)
    value = case.reference(*case.inputs(), temperature=t)
    (first,) = torch.autograd.grad(value, t, create_graph=True)
    (second,) = torch.autograd.grad(first, t)
    assert_close(
        [loss.array, slope.array, bend.array], [x.numpy(force=True) for x in (value, first, second)]
    )


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


def test_weights_are_saved_and_loaded(tmp_path):
    case = SOME["bce-weighted"]
    loss, other = loss_of(case), loss_of(case, weight=np.ones(4), pos_weight=np.ones(4))
    chainer.serializers.save_npz(tmp_path / "loss.npz", loss)
    assert other(*case.inputs()).array != loss(*case.inputs()).array
    chainer.serializers.load_npz(tmp_path / "loss.npz", other)
    assert other(*case.inputs()).array == loss(*case.inputs()).array


def numbers(observation):
    return {name: float(part.array) for name, part in observation.items()}


def heads():
    inputs = SOME["two_head"].inputs()
    squared, absolute = np.square(inputs[0] - inputs[1]), np.abs(inputs[2] - inputs[3])
    return inputs, {"loss1": squared.mean(), "loss2": absolute.mean()}


def test_parts_are_reported_under_a_link_that_the_reporter_knows():
    inputs, parts = heads()
    loss, reporter = ours.TwoHeadLoss(), chainer.Reporter()
    reporter.add_observer("criterion", loss)
    with reporter:
        loss(*inputs)
    reported = {f"criterion/{name}": value for name, value in parts.items()}
    assert numbers(reporter.observation) == pytest.approx(reported, rel=EXACT)


def test_parts_are_reported_without_a_link_that_the_reporter_does_not_know():
    inputs, parts = heads()
    reporter = chainer.Reporter()
    with reporter:
        ours.TwoHeadLoss()(*inputs)
    assert numbers(reporter.observation) == pytest.approx(parts, rel=EXACT)


def test_parts_of_a_link_inside_of_a_chain_are_reported_by_its_path():
    inputs, parts = heads()
    model, reporter = chainer.Chain(criterion=ours.TwoHeadLoss()), chainer.Reporter()
    reporter.add_observers("main", model.namedlinks())
    with reporter:
        model.criterion(*inputs)
    reported = {f"main/criterion/{name}": value for name, value in parts.items()}
    assert numbers(reporter.observation) == pytest.approx(reported, rel=EXACT)


def test_nothing_fails_outside_of_a_reporter():
    inputs, parts = heads()
    loss = ours.TwoHeadLoss()
    assert float(loss(*inputs).array) == pytest.approx(sum(parts.values()), rel=EXACT)
    assert list(loss.parts(*inputs)) == list(parts)
    assert numbers(loss.parts(*inputs)) == pytest.approx(parts, rel=EXACT)
    _, same = ours.two_head_loss(*inputs, return_parts=True)
    assert numbers(same) == pytest.approx(parts, rel=EXACT)


class Regressor(chainer.Chain):
    """The model of the Chainer text, with a generated loss as a child."""

    def __init__(self, loss):
        super().__init__()
        with self.init_scope():
            self.line = chainer.links.Linear(1, 1, initialW=0.0)
            self.loss = loss

    def forward(self, x, t):
        return self.loss(self.line(x), t)


@pytest.mark.parametrize("loss", [ours.L1Loss(), ours.WeightedMSELoss(np.ones(8, np.float32))])
def test_an_optimizer_lowers_the_loss(loss):
    x = np.linspace(-1, 1, 8, dtype=np.float32)[:, None]
    model = Regressor(loss)
    optimizer = chainer.optimizers.SGD(0.1).setup(model)
    before = model(x, 2 * x + 3)
    model.cleargrads()
    before.backward()
    slope = model.line.b.grad.copy()
    optimizer.update()
    assert model(x, 2 * x + 3).array < before.array
    np.testing.assert_array_equal(model.line.b.array, -np.float32(0.1) * slope)
    for _ in range(100):
        optimizer.update(model, x, 2 * x + 3)
    assert model(x, 2 * x + 3).array < 0.1 * before.array


def test_a_trainer_logs_the_parts(tmp_path):
    x = np.linspace(-1, 1, 8, dtype=np.float32)[:, None]
    model = Regressor(ours.TwoHeadLoss())
    model.forward = None  # the updater is told what to call

    def objective(x, t):
        y = model.line(x)
        return model.loss(y, t, y, t)

    optimizer = chainer.optimizers.SGD(0.05).setup(model)
    iterator = chainer.iterators.SerialIterator(chainer.datasets.TupleDataset(x, 2 * x + 3), 4)
    updater = chainer.training.StandardUpdater(iterator, optimizer, loss_func=objective)
    trainer = chainer.training.Trainer(updater, (5, "epoch"), out=tmp_path)
    log = chainer.training.extensions.LogReport()
    trainer.extend(log)
    trainer.run()
    first, last = log.log[0], log.log[-1]
    for part in ("main/loss/loss1", "main/loss/loss2"):
        assert last[part] < first[part]


def test_ignored_entries_have_exactly_no_part():
    logits = Variable(np.array([[1.0, 2.0], [np.nan, np.inf], [0.5, -1.0]]))
    loss = ours.cross_entropy(logits, np.array([0, 7, 1]), ignore_index=7)
    loss.backward()
    assert np.isfinite(loss.array)
    assert (logits.grad[1] == 0.0).all()


def test_inputs_are_never_written_to():
    for case in CASES:
        inputs = [Variable(x) for x in case.inputs()]
        for variable in inputs:
            variable.array.flags.writeable = False
        loss_of(case)(*inputs).backward()


def test_reductions_of_nothing():
    empty = np.ones((0, 3), np.float32)
    assert ours.l1_loss(empty, empty, reduction="none").shape == (0, 3)
    assert ours.l1_loss(empty, empty, reduction="sum").array == 0.0
    assert np.isnan(ours.l1_loss(empty, empty).array)


ONES = np.ones((2, 3), np.float32)
FAULTS = {
    "reduction": (ValueError, lambda: ours.MSELoss("avg")),
    "target": (ValueError, lambda: ours.mse_loss(ONES, ONES[0])),
    "input": (TypeError, lambda: ours.mse_loss(np.ones(3, int), np.ones(3))),
    "delta": (ValueError, lambda: ours.huber_loss(ONES, ONES, delta=0.0)),
    "weight": (ValueError, lambda: ours.cross_entropy(ONES, np.array([0, 1]), ONES[0, :2])),
    "pos_weight": (
        ValueError,
        lambda: ours.binary_cross_entropy_with_logits(ONES, ONES, pos_weight=ONES[0, :2]),
    ),
    "weights": (ValueError, lambda: ours.weighted_mse_loss(ONES, ONES, ONES[0])),
    "key": (ValueError, lambda: ours.info_nce_loss(ONES, ONES.T)),
    "temperature": (ValueError, lambda: ours.info_nce_loss(ONES, ONES, temperature=-1.0)),
    "target2": (ValueError, lambda: ours.two_head_loss(ONES, ONES, ONES, ONES[0])),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_name_the_argument(name):
    kind, fault = FAULTS[name]
    with pytest.raises(kind, match=rf"^{name} "):
        fault()


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_outside_of_the_classes_are_refused(label):
    # Unlike in Chainer's own losses, -1 is not ignored unless ignore_index says so.
    with pytest.raises(ValueError, match=rf"^target .* got {label}"):
        ours.cross_entropy(ONES, np.array([0, label]))
