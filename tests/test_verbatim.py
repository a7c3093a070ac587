"""Formulas stay as they are written, also those at which SymPy alone would hang or give up."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from sympy import (
    Abs,
    Expr,
    Max,
    Min,
    Piecewise,
    Rational,
    Symbol,
    factor_terms,
    loggamma,
    sqrt,
    symbols,
)
from sympy.functions.elementary import miscellaneous

from lossgen.building import Order, build
from lossgen.verbatim import verbatim

SPEC = '''"""A staircase."""
from sympy import Max, Min
from lossgen import Loss, tensor

x, t = tensor("input"), tensor("target")
stairs = x - t
for k in range({levels}):
    stairs = Max(2 * stairs, x - k) if k % {period} else Min(2 * stairs, x + k)
stairs_loss = Loss("StairsLoss", stairs)
'''


@pytest.mark.parametrize(("levels", "period"), [(10, 2), (25, 3)])
def test_nested_extrema_are_built_and_right(
    levels: int, period: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "stairs.py").write_text(SPEC.format(levels=levels, period=period))
    name = f"stairs_{levels}"
    order = Order(tmp_path / "specs", tmp_path / name, ("numpy",), force=True)
    build(order, lambda done, total: None)
    monkeypatch.syspath_prepend(str(tmp_path))
    loss = import_module(f"{name}.numpy").StairsLoss(reduction="none")
    x, t = np.meshgrid(np.arange(-8.0, 8.0), np.arange(-3.0, 3.0))
    stairs = x - t
    for k in range(levels):
        high, low = np.maximum(2 * stairs, x - k), np.minimum(2 * stairs, x + k)
        stairs = high if k % period else low
    assert np.array_equal(loss(x, t), stairs)  # whole numbers, which doubling keeps exact


def test_what_sympy_sees_at_once_it_still_sees() -> None:
    x = Symbol("x", real=True)
    with verbatim():
        assert Max(x, x + 1) == x + 1
        assert Min(Max(x, 1), 0) == 0
    assert miscellaneous.factor_terms is factor_terms


a, b, c, d = symbols("a b c d", real=True)


@pytest.mark.parametrize(
    "comparison", [a - b >= c - a, a - b < c - a, 3 * a < b, a + 1 <= b, 2 * a - b > 4 * c], ids=str
)
def test_a_comparison_stays_as_it_is_written(comparison: Expr) -> None:
    with verbatim():
        assert Piecewise((a, comparison), (b, True)).args[0].args == (a, comparison)


@pytest.mark.parametrize("function", [Abs, loggamma, lambda e: sqrt(e**2)])
def test_a_difference_of_differences_has_a_size(function: Callable[[Expr], Expr]) -> None:
    point = dict(zip((a, b, c, d), (1, 4, 8, 2), strict=True))
    with verbatim():
        found = function(((a - b) - (c - d)) / 2)
        assert found.has(a - b - (c - d))  # whose two differences stay
        assert found.xreplace(point) == function(-Rational(9, 2))


def test_factors_leave_a_size() -> None:
    with verbatim():
        assert Abs(-2 * a * (b - c)) == 2 * Abs(a * (b - c))
        assert Abs(-2 * a) == 2 * Abs(a)
