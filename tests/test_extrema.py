"""Max and Min in one another, which SymPy alone would take minutes to hold."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from sympy import Max, Min, Symbol, factor_terms
from sympy.functions.elementary import miscellaneous

from lossgen.building import Order, build
from lossgen.extrema import quick_extrema

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
    with quick_extrema():
        assert Max(x, x + 1) == x + 1
        assert Min(Max(x, 1), 0) == 0
    assert miscellaneous.factor_terms is factor_terms
