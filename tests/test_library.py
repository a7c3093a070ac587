"""Every loss of the library in every backend: value, gradient and second derivative.

The modes of the frameworks are the same for all losses; the other files run them on CASES.
"""

import chainer
import jax
import jax.numpy as jnp
import mindspore as ms
import numpy as np
import pytest
import torch
from derivatives import assert_close, derivatives, floating
from losses import CASES, LAYERED, LIBRARY, Case

import generated.chainer
import generated.jax
import generated.mindspore
import generated.numpy
import generated.torch

each_case = pytest.mark.parametrize("case", LIBRARY, ids=lambda case: case.id)


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.experimental.enable_x64():
        yield


def reduction_of(case: Case) -> str:
    """Return the reduction that shows most: the upstream differs from entry to entry."""
    return case.reductions[0]


def diagonals(case: Case, reduction: str) -> list[np.ndarray]:
    """Return the diagonal of the Hessian by each input, from autograd of the formula."""
    tensors = [torch.tensor(x) for x in case.inputs()]
    live = [tensors[place].requires_grad_() for place in floating(case.inputs())]
    value = case.reference(*tensors, reduction=reduction).sum()
    slopes = torch.autograd.grad(value, live, create_graph=True, materialize_grads=True)
    return [_diagonal(slope, x) for slope, x in zip(slopes, live, strict=True)]


def _diagonal(slope: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    if not slope.requires_grad:
        return np.zeros(x.shape)
    entries = np.zeros(x.numel())
    for k, entry in enumerate(slope.flatten()):
        (row,) = torch.autograd.grad(entry, x, retain_graph=True, allow_unused=True)
        entries[k] = 0.0 if row is None else row.flatten()[k].item()
    return entries.reshape(x.shape)


@each_case
def test_numpy(case):
    reduction = reduction_of(case)
    loss = getattr(generated.numpy, case.class_name)(reduction=reduction, **case.options)
    inputs = case.inputs()
    tensors = [torch.tensor(x) for x in inputs]
    live = [tensors[place].requires_grad_() for place in floating(inputs)]
    value = case.reference(*tensors, reduction=reduction)
    slopes = torch.autograd.grad(value.sum(), live, materialize_grads=True)
    got, gradients = loss.value_and_grad(*inputs)
    assert_close([got], [value.detach().numpy()])
    assert_close(gradients, [slope.numpy() for slope in slopes])
    assert_close(loss.hessian_diagonal(*inputs), diagonals(case, reduction))


@each_case
def test_torch(case):
    expected = derivatives(case, reduction_of(case))
    options = case.options_as(torch.from_numpy)
    loss = getattr(generated.torch, case.class_name)(reduction=reduction_of(case), **options)
    inputs = [torch.tensor(x) for x in expected.inputs]
    live = [inputs[place].requires_grad_() for place in floating(expected.inputs)]
    upstream = torch.tensor(expected.upstream, requires_grad=True)
    value = loss(*inputs)
    assert_close([value.detach()], [expected.value])
    gradients = torch.autograd.grad(value, live, upstream, create_graph=True)
    assert_close([g.detach() for g in gradients], expected.gradients)
    along = sum(
        (g * torch.from_numpy(d)).sum() for g, d in zip(gradients, expected.directions, strict=True)
    )
    second = torch.autograd.grad(
        along, [*live, upstream], allow_unused=True, materialize_grads=True
    )
    assert_close(second, expected.second)


@each_case
def test_jax(case):
    expected = derivatives(case, reduction_of(case))
    loss = getattr(generated.jax, case.class_name)(reduction=reduction_of(case), **case.options)
    places = floating(expected.inputs)
    inputs = [jnp.asarray(x) for x in expected.inputs]

    def value_of(*live):
        given = list(inputs)
        for place, x in zip(places, live, strict=True):
            given[place] = x
        return loss(*given)

    @jax.jit
    def both(upstream, *live):
        value, pull = jax.vjp(value_of, *live)
        return value, pull(upstream)

    live = [inputs[place] for place in places]
    upstream = jnp.asarray(expected.upstream)
    value, slopes = both(upstream, *live)
    assert_close([value], [expected.value])
    assert_close(slopes, expected.gradients)

    def along(live, upstream):
        _, slopes = both(upstream, *live)
        return sum((g * d).sum() for g, d in zip(slopes, expected.directions, strict=True))

    second, by_upstream = jax.jit(jax.grad(along, (0, 1)))(live, upstream)
    assert_close([*second, by_upstream], expected.second)


@each_case
def test_chainer(case):
    expected = derivatives(case, reduction_of(case))
    loss = getattr(generated.chainer, case.class_name)(reduction=reduction_of(case), **case.options)
    inputs = [chainer.Variable(x.copy()) for x in expected.inputs]
    live = [inputs[place] for place in floating(expected.inputs)]
    upstream = chainer.Variable(expected.upstream.copy())
    value = loss(*inputs)
    assert_close([value.array], [expected.value])
    gradients = chainer.grad([value], live, [upstream], enable_double_backprop=True)
    assert_close([g.array for g in gradients], expected.gradients)
    directions = list(map(chainer.Variable, expected.directions))
    second = chainer.grad(gradients, [*live, upstream], directions)
    found = [
        np.zeros(x.shape) if g is None else g.array
        for g, x in zip(second, [*live, upstream], strict=True)
    ]
    assert_close(found, expected.second)


@each_case
def test_mindspore(case):
    expected = derivatives(case, reduction_of(case))
    options = case.options_as(ms.Tensor)
    loss = getattr(generated.mindspore, case.class_name)(reduction=reduction_of(case), **options)
    places = floating(expected.inputs)
    inputs, upstream = [ms.Tensor(x) for x in expected.inputs], ms.Tensor(expected.upstream)
    assert_close([loss(*inputs).asnumpy()], [expected.value])

    def scaled(upstream, *given):
        return (loss(*given) * upstream).sum()

    gradient = ms.grad(scaled, tuple(place + 1 for place in places))
    slopes = gradient(upstream, *inputs)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    assert_close([slope.asnumpy() for slope in slopes], expected.gradients)

    def along(upstream, *given):
        found = gradient(upstream, *given)
        found = found if isinstance(found, tuple) else (found,)
        pairs = zip(found, map(ms.Tensor, expected.directions), strict=True)
        return sum((g * d).sum() for g, d in pairs)

    second = ms.grad(along, (*[place + 1 for place in places], 0))(upstream, *inputs)
    assert_close([x.asnumpy() for x in second], expected.second)


def test_every_loss_has_a_case():
    tested = {*LAYERED, *(case.class_name for case in (*CASES, *LIBRARY))}
    public = {name for name in generated.numpy.__all__ if name[0].isupper()}
    assert tested == public
