"""Every loss in MindSpore's modes: both contexts, transforms, views, mixed precision, checkpoints.

test_mindspore.py compares values and derivatives with autograd's; here they have to stay the same.
"""

import mindspore as ms
import numpy as np
import pytest
from declared import library
from derivatives import EXACT, assert_close, derivatives, floating, reductions
from losses import CASES
from mindspore import Parameter, Tensor, amp, nn, ops

from generated import mindspore as ours

SOME = {case.id: case for case in CASES}
LOSSES = {loss.name: loss for loss in library()}
HALVES = [ms.float16, ms.bfloat16]
by_id = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """MindSpore writes rank_0/ where it is when a graph does not compile."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["pynative", "graph"])
def compiled(request):
    """How a function is run: as Python, or compiled from its source."""
    return ms.jit if request.param == "graph" else lambda function: function


@pytest.fixture(params=[ms.PYNATIVE_MODE, ms.GRAPH_MODE], ids=["pynative", "graph"])
def context_mode(request):
    before = ms.get_context("mode")
    ms.set_context(mode=request.param)
    yield
    ms.set_context(mode=before)


def loss_of(case, reduction="mean", **options):
    chosen = case.options_as(Tensor) | options
    return getattr(ours, case.class_name)(**chosen, reduction=reduction)


def live(case):
    return floating(case.inputs())


def several(results):
    return results if isinstance(results, tuple) else (results,)


def arrays(*results):
    """Read results, which are errors until then, in numbers that NumPy has."""
    return [
        (x.astype(ms.float64) if x.is_floating_point() else x).asnumpy()
        for result in results
        for x in several(result)
    ]


def value_and_gradients(case, inputs):
    """Return value and gradients as one tuple."""
    value, slopes = ms.value_and_grad(loss_of(case), live(case))(*inputs)
    return value, *several(slopes)


def assert_same(got, expected):
    for mine, right in zip(arrays(got), arrays(expected), strict=True):
        np.testing.assert_array_equal(mine, right)


@by_id
def test_the_context_of_graphs_gives_what_python_gives(case):
    # Of all dtypes bfloat16 has the fewest kernels there. Both ways compute in float64, where they
    # differ by a few units, and round once: results are the same, or neighbours where that
    # difference straddles the middle between two.
    inputs = halved(case, ms.bfloat16)
    expected = value_and_gradients(case, inputs)
    ms.set_context(mode=ms.GRAPH_MODE)
    try:
        got = value_and_gradients(case, inputs)
    finally:
        ms.set_context(mode=ms.PYNATIVE_MODE)
    assert {x.dtype for x in (*got, *expected)} == {ms.bfloat16}
    for mine, right in zip(arrays(*got), arrays(*expected), strict=True):
        np.testing.assert_allclose(mine, right, rtol=2.0**-7, atol=2.0**-126)


def halved(case, dtype):
    given = [Tensor(x) for x in case.inputs()]
    return [x.astype(dtype) if place in live(case) else x for place, x in enumerate(given)]


PARTED = [case for case in CASES if hasattr(getattr(ours, case.class_name), "parts")]


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("case", PARTED, ids=lambda case: case.id)
def test_a_sum_of_parts_is_rounded_once(case, dtype):
    inputs = halved(case, dtype)
    value = loss_of(case)(*inputs)
    exact = loss_of(case)(*(x.astype(ms.float64) for x in inputs))
    parts = loss_of(case).parts(*inputs)
    assert {value.dtype, *(part.dtype for part in parts.values())} == {dtype}
    np.testing.assert_array_equal(arrays(value), arrays(exact.astype(dtype)))


@by_id
def test_python_differentiates_what_was_compiled(case):
    # MindSpore takes another way here than where the derivative itself is compiled.
    places = live(case)
    inputs = [Tensor(x) for x in case.inputs()]

    def slope(function):
        gradient = ms.grad(function, places)

        def along(*args):
            slopes = several(gradient(*args))
            return sum((slopes[k] * args[place]).sum() for k, place in enumerate(places))

        return gradient, ms.grad(along, places)

    expected = slope(loss_of(case))
    got = slope(ms.jit(loss_of(case)))
    for mine, right in zip(got, expected, strict=True):
        assert_close(arrays(mine(*inputs)), arrays(right(*inputs)))


@by_id
def test_vmap_is_a_loop(case):
    given = [case.inputs(seed=seed) for seed in range(3)]
    stacked = [Tensor(np.stack(each)) for each in zip(*given, strict=True)]
    expected = [loss_of(case)(*map(Tensor, inputs)).asnumpy() for inputs in given]
    assert_close(arrays(ms.vmap(loss_of(case))(*stacked)), [np.stack(expected)])


@pytest.mark.parametrize("name", ["huber", "cross_entropy", "info_nce"])
def test_vmap_of_a_gradient_is_a_loop(name):
    case = SOME[name]
    given = [case.inputs(seed=seed) for seed in range(3)]
    stacked = [Tensor(np.stack(each)) for each in zip(*given, strict=True)]
    gradient = ms.grad(loss_of(case), live(case))
    singly = [arrays(gradient(*map(Tensor, inputs))) for inputs in given]
    expected = [np.stack(each) for each in zip(*singly, strict=True)]
    assert_close(arrays(ms.vmap(gradient)(*stacked)), expected)


@by_id
def test_jvp_is_the_gradient_along_a_direction(case):
    expected = derivatives(case, "sum")
    inputs = tuple(Tensor(x) for x in expected.inputs)
    directions = iter(expected.directions)
    places = live(case)
    tangents = tuple(
        Tensor(next(directions)) if place in places else ops.zeros_like(x)
        for place, x in enumerate(inputs)
    )
    value, slope = ms.jvp(loss_of(case, "sum"), inputs, tangents)
    terms = zip(expected.gradients, expected.directions, strict=True)
    along = sum((gradient * direction).sum() for gradient, direction in terms)
    along /= expected.upstream
    assert_close(arrays(value, slope), [expected.value, np.asarray(along)])


def turned(x):
    """Return the same numbers as a view whose memory runs the other way."""
    other = Tensor(x.T.copy())
    return other.transpose(*reversed(range(x.ndim))) if x.ndim else other


def thinned(x):
    """Return the same numbers as every second row of a larger tensor."""
    return Tensor(np.repeat(x, 2, axis=0))[::2] if x.ndim else Tensor(x)


@pytest.mark.parametrize("view", [turned, thinned])
@by_id
def test_views_are_read_as_they_look(case, view):
    inputs = [view(x) for x in case.inputs()]
    again = [Tensor(x) for x in case.inputs()]
    assert_same(value_and_gradients(case, inputs), value_and_gradients(case, again))
    assert_same(tuple(inputs), tuple(again))


def takes_any_shape(case):
    """Say whether all inputs are declared to be of one shape, which is free, and no option is."""
    axes = {tensor.axes for tensor in LOSSES[case.class_name].tensors() if not tensor.is_option}
    alike = len({x.shape for x in case.inputs()}) == 1
    shaped = any(np.ndim(value) for value in case.options.values())
    return axes == {("...",)} and alike and not shaped


ANY_SHAPE = [case for case in CASES if takes_any_shape(case)]


@pytest.mark.parametrize("case", ANY_SHAPE, ids=lambda case: case.id)
def test_inputs_without_axes(case):
    first = tuple(np.asarray(x.flat[0]) for x in case.inputs())
    inputs = [Tensor(x) for x in first]
    for reduction in reductions(case):
        expected = [case.reference(*first, reduction=reduction).numpy()]
        assert_close(arrays(loss_of(case, reduction)(*inputs)), expected)
    assert_close(arrays(ms.jit(loss_of(case))(*inputs)), [case.reference(*first).numpy()])
    slopes = ms.grad(loss_of(case), live(case))(*inputs)
    assert {x.shape for x in several(slopes)} == {()}


def batched(case):
    """Say whether all inputs have a first axis of one length, and no option has one too."""
    shapes = [x.shape for x in case.inputs()]
    lengths = {shape[:1] for shape in shapes}
    first = shapes[0][:1]
    return lengths == {first} != {()} and not any(
        np.shape(value)[:1] == first for value in case.options.values()
    )


BATCHED = [case for case in CASES if batched(case)]


@pytest.mark.parametrize("case", BATCHED, ids=lambda case: case.id)
def test_no_samples_give_what_the_formula_gives(case):
    nothing = [x[:0] for x in case.inputs()]
    inputs = [Tensor(x) for x in nothing]
    ways = [(reduction, loss_of(case, reduction)) for reduction in reductions(case)]
    for reduction, loss in [*ways, ("mean", ms.jit(loss_of(case)))]:
        value = loss(*inputs)
        expected = case.reference(*nothing, reduction=reduction).numpy()
        assert value.shape == expected.shape
        np.testing.assert_allclose(*arrays(value), expected, rtol=EXACT)
    slopes = several(ms.grad(loss_of(case, "sum"), live(case))(*inputs))
    assert [x.shape for x in slopes] == [nothing[place].shape for place in live(case)]


def test_nothing_counts_where_every_label_is_ignored(compiled):
    logits = Tensor(np.array([[np.nan, 1.0], [2.0, np.inf]]))
    labels = Tensor(np.array([-100, -100]))
    none, total, mean = (
        compiled(ours.CrossEntropyLoss(reduction=word))(logits, labels).asnumpy()
        for word in ("none", "sum", "mean")
    )
    assert (none == 0.0).all()
    assert total == 0.0
    assert np.isnan(mean)
    slopes = compiled(ms.grad(ours.CrossEntropyLoss(reduction="sum")))(logits, labels)
    assert (slopes.asnumpy() == 0.0).all()


@pytest.mark.parametrize("dtype", [ms.int8, ms.uint8, ms.int16, ms.int32, ms.uint32], ids=str)
def test_labels_of_every_integer_dtype(dtype, compiled):
    case = SOME["cross_entropy"]
    logits, labels = (Tensor(x) for x in case.inputs())
    expected = loss_of(case)(logits, labels)
    got = compiled(loss_of(case))(logits, labels.astype(dtype))
    np.testing.assert_array_equal(got.asnumpy(), expected.asnumpy())


@pytest.mark.parametrize("dtype", [ms.int8, ms.int64], ids=str)
def test_wrong_labels_of_every_integer_dtype_are_refused(dtype):
    logits, labels = Tensor(np.zeros((2, 3))), Tensor([0, 3], dtype)
    with pytest.raises(ValueError, match=r"^target must be in \[0, 3\), got 3$"):
        ours.CrossEntropyLoss()(logits, labels)


PARAMETERS = {
    "delta": (lambda delta: ours.HuberLoss(delta=delta), -1.0, "must be positive"),
    "temperature": (lambda value: ours.InfoNCELoss(temperature=value), 0.0, "must be positive"),
    "label_smoothing": (
        lambda value: ours.CrossEntropyLoss(label_smoothing=value),
        1.5,
        r"must be in \[0.0, 1.0\]",
    ),
}


@pytest.mark.parametrize("kind", [float, Tensor, lambda value: Parameter(Tensor(value))])
@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_out_of_range_are_refused(name, kind):
    make, value, words = PARAMETERS[name]
    with pytest.raises(ValueError, match=f"^{name} {words}, got {value}$"):
        make(kind(value))


def test_a_parameter_that_training_drove_out_of_range_is_refused():
    delta = Parameter(Tensor(1.0))
    loss, x = ours.HuberLoss(delta=delta), Tensor(np.zeros(2, np.float32))
    assert loss(x, x).asnumpy() == 0.0
    delta.set_data(Tensor(-1.0))
    with pytest.raises(ValueError, match=r"^delta must be positive, got -1.0$"):
        loss(x, x)


def test_what_is_no_tensor_is_refused_by_name():
    x = Tensor(np.zeros((2, 3)))
    with pytest.raises(TypeError, match=r"^input must be a floating-point Tensor, got list$"):
        ours.MSELoss()([1.0], x)
    with pytest.raises(TypeError, match=r"^target must be a Tensor, got list$"):
        ours.MSELoss()(x, [1.0])
    with pytest.raises(TypeError, match=r"^delta must be a number or a 0-d Tensor, got '1'$"):
        ours.HuberLoss(delta="1")
    with pytest.raises(TypeError, match=r"^delta must be a number or a 0-d Tensor, got \(2,\)$"):
        ours.HuberLoss(delta=Tensor([1.0, 2.0]))


SCALE = 2.0**10


@by_id
def test_a_scaled_loss_has_scaled_gradients(case):
    # A power of two leaves all digits alone.
    inputs = [Tensor(x) for x in case.inputs()]
    loss, scaler = loss_of(case), amp.StaticLossScaler(SCALE)

    def scaled(*args):
        return scaler.scale(loss(*args))

    slopes = several(ms.grad(scaled, live(case))(*inputs))
    assert amp.all_finite(slopes).asnumpy()
    assert_same(scaler.unscale(slopes), value_and_gradients(case, inputs)[1:])


@pytest.mark.parametrize("level", ["O0", "O2", "O3"])
@by_id
def test_mixed_precision_leaves_a_loss_alone(case, level):
    inputs = [Tensor(x) for x in case.inputs(np.float32)]
    got = amp.auto_mixed_precision(loss_of(case), level)(*inputs)
    assert got.dtype == ms.float32
    assert_same(got, loss_of(case)(*inputs))


@pytest.mark.usefixtures("context_mode")
@pytest.mark.parametrize("level", ["O1", "O3"])
def test_training_in_mixed_precision_with_a_scaled_loss(level):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 4)).astype(np.float32)
    labels = Tensor(x.argmax(1))
    ms.set_seed(0)
    network = nn.Dense(4, 4)
    optimizer = nn.Momentum(network.trainable_params(), 0.5, 0.9, loss_scale=SCALE)
    manager = amp.FixedLossScaleManager(SCALE, drop_overflow_update=False)
    train = amp.build_train_network(
        network, optimizer, ours.CrossEntropyLoss(), level=level, loss_scale_manager=manager
    )
    losses = [train(Tensor(x), labels).asnumpy() for _ in range(5)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


WEIGHTED = [case for case in CASES if any(map(np.ndim, case.options.values()))]


@pytest.mark.parametrize("case", WEIGHTED, ids=lambda case: case.id)
def test_a_checkpoint_brings_the_weights_back(case, tmp_path):
    inputs = [Tensor(x) for x in case.inputs()]
    weights = [name for name, value in case.options.items() if np.ndim(value)]
    halves = {name: Tensor(case.options[name] / 2) for name in weights}
    loss, other = loss_of(case, "sum"), loss_of(case, "sum", **halves)
    assert other(*inputs) != loss(*inputs)
    ms.save_checkpoint(loss, str(tmp_path / "loss.ckpt"))
    saved = ms.load_checkpoint(str(tmp_path / "loss.ckpt"))
    assert list(saved) == weights
    missing, unknown = ms.load_param_into_net(other, saved)
    assert missing == unknown == []
    assert_same(other(*inputs), loss(*inputs))


def test_a_checkpoint_brings_a_trained_temperature_back(tmp_path):
    inputs = [Tensor(x) for x in SOME["info_nce"].inputs()]
    loss, other = (
        ours.InfoNCELoss(temperature=Parameter(Tensor(value, ms.float32), name="temperature"))
        for value in (0.5, 0.25)
    )
    optimizer = nn.SGD(loss.trainable_params(), 0.01)
    optimizer(several(ms.grad(loss, None, weights=loss.trainable_params())(*inputs)))
    assert loss.temperature.asnumpy() != 0.5
    ms.save_checkpoint(loss, str(tmp_path / "loss.ckpt"))
    ms.load_param_into_net(other, ms.load_checkpoint(str(tmp_path / "loss.ckpt")))
    assert_same(other(*inputs), loss(*inputs))
