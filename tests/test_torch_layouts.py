"""PyTorch tensors of every layout and size: value, gradient and second derivative."""

import pytest
import torch
from losses import CASES
from torch_models import batch, build

import generated.torch as lossgen_torch

# Both sides round some dozens of float64 operations, 1.1e-16 each, in another order.
ROUNDING = {"rtol": 1e-12, "atol": 1e-13}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def reductions_of(cases):
    """Return the parametrisation over cases and their reductions."""
    pairs = [(case, reduction) for case in cases for reduction in case.reductions]
    return pytest.mark.parametrize(
        ("case", "reduction"), pairs, ids=lambda value: getattr(value, "id", value)
    )


def assert_equal(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def floats(inputs):
    return [x for x in inputs if x.is_floating_point()]


def leaves(inputs):
    """Return inputs to differentiate by."""
    return [x.detach().requires_grad_(x.is_floating_point()) for x in inputs]


def random_like(tensor, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)


def derivatives(loss, wrt):
    """Return value, gradients under a random upstream, and their derivatives along vectors."""
    upstream = random_like(loss, 1).requires_grad_()
    first = torch.autograd.grad(loss, wrt, upstream, create_graph=True)
    along = sum((g * random_like(g, seed)).sum() for seed, g in enumerate(first, 2))
    second = torch.autograd.grad(along, [*wrt, upstream], allow_unused=True, materialize_grads=True)
    return [loss, *first, *second]


# Layouts in memory.


def turned(x):
    """Return the same entries, the first axis the nearest in memory."""
    order = list(range(x.dim()))[::-1]
    return x.permute(order).contiguous().permute(order)


def sliced(x):
    """Return the same entries as every second of a larger tensor, not at its beginning."""
    larger = torch.stack([x, torch.zeros_like(x)], -1).flatten(x.dim() - 1 if x.dim() else 0)
    return torch.cat([larger[..., :1], larger], -1)[..., 1::2].reshape_as(x) if x.dim() else x


def repeated(x):
    """Return the first sample for all, held once."""
    return x[:1].expand_as(x) if x.dim() else x.reshape(1).expand(3)[1]


@pytest.mark.parametrize("layout", [turned, sliced, repeated], ids=lambda f: f.__name__)
@each_case
def test_derivatives_do_not_depend_on_the_layout(case, layout):
    inputs = leaves([layout(x) for x in batch(case, torch.float64)])
    dense = leaves([x.clone(memory_format=torch.contiguous_format) for x in inputs])
    loss = build(case, reduction=case.reductions[0])
    found = derivatives(loss(*inputs), floats(inputs))
    expected = derivatives(loss(*dense), floats(dense))
    # Sums run in another order over other strides.
    torch.testing.assert_close(found, expected, **ROUNDING)
    assert_equal(inputs, dense)


# Sizes at the edge.


def takes_any_shape(case):
    """Say whether the inputs are of one shape, which may be any, as the documentation says."""
    documented = getattr(lossgen_torch, case.class_name).__doc__.split("Shape:")[1]
    lines = documented.split("Output:")[0].strip().splitlines()
    shapes = [line.partition(": ")[2] for line in lines if ":" in line]
    free = ("any shape", "that of ", "any that broadcasts to that of ")
    arrays = [value for value in case.options.values() if hasattr(value, "shape")]
    return len(lines) > 1 and not arrays and all(shape.startswith(free) for shape in shapes)


def resized(x, shape):
    """Return entries of a tensor in another shape, from the first again where they do not last."""
    places = torch.arange(torch.Size(shape).numel()) % x.numel()
    return x.flatten()[places].reshape(shape)


def may_be_masked(case):
    """Say whether the targets are labels, of which one is ignored."""
    labelled = [x for x in case.inputs() if x.dtype.kind == "i"]
    return bool(labelled) and hasattr(build(case), "ignore_index")


def with_first_axis(case, size):
    """Return inputs and options of which only some first samples are left."""
    inputs = batch(case, torch.float64)
    samples = len(inputs[0])
    options = case.options_as(torch.tensor)
    for name, value in options.items():
        if isinstance(value, torch.Tensor) and value.dim() and len(value) == samples:
            options[name] = value[:size]
    return [x[:size] if x.dim() and len(x) == samples else x for x in inputs], options


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (2, 3, 2, 3)], ids=str)
@reductions_of([case for case in CASES if takes_any_shape(case)])
def test_any_shape_is_any_shape(case, reduction, shape):
    inputs = [resized(x, shape) for x in batch(case, torch.float64)]
    if len(shape) == 4:
        inputs = [x.contiguous(memory_format=torch.channels_last) for x in inputs]
    inputs = leaves(inputs)
    found = derivatives(build(case, reduction=reduction)(*inputs), floats(inputs))
    expected = derivatives(case.reference(*inputs, reduction=reduction), floats(inputs))
    torch.testing.assert_close(found, expected, equal_nan=True, **ROUNDING)


@reductions_of([case for case in CASES if all(x.ndim for x in case.inputs())])
@pytest.mark.parametrize("size", [0, 1])
def test_batches_of_no_and_of_one_sample(case, reduction, size):
    inputs, options = with_first_axis(case, size)
    inputs = leaves(inputs)
    loss = getattr(lossgen_torch, case.class_name)(**options, reduction=reduction)
    found = derivatives(loss(*inputs), floats(inputs))
    expected = derivatives(case.reference(*inputs, reduction=reduction, **options), floats(inputs))
    torch.testing.assert_close(found, expected, equal_nan=True, **ROUNDING)


@reductions_of([case for case in CASES if may_be_masked(case)])
def test_wholly_masked_input_has_no_influence_whatever_it_holds(case, reduction):
    loss = build(case, reduction=reduction)
    x, y = batch(case, torch.float64)
    x = torch.full_like(x, torch.nan, requires_grad=True)
    y = torch.full_like(y, loss.ignore_index)
    value, first, *second = derivatives(loss(x, y), [x])
    empty = torch.nan if reduction == "mean" else 0.0
    assert_equal(value, torch.full_like(value, empty))
    assert_equal(first, torch.zeros_like(x))
    assert_equal(second[0], torch.zeros_like(x))
