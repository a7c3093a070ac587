"""Functions of the runtime of PyTorch that are computed otherwise where there are many numbers."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch

from generated.torch import _arrays, _functions

DTYPES = {"float32": torch.float32, "float64": torch.float64}
# In units in the last place; over some millions of numbers tanh errs by 2.5, log_cosh by 3.3,
# log1p_exp by 2.9.
BUDGET = 4.0


def log_cosh(x: mp.mpf) -> mp.mpf:
    return abs(x) + mp.log1p(mp.exp(-2 * abs(x))) - mp.log(2)


FUNCTIONS = {
    "tanh": (_arrays.tanh, mp.tanh, (-1.0, 1.0)),
    "log_cosh": (_arrays.log_cosh, log_cosh, (-1.0, 1.0)),
    "log1p_exp": (_arrays.log1p_exp, lambda x: mp.log1p(mp.exp(x)), (-1.0,)),
}


def off_by(found: torch.Tensor, exact: list[mp.mpf]) -> float:
    """Return the largest error in units in the last place of the exact result."""
    kind = np.float32 if found.dtype == torch.float32 else np.float64
    units = [mp.mpf(float(np.spacing(abs(kind(float(e)))))) for e in exact]
    found_values = (mp.mpf(each) for each in found.tolist())
    return max(float(abs(f - e) / u) for f, e, u in zip(found_values, exact, units, strict=True))


@pytest.mark.parametrize("many", [0, 1 << 60], ids=["many", "few"])
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_exact_to_a_few_bits(name, dtype, many, monkeypatch):
    monkeypatch.setattr(_arrays, "MANY", many)
    function, exact, signs = FUNCTIONS[name]
    sizes = torch.logspace(-9, math.log10(87), 500, dtype=torch.float64)
    x = torch.cat([sign * sizes for sign in signs]).to(dtype)
    with mp.workdps(60):
        expected = [exact(mp.mpf(each)) for each in x.tolist()]
    assert off_by(function(x), expected) <= BUDGET


@pytest.mark.parametrize("many", [0, 1 << 60], ids=["many", "few"])
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_functions_have_their_limits(dtype, many, monkeypatch):
    monkeypatch.setattr(_arrays, "MANY", many)
    x = torch.tensor([-math.inf, -1e4, -0.0, 0.0, 1e4, math.inf, math.nan], dtype=dtype)
    limits = {
        "tanh": [-1.0, -1.0, -0.0, 0.0, 1.0, 1.0, math.nan],
        "log1p_exp": [0.0, 0.0, math.log(2)],
        "log_cosh": [math.inf, 1e4 - math.log(2), 0.0, 0.0, 1e4 - math.log(2), math.inf, math.nan],
    }
    for name, expected in limits.items():
        found = FUNCTIONS[name][0](x[: len(expected)])
        torch.testing.assert_close(found, torch.tensor(expected, dtype=dtype), equal_nan=True)
    assert math.copysign(1.0, _arrays.tanh(x)[2].item()) == -1.0


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_lengths_neither_overflow_nor_vanish(dtype):
    """A row of moderate numbers is not scaled, any other row has all rows scaled."""
    scales = (1.0, 1e-30, 1e30, 0.0)
    rows = [torch.tensor([3.0, 4.0], dtype=dtype) * scale for scale in scales]
    for x in (torch.stack(rows), torch.stack(rows[:1])):
        expected = torch.tensor([5.0 * scale for scale in scales[: len(x)]], dtype=dtype)
        torch.testing.assert_close(_arrays.length_along(x, axis=-1).squeeze(-1), expected)
    assert _arrays.length_along(torch.full((2, 2), math.nan, dtype=dtype), axis=0).isnan().all()
    assert _arrays.length_along(torch.empty((2, 0), dtype=dtype), axis=0).shape == (1, 0)


@pytest.mark.parametrize("bottom", [[2.0, 4.0], [2.0, 0.0]], ids=["no zero", "a zero"])
def test_a_ratio_to_nothing_is_nothing(bottom):
    below = torch.tensor(bottom)
    expected = torch.tensor([x and 8.0 / x for x in bottom])
    assert torch.equal(_arrays.ratio(8.0, below), expected)
    assert torch.equal(_arrays.ratio(torch.full((2,), 8.0), below), expected)


def test_writing_into_an_array_leaves_what_autograd_needs():
    x = torch.zeros(2, 3, requires_grad=True)
    index = torch.tensor([[0], [2]])
    written = _arrays.put_into(x.exp(), -1, index, 0.0)
    _arrays.times_into(written, written).sum().backward()
    assert torch.equal(x.grad, 2.0 * (written != 0.0))
    with torch.no_grad():
        own = x.exp()
        assert _arrays.put_into(own, -1, index, 0.0) is own
        assert _arrays.times_into(own, index) is own


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_values_are_placed_by_their_labels(axis):
    values = torch.randn(4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(20).reshape(4, 5) % 3
    right = torch.movedim(torch.nn.functional.one_hot(labels, 3) * values[..., None], -1, axis)
    assert torch.equal(_arrays.placed(values, labels, dim=axis, size=3), right)
    compiled = torch.compile(_arrays.placed, backend="eager", fullgraph=True)
    assert torch.equal(compiled(values, labels, axis, 3), right)
    each = torch.vmap(lambda value, label: _arrays.placed(value, label, dim=0, size=3))
    assert torch.equal(each(values[:, 0], labels[:, 0]), torch.movedim(right, axis, -1)[:, 0])
    assert torch.autograd.gradcheck(
        lambda x: _arrays.placed(x, labels, dim=axis, size=3), values.requires_grad_()
    )


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("function", [torch.sigmoid, torch.relu], ids=["logistic", "ramp"])
@pytest.mark.parametrize("far", [60.0, 1e38, 1e-38], ids=str)
def test_mixtures_keep_the_digits_of_either_end(dtype, function, far):
    """Also of a share near 0 or 1, where what is left of the other end is all that counts."""
    z = torch.linspace(-far, far, 41, dtype=dtype)
    x, y = (part.repeat(7) for part in (function(z), function(-z)))
    last = torch.finfo(dtype).eps / 2
    shares = torch.tensor([0.0, 1e-20, 0.3, 0.5, 0.9, 1.0 - last, 1.0], dtype=dtype)
    share = shares.repeat_interleave(len(z))
    with mp.workdps(60):
        rows = zip(x.tolist(), y.tolist(), share.tolist(), strict=True)
        exact = [(1 - mp.mpf(t)) * mp.mpf(a) + mp.mpf(t) * mp.mpf(b) for a, b, t in rows]
    # Over some millions of numbers it errs by 1.00.
    assert off_by(_arrays.mixture(x, y, share), exact) <= 1.01


@pytest.mark.parametrize("trailing", [(), (1,), (2,)], ids=["last", "before one", "before two"])
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_exponentials_beside_an_entry_are_as_exact(dtype, trailing, monkeypatch):
    """Also by the shorter way, which the operation of another derivative is used for."""
    x = torch.linspace(-80, 80, 300, dtype=dtype).reshape(2, 150, *[1] * len(trailing))
    x = x.expand(2, 150, *trailing).contiguous()
    index = torch.full((2, 1, *trailing), 7)
    calls = []
    quick = torch._log_softmax_backward_data
    monkeypatch.setattr(
        torch, "_log_softmax_backward_data", lambda *args: calls.append(args) or quick(*args)
    )
    for many in (0, 1 << 60):
        monkeypatch.setattr(_arrays, "MANY", many)
        with torch.no_grad():
            found = _arrays.exp_beside(x, 1 - x.dim(), index)
        assert not found.select(1, 7).any()
        rest = torch.arange(150) != 7
        with mp.workdps(60):
            exact = [mp.exp(mp.mpf(each)) for each in x[:, rest].flatten().tolist()]
        assert off_by(found[:, rest].flatten(), exact) <= 1.0
    assert len(calls) == (trailing != (2,))


# Rows of logits: where the label dominates, where another does, and where none does.
LOGITS = torch.tensor(
    [[20.0, -3.5, 1.25], [-31.9, 0.7, 31.9], [0.1, 0.2, 0.3], [31.0, 31.5, -32.0]],
    dtype=torch.float64,
)
LABELS = torch.tensor([0, 0, 1, 2])


def exact_cross_entropies(logits: torch.Tensor) -> tuple[list[mp.mpf], list[mp.mpf]]:
    """Return the cross-entropy of each row with its label, and all its derivatives."""
    losses, slopes = [], []
    for row, label in zip(logits.tolist(), LABELS.tolist(), strict=True):
        powers = [mp.exp(mp.mpf(x)) for x in row]
        others = sum(power for k, power in enumerate(powers) if k != label)
        losses.append(mp.log1p(others / powers[label]))
        total = others + powers[label]
        slopes += [(-others if k == label else p) / total for k, p in enumerate(powers)]
    return losses, slopes


@pytest.mark.parametrize("near", [True, False], ids=["near 0", "anywhere"])
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_logits_near_0_need_no_shift(dtype, near, monkeypatch):
    """The shorter forms of softmax and cross-entropy are as exact as those for any logits."""
    logits = LOGITS.to(dtype)
    assert _arrays.are_moderate(logits)
    monkeypatch.setattr(_functions, "are_moderate", lambda *_: near)
    with mp.workdps(60):
        losses, slopes = exact_cross_entropies(logits)
        own = [k * 3 + label for k, label in enumerate(LABELS.tolist())]
        shares = [slope + (k in own) for k, slope in enumerate(slopes)]
    value, excess = _functions.label_cross_entropy_and_excess(logits, LABELS, axis=-1)
    assert off_by(value, losses) <= BUDGET
    assert off_by(excess.flatten(), slopes) <= BUDGET
    assert torch.equal(_functions.label_cross_entropy(logits, LABELS, axis=-1), value)
    given = torch.tensor([0.5, -3.0, 2.0**-56, 2.0**56], dtype=dtype)
    same, gradient = _functions.label_cross_entropy_and_gradient(logits, LABELS, given, axis=-1)
    assert torch.equal(same, value)
    above = [mp.mpf(each) for each in given.tolist() for _ in range(3)]
    assert off_by(gradient.flatten(), [a * b for a, b in zip(above, slopes, strict=True)]) <= BUDGET
    assert torch.equal(_functions.label_excess(logits, LABELS, axis=-1), excess)
    assert off_by(_functions.softmax(logits, axis=-1).flatten(), shares) <= BUDGET


@pytest.mark.parametrize("entry", [32.5, -33.0, math.inf, -math.inf, math.nan], ids=str)
def test_other_logits_are_shifted(entry):
    assert not _arrays.are_moderate(torch.tensor([1.0, entry]))
    assert not _arrays.are_moderate(torch.tensor([]))


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_far_exponentials_are_exact_or_nothing(dtype):
    """Down to the smallest normal number; further down, where it would be slow, they are 0."""
    y = torch.tensor([[700.3], [0.1], [-3.7]], dtype=dtype)
    lowest = math.log(torch.finfo(dtype).tiny)
    x = y - torch.tensor([0.0, 0.4, 33.3, 0.99 * -lowest], dtype=dtype)
    with mp.workdps(60):
        pairs = zip(x.flatten().tolist(), y.expand_as(x).flatten().tolist(), strict=True)
        expected = [mp.exp(mp.mpf(a) - mp.mpf(b)) for a, b in pairs]
    assert off_by(_arrays.exp_difference(x, y).flatten(), expected) <= BUDGET
    for far in (-math.inf, lowest - 2.0, -1e30):
        assert not _arrays.exp_difference(y + far, y).any()
    assert not _arrays.exp_difference(-y.abs() * math.inf, -y.abs() * math.inf).any()
    assert _arrays.exp_difference(y * math.nan, y).isnan().all()


@pytest.mark.parametrize("axis", [0, 1, -1], ids=str)
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_the_largest_of_many_is_the_first_of_equals(dtype, axis, monkeypatch):
    monkeypatch.setattr(_arrays, "MANY", 0)
    generator = torch.Generator().manual_seed(3)
    x = torch.randint(-3, 3, (6, 5, 7), generator=generator).to(dtype)
    with torch.no_grad():
        found = _arrays.argmax_along(x, axis)
        lost = _arrays.argmax_along(torch.full_like(x, math.nan), axis)
        endless = _arrays.argmax_along(torch.full_like(x, -math.inf), axis)
    assert torch.equal(found, x.argmax(axis, keepdim=True))
    assert (lost < x.shape[axis]).all()
    assert not endless.any()


@pytest.mark.parametrize("many", [0, 1 << 60], ids=["many", "few"])
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_what_is_masked_is_nothing(dtype, many, monkeypatch):
    monkeypatch.setattr(_arrays, "MANY", many)
    x = torch.tensor([[math.nan, -1.0], [-0.0, 2.5], [math.inf, -7.0]], dtype=dtype)
    mask = torch.tensor([[False], [True], [False]])
    with torch.no_grad():
        found = _arrays.masked(x, mask)
    assert torch.equal(found, torch.tensor([[0.0, 0.0], [-0.0, 2.5], [0.0, 0.0]], dtype=dtype))
    assert not math.copysign(1.0, found[0, 1].item()) < 0.0


@pytest.mark.parametrize("weight", [1e-30, 1e30])
def test_gradients_keep_their_digits_however_little_or_much_they_are_given(weight):
    """Where sums of exponentials are large or small, a quotient of both would leave the range."""
    for shift in (-31.0, 31.0):
        logits = torch.linspace(-1.0, 1.0, 12).reshape(4, 3) + shift
        assert _arrays.are_moderate(logits)
        found, right = (
            _functions.label_cross_entropy_and_gradient(
                logits.to(dtype), LABELS, torch.full((4,), weight, dtype=dtype), axis=-1
            )[1].double()
            for dtype in (torch.float32, torch.float64)
        )
        torch.testing.assert_close(found, right, rtol=1e-6, atol=0)
