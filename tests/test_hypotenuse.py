"""What users write of sqrt(1 + z**2) - 1 is exact of every z, as the root is not."""

import importlib
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mpmath import mp

from lossgen.cli import main

SPEC = '''
"""Pseudo-Huber loss (Charbonnier et al., 1997), as it may be written."""

from sympy import sqrt
from lossgen import Loss, parameter, tensor

x, t = tensor("input"), tensor("target")
delta = parameter("delta", 1.0, positive=True)
z = x - t
over_loss = Loss("OverLoss", delta**2 * (sqrt(1 + (z / delta) ** 2) - 1))
apart_loss = Loss("ApartLoss", delta**2 * sqrt(1 + (z / delta) ** 2) - delta**2)
whole_loss = Loss("WholeLoss", delta * (sqrt(delta**2 + z**2) - delta))
less_loss = Loss("LessLoss", delta * delta - delta * sqrt(z**2 + delta**2))
'''
NAMES = {"OverLoss": 1, "ApartLoss": 1, "WholeLoss": 1, "LessLoss": -1}
# Powers of two, by which nothing is rounded: what is judged is the formula of z / delta.
DELTAS = (0.25, 1.0, 64.0)
# The promise of docs/accuracy.md, in units in the last place.
ALLOWED = 4


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the packages for NumPy and PyTorch, whose build compared them with exact results."""
    folder = tmp_path_factory.mktemp("hypotenuse")
    (folder / "specs").mkdir()
    (folder / "specs" / "over.py").write_text(SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOSSGEN_VERIFY", "1")
        patch.setenv("LOSSGEN_CACHE", str(folder / "cache"))
        words = ["build", str(folder / "specs"), "--out", str(folder / "hypotenuses")]
        done = CliRunner().invoke(main, [*words, "--backend", "numpy", "--backend", "torch"])
        assert done.exit_code == 0, done.output
    sys.path.insert(0, str(folder))
    yield {name: importlib.import_module(f"hypotenuses.{name}") for name in ("numpy", "torch")}
    sys.path.remove(str(folder))


def errors(found, exact, dtype, delta):
    """Return what is wrong, in units in the last place; what is flushed is not."""
    kind = np.finfo(dtype)
    flushed = mp.mpf(float(kind.tiny)) * max(1, delta) ** 2
    for number, right in zip(found, exact, strict=True):
        unit = mp.ldexp(1, max(mp.frexp(right)[1], kind.minexp + 1) - 1 - kind.nmant)
        yield float(max(abs(mp.mpf(float(number)) - right) - flushed, 0) / unit)


def exact(x, delta):
    """Return value and slope of every entry."""
    with mp.workdps(1000):
        pairs = [(mp.mpf(float(entry)), mp.mpf(delta)) for entry in x]
        roots = [mp.sqrt(1 + (z / d) ** 2) for z, d in pairs]
        values = [d**2 * (root - 1) for (_, d), root in zip(pairs, roots, strict=True)]
        return values, [z / root for (z, _), root in zip(pairs, roots, strict=True)]


def whole_range(dtype):
    """Return numbers of every size of which the loss is a number, too."""
    kind = np.finfo(dtype)
    exponents = np.linspace(np.log10(kind.tiny) + 2, np.log10(kind.max) - 4, 173)
    return ((-1.0) ** np.arange(173) * 10**exponents).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("name", NAMES)
def test_value_and_slope_are_exact_of_every_number(built, name, delta, dtype):
    x, sign = whole_range(dtype), NAMES[name]
    values, slopes = exact(x, delta)
    loss = getattr(built["numpy"], name)(delta=delta, reduction="none")
    ours = loss(x, np.zeros_like(x))
    leaf = torch.tensor(x, requires_grad=True)
    theirs = getattr(built["torch"], name)(delta=delta, reduction="none")(
        leaf, torch.zeros_like(leaf)
    )
    (gradient,) = torch.autograd.grad(theirs.sum(), leaf)
    summed = getattr(built["numpy"], name)(delta=delta, reduction="sum")
    with np.errstate(over="ignore"):  # the sum itself
        _, (by_input, _) = summed.value_and_grad(x, np.zeros_like(x))
    for found in (ours, theirs.detach().numpy()):
        assert max(errors(sign * found, values, dtype, delta)) <= ALLOWED
    for found in (by_input, gradient.numpy()):
        assert max(errors(sign * found, slopes, dtype, delta)) <= ALLOWED


@pytest.mark.parametrize("name", NAMES)
def test_the_second_derivative_is_1_at_0_and_fades(built, name):
    x = np.array([0.0, 1e-200, 1e-9, 1e3, 1e200])
    expected = np.array([1, 1, 1 - 1.5e-18, 1e-9 * (1 + 1e-6) ** -1.5, 0])
    loss = getattr(built["numpy"], name)(reduction="sum")
    found, _ = loss.hessian_diagonal(x, np.zeros_like(x))
    np.testing.assert_allclose(NAMES[name] * found, expected, rtol=2e-15)


def test_a_learnt_delta_has_a_gradient(built):
    delta = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    x = torch.linspace(-9, 9, 7, dtype=torch.float64)
    loss = built["torch"].over_loss(x, torch.zeros_like(x), delta=delta, reduction="sum")
    (found,) = torch.autograd.grad(loss, delta)
    root = (1 + (x / 2) ** 2).sqrt()
    torch.testing.assert_close(found, (2 * (root - 1) ** 2 / root).sum())
