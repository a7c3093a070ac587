"""The Chainer losses as programs use them: chains, copies, snapshots, modes, dtypes, mistakes."""

import copy
import inspect

import chainer
import numpy as np
import pytest
import torch
from chainer import Parameter, Variable, functions, links, serializers, training
from chainer.initializers import Constant
from chainer.training import extensions
from derivatives import EXACT, assert_close, floating
from losses import CASES

from generated import chainer as ours

PAIRS = [(case, reduction) for case in CASES for reduction in case.reductions]
SOME = {case.id: case for case in CASES}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_reduction = pytest.mark.parametrize(
    ("case", "reduction"), PAIRS, ids=[f"{case.id}-{word}" for case, word in PAIRS]
)


def loss_of(case, reduction="mean", **options):
    return getattr(ours, case.class_name)(**case.options | options, reduction=reduction)


def names_of(case):
    """Return the names of the inputs, as the class calls them."""
    return list(inspect.signature(getattr(ours, case.class_name).forward).parameters)[1:]


def value_and_gradients(loss, inputs, wrap=Variable):
    """Return the value, and the gradient by each floating-point input of the sum."""
    given = [wrap(x) if x.dtype.kind == "f" else x for x in inputs]
    value = loss(*given)
    value.grad = np.ones_like(value.array)
    value.backward()
    return [value.array, *(given[place].grad for place in floating(inputs))]


class Scaled(chainer.Chain):
    """A model in front of a loss: its prediction is a * x + b, at first x itself."""

    def __init__(self, loss):
        super().__init__()
        with self.init_scope():
            self.a = Parameter(Constant(1.0, np.float64), ())
            self.b = Parameter(Constant(0.0, np.float64), ())
            self.loss = loss

    def forward(self, x, *others):
        a, b = (functions.broadcast_to(p, x.shape) for p in (self.a, self.b))
        return self.loss(a * x + b, *others)


@each_case
def test_a_gradient_penalty_is_trained_through_a_chain(case):
    # The gradient by the parameters of a model is penalised: its own gradient is a second
    # derivative of the loss, through the first derivative of the model.
    inputs = case.inputs()
    model = Scaled(loss_of(case))
    slopes = chainer.grad([model(*inputs)], [model.a, model.b], enable_double_backprop=True)
    model.cleargrads()
    sum(slope**2 for slope in slopes).backward()

    a, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (1.0, 0.0))
    value = case.reference(a * torch.tensor(inputs[0]) + b, *inputs[1:])
    first = torch.autograd.grad(value, (a, b), create_graph=True)
    penalty = sum(slope**2 for slope in first) + 0 * (a + b)  # slopes of |x| depend on neither
    second = torch.autograd.grad(penalty, (a, b))
    assert_close([slope.array for slope in slopes], [x.numpy(force=True) for x in first])
    # The penalty's derivative is a sum of products of the numbers above: as many more roundings.
    scale = max(1.0, *(abs(x.item()) for x in first))
    assert_close([model.a.grad, model.b.grad], [x.numpy() for x in second], EXACT * scale)


@pytest.mark.parametrize("mode", ["init", "copy", "share", "deepcopy"])
@each_case
def test_copies_are_losses_of_their_own(case, mode):
    inputs, loss = case.inputs(), loss_of(case)
    model = Scaled(loss)
    twin = copy.deepcopy(model) if mode == "deepcopy" else model.copy(mode)
    assert twin.loss is not loss
    assert type(twin.loss) is type(loss)
    assert twin.loss(*inputs).array == loss(*inputs).array
    assert twin.loss._persistent == loss._persistent
    own = [getattr(link, name) for link in (loss, twin.loss) for name in loss._persistent]
    for mine, other in zip(own[: len(own) // 2], own[len(own) // 2 :], strict=True):
        np.testing.assert_array_equal(mine, other)
        assert (mine is other) == (mode == "share")


@pytest.mark.parametrize("mode", ["init", "copy", "share"])
def test_a_learnt_parameter_is_copied_like_any_other(mode):
    case = SOME["info_nce"]
    loss = loss_of(case, temperature=Parameter(0.5, ()))
    twin = loss.copy(mode)
    twin.temperature.array[...] = 0.25
    assert loss.temperature.array == (0.25 if mode == "share" else 0.5)
    assert [name for name, _ in twin.namedparams()] == ["/temperature"]


WEIGHTED = [case for case in CASES if any(isinstance(x, np.ndarray) for x in case.options.values())]


@pytest.mark.parametrize("case", WEIGHTED, ids=lambda case: case.id)
def test_weights_of_a_chain_are_saved_and_loaded(case, tmp_path):
    inputs, path = case.inputs(), tmp_path / "model.npz"
    ones = {name: np.ones_like(x) for name, x in case.options.items() if isinstance(x, np.ndarray)}
    model, other = Scaled(loss_of(case)), Scaled(loss_of(case, **ones))
    model.a.array[...] = 0.5
    serializers.save_npz(path, model)
    with np.load(path) as saved:
        assert set(saved) == {"a", "b", *(f"loss/{name}" for name in ones)}
    assert other(*inputs).array != model(*inputs).array
    serializers.load_npz(path, other)
    assert other(*inputs).array == model(*inputs).array


def trainer_of(model, data, out, epochs, batch=4):
    """Return a Trainer that goes through the data in order: nothing of it is left to chance."""
    optimizer = chainer.optimizers.MomentumSGD(0.05).setup(model)
    iterator = chainer.iterators.SerialIterator(data, batch, shuffle=False)
    updater = training.StandardUpdater(iterator, optimizer)
    return training.Trainer(updater, (epochs, "epoch"), out=out)


class Embedding(chainer.Chain):
    """Two views of a sample, compared at a temperature that is learnt."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.line = links.Linear(3, 2, initialW=np.arange(6.0).reshape(2, 3) / 6)
            self.loss = ours.InfoNCELoss(temperature=Parameter(np.array(0.5, np.float32)))

    def forward(self, x, y):
        loss = self.loss(self.line(x), self.line(y))
        chainer.report({"loss": loss, "temperature": self.loss.temperature}, self)
        return loss


class Classes(chainer.Chain):
    """A line that tells three classes apart, some more important than others."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.line = links.Linear(3, 3, initialW=np.eye(3))
            self.loss = ours.CrossEntropyLoss(np.array([0.5, 1.0, 2.0], np.float32))

    def forward(self, x, y):
        loss = self.loss(self.line(x), y.argmax(axis=1))
        chainer.report({"loss": loss}, self)
        return loss


@pytest.mark.parametrize("model", [Embedding, Classes])
def test_training_resumes_from_a_snapshot(model, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16, 3)).astype(np.float32)
    data = chainer.datasets.TupleDataset(x, x + rng.standard_normal((16, 3)).astype(np.float32))
    whole, half, rest = model(), model(), model()
    log = extensions.LogReport()
    trainer = trainer_of(whole, data, tmp_path, 4)
    trainer.extend(log)
    trainer.run()

    trainer = trainer_of(half, data, tmp_path, 2)
    trainer.extend(extensions.snapshot(filename="at_{.updater.epoch}"))
    trainer.run()
    trainer = trainer_of(rest, data, tmp_path, 4)
    serializers.load_npz(tmp_path / "at_2", trainer)
    trainer.run()
    for mine, right in zip(rest.params(), whole.params(), strict=True):
        np.testing.assert_array_equal(mine.array, right.array)
    assert log.log[-1]["main/loss"] < log.log[0]["main/loss"]
    if model is Embedding:
        assert whole.loss.temperature.array != np.float32(0.5)


class Heads(chainer.Chain):
    """Two predictions that are the inputs themselves."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.criterion = ours.TwoHeadLoss()

    def forward(self, x, t):
        return self.criterion(x, t, x[:, :1], t[:, :1])


def test_an_evaluator_reports_the_mean_of_each_part():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2, 12, 2)).astype(np.float32)
    data = chainer.datasets.TupleDataset(x, t)
    batches = chainer.iterators.SerialIterator(data, 4, repeat=False, shuffle=False)
    reported = extensions.Evaluator(batches, Heads())()
    expected = {
        "main/criterion/loss1": np.square(x - t).mean(),
        "main/criterion/loss2": np.abs(x - t)[:, 0].mean(),
    }
    assert reported == pytest.approx(expected, rel=100 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("lossfun", [ours.CrossEntropyLoss(), ours.cross_entropy])
def test_a_classifier_of_chainer_takes_a_loss(lossfun):
    case, reporter = SOME["cross_entropy"], chainer.Reporter()
    model = links.Classifier(functions.identity, lossfun)
    reporter.add_observer("main", model)
    with reporter:
        loss = model(*case.inputs())
    assert_close([loss.array], [case.reference(*case.inputs()).numpy()])
    assert set(reporter.observation) == {"main/loss", "main/accuracy"}


@each_case
def test_gradients_add_up_until_they_are_cleared(case):
    model, inputs = Scaled(loss_of(case)), case.inputs()
    model.cleargrads()
    model(*inputs).backward()
    once = model.a.grad.copy()
    model(*inputs).backward()
    np.testing.assert_array_equal(model.a.grad, 2 * once)
    model.cleargrads()
    assert model.a.grad is None


@each_case
def test_without_backprop_there_is_the_value_alone(case):
    loss, inputs = loss_of(case), case.inputs()
    with chainer.no_backprop_mode(), chainer.using_config("train", False):
        value = loss(*map(Variable, inputs))
    assert value.creator_node is None
    assert value.array == loss(*inputs).array


@each_case
def test_a_loss_may_be_forgotten_and_computed_again(case):
    inputs = case.inputs()
    forgotten = value_and_gradients(
        lambda *given: functions.forget(loss_of(case), *given), inputs, wrap=Variable
    )
    for mine, right in zip(forgotten, value_and_gradients(loss_of(case), inputs), strict=True):
        np.testing.assert_array_equal(mine, right)


@pytest.mark.parametrize("dtype", ["float16", "mixed16", "float32", "float64"])
def test_models_of_every_dtype_that_chainer_knows_are_trained(dtype):
    x = np.linspace(-1, 1, 8)[:, None]
    with chainer.using_config("dtype", getattr(chainer, dtype, dtype)):
        own = chainer.get_dtype()
        x, t = x.astype(own), (2 * x + 1).astype(own)
        line, loss = links.Linear(1, 1, initialW=0.0), ours.HuberLoss()
        model = chainer.Chain(line=line, loss=loss)
        optimizer = chainer.optimizers.SGD(0.2).setup(model)
        if own == np.float16:
            optimizer.use_fp32_update()
            optimizer.loss_scaling(scale=64.0)
        values = []
        for _ in range(40):
            optimizer.update(lambda: values.append(loss(line(x), t)) or values[-1])
    assert {value.dtype for value in values} == {np.dtype(own)}
    assert values[-1].array < values[0].array / 100


@each_reduction
def test_half_precision_is_rounded_once(case, reduction):
    loss = loss_of(case, reduction)
    for seed in range(5):
        half = case.inputs(np.float16, seed)
        single = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in half]
        results = value_and_gradients(loss, half), value_and_gradients(loss, single)
        for mine, right in zip(*results, strict=True):
            assert mine.dtype == np.float16
            np.testing.assert_array_equal(mine, right.astype(np.float16))


LAYOUTS = {
    "transposed": lambda x: np.array(x, order="F"),
    "every-other": lambda x: np.stack([x, np.full_like(x, -7)], -1)[..., 0],
    "backwards": lambda x: x[::-1].copy()[::-1] if x.ndim else x,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@each_reduction
def test_any_layout_in_memory_will_do(case, reduction, layout):
    loss, inputs = loss_of(case, reduction), case.inputs()
    laid_out = [LAYOUTS[layout](x) for x in inputs]
    assert_close(value_and_gradients(loss, laid_out), value_and_gradients(loss, inputs))


def is_elementwise(case):
    """Say whether every entry is a loss of its own, as in a regression without weights."""
    inputs = case.inputs()
    if "none" not in case.reductions or case in WEIGHTED:
        return False
    return {x.shape for x in inputs} == {loss_of(case, "none")(*inputs).shape}


def is_batched(case):
    """Say whether the first axis of every input is that of the unreduced loss."""
    inputs = case.inputs()
    if "none" not in case.reductions:
        return False
    return {x.shape[:1] for x in inputs} == {loss_of(case, "none")(*inputs).shape[:1]} != {()}


ELEMENTWISE = [case for case in CASES if is_elementwise(case)]
BATCHED = [case for case in CASES if is_batched(case)]
LABELLED = [case for case in CASES if any(x.dtype.kind == "i" for x in case.inputs())]


def test_there_are_cases_of_every_kind():
    kinds = {"mse": ELEMENTWISE, "info_nce": BATCHED, "cross_entropy": LABELLED}
    assert all(case in [c.id for c in cases] for case, cases in kinds.items())


@pytest.mark.parametrize("case", ELEMENTWISE, ids=lambda case: case.id)
def test_one_number_is_an_array_without_axes(case):
    inputs = case.inputs(np.float32)
    for reduction in case.reductions:
        loss = loss_of(case, reduction)
        point = value_and_gradients(loss, [np.asarray(x.flat[0]) for x in inputs])
        row = value_and_gradients(loss, [x.flatten()[:1] for x in inputs])
        assert {x.dtype for x in point} == {np.dtype(np.float32)}
        # NumPy 1.26 may compute numbers without axes in float64; they are then rounded once.
        expected = [x.reshape(()) for x in row]
        assert_close(point, expected, 4 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("case", BATCHED, ids=lambda case: case.id)
def test_of_no_samples_the_sum_is_zero_and_the_mean_unknown(case):
    inputs, shape = case.inputs(), loss_of(case, "none")(*case.inputs()).shape
    samples = {
        name: value[:0]
        for name, value in case.options.items()
        if isinstance(value, np.ndarray) and len(value) == len(inputs[0])
    }
    inputs = [x[:0] for x in inputs]
    expected = {"none": np.zeros((0, *shape[1:])), "sum": np.array(0.0), "mean": np.array(np.nan)}
    for reduction, right in expected.items():
        value, *gradients = value_and_gradients(loss_of(case, reduction, **samples), inputs)
        np.testing.assert_array_equal(value, right)
        assert [g.shape for g in gradients] == [inputs[place].shape for place in floating(inputs)]


@pytest.mark.parametrize("case", LABELLED, ids=lambda case: case.id)
def test_of_ignored_labels_alone_the_sum_is_zero_and_the_mean_unknown(case):
    ignored = loss_of(case).ignore_index
    inputs = [np.full_like(x, ignored if x.dtype.kind == "i" else np.nan) for x in case.inputs()]
    assert (loss_of(case, "none")(*inputs).array == 0.0).all()
    value, gradient = value_and_gradients(loss_of(case, "sum"), inputs)
    assert value == 0.0
    assert (gradient == 0.0).all()
    assert np.isnan(loss_of(case, "mean")(*inputs).array)


@each_case
def test_variables_parameters_and_subclasses_are_all_inputs(case):
    class Tagged(np.ndarray):
        pass

    inputs, loss = case.inputs(), loss_of(case)
    expected = value_and_gradients(loss, inputs)
    for wrap in (Parameter, lambda x: Variable(x.view(Tagged))):
        for mine, right in zip(value_and_gradients(loss, inputs, wrap), expected, strict=True):
            np.testing.assert_array_equal(mine, right)
    assert loss(*map(Variable, inputs)).array == expected[0]


@each_case
def test_a_loss_moves_to_a_device_and_is_drawn(case):
    loss, inputs = loss_of(case), case.inputs()
    expected = loss(*inputs).array
    loss.to_device("@numpy")
    value = loss(*map(Variable, inputs))
    assert value.array == expected
    assert "digraph" in chainer.computational_graph.build_computational_graph([value]).dump()


def faults(case):
    """Yield mistakes in the call of a loss, and the kind of error that each should raise."""
    first, second, *others = case.inputs()
    rest = [second, *others]
    yield TypeError, [first.astype(int), *rest]
    yield TypeError, [first.astype(complex), *rest]
    yield TypeError, [first.tolist(), *rest]
    yield TypeError, [first, second.tolist(), *others]
    if second.ndim:  # one label alone is given a batch before it is looked at
        yield TypeError, [first, None, *others]
    yield TypeError, [None, *rest]
    yield ValueError, [first, second[..., None, None], *others]
    yield ValueError, [first[..., None, None, None][:1], *rest]


@each_case
def test_mistakes_are_answered_by_the_name_of_the_argument(case):
    names = "|".join(names_of(case))
    for kind, inputs in faults(case):
        with pytest.raises(kind, match=rf"^({names}) "):
            loss_of(case)(*inputs)
    for word in ("avg", None, "MEAN"):
        with pytest.raises(ValueError, match=rf"^reduction must be one of .*, got {word!r}$"):
            loss_of(case, word)


@pytest.mark.parametrize("case", WEIGHTED, ids=lambda case: case.id)
def test_weights_that_are_no_arrays_are_refused_by_their_names(case):
    for name, value in case.options.items():
        if isinstance(value, np.ndarray):
            with pytest.raises(TypeError, match=f"^{name} must be a Variable or array, got list"):
                loss_of(case, **{name: value.tolist()})(*case.inputs())


@pytest.mark.parametrize("value", ["1", None, 1j])
@pytest.mark.parametrize("loss", ["HuberLoss-delta", "InfoNCELoss-temperature", "DiceLoss-smooth"])
def test_parameters_are_numbers(loss, value):
    name, parameter = loss.split("-")
    with pytest.raises(TypeError, match=rf"^{parameter} must be a number"):
        getattr(ours, name)(**{parameter: value})
    with pytest.raises(ValueError, match=rf"^{parameter} must be a number or 0-d .* shape \(2,\)"):
        getattr(ours, name)(**{parameter: Variable(np.ones(2))})
