"""Whatever NumPy hands over: layouts, dtypes, numbers, subclasses, lists, nothing, and mistakes.

Nothing here depends on how NumPy promotes: the same tests hold with NumPy 1.26 and with NumPy 2.
"""

import copy
import inspect
import pickle

import numpy as np
import pytest
from derivatives import assert_close, floating
from losses import CASES

from generated import numpy as ours

PAIRS = [(case, reduction) for case in CASES for reduction in case.reductions]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_reduction = pytest.mark.parametrize(
    ("case", "reduction"), PAIRS, ids=[f"{case.id}-{word}" for case, word in PAIRS]
)


def loss_of(case, reduction="mean", **options):
    return getattr(ours, case.class_name)(**case.options | options, reduction=reduction)


def everything(loss, inputs):
    """Return the value, all gradients and all Hessian diagonals."""
    value, gradients = loss.value_and_grad(*inputs)
    return [value, *gradients, *loss.hessian_diagonal(*inputs)]


def names_of(case):
    """Return the names of the inputs, as the class calls them."""
    return list(inspect.signature(getattr(ours, case.class_name).__call__).parameters)[1:]


def is_elementwise(case):
    """Say whether every entry is a loss of its own, as in a regression without weights."""
    inputs = case.inputs()
    shapes = {x.shape for x in inputs}
    plain = not any(isinstance(option, np.ndarray) for option in case.options.values())
    return plain and "none" in case.reductions and shapes == {unreduced(case).shape}


def unreduced(case):
    return loss_of(case, "none")(*case.inputs())


def is_batched(case):
    """Say whether the first axis of every input is that of the unreduced loss."""
    if "none" not in case.reductions:
        return False
    lengths = {x.shape[:1] for x in case.inputs()}
    return lengths == {unreduced(case).shape[:1]} != {()}


ELEMENTWISE = [case for case in CASES if is_elementwise(case)]
BATCHED = [case for case in CASES if is_batched(case)]
LABELLED = [case for case in CASES if any(x.dtype.kind == "i" for x in case.inputs())]


def test_there_are_cases_of_every_kind():
    kinds = {"mse": ELEMENTWISE, "info_nce": BATCHED, "cross_entropy": LABELLED}
    assert all(case in [c.id for c in cases] for case, cases in kinds.items())


LAYOUTS = {
    "transposed": lambda x: np.array(x, order="F"),
    "every-other": lambda x: np.stack([x, np.full_like(x, -7)], -1)[..., 0],
    "backwards": lambda x: x[::-1].copy()[::-1] if x.ndim else x,
    "unaligned": lambda x: np.frombuffer(b"?" + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    "swapped": lambda x: x.astype(x.dtype.newbyteorder()),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@each_case
def test_any_layout_in_memory_will_do(case, layout):
    inputs = case.inputs()
    laid_out = [LAYOUTS[layout](x) for x in inputs]
    assert layout == "swapped" or all(
        x.dtype == y.dtype for x, y in zip(laid_out, inputs, strict=True)
    )
    for reduction in case.reductions:
        loss = loss_of(case, reduction)
        assert_close(everything(loss, laid_out), list(map(np.asarray, everything(loss, inputs))))


@pytest.mark.parametrize("case", ELEMENTWISE, ids=lambda case: case.id)
@pytest.mark.parametrize("scalar", [np.float64, np.float32, np.float16, np.asarray])
def test_one_number_is_an_array_without_axes(case, scalar):
    first = [x.flat[0] for x in case.inputs(np.float16)]
    for reduction in case.reductions:
        loss = loss_of(case, reduction)
        results = everything(loss, list(map(scalar, first)))
        assert {np.shape(x) for x in results} == {()}
        dtype = np.asarray(scalar(first[0])).dtype
        assert {x.dtype for x in results} == {dtype}
        assert isinstance(results[0], np.generic)
        row = everything(loss, [np.asarray(scalar(x))[None] for x in first])
        # In NumPy 1.26 numbers without axes may be computed in float64 and are then rounded once.
        units = np.finfo(dtype).eps * (100 if dtype == np.float64 else 4)
        assert_close(results, [x.reshape(()) for x in row], units)


def cut(case, inputs):
    """Return inputs and options without a single sample; those of other axes stay."""
    size = len(inputs[0])
    rows = {
        name: value[:0]
        for name, value in case.options.items()
        if isinstance(value, np.ndarray) and value.shape[0] == size
    }
    return [x[:0] for x in inputs], rows


@pytest.mark.parametrize("case", BATCHED, ids=lambda case: case.id)
def test_of_no_samples_the_sum_is_zero_and_the_mean_unknown(case):
    inputs, options = cut(case, case.inputs())
    shape = (0, *unreduced(case).shape[1:])
    assert loss_of(case, "none", **options)(*inputs).shape == shape
    assert loss_of(case, "sum", **options)(*inputs) == 0.0
    assert np.isnan(loss_of(case, "mean", **options)(*inputs))
    live = [inputs[place] for place in floating(inputs)]
    for reduction in case.reductions:
        _, *derivatives = everything(loss_of(case, reduction, **options), inputs)
        assert [x.shape for x in derivatives] == [x.shape for x in live] * 2


@pytest.mark.parametrize("case", LABELLED, ids=lambda case: case.id)
def test_of_ignored_labels_alone_the_sum_is_zero_and_the_mean_unknown(case):
    inputs = case.inputs()
    ignored = loss_of(case).ignore_index
    inputs = [np.full_like(x, ignored if x.dtype.kind == "i" else np.nan) for x in inputs]
    assert (loss_of(case, "none")(*inputs) == 0.0).all()
    value, *derivatives = everything(loss_of(case, "sum"), inputs)
    assert value == 0.0
    assert all((x == 0.0).all() for x in derivatives)
    assert np.isnan(loss_of(case, "mean")(*inputs))


@pytest.mark.parametrize("number", [np.float64, np.longdouble, np.asarray])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@each_reduction
def test_dtype_in_is_dtype_out_whatever_the_options(case, reduction, dtype, number):
    inputs = case.inputs(dtype)
    plain = everything(loss_of(case, reduction), inputs)
    options = {
        name: number(value) if isinstance(value, (float, np.ndarray)) else value
        for name, value in case.options.items()
    }
    results = everything(loss_of(case, reduction, **options), inputs)
    assert {x.dtype for x in (*plain, *results)} == {np.dtype(dtype)}
    # An array without axes is rounded to the working precision before it is computed with.
    units = 8 * np.finfo(dtype).eps if number is np.asarray else 0.0
    assert_close(results, list(map(np.asarray, plain)), units)


@each_reduction
def test_half_precision_is_rounded_once(case, reduction):
    loss = loss_of(case, reduction)
    for seed in range(10):
        half = case.inputs(np.float16, seed)
        double = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in half]
        for mine, exact in zip(everything(loss, half), everything(loss, double), strict=True):
            # Half a unit of float16, and what fewer than a hundred roundings of float32 add to it.
            unit = np.spacing(np.abs(exact).astype(np.float16)).astype(np.float64)
            added = 100 * np.finfo(np.float32).eps * np.abs(exact).max(initial=0.0)
            assert np.all(np.abs(mine - exact) <= unit / 2 + added)


@each_case
def test_predictions_of_other_dtypes_decide_alone(case):
    # Targets are cast to the prediction's precision; their own gradients keep their dtype.
    first, *others = case.inputs(np.float32)
    wide = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in others]
    value, *_ = everything(loss_of(case), [first, *wide])
    right = loss_of(case)(first, *others)
    assert value.dtype == np.float32
    assert_close([value], [np.asarray(right)], 4 * np.finfo(np.float32).eps)
    _, gradients = loss_of(case).value_and_grad(first, *wide)
    live = [x.dtype for x in (first, *wide) if x.dtype.kind == "f"]
    assert [x.dtype for x in gradients] == live


class Tagged(np.ndarray):
    """A subclass that remembers nothing; what counts is that it is one."""


SUBCLASSES = {
    "view": lambda x, _: x.view(Tagged),
    "memmap": lambda x, path: np.load(path, mmap_mode="r"),
    "list": lambda x, _: x.tolist(),
    "tuple": lambda x, _: tuple(x.tolist()) if x.ndim else x.item(),
}


@pytest.mark.parametrize("kind", SUBCLASSES)
@each_case
def test_subclasses_and_sequences_are_taken_as_arrays(case, kind, tmp_path):
    inputs, given = case.inputs(), []
    for place, x in enumerate(inputs):
        np.save(tmp_path / f"{place}.npy", x)
        given.append(SUBCLASSES[kind](x, tmp_path / f"{place}.npy"))
    for reduction in case.reductions:
        loss = loss_of(case, reduction)
        for mine, right in zip(everything(loss, given), everything(loss, inputs), strict=True):
            np.testing.assert_array_equal(mine, right)
            assert type(mine) is type(right)


@each_case
def test_losses_are_pickled_copied_and_shown(case):
    loss, inputs = loss_of(case), case.inputs()
    for twin in (copy.copy(loss), copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert twin(*inputs) == loss(*inputs)
        assert repr(twin) == repr(loss)
    assert repr(loss).startswith(f"{case.class_name}(")
    assert all(f"{name}=" in repr(loss) for name in case.options)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e30])
@each_case
def test_nothing_is_warned_of(case, scale):
    # What overflows is infinite, what is undefined is NaN: NumPy's settings are not looked at.
    first, *others = case.inputs(np.float32)
    with np.errstate(all="raise"):
        first = first * np.float32(scale)
        results = everything(loss_of(case), [first, *others])
    assert all(x.dtype == np.float32 for x in results)


def faults(case):
    """Yield mistakes in the call of a loss, and the kind of error that each should raise."""
    first, second, *others = case.inputs()
    rest = [second, *others]
    yield TypeError, [first.astype(int), *rest]
    yield TypeError, [first.astype(complex), *rest]
    yield TypeError, [first.astype(str), *rest]
    yield TypeError, [first.astype(object), *rest]
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


@pytest.mark.parametrize("value", ["1", None, 1j])
@pytest.mark.parametrize("loss", ["HuberLoss-delta", "InfoNCELoss-temperature", "DiceLoss-smooth"])
def test_parameters_are_numbers(loss, value):
    name, parameter = loss.split("-")
    with pytest.raises(TypeError, match=rf"^{parameter} must be a number"):
        getattr(ours, name)(**{parameter: value})
    with pytest.raises(ValueError, match=rf"^{parameter} must be a number, got shape \(2,\)"):
        getattr(ours, name)(**{parameter: np.ones(2)})
