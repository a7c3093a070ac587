"""Functions of the runtime of PyTorch that are computed otherwise where there are many numbers."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch

from generated.torch import _runtime

DTYPES = {"float32": torch.float32, "float64": torch.float64}
# In units in the last place; over some millions of numbers tanh errs by 2.5, log_cosh by 3.3.
BUDGET = 4.0


def log_cosh(x: mp.mpf) -> mp.mpf:
    return abs(x) + mp.log1p(mp.exp(-2 * abs(x))) - mp.log(2)


FUNCTIONS = {
    "tanh": (_runtime.tanh, mp.tanh, (-1.0, 1.0)),
    "log_cosh": (_runtime.log_cosh, log_cosh, (-1.0, 1.0)),
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
    monkeypatch.setattr(_runtime, "MANY", many)
    function, exact, signs = FUNCTIONS[name]
    sizes = torch.logspace(-9, math.log10(87), 500, dtype=torch.float64)
    x = torch.cat([sign * sizes for sign in signs]).to(dtype)
    with mp.workdps(60):
        expected = [exact(mp.mpf(each)) for each in x.tolist()]
    assert off_by(function(x), expected) <= BUDGET


@pytest.mark.parametrize("many", [0, 1 << 60], ids=["many", "few"])
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_functions_have_their_limits(dtype, many, monkeypatch):
    monkeypatch.setattr(_runtime, "MANY", many)
    x = torch.tensor([-math.inf, -1e4, -0.0, 0.0, 1e4, math.inf, math.nan], dtype=dtype)
    limits = {
        "tanh": [-1.0, -1.0, -0.0, 0.0, 1.0, 1.0, math.nan],
        "log_cosh": [math.inf, 1e4 - math.log(2), 0.0, 0.0, 1e4 - math.log(2), math.inf, math.nan],
    }
    for name, expected in limits.items():
        found = FUNCTIONS[name][0](x[: len(expected)])
        torch.testing.assert_close(found, torch.tensor(expected, dtype=dtype), equal_nan=True)
    assert math.copysign(1.0, _runtime.tanh(x)[2].item()) == -1.0


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_lengths_neither_overflow_nor_vanish(dtype):
    """A row of moderate numbers is not scaled, any other row has all rows scaled."""
    scales = (1.0, 1e-30, 1e30, 0.0)
    rows = [torch.tensor([3.0, 4.0], dtype=dtype) * scale for scale in scales]
    for x in (torch.stack(rows), torch.stack(rows[:1])):
        expected = torch.tensor([5.0 * scale for scale in scales[: len(x)]], dtype=dtype)
        torch.testing.assert_close(_runtime.length_along(x, axis=-1).squeeze(-1), expected)
    assert _runtime.length_along(torch.full((2, 2), math.nan, dtype=dtype), axis=0).isnan().all()
    assert _runtime.length_along(torch.empty((2, 0), dtype=dtype), axis=0).shape == (1, 0)


@pytest.mark.parametrize("bottom", [[2.0, 4.0], [2.0, 0.0]], ids=["no zero", "a zero"])
def test_a_ratio_to_nothing_is_nothing(bottom):
    below = torch.tensor(bottom)
    expected = torch.tensor([x and 8.0 / x for x in bottom])
    assert torch.equal(_runtime.ratio(8.0, below), expected)
    assert torch.equal(_runtime.ratio(torch.full((2,), 8.0), below), expected)


def test_writing_into_an_array_leaves_what_autograd_needs():
    x = torch.zeros(2, 3, requires_grad=True)
    index = torch.tensor([[0], [2]])
    written = _runtime.put_into(x.exp(), -1, index, 0.0)
    written.sum().backward()
    assert torch.equal(x.grad, (written != 0.0).float())
    with torch.no_grad():
        own = x.exp()
        assert _runtime.put_into(own, -1, index, 0.0) is own
