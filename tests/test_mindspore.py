"""The MindSpore losses in PyNative and in Graph mode, and as MindSpore's own training uses them."""

import mindspore as ms
import numpy as np
import pytest
import torch
from derivatives import (
    EXACT,
    assert_close,
    derivatives,
    each_reduction,
    floating,
    one_reduction,
    reductions,
)
from losses import CASES
from mindspore import Parameter, Tensor, nn
from mindspore.dataset import GeneratorDataset
from mindspore.train import Callback, LossMonitor, Model

from generated import mindspore as ours
from generated.mindspore import _arrays

SOME = {case.id: case for case in CASES}
HALVES = {ms.float16: torch.float16, ms.bfloat16: torch.bfloat16}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """MindSpore writes rank_0/ where it is when a graph does not compile."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["pynative", "graph"])
def compiled(request):
    """How a function is run: as Python, or compiled from its source."""
    return ms.jit if request.param == "graph" else lambda function: function


def loss_of(case, reduction="mean", **options):
    chosen = case.options_as(Tensor) | options
    return getattr(ours, case.class_name)(**chosen, reduction=reduction)


def first_order(loss, places):
    """The gradient of a loss by its differentiable inputs, given the upstream."""

    def scaled(upstream, *inputs):
        return (loss(*inputs) * upstream).sum()

    return ms.grad(scaled, tuple(place + 1 for place in places))


def second_order(gradient, places, count):
    """The gradient along directions, differentiated by the same inputs and by the upstream."""
    single = len(places) == 1

    def along(upstream, *given):
        slopes = gradient(upstream, *given[:count])
        if single:
            slopes = (slopes,)
        total = 0.0
        for position in range(len(places)):  # the compiler's zip knows no strict=
            total = total + (slopes[position] * given[count + position]).sum()
        return total

    return ms.grad(along, (*[place + 1 for place in places], 0))


def arrays(results):
    return [x.asnumpy() for x in (results if isinstance(results, tuple) else (results,))]


RUN = [(*pair, "pynative") for pair in each_reduction(CASES)["argvalues"]]
RUN += [(*pair, "graph") for pair in one_reduction(CASES)]


@pytest.mark.parametrize(
    ("case", "reduction", "compiled"),
    RUN,
    ids=[f"{case.id}-{word}-{mode}" for case, word, mode in RUN],
    indirect=["compiled"],
)
def test_derivatives_are_autograds(case, reduction, compiled):
    """Compiled, where a case takes seconds, in one reduction: they differ in what ends a loss."""
    expected = derivatives(case, reduction)
    loss, places = loss_of(case, reduction), floating(expected.inputs)
    inputs, upstream = [Tensor(x) for x in expected.inputs], Tensor(expected.upstream)
    assert_close(arrays(compiled(loss)(*inputs)), [expected.value])
    gradient = first_order(loss, places)
    assert_close(arrays(compiled(gradient)(upstream, *inputs)), expected.gradients)
    if reduction == "sum" and case.class_name != "TwoHeadLoss":
        return  # it differs from the others in the upstream alone, and graphs take seconds
    second = compiled(second_order(gradient, places, len(inputs)))
    directions = map(Tensor, expected.directions)
    assert_close(arrays(second(upstream, *inputs, *directions)), expected.second)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_function_is_the_class(case):
    inputs = [Tensor(x) for x in case.inputs()]
    result = getattr(ours, case.function)(*inputs, **case.options_as(Tensor))
    assert result.dtype == ms.float64
    np.testing.assert_array_equal(result.asnumpy(), loss_of(case)(*inputs).asnumpy())


def unit(dtype):
    """The distance from 1 to the next number."""
    return {ms.float32: 2.0**-23, ms.float16: 2.0**-10, ms.bfloat16: 2.0**-7}[dtype]


def double(x):
    return x.astype(ms.float64).asnumpy() if x.is_floating_point() else x.asnumpy()


@pytest.mark.parametrize("dtype", [ms.float16, ms.bfloat16, ms.float32], ids=str)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_dtype_of_the_prediction_is_kept_and_rounded_to_once(case, dtype):
    inputs = [Tensor(x) for x in case.inputs()]
    live = floating(case.inputs())
    inputs = [x.astype(dtype) if place in live else x for place, x in enumerate(inputs)]
    value, gradients = ms.value_and_grad(loss_of(case), live)(*inputs)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    results = [loss_of(case, reduction)(*inputs) for reduction in reductions(case)]
    assert {x.dtype for x in (*results, *gradients)} == {dtype}
    wide = [torch.tensor(double(x), requires_grad=place in live) for place, x in enumerate(inputs)]
    exact = case.reference(*wide)
    slopes = torch.autograd.grad(exact, [wide[place] for place in live])
    # Half a unit, and a little for what was computed; parts are rounded before they are added.
    # float32 is computed in float32, and may be off by the usual 4 units: of the largest entry, as
    # where terms cancel each other it is these that are rounded. tests/conformance knows them.
    most = 4 if dtype == ms.float32 else 0.51
    parts = 2 if case.class_name == "TwoHeadLoss" else 1
    assert double(value) == pytest.approx(exact.item(), rel=most * parts * unit(dtype))
    least = 2.0**-24 if dtype == ms.float16 else 2.0**-126  # the least number, or least normal one
    for mine, right in zip(gradients, slopes, strict=True):
        if dtype == ms.float32:
            least = most * unit(dtype) * right.abs().max().item()
        np.testing.assert_allclose(double(mine), right, rtol=most * unit(dtype), atol=least)


@pytest.mark.parametrize("dtype", [ms.float16, ms.bfloat16], ids=str)
def test_halves_in_both_modes(dtype, compiled):
    x, t = (Tensor(a).astype(dtype) for a in SOME["huber"].inputs())
    loss = ours.HuberLoss()

    def forward(x, t):
        return loss(x, t)

    value = compiled(loss)(x, t)
    slopes = compiled(ms.grad(forward, (0, 1)))(x, t)
    assert {value.dtype, *(slope.dtype for slope in slopes)} == {dtype}
    np.testing.assert_array_equal(double(value), double(loss(x, t)))
    assert_close([double(slopes[0])], [-double(slopes[1])])
    assert np.abs(double(slopes[0])).max() > 0


def test_float64_keeps_its_digits():
    # LossBase.get_loss would make 0.1 a float32, which is 1.5e-9 off.
    loss = ours.L1Loss()(Tensor([0.1], ms.float64), Tensor([0.0], ms.float64))
    assert loss.asnumpy() == 0.1


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "sigmoid", "sign", "tanh"])
def test_functions_of_float32_have_all_its_digits(name, compiled):
    # Compiled code takes what is not a normal number for 0.
    sizes = torch.logspace(-37, 38, 2000, dtype=torch.float64)
    special = torch.tensor([0.0, -1.0, torch.inf, -torch.inf, torch.nan], dtype=torch.float64)
    x = torch.cat([-sizes, sizes, special]).float()
    found = torch.from_numpy(compiled(getattr(_arrays, name))(Tensor(x.numpy())).asnumpy())
    right = getattr(torch, name)(x.double()).float()
    if name == "sign":  # that of NaN is NaN
        right[-1] = torch.nan
    # One unit: that of the rounding.
    torch.testing.assert_close(found, right, rtol=2.0**-23, atol=2.0**-126, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_forms_of_a_logistic_function_keep_their_digits(dtype, compiled):
    sizes = torch.cat([torch.logspace(-30, 2.5, 2000, dtype=dtype), torch.tensor([0.0, torch.inf])])
    x = torch.cat([-sizes, sizes, torch.tensor([torch.nan])]).to(dtype)
    both = compiled(_arrays.sigmoids)(Tensor(x.numpy()))
    small = compiled(_arrays.log1p_exp)(Tensor((-x.abs()).numpy()))
    wide = x.double()
    rights = (wide.sigmoid(), (-wide).sigmoid(), torch.log1p(torch.exp(-wide.abs())))
    # Three units; compiled code takes what is not a normal number for 0.
    info = torch.finfo(dtype)
    for found, right in zip((*both, small), rights, strict=True):
        np.testing.assert_allclose(
            double(found), right, rtol=3 * info.eps, atol=info.tiny, equal_nan=True
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_exponentials_of_differences_have_all_digits(dtype, compiled):
    x = 80 * torch.rand(50, 7, 1, dtype=dtype, generator=torch.manual_seed(0)) - 100
    x[0], x[1, 0] = -torch.inf, torch.nan
    largest = x.amax(1, keepdim=True)
    found = compiled(_arrays.exp_difference)(Tensor(x.numpy()), Tensor(largest.numpy()))
    # The difference of two numbers of the same sign and size is exact in float64.
    right = (x.double() - largest.double()).exp()
    right[0] = 0.0
    # One unit: that of the rounding; two for float64, where the reference rounds likewise.
    units = 2.0 if dtype is torch.float64 else 1.0
    np.testing.assert_allclose(
        double(found), right, rtol=units * torch.finfo(dtype).eps, equal_nan=True
    )


@pytest.mark.parametrize("dtype", [ms.int32, ms.int64, ms.float64], ids=str)
def test_targets_of_another_dtype_are_cast(dtype, compiled):
    x, t = Tensor([0.5, -1.0, 2.5], ms.float32), Tensor([1, 0, 2], dtype)
    loss = compiled(ours.MSELoss())(x, t)
    assert loss.dtype == ms.float32
    assert loss.asnumpy() == 0.5


def nce_of_temperature(query, key, temperature):
    return ours.info_nce_loss(query, key, temperature=temperature)


slope_by_temperature = ms.grad(nce_of_temperature, 2)


def slope_alone(query, key, temperature):
    return slope_by_temperature(query, key, temperature)


def test_temperature_may_be_a_tensor_with_a_gradient(compiled):
    case = SOME["info_nce"]
    inputs, temperature = case.inputs(), np.array(0.5)
    given = *map(Tensor, inputs), Tensor(temperature)
    results = [compiled(f)(*given) for f in (nce_of_temperature, slope_by_temperature)]
    results.append(compiled(ms.grad(slope_alone, 2))(*given))
    learnt = torch.tensor(temperature, requires_grad=True)
    value = case.reference(*inputs, temperature=learnt)
    (first,) = torch.autograd.grad(value, learnt, create_graph=True)
    (second,) = torch.autograd.grad(first, learnt)
    expected = [x.numpy(force=True) for x in (value, first, second)]
    assert_close([x.asnumpy() for x in results], expected)


def test_temperature_may_be_trained(compiled):
    case = SOME["info_nce"]
    temperature = Parameter(Tensor(0.5, ms.float64), name="temperature")
    loss = ours.InfoNCELoss(temperature=temperature)
    assert loss.trainable_params() == [temperature]
    inputs = [Tensor(x) for x in case.inputs()]

    def forward(query, key):
        return loss(query, key)

    result = compiled(ms.grad(forward, None, weights=loss.trainable_params()))(*inputs)
    slope = slope_by_temperature(*inputs, Tensor(0.5, ms.float64))
    assert_close(arrays(result), [slope.asnumpy()])


@pytest.mark.parametrize("name", ours.__all__)
def test_classes_are_losses_of_mindspore(name):
    if isinstance(getattr(ours, name), type):
        assert issubclass(getattr(ours, name), nn.LossBase)


WEIGHTED = [case for case in CASES if any(map(np.ndim, case.options.values()))]


@pytest.mark.parametrize("case", WEIGHTED, ids=lambda case: case.id)
def test_weights_are_parameters_that_are_not_trained(case):
    loss = loss_of(case)
    weights = [name for name, value in case.options.items() if np.ndim(value)]
    assert list(loss.parameters_dict()) == weights
    assert loss.trainable_params() == []
    assert all(isinstance(getattr(loss, name), Parameter) for name in weights)


def test_absent_weights_are_none():
    loss = ours.BCEWithLogitsLoss()
    assert loss.weight is None
    assert loss.pos_weight is None
    assert list(loss.get_parameters()) == []


def test_weights_are_saved_and_loaded(tmp_path):
    case, ones = SOME["bce-weighted"], Tensor(np.ones(4))
    loss, other = loss_of(case), loss_of(case, weight=ones, pos_weight=ones)
    ms.save_checkpoint(loss, str(tmp_path / "loss.ckpt"))
    inputs = [Tensor(x) for x in case.inputs()]
    assert other(*inputs) != loss(*inputs)
    ms.load_param_into_net(other, ms.load_checkpoint(str(tmp_path / "loss.ckpt")))
    assert other(*inputs) == loss(*inputs)


def test_parts_by_name_in_order(compiled):
    inputs = [Tensor(x) for x in SOME["two_head"].inputs()]
    loss = ours.TwoHeadLoss()
    parts = compiled(loss.parts)(*inputs)
    assert list(parts) == ["loss1", "loss2"]
    assert parts["loss1"] == ours.mse_loss(*inputs[:2])
    assert parts["loss2"] == ours.l1_loss(*inputs[2:])
    assert loss(*inputs) == parts["loss1"] + parts["loss2"]


def test_ignored_entries_have_exactly_no_part(compiled):
    logits = Tensor(np.array([[1.0, 2.0], [np.nan, np.inf], [0.5, -1.0]]))
    labels = Tensor(np.array([0, 7, 1]))
    loss = ours.CrossEntropyLoss(reduction="none", ignore_index=7)
    value = compiled(loss)(logits, labels).asnumpy()
    slopes = compiled(first_order(loss, (0,)))(Tensor(np.ones(3)), logits, labels).asnumpy()
    assert value[1] == 0.0
    assert (slopes[1] == 0.0).all()
    assert np.isfinite(value).all()
    assert np.isfinite(slopes).all()


def test_a_compiled_graph_makes_the_row_of_a_wrong_label_nan():
    logits, labels = Tensor(np.zeros((3, 2))), Tensor(np.array([0, 2, 1]))
    loss = ours.CrossEntropyLoss(reduction="none")
    value = ms.jit(loss)(logits, labels).asnumpy()
    assert value == pytest.approx([np.log(2.0), np.nan, np.log(2.0)], rel=EXACT, nan_ok=True)
    slopes = ms.jit(first_order(loss, (0,)))(Tensor(np.ones(3)), logits, labels).asnumpy()
    assert np.isnan(slopes[1]).all()
    assert np.isfinite(slopes[[0, 2]]).all()


EMPTY = np.ones((0, 3))
EMPTIES = {
    "L1Loss": (EMPTY, EMPTY),
    "BCEWithLogitsLoss": (EMPTY, EMPTY),
    "CrossEntropyLoss": (EMPTY, np.ones(0, np.int64)),
    "InfoNCELoss": (EMPTY, EMPTY),
}


@pytest.mark.parametrize("name", EMPTIES)
def test_reductions_of_nothing(name, compiled):
    # MindSpore's own sum over nothing is whatever stood in the memory that it was given.
    used = [(Tensor(np.full(size, 7.5)) * 2).asnumpy() for size in (1, 3, 1)]
    inputs = [Tensor(x) for x in EMPTIES[name]]
    none, total, mean = (
        compiled(getattr(ours, name)(reduction=word))(*inputs).asnumpy()
        for word in ("none", "sum", "mean")
    )
    assert none.size == 0
    assert total == 0.0
    assert np.isnan(mean)
    assert used[0] == 15.0


def test_dice_of_no_samples_is_that_of_its_smoothing(compiled):
    empty = Tensor(np.ones((0, 3, 2)))
    assert (compiled(ours.DiceLoss(reduction="none"))(empty, empty).asnumpy() == np.zeros(3)).all()


ONES = Tensor(np.ones((2, 3), np.float32))
ROW, SHORT = ONES[0], ONES[0, :2]
CALLS = {
    "target": (ValueError, lambda: ours.L1Loss(), (ONES, ROW)),
    "input": (TypeError, lambda: ours.L1Loss(), (Tensor([1, 2]), SHORT)),
    "weight": (ValueError, lambda: ours.CrossEntropyLoss(SHORT), (ONES, Tensor([0, 1]))),
    "pos_weight": (
        ValueError,
        lambda: ours.BCEWithLogitsLoss(pos_weight=SHORT),
        (ONES, ONES),
    ),
    "weights": (ValueError, lambda: ours.WeightedMSELoss(ROW), (ONES, ONES)),
    "key": (ValueError, lambda: ours.InfoNCELoss(), (ONES, ONES[:, :2])),
    "temperature": (ValueError, lambda: ours.InfoNCELoss(temperature=-1.0), (ONES, ONES)),
    "delta": (ValueError, lambda: ours.HuberLoss(delta=0.0), (ONES, ONES)),
    "target2": (ValueError, lambda: ours.TwoHeadLoss(), (ONES, ONES, ONES, ROW)),
}


@pytest.mark.parametrize("name", CALLS)
def test_faults_name_the_argument(name, compiled):
    kind, make, inputs = CALLS[name]
    with pytest.raises(kind, match=rf"^{name} must"):
        compiled(make())(*inputs)


def test_an_unknown_reduction_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^reduction must be one of .* got 'avg'"):
        ours.MSELoss("avg")


class Losses(Callback):
    """Keep what LossMonitor prints."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def step_end(self, run_context):
        self.seen.append(float(run_context.original_args().net_outputs.asnumpy()))


def samples(count):
    rng = np.random.default_rng(0)
    for x in rng.uniform(-10.0, 10.0, (count, 1)).astype(np.float32):
        yield x, (2 * x + 3 + rng.normal(0, 1)).astype(np.float32)


@pytest.fixture(params=[ms.PYNATIVE_MODE, ms.GRAPH_MODE], ids=["pynative", "graph"])
def context_mode(request):
    before = ms.get_context("mode")
    ms.set_context(mode=request.param)
    yield
    ms.set_context(mode=before)


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(ours.L1Loss(), id="sign"),
        pytest.param(ours.HuberLoss(), id="bounded"),
        pytest.param(ours.HingeMarginLoss(), id="positive part"),
        pytest.param(ours.BCELoss(), id="clamped"),
        pytest.param(ours.SMAPELoss(), id="ratio"),
    ],
)
def test_nan_stays_though_extrema_of_mindspore_lose_it(loss):
    x, t = (Tensor(np.array(numbers, np.float32)) for numbers in ([np.nan] * 3, [1.0, 0.0, 1.0]))
    assert np.isnan(loss(x, t).asnumpy())
    assert np.isnan(ms.grad(loss)(x, t).asnumpy()).all()


@pytest.mark.usefixtures("context_mode")
def test_the_training_of_the_tutorial(capfd):
    ms.set_seed(0)
    dataset = GeneratorDataset(list(samples(160)), column_names=["data", "label"]).batch(16)
    network = nn.Dense(1, 1)
    optimizer = nn.Momentum(network.trainable_params(), learning_rate=0.005, momentum=0.9)
    losses = Losses()
    model = Model(network, ours.L1Loss(), optimizer)
    model.train(10, dataset, callbacks=[LossMonitor(10), losses])
    assert capfd.readouterr().out.count("loss is") == 10
    assert np.mean(losses.seen[-10:]) < 0.5 * np.mean(losses.seen[:10])
    # The text ends near the mean of a standard normal's absolute value, 0.8, from 6.5.
    assert np.mean(losses.seen[-10:]) == pytest.approx(np.sqrt(2 / np.pi), abs=0.4)
